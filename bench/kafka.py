"""Comments from publish to committed verdict on a real Kafka broker, which takes its share of the same cores.

    python -m bench.kafka [--data FILE.csv.gz] [--case NAME ...] [--seconds S] [--partitions N] [--json OUT]

Cases: `transactions` (what Kafka carries of them without an engine), `rate` (as fast as they are taken), `load` (10, 50 and 80 % of
the 10,000/s that a process has to carry: latency), `partitions` (5,000/s on 1, 8, 16 and 32 of them), `workers` (one and two worker
processes), `rooms` (1,000 rooms at 3/s with players), `recovery` (workers that join, die, and are started again, 1,000 rooms), `hot`
(one room at five times `rate` beside 100 quiet ones), `memory` (two million comments). The peer in the same run is `loop`: a plain
consume-produce loop of aiokafka with the same transactions, one for each partition and batch, to the same topics; it is what Kafka
itself costs. Latency is from the call of publish to the moment at which a reader of committed records gets the verdict. The first
10 s of a case are told apart (`first_…`). `hot` needs the figure of `rate`: it takes the one that OUT holds of the same conditions,
or measures it.

Each case writes its figures into OUT when it ends, with its conditions and the machine; those of other cases stay there, so cases
may be measured apart. `python -m bench.scale` makes the tables of docs/scale.md from that file.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bench.harness import (
    MOST_RATE,
    PUBLISH_BATCH,
    WARM_S,
    Shelf,
    Source,
    batches,
    flooded,
    outgoing,
    pace,
    quantiles,
    show,
    steps,
)
from bench.kafka_hot import hot
from bench.kafka_loop import loop
from bench.kafka_processes import held, memory, recovery, workers
from bench.kafka_site import Meter, Site, verdicts
from bench.kafka_transactions import transactions
from bench.measured import Machine, Measured, keep, read
from bench.workload import recorded, rooms
from tests.kafka.broker import Broker
from tests.kafka.jars import VERSION

SWEPT = (1, 8, 16, 32)
SWEPT_RATE = 5_000  # comments/s
LOADED = 10_000  # comments/s that one process has to carry
LOADS = (0.1, 0.5, 0.8)
LAST_S = 30.0  # longest wait for the last verdicts, once all are committed; what is missing then is told as `unread`


# ---- cases -----------------------------------------------------------------------------------------------------------


async def rate(site: Site, partitions: int) -> dict[str, float]:
    """As fast as verdicts come, from eight publishers."""
    lines = islice(rooms(site.arrivals, 100, 400.0, 60.0), round(MOST_RATE * (site.seconds + WARM_S)))
    made = [[outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH)]
    async with site.engine(partitions) as (running, settings):
        found = await flooded(running, made, site.seconds, site.cpu)
        handled, size = running.handled(), site.log_bytes(settings)
        commits = running.metrics.commits.labels("committed")._value.get()  # noqa: SLF001 - the library has no other way to read a counter
    return {
        "comments_per_s": round(found.per_second),
        "first_per_s": round(found.first_per_second),
        "cores": round(found.cores, 2),
        "broker_cores": round(found.other_cores, 2),
        "comments_per_commit": round(handled / commits),
        "log_bytes_per_comment": round(size / handled),
    }


async def at_rate(site: Site, partitions: int, per_s: float) -> dict[str, float]:
    """Latency of 100 rooms that write `per_s` together to a worker process."""
    length = site.seconds + WARM_S
    made = steps(rooms(site.arrivals, 100, per_s / 100, length), length)
    async with site.apart(partitions) as log:
        worker = log.start()
        await log.awake()
        source = Source(log.bus)
        async with verdicts(log.bus) as reading:
            meter = Meter(site, worker.cpu)
            await pace(source, made)
            _, cores = meter.read()
            await reading.drained(len(source.sent), LAST_S)  # what is committed is still to be read
            times, edge = reading.times(), meter.began + round(WARM_S * 1_000)
    sent = source.sent
    first = sorted(times[name] - at for name, at in sent.items() if at < edge and name in times)
    found = sorted(times[name] - at for name, at in sent.items() if at >= edge and name in times)
    return {
        "comments_per_s": round(len(found) / site.seconds),
        **quantiles(found),
        "first_p99_ms": quantiles(first)["p99_ms"],
        "unread": len(sent) - len(times),
        **cores,
    }


async def load(site: Site, partitions: int) -> dict[str, float]:
    """Latency at a share of `LOADED`."""
    figures: dict[str, float] = {}
    for share in LOADS:
        found = await at_rate(site, partitions, share * LOADED)
        figures |= {f"{share:.0%}_{name}": value for name, value in found.items()}
    return figures


async def sweep(site: Site, partitions: int) -> dict[str, float]:
    """The same load on more or fewer partitions."""
    del partitions
    figures: dict[str, float] = {}
    for count in SWEPT:
        found = await at_rate(site, count, SWEPT_RATE)
        figures |= {f"{count}_{name}": value for name, value in found.items()}
    return figures


CASES = {
    "transactions": transactions,
    "loop": loop,
    "rate": rate,
    "load": load,
    "partitions": sweep,
    "workers": workers,
    "rooms": held,
    "recovery": recovery,
    "hot": hot,
    "memory": memory,
}


async def run(
    site: Site, names: Sequence[str], partitions: int, conditions: dict[str, float | str], out: Path | None
) -> dict[str, Measured]:
    """The cases one after another; each is kept when it ends."""
    machine, known, found = Machine.here(VERSION), {} if out is None else read(out), {}
    if (
        "rate" in known
        and "rate" not in names
        and (known["rate"].machine, known["rate"].conditions) == (machine, conditions)
    ):
        site.rate = known["rate"].figures["comments_per_s"]
    elif "rate" not in names and "hot" in names:
        names = ["rate", *names]
    for name in names:
        figures = await CASES[name](site, partitions)
        if name == "rate":
            site.rate = figures["comments_per_s"]
        found[name] = Measured.now(machine, conditions, figures)
        if out is not None:
            keep(out, name, found[name])
        print(f"{name}: {figures}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="recorded arrivals (.csv.gz or .jsonl); else the example live's")
    parser.add_argument("--case", action="append", choices=list(CASES), help="only these cases")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a case after its warm-up")
    parser.add_argument("--partitions", type=int, default=8, help="of the inputs, where a case does not say")
    parser.add_argument("--comments", type=int, default=2_000_000, help="of the case `memory`")
    parser.add_argument(
        "--models", type=Path, default=Path("var/models"), help="folder where trained models are cached"
    )
    parser.add_argument("--json", type=Path, help="write the figures here, case by case; other cases in it stay")
    options = parser.parse_args()
    conditions: dict[str, float | str] = {
        "seconds": options.seconds,
        "warm_up_s": WARM_S,
        "partitions": options.partitions,
        "arrivals": options.data.name if options.data else "the example live",
    }
    with tempfile.TemporaryDirectory(prefix="livechat-bench-kafka-") as folder:
        broker = Broker(Path(folder) / "broker", java=("-Xmx1g",))
        broker.start()
        try:
            site = Site(broker, Shelf.of(options.models), recorded(options.data), options.seconds, options.comments)
            names = options.case or list(CASES)
            found = asyncio.run(run(site, names, options.partitions, conditions, options.json))
        finally:
            broker.stop()
    show({name: measured.figures for name, measured in found.items()}, None)


if __name__ == "__main__":
    main()
