"""The broker of the Kafka benchmarks with what all cases use: topics of one's own, worker processes, a reader of verdicts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr

from bench.arrivals import Arrivals
from bench.harness import (
    Engine,
    Shelf,
    engine,
)
from engine.bus.kafka import open_kafka
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.port import Bus, Tail
from engine.clock import wall_clock
from engine.events.codec import decode
from engine.settings import BusSettings, PrivacySettings, Settings
from tests.kafka.broker import Broker

VIEWER_KEY = "a key of benchmarks, which hides nobody"


@dataclass(slots=True)
class Site:
    """The broker, and what all cases use."""

    broker: Broker
    shelf: Shelf
    arrivals: Arrivals
    seconds: float
    rate: float = 0.0
    """Comments/s that one process carried."""

    def cpu(self) -> float:
        """Processor seconds of the broker so far."""
        fields = Path(f"/proc/{self.broker.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @asynccontextmanager
    async def settings(self, partitions: int) -> AsyncIterator[Settings]:
        """Topics of one's own, removed in the end."""
        bus = BusSettings(url=f"kafka:{self.broker.bootstrap}", prefix=f"b{uuid4().hex[:8]}.", partitions=partitions)
        access, layout = Access(self.broker.bootstrap, bus.kafka), Layout(bus.prefix, partitions)
        await create(access, Shape(layout))
        try:
            yield Settings(bus=bus, privacy=PrivacySettings(viewer_key=SecretStr(VIEWER_KEY)))
        finally:
            await remove(access, layout)

    async def open(self, settings: Settings) -> Bus:
        return await open_kafka(self.broker.bootstrap, settings.bus)

    @asynccontextmanager
    async def engine(self, partitions: int) -> AsyncIterator[Engine]:
        async with (
            self.settings(partitions) as settings,
            engine(self.shelf, settings, await self.open(settings)) as running,
        ):
            yield running


@dataclass(slots=True)
class Verdicts:
    """Reads committed verdicts as they come; they are looked into afterwards, so that it costs the engine little."""

    bus: Bus
    seen: list[tuple[int, bytes]] = field(default_factory=list)
    """(when it was read, record), of what was not looked into yet."""
    _times: dict[str, int] = field(default_factory=dict)

    async def follow(self) -> None:
        starts = {("verdicts", p): await self.bus.end("verdicts", p) for p in range(self.bus.partitions)}
        tail: Tail = self.bus.tail(starts)
        try:
            while True:
                for stored in await tail.next(max_records=5_000, wait_ms=100):
                    if stored.value is not None:
                        self.seen.append((wall_clock(), stored.value))
        finally:
            await tail.close()

    def times(self) -> dict[str, int]:
        """Comment id → when its verdict was read first, ms."""
        seen, self.seen = self.seen, []
        for at, value in seen:
            for line in decode("verdicts", value).lines:
                self._times.setdefault(line.id, at)
        return self._times


@asynccontextmanager
async def verdicts(bus: Bus) -> AsyncIterator[Verdicts]:
    reading = Verdicts(bus)
    task = asyncio.ensure_future(reading.follow())
    try:
        yield reading
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@dataclass(slots=True)
class WorkerProcess:
    """`livechat serve --roles worker` on the site's broker."""

    settings: Settings
    folder: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        bus = self.settings.bus
        environment = os.environ | {
            "LIVECHAT_BUS__PREFIX": bus.prefix,
            "LIVECHAT_BUS__PARTITIONS": str(bus.partitions),
            "LIVECHAT_PRIVACY__VIEWER_KEY": VIEWER_KEY,
            "LIVECHAT_PUBLISHER__DEFAULT_SHOP": self.settings.publisher.default_shop or "",
        }
        command = ("-m", "engine.cli", "serve", "--roles", "worker", "--bus", bus.url, "--http", "127.0.0.1:0")
        with (self.folder / f"worker-{uuid4().hex[:6]}.log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *command, env=environment, stdout=log, stderr=log
            )

    async def end(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()


@asynccontextmanager
async def apart(site: Site, partitions: int) -> AsyncIterator[tuple[Bus, Settings, Path]]:
    """Topics with the pool on them, for workers that are processes of their own."""
    with tempfile.TemporaryDirectory(prefix="livechat-bench-") as folder:
        async with site.settings(partitions) as settings:
            bus = await site.open(settings)
            try:
                await site.shelf.publish(bus)
                publisher = settings.publisher.model_copy(update={"default_shop": site.shelf.pool.shop})
                yield bus, settings.model_copy(update={"publisher": publisher}), Path(folder)
            finally:
                await bus.close()
