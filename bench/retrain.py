"""Verdicts while a model is retrained and swapped: latency without, while it is trained, and while it is opened and takes over.

    python -m bench.retrain [--data FILE.csv.gz] [--rate N] [--seconds S] [--models DIR] [--json OUT]

One process with a worker on the embedded log on disk, as `livechat serve` runs it; comments of 100 rooms arrive at `rate` per second.
After the warm-up come `--seconds` of quiet. Then a line is added to the shop's examples: the publisher's own builder trains the model
from cold in its process, model and pool are published, and the worker opens both and goes on with them. `--seconds` of quiet more, since
a machine that others use, too, changes; retraining is compared with both quiet parts together. Latency
is from the call of publish to the log's time of the commit that holds the verdict.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from bench.end_to_end import embedded
from bench.harness import WARM_S, Engine, Shelf, Step, everything, pace, quantiles, show, steps
from bench.workload import recorded, rooms
from engine.clock import wall_clock
from engine.events.codec import decode
from engine.pool.compile import named
from engine.pool.encoding import encode_pool
from engine.pool.model import Pool, TrainingLine
from engine.publisher.builder import ProcessBuilder
from engine.publisher.bulletin import Bulletin
from engine.publisher.trainer import CachedTrainer
from engine.understanding.model import model_hash

ROOMS = 100
LONGEST_S = 240.0  # for which comments are made beforehand
AFTER_S = 5.0  # after the swap, what it leaves behind counts as part of it
NEW_LINE = TrainingLine("拍完了啥时候能给我安排寄出来呀", "shipping.dispatch")


@dataclass(slots=True)
class Phases:
    """When each part began, ms."""

    quiet: int = 0
    training: int = 0
    swap: int = 0
    after: int = 0
    end: int = 0


def edited(pool: Pool) -> Pool:
    """The pool with one more example, and the hash of the model that belongs to it."""
    training = replace(pool.training, lines=(*pool.training.lines, NEW_LINE))
    return named(replace(pool, training=training), model_hash(training))


async def swapped(running: Engine, pool: Pool) -> None:
    """Wait until the worker has opened pool and model: from then on it understands with them."""
    while not running.pools.loaded(pool.hash):
        await asyncio.sleep(0.05)


def until(over: asyncio.Event, made: Iterable[Step]) -> Iterator[Step]:
    return takewhile(lambda _: not over.is_set(), made)


async def spans(running: Engine) -> list[tuple[int, int]]:
    """(when it was published, ms; publish → commit, ms) of every comment."""
    found = []
    async for stored in everything(running.bus, "verdicts"):
        sent = [running.sent[line.id] for line in decode("verdicts", stored.value).lines]
        found += [(at, stored.time - at) for at in sent]
    return found


def part(found: Sequence[tuple[int, int]], first: int, last: int) -> list[int]:
    """Latencies of the comments of a part, in order of size."""
    return sorted(latency for at, latency in found if first <= at < last)


async def measure(shelf: Shelf, data: Path | None, rate: float, seconds: float) -> dict[str, dict[str, float]]:
    made = steps(rooms(recorded(data), ROOMS, rate / ROOMS, LONGEST_S), LONGEST_S)
    phases, over = Phases(), asyncio.Event()
    pool = edited(shelf.pool)
    compiled = encode_pool(pool)  # the publisher has its bytes from the process that reads the files
    with tempfile.TemporaryDirectory(prefix="livechat-bench-") as folder:
        builder = ProcessBuilder(CachedTrainer(Path(folder)))
        async with embedded(shelf) as running:
            paced = asyncio.ensure_future(pace(running, until(over, made)))
            await asyncio.sleep(WARM_S)
            phases.quiet = wall_clock()
            await asyncio.sleep(seconds)
            phases.training, began = wall_clock(), time.perf_counter()
            trained = await builder.train(compiled, urgent=False)
            took = time.perf_counter() - began
            phases.swap = wall_clock()
            bulletin = Bulletin(running.bus, wall_clock)
            await bulletin.survey()
            content = CachedTrainer(Path(folder)).content(trained.model)
            await bulletin.publish_blob(trained.model, "model", content)
            await bulletin.publish_blob(pool.hash, "pool", compiled, trained.model)
            await bulletin.publish_live(pool.shop, pool.hash)
            await swapped(running, pool)
            opened = (wall_clock() - phases.swap) / 1_000
            await asyncio.sleep(AFTER_S)
            phases.after = wall_clock()
            await asyncio.sleep(seconds)
            phases.end = wall_clock()
            over.set()
            await paced
            found = await spans(running)
        await builder.close()
    quiet = sorted(part(found, phases.quiet, phases.training) + part(found, phases.after, phases.end))
    figures: dict[str, dict[str, float]] = {"without": {"comments": len(quiet), **quantiles(quiet)}}
    for name, first, last in (
        ("training", phases.training, phases.swap),
        ("swap", phases.swap, phases.after),
        ("both", phases.training, phases.after),
    ):
        told = quantiles(part(found, first, last))
        figures[name] = {**told, "p99_times": round(told["p99_ms"] / max(1.0, figures["without"]["p99_ms"]), 2)}
    figures["training"]["seconds"] = round(took, 1)
    figures["swap"]["seconds_to_open"] = round(opened, 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="recorded arrivals (.csv.gz or .jsonl); else the example live's")
    parser.add_argument("--rate", type=float, default=1_000.0, help="comments per second")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the part that the rest is compared with")
    parser.add_argument(
        "--models", type=Path, default=Path("var/models"), help="folder where trained models are cached"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    shelf = Shelf.of(options.models)
    show(asyncio.run(measure(shelf, options.data, options.rate, options.seconds)), options.json)


if __name__ == "__main__":
    main()
