"""The broker of the Kafka benchmarks with what all cases use: topics of one's own, worker processes, a reader of verdicts."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Producer
from pydantic import SecretStr

from bench.arrivals import Arrivals
from bench.harness import (
    Engine,
    Shelf,
    engine,
    outgoing,
    resident_mb,
)
from bench.workload import Line
from engine.bus import open_bus
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.partitioner import partition_of
from engine.bus.port import Bus, Outgoing, Tail
from engine.clock import wall_clock
from engine.events.codec import decode
from engine.settings import BusSettings, PrivacySettings, Settings
from tests.kafka.broker import Broker
from tests.kafka.guarded import Guarded

VIEWER_KEY = "a key of benchmarks, which hides nobody"
AWAKE_S = 120.0  # for workers to load the model and take all partitions
DRAIN_S = 600.0  # longest wait for the verdicts of what a case left behind


def processor_s(process: int) -> float:
    """Processor seconds of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Site:
    """The broker, and what all cases use."""

    broker: Broker
    shelf: Shelf
    arrivals: Arrivals
    seconds: float
    comments: int = 2_000_000
    """Of the case `memory`."""
    rate: float = 0.0
    """Comments/s that one process carried."""

    def cpu(self) -> float:
        """Processor seconds of the broker so far."""
        return processor_s(self.broker.pid)

    def log_bytes(self, settings: Settings) -> int:
        """What the topics take on the broker's disk; its indexes are laid out in advance, so they are left out."""
        files = self.broker.folder.glob(f"data/{settings.bus.prefix}*/*.log")
        return sum(file.stat().st_size for file in files)

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

    @asynccontextmanager
    async def engine(self, partitions: int) -> AsyncIterator[tuple[Engine, Settings]]:
        """A worker in this process, on topics of its own."""
        async with (
            self.settings(partitions) as settings,
            engine(self.shelf, settings, await open_bus(settings.bus)) as running,
        ):
            yield running, settings

    @asynccontextmanager
    async def apart(self, partitions: int) -> AsyncIterator[Apart]:
        """Topics with the pool on them, for workers that are processes of their own; those end with it."""
        with tempfile.TemporaryDirectory(prefix="livechat-bench-") as folder:
            async with self.settings(partitions) as settings:
                bus = await open_bus(settings.bus)
                publisher = settings.publisher.model_copy(update={"default_shop": self.shelf.pool.shop})
                found = Apart(bus, settings.model_copy(update={"publisher": publisher}), Path(folder))
                try:
                    await self.shelf.publish(bus)
                    yield found
                finally:
                    for worker in found.workers:
                        await worker.stop()
                    await bus.close()


@dataclass(slots=True)
class Meter:
    """Processor time of workers and broker since it was made. `workers`: their processor seconds so far."""

    site: Site
    workers: Callable[[], float]
    began: int = field(default_factory=wall_clock)
    """ms."""
    _at: float = field(init=False)
    _spent: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        self._at, self._spent = time.perf_counter(), (self.workers(), self.site.cpu())

    def read(self) -> tuple[float, dict[str, float]]:
        """Seconds since then, and the cores of workers and broker meanwhile."""
        seconds = time.perf_counter() - self._at
        workers, broker = self._spent
        return seconds, {
            "worker_cores": round((self.workers() - workers) / seconds, 2),
            "broker_cores": round((self.site.cpu() - broker) / seconds, 2),
        }


QUIET_S = 1.0
"""Until the last verdicts are looked for: nothing is read while all are looked into, and what came meanwhile would seem late."""


@dataclass(slots=True)
class Verdicts:
    """Reads committed verdicts as they come; they are looked into afterwards, so that it costs the engine little."""

    seen: list[tuple[int, bytes]] = field(default_factory=list)
    """(when it was read, record), of what was not looked into yet."""
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    """Room → first verdicts, as far as they were looked into."""
    _times: dict[str, int] = field(default_factory=dict)

    async def follow(self, tail: Tail) -> None:
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
            record = decode("verdicts", value)
            outcomes = self.outcomes.setdefault(record.room, Counter())
            for line in record.lines:
                if line.id not in self._times:
                    self._times[line.id] = at
                    outcomes[line.verdict] += 1
        return self._times

    def unread(self) -> int:
        """Comments that were not understood, of those looked into: too many of their room, or too late."""
        return sum(found["shed"] + found["expired"] for found in self.outcomes.values())

    async def drained(self, count: int, limit_s: float = DRAIN_S) -> bool:
        """Waits until so many comments have a verdict; False where that takes too long."""
        end = time.perf_counter() + limit_s
        await asyncio.sleep(QUIET_S)
        while len(self.times()) < count:
            if time.perf_counter() > end:
                return False
            await asyncio.sleep(0.1)
        return True


