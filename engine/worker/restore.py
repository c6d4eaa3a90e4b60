"""A partition from its snapshots and journal, as its last owner committed it.

In this order: fence, read the journal's end, load snapshots and journal, and only then seek: a position read before fencing
may be older than what the last owner committed. Every room joins the replay at the seq of its own snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from engine.bus.port import Bus, Stored
from engine.errors import Fenced, RecordError, RestoreError, UsageError
from engine.events.codec import decode
from engine.events.journal import (
    CommentEntry,
    JournalRecord,
    LivePool,
    NumberedEntry,
    PartitionSnapshot,
    PoolEntry,
    Positions,
    RoomEntry,
    RoomSnapshot,
    Snapshot,
)
from engine.pool.model import Pool
from engine.worker.core import Core
from engine.worker.journal import decode_record, numbered
from engine.worker.library import MissingPool
from engine.worker.output import joined
from engine.worker.snapshots import Schedule
from engine.worker.standing import Standing, capture

T = TypeVar("T")
PAGE_RECORDS = 64  # of the journal at a time: up to 32 MiB
EFFECTS_EVERY = 1_000  # entries after which the effects of a replay are dropped; they were committed long ago
LOOK_BACK = (
    8  # offsets before the end among which the last record is sought first; transaction markers take offsets too
)

ANOTHER_LOG = "another file in `bus.url`; on a shared broker another `bus.prefix`"  # the embedded log has no prefix


class Source(Protocol):
    """Where pools come from."""

    def pool(self, hash: str) -> Pool: ...  # noqa: A002 - what the records call it
    async def ensure(self, hash: str) -> None: ...  # noqa: A002 - what the records call it


@dataclass(slots=True)
class Restored:
    """A partition as it stood at its journal's end."""

    rooms: Core
    schedule: Schedule
    standing: Standing


@dataclass(slots=True)
class _Stored:
    record: PartitionSnapshot | None
    rooms: list[RoomSnapshot] = field(default_factory=list)


