"""The course of one room, computed again: the core is fed the journal from the room's snapshot on, and each step is handed out.

The core gives the same for the same entries, so nothing of what it thought has to be stored. What becomes of a room does not hang on
other rooms: only its own entries, and those that concern all rooms, are fed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from engine.bus.partitioner import partition_of
from engine.bus.port import Bus
from engine.events.journal import AnyEntry, JournalRecord, PartitionSnapshot, PoolEntry, RoomSnapshot
from engine.events.outputs import VerdictLine
from engine.insight.origin import origin_of
from engine.journal.core import Source
from engine.journal.reading import JournalReader, joined, read_journal, read_snapshot
from engine.journal.replay import Replay
from engine.room.effects import Output
from engine.room.room import Room
from engine.room.rooms import Rooms

PAGE = 500  # snapshots read at a time
SLACK_MS = 60_000  # by which the clocks of workers and of the log may differ


@dataclass(slots=True)
class Step:
    """One entry, and what the core made of it for the room. `room` None: it does not exist (any more)."""

    seq: int
    now: int
    entry: AnyEntry
    room: Room | None
    records: Sequence[Output]
    verdicts: Sequence[VerdictLine]


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is of a partition's journal: its first and last record."""

    first: JournalRecord
    last: JournalRecord


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the room can be computed from. `room` None: it begins within the journal. Entries above `after` are fed."""

    record: PartitionSnapshot | None
    room: RoomSnapshot | None
    offset: int
    after: int

    @property
    def seq(self) -> int:
        """The room's course is known from behind this seq on."""
        return self.room.seq if self.room is not None else self.after


class Rerun:
    """One room of one bus. `source`: pools by the hash that the journal names."""

    def __init__(self, bus: Bus, source: Source, room: str, beat: Callable[[str], None] = lambda _: None) -> None:
        self.room = room
        self.partition = partition_of(room, bus.partitions)
        self.floor = -1
        """Once `steps` began behind a snapshot: the time of the snapshot's own commit."""
        self._bus = bus
        self._source = source
        self._reader = JournalReader(bus, beat)

    async def kept(self) -> Kept | None:
        """What there is of the journal; None where there is nothing."""
        last = await self._reader.last(self.partition)
        begin = await self._bus.begin("journal", self.partition)
        first = await self._bus.read("journal", self.partition, begin, None, max_records=1)
        return Kept(read_journal(first[0]), last) if first and last is not None else None

    async def beginning(self, kept: Kept, seq: int) -> Beginning | None:
        """The latest point before `seq` from which the room can be computed; where there is none before, the earliest behind it.

        None: there is none at all, as of a room that ended long ago.
        """
        first, records, rooms = kept.first.first_seq, *await self._saved()
        offset = await self._bus.begin("journal", self.partition)
        whole = Beginning(None, None, offset, -1) if first == 0 else None
        before: Beginning | None = None
        behind: Beginning | None = None
        for room in rooms:
            older = [record for record in records if first <= record.seq + 1 and record.seq <= room.seq]
            if not older:
                continue  # the journal behind it is gone
            record = max(older, key=lambda each: each.seq)
            if room.seq < seq and (before is None or room.seq > before.seq):
                before = Beginning(record, room, 0, record.seq)
            elif room.seq >= seq and (behind is None or room.seq < behind.seq):
                behind = Beginning(record, room, 0, record.seq)
        if before is None and whole is None and records:
            newest = max(records, key=lambda each: each.seq)
            pages = self._reader.pages(self.partition, offset, first - 1)
            origin = await origin_of(self.room, kept.first, newest, pages)
            whole = Beginning(origin, None, offset, first - 1) if origin is not None else None
        found = before or whole or behind
        if found is None or found is whole:
            return found
        offset, _ = await self._reader.find(self.partition, found.after + 1)
        return Beginning(found.record, found.room, offset, found.after)

    async def steps(self, begin: Beginning) -> AsyncIterator[Step]:
        """The room from `begin` to the journal's end.

        Raises `RestoreError` where the journal, or a pool that it names, is damaged or gone.
        """
        for live in begin.record.pools if begin.record is not None else ():
            await self._source.ensure(live.pool)
        rooms = Rooms(self._source.pool)
        snapshots = [begin.room] if begin.room is not None else []
        replay = Replay(rooms, begin.record, snapshots, others="born", only=self.room)
        async for page in self._reader.pages(self.partition, begin.offset, begin.after):
            for item in page:
                if isinstance(item.entry, PoolEntry):
                    await self._source.ensure(item.entry.pool)
                if item.seq == begin.seq:
                    self.floor = item.now
                if replay.apply(item):
                    effects = rooms.take()
                    lines = effects.verdicts.get(self.room, ())
                    yield Step(item.seq, item.now, item.entry, rooms.room(self.room), effects.records, lines)

    async def seq_at(self, kept: Kept, time: int) -> int:
        """A seq of shortly before `time` (ms): no entry whose `now` is later than that is before it, as far as clocks agree."""
        offset = await self._bus.at_time("journal", self.partition, time - SLACK_MS)
        found = await self._bus.read("journal", self.partition, offset, None, max_records=1)
        return read_journal(found[0]).first_seq if found else kept.last.last_seq + 1

    async def _saved(self) -> tuple[list[PartitionSnapshot], list[RoomSnapshot]]:
        """Every snapshot of the partition and of the room that is still stored: superseded ones stay for a while."""
        topic, end = "snapshots", await self._bus.end("snapshots", self.partition)
        at = await self._bus.begin(topic, self.partition)
        parts: list[PartitionSnapshot] = []
        records: list[PartitionSnapshot] = []
        rooms: list[RoomSnapshot] = []
        while found := await self._bus.read(topic, self.partition, at, end, max_records=PAGE):
            for stored in found:
                if stored.value is None or stored.key is None:
                    continue
                if stored.key != self.room and not stored.key.startswith("#partition"):
                    continue
                snapshot = read_snapshot(stored)
                if isinstance(snapshot, RoomSnapshot):
                    rooms.append(snapshot)
                    continue
                parts = [*parts, snapshot] if snapshot.part else [snapshot]
                if snapshot.last and [part.part for part in parts] == list(range(len(parts))):
                    records.append(joined(parts))
            at = found[-1].offset + 1
        return records, rooms
