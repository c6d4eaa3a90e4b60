"""The engine under load: a worker in this process on a log that the benchmark opens, and comments published at their times.

Latency is from the call of publish to the log's time of the commit that holds the verdict.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice, takewhile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.arrivals import Arrivals
from bench.players import Players
from bench.workload import Line, rooms
from engine.bus.port import Bus, Outgoing, Stored
from engine.cli.assembly import COLLECT, SWITCH_S
from engine.clock import wall_clock
from engine.events.codec import decode, encode
from engine.events.inputs import Comment
from engine.metrics import Metrics
from engine.pool.encoding import encode_pool
from engine.pool.load import load_pool
from engine.pool.model import Pool
from engine.pool.paths import base_pack, example_shop
from engine.publisher.bulletin import Bulletin
from engine.settings import Settings
from engine.understanding.cache import load_or_train
from engine.understanding.model import Model, model_hash
from engine.worker.seams import Pools, real_seams
from engine.worker.service import Worker

WARM_S = 10.0
WINDOW = 10_000  # comments on their way when as many are published as are handled; more only wait
MOST_RATE = 40_000  # comments/s that are made beforehand for a case that takes as many as it can; where it takes more, it ends earlier
LOAD_ENDED = "the load ended during the warm-up: this machine takes more than `MOST_RATE` of bench/harness.py"
PUBLISH_BATCH = 200  # what a gateway hands to the log at a time under load


def outgoing(line: Line) -> Outgoing:
    """The comment's record."""
    comment = Comment(room=line.room, source="live", id=line.id, viewer=line.viewer, text=line.text)
    return Outgoing("comments", line.room, encode(comment))


@dataclass(slots=True)
class Shelf:
    """The pool and model that all cases use; trained once per run."""

    pool: Pool
    model: Model

    @classmethod
    def of(cls, models: Path) -> Shelf:
        """The example shop's, with its model from the folder `models` or trained into it."""
        pool = load_pool(base_pack(), example_shop(), model_of=model_hash)
        return cls(pool, load_or_train(pool.training, models))

    async def publish(self, bus: Bus) -> None:
        """Lay both on the log and let the shop go live with them."""
        bulletin = Bulletin(bus, wall_clock)
        await bulletin.publish_blob(self.model.hash, "model", self.model.to_bytes())
        await bulletin.publish_blob(self.pool.hash, "pool", encode_pool(self.pool), self.model.hash)
        await bulletin.publish_live(self.pool.shop, self.pool.hash)


@dataclass(slots=True)
class Source:
    """Publishes comments and notes when."""

    bus: Bus
    sent: dict[str, int] = field(default_factory=dict, kw_only=True)
    """Comment id → when its publishing began, ms."""

    async def publish(self, ids: Sequence[str], records: Sequence[Outgoing]) -> None:
        now = wall_clock()
        self.sent.update((name, now) for name in ids)
        await self.bus.publish(records)


async def everything(bus: Bus, topic: str) -> AsyncIterator[Stored]:
    """All records of a topic as it stands now, partition by partition."""
    for partition in range(bus.partitions):
        at, end = await bus.begin(topic, partition), await bus.end(topic, partition)
        while at < end:
            page = await bus.read(topic, partition, at, end, max_records=2_000)
            if not page:  # nothing but markers of transactions is left
                break
            for stored in page:
                yield stored
            at = page[-1].offset + 1


@dataclass(slots=True)
class Engine(Source):
    """A running worker on a log of its own."""

    worker: Worker
    metrics: Metrics
    pools: Pools

    def handled(self) -> int:
        """Comments whose verdict is committed, as the worker counts."""
        return int(self.metrics.comments._value.get())  # noqa: SLF001 - the library has no other way to read a counter

    async def latencies(self, after: int, rooms_only: Callable[[str], bool] = lambda _: True) -> list[int]:
        """Publish → commit in ms, of comments published after `after`, in order of size; read from the log afterwards."""
        found = []
        async for stored in everything(self.bus, "verdicts"):
            record = decode("verdicts", stored.value)
            if rooms_only(record.room):
                found += [stored.time - sent for line in record.lines if (sent := self.sent.get(line.id, 0)) >= after]
        return sorted(found)


