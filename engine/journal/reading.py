"""Journal and snapshots of a partition, as they stand on the bus. Reads by seq: offsets have gaps and are unknown before a commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.bus.port import Bus, Stored
from engine.errors import RecordError, RestoreError
from engine.events.codec import decode
from engine.events.inputs import AppliedShopEvent
from engine.events.journal import (
    CommentEntry,
    JournalRecord,
    NumberedEntry,
    PartitionSnapshot,
    RoomEntry,
    RoomSnapshot,
    Snapshot,
)
from engine.journal.records import decode_record, numbered

T = TypeVar("T")
PAGE_RECORDS = 64  # of the journal at a time: up to 32 MiB
LOOK_BACK = (
    8  # offsets before the end among which the last record is sought first; transaction markers take offsets too
)


@dataclass(slots=True)
class Stock:
    """The snapshots of a partition. `record` None: it never wrote one."""

    record: PartitionSnapshot | None
    rooms: list[RoomSnapshot] = field(default_factory=list)


class JournalReader:
    """Reads of one bus. `beat` is told of each page, which may take long."""

    def __init__(self, bus: Bus, beat: Callable[[str], None] = lambda _: None) -> None:
        self._bus = bus
        self._beat = beat

    async def last(self, partition: int) -> JournalRecord | None:
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
                return read_journal(newest)
            if start == begin:
                return None
            back *= 8
        return None

    async def find(self, partition: int, seq: int) -> tuple[int, int | None]:
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
            record = read_journal(found[0])
            if record.first_seq <= seq:
                best = (found[0].offset, record.first_seq)
                low = found[0].offset + 1
            else:
                earliest = (found[0].offset, record.first_seq)
                high = middle
        return best or earliest

    async def pages(
        self, partition: int, offset: int, after: int, end: int | None = None
    ) -> AsyncIterator[Iterator[NumberedEntry]]:
        """Every entry with seq above `after`, from the record at `offset` on, to `end` (None: the end at the call).

        Each page is used up before the next one is asked for.
        """
        if end is None:
            end = await self._bus.end("journal", partition)
        pending: list[JournalRecord] = []
        while offset < end:
            self._beat(f"reading the journal of partition {partition}")
            page = await self._bus.read("journal", partition, offset, end, max_records=PAGE_RECORDS)
            if not page:
                break
            records = pending + [read_journal(stored) for stored in page]
            yield numbered(records, max(after, pending[0].last_seq if pending else after))
            pending = records[-1:]
            offset = page[-1].offset + 1

    async def snapshots(self, partition: int) -> Stock:
        """The newest of each room, and of the partition."""
        parts: dict[str, PartitionSnapshot] = {}
        found = Stock(None)
        for key, stored in (await self._bus.latest_per_key("snapshots", partition)).items():
            snapshot = read_snapshot(stored)
            if isinstance(snapshot, PartitionSnapshot):
                parts[key] = snapshot
            else:
                found.rooms.append(snapshot)
        if parts:
            found.record = joined([part for _, part in sorted(parts.items(), key=lambda item: item[1].part)])
        return found


def joined(parts: Sequence[PartitionSnapshot]) -> PartitionSnapshot:
    """A partition record from its parts, in order; parts after the last one are left from an older, larger record."""
    events: list[AppliedShopEvent] = []
    for part in parts:
        events += part.shop_events
        if part.last:
            break
    return parts[0].model_copy(update={"shop_events": tuple(events), "part": 0, "last": True})


def room_of(item: NumberedEntry) -> str | None:
    """The room that an entry is of; None: it concerns all."""
    entry = item.entry
    if isinstance(entry, CommentEntry):
        return entry.room
    return entry.event.room if isinstance(entry, RoomEntry) else None


def read_journal(stored: Stored) -> JournalRecord:
    """The record; raises `RestoreError` for one of a version that is not known here, or of nobody's."""
    return _read(stored, decode_record)


def read_snapshot(stored: Stored) -> Snapshot:
    """As `read_journal`."""
    return _read(stored, _decode_snapshot)


def _read(stored: Stored, decoded: Callable[[bytes | None], T]) -> T:
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
