"""Comments from publish to committed verdict on a real Kafka broker, which takes its share of the same cores.

    python -m bench.kafka [--data FILE.csv.gz] [--case NAME ...] [--seconds S] [--partitions N] [--json OUT]

Cases: `rate` (as fast as they are taken), `load` (10, 50 and 80 % of that: latency), `partitions` (8,000/s on 1, 8, 16 and 32 of
them), `workers` (one and two worker processes), `recovery` (a worker killed, 1,000 rooms). The peer in the same run is `loop`: a
plain consume-produce loop of aiokafka with the same transactions, one for each partition and batch, which copies every comment; it
is what Kafka itself costs. Latency is from the call of publish to the moment at which a reader of committed records gets the
verdict. The first 10 s of a case are told apart (`first_…`).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bench.harness import (
    MOST_RATE,
    PUBLISH_BATCH,
    WARM_S,
    Shelf,
    Span,
    Step,
    batches,
    drained,
    flooded,
    outgoing,
    pace,
    quantiles,
    show,
    steps,
)
from bench.kafka_loop import loop
from bench.kafka_site import Site, WorkerProcess, apart, verdicts
from bench.workload import recorded, rooms
from engine.bus.port import Bus
from engine.clock import wall_clock
from tests.kafka.broker import Broker

SWEPT = (1, 8, 16, 32)
SWEPT_RATE = 8_000  # comments/s
LOADS = (0.1, 0.5, 0.8)
ROOMS = 1_000  # of the case `recovery`
BACK_S = 60.0  # longest wait for a worker that takes over


# ---- cases -----------------------------------------------------------------------------------------------------------


async def rate(site: Site, partitions: int) -> dict[str, float]:
    """As fast as verdicts come, from eight publishers."""
    lines = islice(rooms(site.arrivals, 100, 400.0, 60.0), round(MOST_RATE * (site.seconds + WARM_S)))
    made = [[outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH)]
    async with site.engine(partitions) as running:
        found = await flooded(running, made, site.seconds, site.cpu)
    site.rate = found.per_second
    return {
        "comments_per_s": round(found.per_second),
        "first_per_s": round(found.first_per_second),
        "cores": round(found.cores, 2),
        "broker_cores": round(found.other_cores, 2),
    }


async def at_rate(site: Site, partitions: int, per_s: float) -> dict[str, float]:
    """Latency of 100 rooms that write `per_s` together."""
    length = site.seconds + WARM_S
    made = steps(rooms(site.arrivals, 100, per_s / 100, length), length)
    async with site.engine(partitions) as running, verdicts(running.bus) as reading:
        began, span, cpu = wall_clock(), Span(), site.cpu()
        await pace(running, made)
        cores, spent = span.cores(), time.perf_counter() - span.wall
        broker = (site.cpu() - cpu) / spent
        await drained(running, len(running.sent))
        await asyncio.sleep(1.0)  # what is committed is still to be read
        times, edge = reading.times(), began + round(WARM_S * 1_000)
        sent = running.sent
        missing = len(sent) - len(times)
        first = sorted(times[name] - at for name, at in sent.items() if at < edge and name in times)
        found = sorted(times[name] - at for name, at in sent.items() if at >= edge and name in times)
    return {
        "comments_per_s": round(len(found) / site.seconds),
        **quantiles(found),
        "first_p99_ms": quantiles(first)["p99_ms"],
        "unread": missing,
        "cores": round(cores, 2),
        "broker_cores": round(broker, 2),
    }


async def load(site: Site, partitions: int) -> dict[str, float]:
    """Latency at a share of what `rate` carried."""
    if not site.rate:
        await rate(site, partitions)
    figures: dict[str, float] = {}
    for share in LOADS:
        found = await at_rate(site, partitions, share * site.rate)
        figures |= {f"{share:.0%}_{name}": value for name, value in found.items()}
    return figures


async def sweep(site: Site, partitions: int) -> dict[str, float]:
    """The same load on more or fewer partitions."""
    del partitions
    figures: dict[str, float] = {}
    for count in SWEPT:
        found = await at_rate(site, count, SWEPT_RATE)
        figures |= {f"{count}_{name}": found[name] for name in ("p50_ms", "p99_ms", "cores", "broker_cores")}
    return figures


async def publish_steps(bus: Bus, made: Sequence[Step], sent: dict[str, int]) -> None:
    """Publishes each step at its time; notes when."""
    began = time.perf_counter()
    for step in made:
        rest = began + step.at - time.perf_counter()
        if rest > 0:
            await asyncio.sleep(rest)
        now = wall_clock()
        sent.update((name, now) for name in step.ids)
        await bus.publish(step.records)


async def workers(site: Site, partitions: int) -> dict[str, float]:
    """How fast one and two worker processes get through a backlog; publisher and reader are a process of their own."""
    count = round(10_000 * (site.seconds + WARM_S))
    made = [
        [outgoing(line) for line in batch]
        for batch in batches(islice(rooms(site.arrivals, 100, 400.0, 60.0), count), PUBLISH_BATCH)
    ]
    total = sum(map(len, made))
    figures: dict[str, float] = {}
    for number in (1, 2):
        async with apart(site, partitions) as (bus, settings, folder):
            await bus.publish(made[0])
            processes = [WorkerProcess(settings, folder) for _ in range(number)]
            try:
                async with verdicts(bus) as reading:
                    await asyncio.gather(*(process.start() for process in processes))
                    while not reading.times():
                        await asyncio.sleep(0.05)
                    await asyncio.sleep(WARM_S)  # the second one joins meanwhile
                    warm = len(reading.times())
                    began = time.perf_counter()
                    for batch in made[1:]:
                        await bus.publish(batch)
                    while len(reading.times()) - warm < total - warm:
                        await asyncio.sleep(0.25)
                    figures[f"{number}_per_s"] = round((total - warm) / (time.perf_counter() - began))
            finally:
                for process in processes:
                    await process.end()
    return figures


async def recovery(site: Site, partitions: int) -> dict[str, float]:
    """One of two workers is killed under 2,000 comments/s of 1,000 rooms: how long its rooms wait for a verdict."""
    length = site.seconds + 2 * WARM_S + BACK_S
    made = steps(rooms(site.arrivals, ROOMS, 2_000 / ROOMS, length), length)
    async with apart(site, partitions) as (bus, settings, folder):
        first, second = (WorkerProcess(settings, folder) for _ in range(2))
        sent: dict[str, int] = {}
        try:
            async with verdicts(bus) as reading:
                await asyncio.gather(first.start(), second.start())
                publishing = asyncio.ensure_future(publish_steps(bus, made, sent))
                while not reading.times():
                    await asyncio.sleep(0.05)
                await asyncio.sleep(2 * WARM_S)
                killed = wall_clock()
                await first.end(signal.SIGKILL)
                await publishing
                await asyncio.sleep(WARM_S)
                times = reading.times()
        finally:
            await first.end()
            await second.end()
        late = [times[name] - at for name, at in sent.items() if name in times and at >= killed - 1_000]
        return {
            "rooms": ROOMS,
            "longest_wait_s": round(max(late) / 1_000, 1),
            "session_timeout_s": settings.bus.kafka.session_timeout_s,
            "unread": sum(1 for name in sent if name not in times),
        }


CASES = {
    "loop": loop,
    "rate": rate,
    "load": load,
    "partitions": sweep,
    "workers": workers,
    "recovery": recovery,
}


async def run(site: Site, names: Sequence[str], partitions: int) -> dict[str, dict[str, float]]:
    return {name: await CASES[name](site, partitions) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="recorded arrivals (.csv.gz or .jsonl); else the example live's")
    parser.add_argument("--case", action="append", choices=list(CASES), help="only these cases")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a case after its warm-up")
    parser.add_argument("--partitions", type=int, default=8, help="of the inputs, where a case does not say")
    parser.add_argument(
        "--models", type=Path, default=Path("var/models"), help="folder where trained models are cached"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="livechat-bench-kafka-") as folder:
        broker = Broker(Path(folder) / "broker", java=("-Xmx1g",))
        broker.start()
        try:
            site = Site(broker, Shelf.of(options.models), recorded(options.data), options.seconds)
            names = options.case or list(CASES)
            figures = asyncio.run(run(site, names, options.partitions))
        finally:
            broker.stop()
    show(figures, options.json)


if __name__ == "__main__":
    main()