def as_served() -> None:
    """Collector and threads as `livechat serve` sets them once everything is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    sys.setswitchinterval(SWITCH_S)


@asynccontextmanager
async def engine(shelf: Shelf, settings: Settings, bus: Bus) -> AsyncIterator[Engine]:
    """A worker on `bus`, ready; both are closed in the end."""
    await shelf.publish(bus)
    metrics = Metrics()
    seams = real_seams(bus, settings, metrics)
    worker = Worker(bus, settings, metrics, seams=seams)
    task = asyncio.ensure_future(worker.run())
    try:
        while not worker.ready:
            await asyncio.sleep(0.05)
            if task.done():
                task.result()
        as_served()
        yield Engine(bus, worker, metrics, seams.pools)
    finally:
        worker.stop()
        await task
        await bus.close()


@dataclass(slots=True)
class Span:
    """Processor and wall time since it was made."""

    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def cores(self) -> float:
        return (time.process_time() - self.cpu) / (time.perf_counter() - self.wall)


def batches(lines: Iterable[Line], size: int) -> Iterable[list[Line]]:
    source = iter(lines)
    while batch := list(islice(source, size)):
        yield batch


def percentile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def quantiles(ordered: Sequence[int]) -> dict[str, int]:
    return {
        "p50_ms": percentile(ordered, 0.5),
        "p99_ms": percentile(ordered, 0.99),
        "p99.9_ms": percentile(ordered, 0.999),
    }


@dataclass(frozen=True, slots=True)
class Step:
    """What is published together. `at`: seconds since the start."""

    at: float
    ids: Sequence[str]
    records: Sequence[Outgoing]


def steps(lines: Iterable[Line], seconds: float, length: float = 0.02) -> list[Step]:
    """The lines of the first `seconds` in steps, made beforehand so that making them is no part of a figure."""
    made = []
    timely = takewhile(lambda line: line.at <= seconds, lines)
    for number, group in groupby(timely, lambda line: int(line.at / length)):
        batch = list(group)
        made.append(Step((number + 1) * length, [line.id for line in batch], [outgoing(line) for line in batch]))
    return made


async def pace(source: Source, made: Iterable[Step]) -> None:
    """Publish each step at its time, whether or not those before it are acknowledged: a slow log must not lower its own load."""
    began, publishing = time.perf_counter(), []
    for step in made:
        rest = began + step.at - time.perf_counter()
        await asyncio.sleep(max(0.0, rest))
        publishing.append(asyncio.ensure_future(source.publish(step.ids, step.records)))
    await asyncio.gather(*publishing)


@asynccontextmanager
async def on_air(bus: Bus, pool: Pool, count: int) -> AsyncIterator[Players]:
    """A player for each of `count` rooms; ready after the warm-up."""
    players = Players(bus, pool, [f"room-{number}" for number in range(count)])
    task = asyncio.ensure_future(players.run())
    await asyncio.sleep(WARM_S)
    try:
        yield players
    finally:
        players.stop()
        await task


async def soak(
    bus: Bus, arrivals: Arrivals, comments: int, handled: Callable[[], int], resident_mb: Callable[[], float]
) -> dict[str, float]:
    """Resident memory while comments of 300,000 viewers go through 30 rooms.

    So few, that each soon remembers as many identities as a room ever does: what grows from then on is a leak.
    """
    marks: list[float] = []
    published = 0
    for batch in batches(rooms(arrivals, 30, 300.0, comments / 9_000 + 1), PUBLISH_BATCH):
        while published - handled() > WINDOW:
            await asyncio.sleep(0.002)
        renamed = [
            Line(line.at, line.room, f"m{published + n}", f"v{(published + n) * 7919 % 300_000}", line.text)
            for n, line in enumerate(batch)
        ]
        await bus.publish([outgoing(line) for line in renamed])
        published += len(batch)
        if published * 20 // comments > len(marks):
            marks.append(resident_mb())
        if published >= comments:
            break
    while handled() < published:
        await asyncio.sleep(0.02)
    warm = marks[len(marks) // 4]
    return {
        "comments": published,
        "warm_mb": round(warm),
        "end_mb": round(marks[-1]),
        "growth_percent": round(100 * (marks[-1] / warm - 1), 1),
        "highest_mb": round(max(marks)),
    }


def resident_mb(process: int | str = "self") -> float:
    """Resident memory of a process now, MiB (Linux)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


def flood_of(room: str) -> list[bytes]:
    """One batch of comments of a room with a gap for their number: all but the number stays.

    A flood that is costly to make would slow down the process that it should flood.
    """
    lines = [Line(0.0, room, "h%d", f"h{n}", f"扣{n % 500}") for n in range(PUBLISH_BATCH)]
    return [outgoing(line).value or b"" for line in lines]


@dataclass(slots=True)
class Rate:
    """What went through after the warm-up."""

    per_second: float
    first_per_second: float
    """During the warm-up."""
    cores: float
    other_cores: float


async def while_published(publishers: Sequence[asyncio.Future[None]], seconds: float) -> None:
    """The time that is measured: it ends with the load, for what comes after would count as slowness.

    Raises RuntimeError where none is left.
    """
    if all(publisher.done() for publisher in publishers):
        raise RuntimeError(LOAD_ENDED)
    await asyncio.wait(publishers, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


async def flooded(
    running: Engine,
    made: Iterable[Sequence[Outgoing]],
    seconds: float,
    other_cpu: Callable[[], float] = lambda: 0.0,
) -> Rate:
    """As fast as verdicts come, from eight publishers, for `seconds` or until `made` ends; returns when all of it is handled.

    `other_cpu`: processor seconds so far of another process that takes part.
    """
    source = iter(made)
    published, stopped = 0, False

    async def publish() -> None:
        nonlocal published
        for batch in source:
            while published - running.handled() > WINDOW and not stopped:
                await asyncio.sleep(0.002)
            if stopped:
                return
            published += len(batch)
            await running.bus.publish(batch)

    publishers = [asyncio.ensure_future(publish()) for _ in range(8)]
    await asyncio.sleep(WARM_S)
    warm, span, cpu = running.handled(), Span(), other_cpu()
    await while_published(publishers, seconds)
    spent = time.perf_counter() - span.wall
    rate = Rate((running.handled() - warm) / spent, warm / WARM_S, span.cores(), (other_cpu() - cpu) / spent)
    stopped = True
    await asyncio.gather(*publishers)
    await drained(running, published)
    return rate


def show(figures: Mapping[str, Mapping[str, float]], out: Path | None) -> None:
    """A table of all cases, and the same as JSON into `out`."""
    table = Table("case", "figures")
    for name, found in figures.items():
        table.add_row(name, "  ".join(f"{key} {value:,}" for key, value in found.items()))
    Console(width=160).print(table)
    if out:
        out.write_text(json.dumps(figures, indent=2))


async def drained(running: Engine, count: int) -> None:
    while running.handled() < count:
        await asyncio.sleep(0.02)
