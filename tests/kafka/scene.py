"""A live on real Kafka with workers as processes, and its judgement: what every test of faults has in common."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.bus import open_bus
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.port import Bus, Stored, partition_count
from engine.events.topics import INPUTS, TOPICS
from engine.journal.records import decode_record
from engine.settings import BusSettings, KafkaSettings
from tests.kafka.checker import Findings, check
from tests.kafka.fleet import Fleet
from tests.kafka.live import Live, pools
from tests.kafka.shared import fresh_prefix
from tests.patience import PATIENCE_S

SESSION_S: Final = 6.0
"""A worker that is silent for so long has lost its partitions: the least that a broker allows, unless it is told otherwise."""
LOOK_S: Final = 0.1
GOOD_S: Final = 1.0
"""Pause between two looks that must agree that all is read."""


class Stuck(Exception):
    """The workers did not go on."""


@dataclass
class Scene:
    """A log, a live on it, and workers."""

    settings: BusSettings
    bus: Bus
    live: Live
    fleet: Fleet

    async def until(self, done: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
        """Seconds until `done`; workers that end are started anew meanwhile. Raises `Stuck`."""
        begun = time.monotonic()
        while not done():
            self.fleet.look()
            if time.monotonic() - begun > patience_s:
                raise Stuck(f"{what} did not come within {patience_s:.0f} s; {self._state()}\n{self.fleet.logs()}")
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - begun

    async def goes_on(self) -> float:
        """Seconds until everything that is written by now was handled, in every partition."""
        written = set(self.live.wanted)
        return await self.until(lambda: self.live.handled >= written, "a verdict for every comment")

    async def judge(self) -> Findings:
        """End the live, let the workers come to the end of their inputs, stop them, and check the log."""
        self.live.close_rooms()
        await self.until(lambda: self.live.is_written, "the end of the reports")
        await self.until(lambda: self.live.decided >= self.live.wanted, "every decision")
        for _ in range(2):  # the second time sees what was on its way at the first
            await self._drained()
            await asyncio.sleep(GOOD_S)
        self.fleet.close()
        return check(await self.log(), pools, self.live.acknowledged)

    async def log(self) -> dict[tuple[str, int], list[Stored]]:
        """Everything that a reader of committed records sees."""
        found: dict[tuple[str, int], list[Stored]] = {}
        for topic in TOPICS:
            for partition in range(partition_count(self.bus, topic)):
                at, records = 0, found.setdefault((topic, partition), [])
                end = await self.bus.end(topic, partition)
                while page := await self.bus.read(topic, partition, at, end, max_records=2_000):
                    records += page
                    at = page[-1].offset + 1
        return found

    async def _drained(self) -> None:
        begun = time.monotonic()
        while (behind := await self._behind()) and time.monotonic() - begun < PATIENCE_S:
            self.fleet.look()
            await asyncio.sleep(LOOK_S)
        if behind:
            raise Stuck(f"the inputs were not read to their end: {behind}; {self._state()}\n{self.fleet.logs()}")

    async def _behind(self) -> dict[tuple[str, int], int]:
        """Inputs that have records which the journal does not tell of."""
        behind = {}
        for partition in range(self.bus.partitions):
            records = await self._last("journal", partition)
            positions = decode_record(records.value).positions if records else None
            for topic in INPUTS:
                last = await self._last(topic, partition)
                next_one = 0 if positions is None else getattr(positions, topic.replace("-", "_"))
                if last is not None and last.offset >= next_one:
                    behind[topic, partition] = last.offset + 1 - next_one
        return behind

    async def _last(self, topic: str, partition: int) -> Stored | None:
        end = await self.bus.end(topic, partition)
        back = 8
        while True:
            start = max(0, end - back)
            found = await self.bus.read(topic, partition, start, end, max_records=back)
            if found or not start:
                return found[-1] if found else None
            back *= 8

    def _state(self) -> str:
        live = self.live
        return f"{len(live.wanted - live.decided)} of {len(live.wanted)} comments undecided, exits {dict(self.fleet.exits)}"


@asynccontextmanager
async def scene(
    bootstrap: str,
    folder: Path,
    *,
    partitions: int = 4,
    rooms: int = 12,
    seed: int = 1,
    workers: int = 2,
    session_s: float = SESSION_S,
) -> AsyncIterator[Scene]:
    """A live that runs, with workers that decide. Everything is gone in the end."""
    settings = BusSettings(
        url=f"kafka:{bootstrap}",
        partitions=partitions,
        prefix=fresh_prefix(),
        kafka=KafkaSettings(session_timeout_s=session_s, request_timeout_s=2.0, deadline_s=6.0),
    )
    access, layout = Access(bootstrap, settings.kafka), Layout(settings.prefix, partitions)
    await create(access, Shape(layout))
    bus = await open_bus(settings)
    fleet = Fleet(folder, settings)
    live = Live(bus, rooms, seed)
    playing: asyncio.Task[None] | None = None
    try:
        await live.open()
        for number in range(workers):
            fleet.start(number)
        playing = asyncio.ensure_future(live.run())
        yield Scene(settings, bus, live, fleet)
    finally:
        if playing is not None:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        fleet.close()
        await bus.close()
        await remove(access, layout)
