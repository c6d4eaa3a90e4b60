"""A partition from its snapshots and journal, as its last owner committed it.

In this order: fence, read the journal's end, load snapshots and journal, and only then seek: a position read before fencing
may be older than what the last owner committed. Every room joins the replay at the seq of its own snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.bus.port import Bus
from engine.errors import Fenced, RestoreError, UsageError
from engine.events.journal import JournalRecord, LivePool, PartitionSnapshot, PoolEntry, Positions
from engine.journal.core import Core, Source
from engine.journal.reading import JournalReader, Stock
from engine.journal.replay import Replay
from engine.pool.model import Pool
from engine.worker.library import MissingPool
from engine.worker.snapshots import Schedule
from engine.worker.standing import Standing, capture

EFFECTS_EVERY = 1_000  # entries after which the effects of a replay are dropped; they were committed long ago
ANOTHER_LOG = "another file in `bus.url`; on a shared broker another `bus.prefix`"  # the embedded log has no prefix


@dataclass(slots=True)
class Restored:
    """A partition as it stood at its journal's end."""

    rooms: Core
    schedule: Schedule
    standing: Standing


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
        self._reader = JournalReader(bus, beat)
        self._group = group

    async def last_record(self, partition: int) -> JournalRecord | None:
        """The newest journal record; None where there is none."""
        return await self._reader.last(partition)

    async def restore(self, partition: int, lease: int) -> Restored:
        """The partition for the owner of `lease`.

        Raises `RestoreError` where journal and snapshots do not add up, and `Fenced` where somebody with a newer lease writes on.
        """
        last = await self.last_record(partition)
        self._check_count(partition, last.partitions if last else None)
        self._check_group(partition, last.group if last else "")
        stored = await self._reader.snapshots(partition)
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
        self, partition: int, lease: int, stored: Stock, last: JournalRecord | None, offset: int, end: int
    ) -> Restored:
        """Replay the journal from `offset` on, from the partition record's state."""
        rooms = self._make_rooms(self._source.pool)
        standing = Standing()
        record = stored.record
        if record is not None:
            standing = Standing(record.seq, record.now, record.positions, {pool.shop: pool for pool in record.pools})
        begun = record or PartitionSnapshot(
            partition=partition, partitions=self._bus.partitions, lease=lease, seq=-1, now=0, positions=Positions(),
            shop_events=(), pools=(),
        )  # fmt: skip
        schedule = Schedule(self._snapshot_every, begun)
        if record is not None:
            schedule.recorded(record.seq, record.now)
        replay = Replay(
            rooms, record, stored.rooms, others="ended", joined=lambda room: schedule.known(room.room, room.seq)
        )
        async for page in self._reader.pages(partition, offset, standing.seq):
            for item in page:
                replay.apply(item)
                entry = item.entry
                if isinstance(entry, PoolEntry):
                    standing.live[entry.shop] = LivePool(
                        shop=entry.shop, pool=entry.pool, generation=entry.generation, offset=entry.offset
                    )
                standing.seq, standing.now = item.seq, item.now
                if item.seq % EFFECTS_EVERY == 0:
                    rooms.take()
        replay.finish()
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

    async def _check_reach(self, partition: int, last: JournalRecord | None, stored: Stock, start: int) -> int:
        """The journal's offset to replay from: of the record that holds seq `start` + 1. Raises where the journal begins later."""
        ahead = [room.room for room in stored.rooms if last is None and room.seq > start]
        if ahead:
            raise RestoreError(
                f"partition {partition} has no journal, but its rooms went on after its partition record (seq {start}): "
                f"{_list(ahead)}; restore the log from a copy"
            )
        if last is None:
            return 0
        offset, first = await self._reader.find(partition, start + 1)
        if first is not None and first > start + 1:
            lost = [room.room for room in stored.rooms if room.seq < first - 1]
            raise RestoreError(
                f"the journal of partition {partition} begins at seq {first}, after what its snapshots cover (seq {start}): entries of "
                f"{_list(lost) if lost else 'every room'} are lost; restore the log from a copy, or raise the journal's retention"
            )
        return offset

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


def _list(rooms: Sequence[str]) -> str:
    more = f" and {len(rooms) - 10} more" if len(rooms) > 10 else ""
    return ", ".join(rooms[:10]) + more