class Restorer:
    """Restores partitions of one bus."""

    def __init__(
        self,
        bus: Bus,
        source: Source,
        make_rooms: Callable[[Callable[[str], Pool]], Core],
        snapshot_every: int,
        beat: Callable[[str], None],
        group: str = "",
    ) -> None:
        """`group`: of this worker; the journal of another one is refused. Empty: any is read."""
        self._bus = bus
        self._source = source
        self._make_rooms = make_rooms
        self._snapshot_every = snapshot_every
        self._beat = beat
        self._group = group

    async def last_record(self, partition: int) -> JournalRecord | None:
        """The newest journal record; None where there is none."""
        begin, end = await self._bus.begin("journal", partition), await self._bus.end("journal", partition)
        back = LOOK_BACK
        while end > begin:
            start = max(begin, end - back)
            found = await self._bus.read("journal", partition, start, end, max_records=back)
            if found:
                newest = found[-1]
                while more := await self._bus.read("journal", partition, newest.offset + 1, end, max_records=back):
                    newest = more[-1]
                return _read(newest, decode_record)
            if start == begin:
                return None
            back *= 8
        return None

    async def restore(self, partition: int, lease: int) -> Restored:
        """The partition for the owner of `lease`.

        Raises `RestoreError` where journal and snapshots do not add up, and `Fenced` where somebody with a newer lease writes on.
        """
        last = await self.last_record(partition)
        self._check_count(partition, last.partitions if last else None)
        self._check_group(partition, last.group if last else "")
        stored = await self._snapshots(partition)
        self._check_count(partition, stored.record.partitions if stored.record else None)
        start = stored.record.seq if stored.record else -1
        end = max(last.last_seq if last else -1, start)
        first = await self._check_reach(partition, last, stored, start)
        if last is None and stored.record is None and await self._bus.committed(partition):
            raise RestoreError(
                f"partition {partition} was worked on before, but its journal and snapshots are gone: restore the log from a copy, "
                f"or start on a new one ({ANOTHER_LOG})"
            )
        while True:
            try:
                return await self._replay(partition, lease, stored, last, first, end)
            except MissingPool as missing:
                await self._source.ensure(missing.hash)

    async def _replay(
        self, partition: int, lease: int, stored: _Stored, last: JournalRecord | None, offset: int, end: int
    ) -> Restored:
        """Replay the journal from `offset` on, from the partition record's state."""
        rooms = self._make_rooms(self._source.pool)
        standing = Standing()
        record = stored.record
        if record is not None:
            rooms.restore_shops(record.shop_events, record.pools, record.lease, record.now)
            standing = Standing(record.seq, record.now, record.positions, {pool.shop: pool for pool in record.pools})
        begun = record or PartitionSnapshot(
            partition=partition, partitions=self._bus.partitions, lease=lease, seq=-1, now=0, positions=Positions(),
            shop_events=(), pools=(),
        )  # fmt: skip
        schedule = Schedule(self._snapshot_every, begun)
        if record is not None:
            schedule.recorded(record.seq)
        waiting = sorted(stored.rooms, key=lambda room: room.seq, reverse=True)
        joins_at = {room.room: room.seq for room in waiting}

        def apply(item: NumberedEntry) -> None:
            while waiting and waiting[-1].seq < item.seq:
                self._join(rooms, schedule, waiting.pop())
            entry = item.entry
            room = (
                entry.room
                if isinstance(entry, CommentEntry)
                else entry.event.room
                if isinstance(entry, RoomEntry)
                else None
            )
            # A room without a snapshot has ended: each gets one in the commit of its first entry, and a tombstone at its end.
            if room is None or (room in joins_at and item.seq > joins_at[room]):
                rooms.handle(item.seq, item.now, entry)
            if isinstance(entry, PoolEntry):
                standing.live[entry.shop] = LivePool(
                    shop=entry.shop, pool=entry.pool, generation=entry.generation, offset=entry.offset
                )
            standing.seq, standing.now = item.seq, item.now
            if item.seq % EFFECTS_EVERY == 0:
                rooms.take()

        await self._each(partition, offset, standing.seq, apply)
        while waiting:
            self._join(rooms, schedule, waiting.pop())
        rooms.take()
        if standing.seq > end:
            raise Fenced(partition, lease)  # it grew meanwhile: somebody with a newer lease writes it
        if standing.seq != end:
            raise RestoreError(
                f"the journal of partition {partition} ends at seq {standing.seq} instead of {end}: records are missing"
            )
        if last is not None and last.last_seq >= standing.seq:
            standing.positions = last.positions
            standing.now = max(standing.now, last.now)
        if record is not None:
            schedule.begin(capture(partition, self._bus.partitions, lease, standing, rooms))
        return Restored(rooms, schedule, standing)

    def _join(self, rooms: Core, schedule: Schedule, snapshot: RoomSnapshot) -> None:
        rooms.restore_room(snapshot)
        schedule.known(snapshot.room, snapshot.seq)

    async def _each(self, partition: int, offset: int, after: int, apply: Callable[[NumberedEntry], None]) -> None:
        """Every entry of the journal with seq above `after`, from a record at `offset` on."""
        end = await self._bus.end("journal", partition)
        pending: list[JournalRecord] = []
        while offset < end:
            self._beat(f"restoring partition {partition}")
            page = await self._bus.read("journal", partition, offset, end, max_records=PAGE_RECORDS)
            if not page:
                break
            records = pending[-1:] + [_read(stored, decode_record) for stored in page]
            for item in numbered(records, after):
                apply(item)
                after = item.seq
            pending = records[-1:]
            offset = page[-1].offset + 1

    async def _snapshots(self, partition: int) -> _Stored:
        parts: dict[str, PartitionSnapshot] = {}
        found = _Stored(None)
        for key, stored in (await self._bus.latest_per_key("snapshots", partition)).items():
            snapshot = _read(stored, _decode_snapshot)
            if isinstance(snapshot, PartitionSnapshot):
                parts[key] = snapshot
            else:
                found.rooms.append(snapshot)
        if parts:
            found.record = joined([part for _, part in sorted(parts.items(), key=lambda item: item[1].part)])
        return found

    async def _check_reach(self, partition: int, last: JournalRecord | None, stored: _Stored, start: int) -> int:
        """The journal's offset to replay from: of the record that holds seq `start` + 1. Raises where the journal begins later."""
        ahead = [room.room for room in stored.rooms if last is None and room.seq > start]
        if ahead:
            raise RestoreError(
                f"partition {partition} has no journal, but its rooms went on after its partition record (seq {start}): "
                f"{_list(ahead)}; restore the log from a copy"
            )
        if last is None:
            return 0
        offset, first = await self._find(partition, start + 1)
        if first is not None and first > start + 1:
            lost = [room.room for room in stored.rooms if room.seq < first - 1]
            raise RestoreError(
                f"the journal of partition {partition} begins at seq {first}, after what its snapshots cover (seq {start}): entries of "
                f"{_list(lost) if lost else 'every room'} are lost; restore the log from a copy, or raise the journal's retention"
            )
        return offset

    async def _find(self, partition: int, seq: int) -> tuple[int, int | None]:
        """Offset and first seq of the journal record that holds `seq`, by bisection; else of the first record that is kept."""
        low, end = await self._bus.begin("journal", partition), await self._bus.end("journal", partition)
        best: tuple[int, int] | None = None
        earliest: tuple[int, int | None] = (low, None)
        high = end
        while low < high:
            middle = (low + high) // 2
            found = await self._bus.read("journal", partition, middle, high, max_records=1)
            if not found:
                high = middle
                continue
            record = _read(found[0], decode_record)
            if record.first_seq <= seq:
                best = (found[0].offset, record.first_seq)
                low = found[0].offset + 1
            else:
                earliest = (found[0].offset, record.first_seq)
                high = middle
        return best or earliest

    def _check_group(self, partition: int, written: str) -> None:
        if written and self._group and written != self._group:
            raise UsageError(
                f"partition {partition} is worked on by the group `{written}`, this worker is of `{self._group}`: both would decide every "
                f"comment. Set `bus.group` to `{written}`, or start on a new log ({ANOTHER_LOG})"
            )

    def _check_count(self, partition: int, written: int | None) -> None:
        if written is not None and written != self._bus.partitions:
            raise RestoreError(
                f"partition {partition} was written with {written} partitions, the log now has {self._bus.partitions}: "
                f"set `bus.partitions` to {written} again, or start on a new log ({ANOTHER_LOG})"
            )


def _read(stored: Stored, decoded: Callable[[bytes | None], T]) -> T:
    """The record; raises `RestoreError` for one of a version that is not known here, or of nobody's."""
    try:
        return decoded(stored.value)
    except RecordError as error:
        raise RestoreError(
            f"offset {stored.offset} of partition {stored.partition} of `{stored.topic}` is {error}; where a newer version wrote it, run "
            "that one, else restore the log from a copy"
        ) from error


def _decode_snapshot(value: bytes | None) -> Snapshot:
    snapshot: Snapshot = decode("snapshots", value)
    return snapshot


def _list(rooms: Sequence[str]) -> str:
    more = f" and {len(rooms) - 10} more" if len(rooms) > 10 else ""
    return ", ".join(rooms[:10]) + more
