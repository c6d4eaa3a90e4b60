"""What traces and logs cost a worker: comments per second of processor time, off, at the default share, and for every comment.

    python -m bench.traces [--comments 20000] [--rounds 5] [--json OUT]

One partition without a bus, as `bench.core` runs the core: records are read, understood by a table, decided, encoded; the batch is
told as committed. The peer in the same run is the row `off`: a worker without traces, whose level is `info`. Rounds take turns, so that
a busy machine slows all rows alike; the best round of each counts. Spans go to an exporter that drops them.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from rich.console import Console
from rich.table import Table

from bench.harness import as_served
from engine.bus.port import Outgoing, Stored
from engine.clock import wall_clock
from engine.events.codec import encode
from engine.events.inputs import Comment, PoolLive
from engine.events.journal import PartitionSnapshot, Positions
from engine.gateway.spans import GatewaySpans
from engine.room.rooms import Rooms
from engine.settings import TracesSettings, WorkerSettings
from engine.traces import Traces
from engine.worker import committed
from engine.worker.partition import PartitionWorker
from engine.worker.shops import PoolBoard, ShopItem
from engine.worker.snapshots import Schedule
from engine.worker.standing import Shared, Standing, Understood
from tests.simulation.shop import FIRST, MARK, MODEL, POOLS, SHOP, TEXTS

BATCH: Final = 500
ROWS: Final = ("off", "default share", "every comment", "off, level debug")
IDLE: Final = f"{MARK} 哈哈哈"
ASKED: Final = f"{MARK} 什么时候发货"


class Nowhere(SpanExporter):
    """Takes spans, and drops them."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        return SpanExportResult.SUCCESS


class Silence(logging.Handler):
    """Formats lines, and writes them nowhere."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


def hashed(viewer: str, logged: int) -> str:
    """In the place of the keyed hash."""
    del viewer, logged
    return "0" * 16


def worker(traces: Traces | None, now: int) -> PartitionWorker:
    """One partition whose shop is live."""
    settings, board = WorkerSettings(), PoolBoard(POOLS.__contains__)
    shared = Shared(settings, 1, hashed, board, lambda: SHOP, settings.max_rooms, traces=traces)
    empty = PartitionSnapshot(
        partition=0, partitions=1, lease=1, seq=-1, now=0, positions=Positions(), shop_events=(), pools=()
    )
    made = PartitionWorker(0, 1, Rooms(POOLS.__getitem__), Schedule(settings.snapshot_every, empty), Standing(), shared)
    made.ready = True
    live = PoolLive(id="p", at=now, shop=SHOP, pool=FIRST, generation=1)
    board.put(0, live)
    made.offer(ShopItem(Stored("shop-events", 0, 0, now, live.key(), encode(live)), live, ""))
    return made


def comments(count: int) -> list[Comment]:
    """One in ten asks, over fifty rooms."""
    return [
        Comment(room=f"r{n % 50}", source="s", id=f"c{n}", viewer=f"v{n % 999}", text=ASKED if n % 10 == 0 else IDLE)
        for n in range(count)
    ]


def run(row: str, count: int) -> float:
    """Seconds of this process for so many comments, from the gateway's record to the committed batch."""
    share = {"default share": TracesSettings().share, "every comment": 1.0}.get(row)
    traces = None if share is None else Traces(BatchSpanProcessor(Nowhere()), share=share, draw=random.Random(7).random)
    gateway = None if traces is None else GatewaySpans(traces)
    logging.getLogger("engine").setLevel(logging.DEBUG if row.endswith("debug") else logging.INFO)
    now, offset = wall_clock(), 0
    partition, lines = worker(traces, now), comments(count)
    as_served()
    begun = time.process_time()
    for at in range(0, count, BATCH):
        some = lines[at : at + BATCH]
        records = [Outgoing("comments", comment.room, encode(comment)) for comment in some]
        for span in () if gateway is None else gateway.received(some, records, now):
            span.end(now)
        stored = [
            Stored("comments", 0, offset + n, now, record.key, record.value, record.headers)
            for n, record in enumerate(records)
        ]
        offset += len(stored)
        wants = partition.begin(stored, now)
        answers = {pool: Understood(MODEL, {text: TEXTS[text] for text in texts}) for pool, texts in wants.items()}
        prepared = partition.finish(answers)
        assert prepared is not None
        partition.settle(prepared)
        committed.tell(0, prepared)
        for ending in prepared.spans:
            ending.end(now)
        now += 50
    seconds = time.process_time() - begun
    if traces is not None:
        traces.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comments", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    logging.getLogger("engine").addHandler(Silence())
    logging.getLogger("engine").propagate = False
    best = dict.fromkeys(ROWS, float("inf"))
    for _ in range(options.rounds):
        for row in ROWS:
            best[row] = min(best[row], run(row, options.comments))
    table = Table(
        "",
        "comments/s",
        "µs a comment",
        "of `off`",
        title="What traces and debug lines cost, gateway's record to commit",
    )
    for row, seconds in best.items():
        rate = options.comments / seconds
        table.add_row(row, f"{rate:,.0f}", f"{seconds / options.comments * 1e6:.1f}", f"{best['off'] / seconds:.0%}")
    Console().print(table)
    if options.json is not None:
        options.json.write_text(
            json.dumps({row: options.comments / seconds for row, seconds in best.items()}, indent=2)
        )


if __name__ == "__main__":
    main()
