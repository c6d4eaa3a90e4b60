"""What the event loop knows of the log's newest part: its ends, its latest records, and who waits for more.

Used in the event loop only, so nothing here is locked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.bus.embedded.reading import Readers
from engine.bus.port import Stored

RECENT_BYTES = 64 * 1024 * 1024
"""Memory for the latest records of all partitions together, so that whoever keeps up never reads the file: at 10,000 comments
a second and 8 partitions the last second or two."""

OVERHEAD_BYTES = 256
"""Memory of a record besides its value."""


@dataclass(slots=True)
class _Run:
    """The latest records of a slot, without a gap."""

    first: int
    records: list[Stored] = field(default_factory=list)
    bytes: int = 0


class Head:
    """The newest part of an open log."""

    def __init__(self, ends: Mapping[int, int], readers: Readers, *, slots: int) -> None:
        """`slots`: how many share the memory."""
        self.ends = dict(ends)
        self._readers = readers
        self._limit = RECENT_BYTES // slots
        self._runs: dict[int, _Run] = {}
        self._waiting: dict[int, set[asyncio.Event]] = {}

    def end(self, slot: int) -> int:
        """The next offset that will be written."""
        return self.ends.get(slot, 0)

    def extend(self, appended: Mapping[int, Sequence[Stored]]) -> None:
        """Takes in what was committed, in the order of the commits, and wakes who waits."""
        for slot, records in appended.items():
            run = self._runs.get(slot)
            if run is None:
                run = self._runs[slot] = _Run(records[0].offset)
            run.records += records
            run.bytes += sum(_memory(record) for record in records)
            if run.bytes > self._limit:
                gone = len(run.records) - len(run.records) // 2 if len(run.records) > 1 else 0
                run.bytes -= sum(_memory(record) for record in run.records[:gone])
                del run.records[:gone]
                run.first += gone
        self.advance({slot: records[-1].offset + 1 for slot, records in appended.items()})

    def advance(self, ends: Mapping[int, int]) -> None:
        """Takes in new ends, and wakes who waits for these slots."""
        for slot, end in ends.items():
            if end > self.ends.get(slot, 0):
                self.ends[slot] = end
                for event in self._waiting.get(slot, ()):
                    event.set()

    def subscribe(self, slots: Iterable[int], event: asyncio.Event) -> None:
        """Sets `event` whenever one of these slots grows."""
        for slot in slots:
            self._waiting.setdefault(slot, set()).add(event)

    def unsubscribe(self, slots: Iterable[int], event: asyncio.Event) -> None:
        for slot in slots:
            self._waiting.get(slot, set()).discard(event)

    def wake_all(self) -> None:
        """Wakes everyone, since the bus closes."""
        for events in self._waiting.values():
            for event in events:
                event.set()

    async def fetch(
        self, slot: int, start: int, end: int, max_records: int, max_bytes: int
    ) -> tuple[list[Stored], int]:
        """Records from `start` on below `end`, and the offset to go on at; from memory where they are there, else from the file."""
        if start >= end or max_records <= 0:
            return [], start
        run = self._runs.get(slot)
        if run is None or start < run.first:
            return await self._readers.run(lambda reader: reader.records(slot, start, end, max_records, max_bytes))
        at = start - run.first
        records = run.records[at : min(at + max_records, end - run.first)]
        if run.bytes > max_bytes:
            size = 0
            for count, record in enumerate(records, 1):
                size += len(record.value) if record.value is not None else 0
                if size >= max_bytes:
                    del records[count:]
                    break
        return records, start + len(records)


def _memory(record: Stored) -> int:
    return OVERHEAD_BYTES + (len(record.value) if record.value is not None else 0)
