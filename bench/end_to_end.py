"""Comments from publish to committed verdict: one process, the embedded log on disk, the real pool and model.

    python -m bench.end_to_end [--data FILE.csv.gz] [--case NAME ...] [--seconds S] [--json OUT]

Cases: `rate` (as fast as they are taken), `half` (5,000/s: latency), `rooms` (1,000 rooms at 3/s, each with a player:
processor time), `sweep` (how many such rooms fit), `hot` (one room at five times `rate` beside 100 quiet ones), `memory` (two
million comments of 300,000 viewers), `metrics` (what they cost, by turns with and without). Latency is from the call of publish to
the log's time of the commit that holds the verdict; the first 10 s of a case are left out. The peer in the same run is the bare log:
the same records published, and consumed with a commit that only copies them.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final
from unittest.mock import patch

from prometheus_client import generate_latest
from prometheus_client.metrics import MetricWrapperBase

from bench.arrivals import Arrivals
from bench.harness import (
    MOST_RATE,
    PUBLISH_BATCH,
    WARM_S,
    WINDOW,
    Engine,
    Shelf,
    Span,
    batches,
    drained,
    engine,
    flood_of,
    flooded,
    on_air,
    outgoing,
    pace,
    quantiles,
    resident_mb,
    show,
    soak,
    steps,
    while_published,
)
from bench.workload import recorded, rooms
from engine.bus import open_bus
from engine.bus.partitioner import partition_of
from engine.bus.port import Assigned, Batch, Committed, Outgoing, Stored
from engine.clock import wall_clock
from engine.metrics import Metrics
from engine.settings import BusSettings, Settings
from engine.worker.metering import Tally

TURN_S: Final = 1.0  # with metrics, or without: short, so that whatever else the machine does falls on both
SCRAPED: Final = 5  # of so many turns one has a scrape, which is as often as Prometheus scrapes


@asynccontextmanager
async def embedded(shelf: Shelf) -> AsyncIterator[Engine]:
    """The engine on a log of its own."""
    with tempfile.TemporaryDirectory(prefix="livechat-bench-") as folder:
        settings = Settings(bus=BusSettings(url=f"sqlite:{folder}/log.db"))
        async with engine(shelf, settings, await open_bus(settings.bus)) as running:
            yield running


def copy(partition: int, lease: int, found: Sequence[Stored]) -> Batch:
    """What the peer commits."""
    records = tuple(Outgoing("decisions", stored.key or "", stored.value, partition) for stored in found)
    return Batch(partition, lease, records, {"comments": found[-1].offset + 1})


async def bare(shelf: Shelf, arrivals: Arrivals, seconds: float) -> dict[str, float]:
    """The peer: the same records through the same log, consumed and copied, nothing understood or decided."""
    del shelf
    with tempfile.TemporaryDirectory(prefix="livechat-bench-") as folder:
        bus = await open_bus(BusSettings(url=f"sqlite:{folder}/log.db"))
        member = bus.member("bare")
        for event in await member.events(wait_ms=1_000):
            assert isinstance(event, Assigned)
            leases = {partition: await member.acquire(partition) for partition in event.partitions}
            for partition in leases:
                member.seek(partition, {"comments": 0, "room-events": 0})
        lines = islice(rooms(arrivals, 100, 400.0, 60.0), round(MOST_RATE * seconds))
        made = [[outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH)]
        total, copied, published = sum(map(len, made)), 0, 0
        began = time.perf_counter()

        async def publish() -> None:
            nonlocal published
            while made:
                batch = made.pop()
                while published - copied > WINDOW:
                    await asyncio.sleep(0.001)
                published += len(batch)
                await bus.publish(batch)

        publishers = [asyncio.ensure_future(publish()) for _ in range(8)]
        while copied < total:
            polled = await member.poll(max_records=2_000, max_bytes=1_000_000, wait_ms=100)
            commits = [copy(partition, leases[partition], found) for partition, found in polled.items() if found]
            if commits:
                assert all(isinstance(outcome, Committed) for outcome in await member.commit(commits))
                copied += sum(len(batch.records) for batch in commits)
        await asyncio.gather(*publishers)
        spent = time.perf_counter() - began
        await member.close()
        await bus.close()
    return {"comments_per_s": round(total / spent)}


async def rate(shelf: Shelf, arrivals: Arrivals, seconds: float) -> dict[str, float]:
    """As fast as verdicts come, from eight publishers."""
    lines = islice(rooms(arrivals, 100, 400.0, 60.0), round(MOST_RATE * (seconds + WARM_S)))
    made = [[outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH)]
    async with embedded(shelf) as running:
        found = await flooded(running, made, seconds)
        return {"comments_per_s": round(found.per_second), "cores": round(found.cores, 2)}


async def half(shelf: Shelf, arrivals: Arrivals, seconds: float) -> dict[str, float]:
    """5,000/s over 100 rooms."""
    async with embedded(shelf) as running:
        made = steps(rooms(arrivals, 100, 50.0, seconds + WARM_S), seconds + WARM_S)
        began, span = wall_clock(), Span()
        await pace(running, made)
        cores = span.cores()
        await drained(running, len(running.sent))
        found = await running.latencies(began + round(WARM_S * 1_000))
        return {"comments_per_s": round(len(found) / seconds), "cores": round(cores, 2), **quantiles(found)}


async def thousand(shelf: Shelf, arrivals: Arrivals, seconds: float, count: int = 1_000) -> dict[str, float]:
    """1,000 rooms at a mean of 3 comments/s, each with a script that runs and a player that reports."""
    async with embedded(shelf) as running:
        made = steps(rooms(arrivals, count, 3.0, seconds), seconds)
        async with on_air(running.bus, shelf.pool, count) as players:
            began, span = wall_clock(), Span()
            await pace(running, made)
            cores = span.cores()
            await drained(running, len(running.sent))
        found = await running.latencies(began)
        return {
            "rooms": count,
            "comments_per_s": round(len(found) / seconds),
            "cores": round(cores, 2),
            **quantiles(found),
            "insertions": players.insertions,
            "said": players.said,
        }


async def sweep(shelf: Shelf, arrivals: Arrivals, seconds: float) -> dict[str, float]:
    """How many rooms at 3 comments/s one process holds: doubled from 500 until the p99 leaves 150 ms."""
    held = 500
    figures: dict[str, float] = {}
    while True:
        found = await thousand(shelf, arrivals, seconds, held)
        figures |= {f"{held}_rooms_cores": found["cores"], f"{held}_rooms_p99_ms": found["p99_ms"]}
        if found["p99_ms"] > 150 or held >= 8_000:
            return figures
        held *= 2


async def hot(shelf: Shelf, arrivals: Arrivals, seconds: float) -> dict[str, float]:
    """One room at five times what `rate` carries, beside 100 quiet rooms: some in its partition (`beside`), most in others."""
    carried = (await rate(shelf, arrivals, 5.0))["comments_per_s"]
    async with embedded(shelf) as running:
        burst = flood_of("hot")
        stop = asyncio.Event()
        flood = 0

        async def flooding() -> None:
            nonlocal flood
            began = time.perf_counter()
            while not stop.is_set():
                due = int((time.perf_counter() - began) * 5 * carried) - flood
                for _ in range(min(50, due // PUBLISH_BATCH)):
                    records = [Outgoing("comments", "hot", part % (flood + n)) for n, part in enumerate(burst)]
                    flood += len(records)
                    await running.bus.publish(records)
                await asyncio.sleep(0.005)

        made = steps(rooms(arrivals, 100, 3.0, seconds + WARM_S), seconds + WARM_S)
        task = asyncio.ensure_future(flooding())
        began = wall_clock()
        await pace(running, made)
        spent = (wall_clock() - began) / 1_000
        handled = running.handled() - len(running.sent)
        stop.set()
        await task
        flooded = partition_of("hot", running.bus.partitions)
        after = began + round(WARM_S * 1_000)

        def beside(room: str) -> bool:
            return room != "hot" and partition_of(room, running.bus.partitions) == flooded

        quiet = {
            "quiet": await running.latencies(after, lambda room: room != "hot"),
            "beside": await running.latencies(after, beside),
            "elsewhere": await running.latencies(after, lambda room: room != "hot" and not beside(room)),
        }
        return {
            "flood_offered_per_s": round(5 * carried),
            "flood_published_per_s": round(flood / spent),
            "flood_handled_per_s": round(handled / spent),
            **{f"{where}_comments": len(found) for where, found in quiet.items()},
            **{f"{where}_{name}": value for where, found in quiet.items() for name, value in quantiles(found).items()},
        }


async def memory(shelf: Shelf, arrivals: Arrivals, seconds: float, comments: int = 2_000_000) -> dict[str, float]:
    """Resident memory of the process over many comments."""
    del seconds
    async with embedded(shelf) as running:
        return await soak(running.bus, arrivals, comments, running.handled, resident_mb)


class Uncounted:
    """A metric that counts nothing."""

    def labels(self, *_values: str) -> Uncounted:
        return self

    def inc(self, _amount: float = 1) -> None:
        """Not counted."""

    set = observe = inc


@contextmanager
def uncounted(metrics: Metrics) -> Iterator[None]:
    """No metric is filled, and nothing is gathered for any; but for the count of comments, which the benchmark itself reads."""
    held, gather, publish = dict(vars(metrics)), Tally.count, Tally.publish
    for name, metric in held.items():
        if isinstance(metric, MetricWrapperBase):
            setattr(metrics, name, Uncounted())
    comments = metrics.comments = held["comments"]
    with patch.multiple(
        Tally,
        count=lambda _tally, _records, _verdicts: None,
        publish=lambda tally, _metrics, _now: comments.inc(len(tally.logged)),
    ):
        yield
    vars(metrics).update(held)
    assert (Tally.count, Tally.publish) == (gather, publish)


@dataclass(frozen=True, slots=True)
class Turn:
    """What was handled in a turn, and in how much processor time and time, s."""

    handled: int
    cpu: float
    wall: float


def cost_percent(counted: Sequence[Turn], bare: Sequence[Turn]) -> float:
    """By how much more processor time a comment takes where it is counted."""
    each = [sum(one.cpu for one in turns) / sum(one.handled for one in turns) for turns in (counted, bare)]
    return round(100 * (each[0] / each[1] - 1), 2)


async def cost(shelf: Shelf, arrivals: Arrivals, seconds: float) -> dict[str, float]:
    """What metrics cost: the same flood through the same worker, by turns with them, scrapes included, and without."""
    turns = max(3, round(seconds / (2 * TURN_S)))
    lines = islice(rooms(arrivals, 100, 400.0, 60.0), round(MOST_RATE * (2 * turns * TURN_S + WARM_S)))
    made = iter([[outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH)])
    counted: list[Turn] = []
    bare: list[Turn] = []
    async with embedded(shelf) as running:
        published, over = 0, asyncio.Event()

        async def publish() -> None:
            nonlocal published
            for batch in made:
                while published - running.handled() > WINDOW and not over.is_set():
                    await asyncio.sleep(0.002)
                if over.is_set():
                    return
                published += len(batch)
                await running.bus.publish(batch)

        async def turn(*, scrape: bool) -> Turn:
            before, wall, cpu = running.handled(), time.perf_counter(), time.process_time()
            if scrape:
                generate_latest(running.metrics.registry)
            await while_published(publishers, TURN_S)
            handled = running.handled() - before
            return Turn(handled, time.process_time() - cpu, time.perf_counter() - wall)

        publishers = [asyncio.ensure_future(publish()) for _ in range(8)]
        await asyncio.sleep(WARM_S)
        for number in range(turns):
            for is_counted in (True, False) if number % 2 else (False, True):
                if is_counted:
                    counted.append(await turn(scrape=number % SCRAPED == 0))
                else:
                    with uncounted(running.metrics):
                        bare.append(await turn(scrape=False))
        over.set()
        await asyncio.gather(*publishers)
        await drained(running, published)
    half = turns // 2
    return {
        "turns": turns,
        "comments_per_s": round(sum(one.handled for one in counted) / sum(one.wall for one in counted)),
        "without_per_s": round(sum(one.handled for one in bare) / sum(one.wall for one in bare)),
        "cost_percent": cost_percent(counted, bare),
        "first_half_percent": cost_percent(counted[:half], bare[:half]),
        "second_half_percent": cost_percent(counted[half:], bare[half:]),
    }


CASES = {
    "bare": bare, "rate": rate, "half": half, "rooms": thousand, "sweep": sweep, "hot": hot, "memory": memory, "metrics": cost,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="recorded arrivals (.csv.gz or .jsonl); else the example live's")
    parser.add_argument("--case", action="append", choices=list(CASES), help="only these cases")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of a case after its warm-up")
    parser.add_argument(
        "--models", type=Path, default=Path("var/models"), help="folder where trained models are cached"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    shelf = Shelf.of(options.models)
    arrivals = recorded(options.data)
    names = options.case or ["bare", "rate", "half", "rooms", "hot"]
    show({name: asyncio.run(CASES[name](shelf, arrivals, options.seconds)) for name in names}, options.json)


if __name__ == "__main__":
    main()
