"""The whole of what was said and posted, in the order of the log, with what shows that nothing is missing. In bounded memory."""

from __future__ import annotations

import hashlib
import heapq
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.bus.port import Bus, Stored
from engine.errors import RecordError
from engine.events.codec import AiredRecord, decode_as
from engine.events.outputs import Aired
from engine.events.posts import Posted

TOPIC: Final = Aired.topic
HELD: Final = 4_000  # records in memory, of all partitions together; a record has about a kilobyte


@dataclass(frozen=True, slots=True)
class Line:
    """A record with its place. `record` None: it cannot be read, and `error` says why."""

    number: int
    stored: Stored
    record: Aired | Posted | None
    error: str = ""


@dataclass(slots=True)
class Span:
    """What is asked for: records that the log took in from `since` to before `until` (ms; None: from its beginning, to its end)."""

    since: int | None = None
    until: int | None = None
    room: str | None = None
    shop: str | None = None


@dataclass(slots=True)
class Seal:
    """What was exported so far, and whether it is whole."""

    records: int = 0
    unreadable: int = 0
    kept_from: int | None = None
    """The log has lost records that are older than this (ms) to its retention; None: it never lost any."""
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, written: bytes) -> None:
        """These bytes were written."""
        self._hash.update(written)

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._hash.hexdigest()

    def misses(self, span: Span) -> bool:
        """Whether something that was asked for is kept no more."""
        return self.kept_from is not None and span.since is not None and span.since < self.kept_from


@dataclass(slots=True)
class _Source:
    """One partition, read page by page."""

    partition: int
    at: int
    end: int
    page: deque[Stored] = field(default_factory=deque)


async def aired(bus: Bus, span: Span, partitions: Sequence[int], seal: Seal, now: int) -> AsyncIterator[Line]:
    """Every record of the span by the log's time, then partition and offset; `seal` tells of it. Raises `BusError`."""
    ahead: list[tuple[int, int, int, _Source]] = []
    size = max(1, HELD // max(1, len(partitions)))
    for partition in partitions:
        begin = await bus.begin(TOPIC, partition)
        lost = await _lost(bus, partition, begin, now)
        if lost is not None:
            seal.kept_from = max(lost, seal.kept_from or 0)
        start = begin if span.since is None else max(begin, await bus.at_time(TOPIC, partition, span.since))
        end = await bus.end(TOPIC, partition)
        if span.until is not None:
            end = min(end, await bus.at_time(TOPIC, partition, span.until))
        await _next(bus, _Source(partition, start, end), size, ahead)
    while ahead:
        _, _, _, source = heapq.heappop(ahead)
        stored = source.page.popleft()
        await _next(bus, source, size, ahead)
        if span.room not in (None, stored.key) or stored.value is None:
            continue
        record, error = _read(stored)
        if record is None:
            seal.unreadable += 1
        elif span.shop not in (None, record.shop):
            continue
        seal.records += 1
        yield Line(seal.records, stored, record, error)


async def _next(bus: Bus, source: _Source, size: int, ahead: list[tuple[int, int, int, _Source]]) -> None:
    """Put the source where its next record belongs; nowhere, where it has no more."""
    if not source.page:
        found = await bus.read(TOPIC, source.partition, source.at, source.end, max_records=size)
        if not found:
            return
        source.page.extend(found)
        source.at = found[-1].offset + 1
    head = source.page[0]
    heapq.heappush(ahead, (head.time, source.partition, head.offset, source))


async def _lost(bus: Bus, partition: int, begin: int, now: int) -> int | None:
    """Until when the partition, which begins there, may have lost records; None where it never lost any."""
    if begin == 0:
        return None
    found = await bus.read(TOPIC, partition, begin, max_records=1)
    return found[0].time if found else now


def _read(stored: Stored) -> tuple[Aired | Posted | None, str]:
    try:
        record: Aired | Posted = decode_as(AiredRecord, stored.value, TOPIC)
    except RecordError as error:
        return None, error.detail
    return record, ""
