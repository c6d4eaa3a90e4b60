"""One topic, followed: filled from the recent past, then live. Survives a bus that is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from engine import logs
from engine.bus.port import Bus, Stored, Tail, partition_count
from engine.errors import BusError, RecordError
from engine.metrics import Metrics

FILL_RECORDS: Final = (
    20_000  # of one partition, newest; more would not fit into the rings, and start-up should take a second
)
PAGE: Final = 2_000  # records of one read while filling
RETRY_FIRST_S: Final = 0.1
RETRY_MOST_S: Final = 5.0

log = logs.get(__name__)

Take = Callable[[Stored, bool], None]
"""Takes a record; the flag says whether it is live (false: part of the fill)."""


class Feed:
    """Follows one topic. Records reach `take` in order per partition; one that cannot be read is counted and passed over."""

    def __init__(self, bus: Bus, topic: str, take: Take, begin: Callable[[int, int], None], metrics: Metrics) -> None:
        self._bus = bus
        self._topic = topic
        self._take = take
        self._begin = begin
        self._metrics = metrics
        self._next: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._closing = False

    async def start(self, since: int | None) -> None:
        """Fill from the log's time `since` on (None: start at the end), then follow. Calling it again does nothing."""
        async with self._starting:
            if self._task is not None:
                return
            for partition in range(partition_count(self._bus, self._topic)):
                await self._fill(partition, since)
            self._task = asyncio.create_task(self._run(), name=f"feed {self._topic}")
            self._task.add_done_callback(self._ended)

    @property
    def failed(self) -> bool:
        """Whether following ended by a mistake of ours: from then on the gateway is blind for this topic."""
        return self._task is not None and self._task.done() and not self._closing

    async def close(self) -> None:
        """Stop following."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _fill(self, partition: int, since: int | None) -> None:
        end = await self._bus.end(self._topic, partition)
        start = end
        if since is not None:
            start = max(await self._bus.at_time(self._topic, partition, since), end - FILL_RECORDS)
        self._begin(partition, start)
        self._next[partition] = start
        while self._next[partition] < end:
            records = await self._bus.read(self._topic, partition, self._next[partition], end, max_records=PAGE)
            if not records:
                break
            for stored in records:
                self._one(stored, live=False)
        self._next[partition] = max(self._next[partition], end)

    async def _run(self) -> None:
        pause = RETRY_FIRST_S
        while True:
            tail: Tail | None = None
            try:
                tail = self._bus.tail(self._starts())
                while True:
                    records = await tail.next()
                    if pause > RETRY_FIRST_S:
                        log.warning("a topic is read again", topic=self._topic)
                        pause = RETRY_FIRST_S
                    for stored in records:
                        self._one(stored, live=True)
            except BusError as error:
                if pause == RETRY_FIRST_S:
                    log.warning("a topic cannot be read, trying until it can", topic=self._topic, error=error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, RETRY_MOST_S)
            finally:
                if tail is not None:
                    await tail.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("a topic is not followed any more", topic=self._topic, exc_info=task.exception())

    def _starts(self) -> Mapping[tuple[str, int], int]:
        return {(self._topic, partition): offset for partition, offset in self._next.items()}

    def read(self, stored: Stored) -> None:
        """Take a record that was found by other means, as part of the fill."""
        self._guarded(stored, live=False)

    def _one(self, stored: Stored, *, live: bool) -> None:
        self._next[stored.partition] = stored.offset + 1
        self._guarded(stored, live=live)

    def _guarded(self, stored: Stored, *, live: bool) -> None:
        try:
            self._take(stored, live)
        except RecordError as error:
            self._metrics.unreadable.labels(self._topic).inc()
            log.warning(
                "a record is passed over",
                topic=self._topic, partition=stored.partition, offset=stored.offset, error=error,
            )  # fmt: skip