@asynccontextmanager
async def verdicts(bus: Bus) -> AsyncIterator[Verdicts]:
    """Reads what is committed from now on: the ends are known before anything is published."""
    starts = {("verdicts", p): await bus.end("verdicts", p) for p in range(bus.partitions)}
    reading = Verdicts()
    task = asyncio.ensure_future(reading.follow(bus.tail(starts)))
    try:
        yield reading
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class WorkerProcess:
    """`livechat serve --roles worker` on the site's broker."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        bus = settings.bus
        environment = {
            "LIVECHAT_BUS__PREFIX": bus.prefix,
            "LIVECHAT_BUS__PARTITIONS": str(bus.partitions),
            "LIVECHAT_PRIVACY__VIEWER_KEY": VIEWER_KEY,
            "LIVECHAT_PUBLISHER__DEFAULT_SHOP": settings.publisher.default_shop or "",
        }
        command = (sys.executable, "-m", "engine.cli", "serve", "--roles", "worker", "--bus", bus.url)
        log = folder / f"worker-{uuid4().hex[:6]}.log"
        self._process = Guarded((*command, "--http", "127.0.0.1:0"), log, env=environment)

    def start(self) -> None:
        self._process.start()

    async def stop(self) -> None:
        await asyncio.to_thread(self._process.stop)

    async def kill(self) -> None:
        await asyncio.to_thread(self._process.kill)

    @property
    def runs(self) -> bool:
        return self._process.runs

    def tail(self) -> str:
        """The end of what it printed."""
        return self._process.tail()

    def cpu(self) -> float:
        """Processor seconds so far."""
        return processor_s(self._process.pid)

    def resident_mb(self) -> float:
        return resident_mb(self._process.pid)


@dataclass(slots=True)
class Apart:
    """A log for workers that are processes of their own."""

    bus: Bus
    settings: Settings
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list)

    def start(self) -> WorkerProcess:
        """One more worker."""
        worker = WorkerProcess(self.settings, self.folder)
        worker.start()
        self.workers.append(worker)
        return worker

    async def awake(self) -> None:
        """Waits until comments of every partition get their verdict. Raises RuntimeError where they do not get there."""
        rooms: dict[int, str] = {}
        number = 0
        while len(rooms) < self.bus.partitions:
            rooms.setdefault(partition_of(f"probe-{number}", self.bus.partitions), f"probe-{number}")
            number += 1
        lines = [Line(0.0, room, f"{room}-{uuid4().hex}", "prober", "扣1") for room in rooms.values()]
        async with verdicts(self.bus) as reading:
            await self.bus.publish([outgoing(line) for line in lines])
            until = time.perf_counter() + AWAKE_S
            while not await reading.drained(len(lines), 1.0):
                if time.perf_counter() > until or not all(worker.runs for worker in self.workers):
                    told = "\n".join(worker.tail() for worker in self.workers)
                    raise RuntimeError(f"a worker ended, or none began within {AWAKE_S:.0f} s:\n{told}")

    def cpu(self) -> float:
        """Processor seconds of all workers so far."""
        return sum(worker.cpu() for worker in self.workers)

    def writer(self) -> Writer:
        bus = self.settings.bus
        return Writer(fast_producer(bus.url.removeprefix("kafka:")), bus.prefix)


@dataclass(slots=True)
class Writer:
    """Writes records without waiting for anything, by librdkafka in threads of its own: it takes next to nothing from this process."""

    producer: Producer
    prefix: str
    written: int = 0

    def write(self, records: Iterable[Outgoing]) -> None:
        """Raises BufferError where the broker falls far behind."""
        for record in records:
            self.producer.produce(self.prefix + record.topic, record.value, record.key)
            self.written += 1
        self.producer.poll(0)


def fast_producer(bootstrap: str) -> Producer:
    """librdkafka's, with keys on the partitions where Java clients and the engine put them."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "acks": "all",
            "linger.ms": 10,
            "batch.size": 500_000,
            "queue.buffering.max.messages": 200_000,
        }
    )
