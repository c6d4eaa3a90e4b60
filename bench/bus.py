"""What the embedded log carries: publishing, a worker's poll → commit loop, and how long commits take.

    python bench/bus.py [--seconds S] [--json OUT] [--folder DIR]

The peer, in the same run and on the same disk: plain `sqlite3.executemany` into one table, with the same durability (WAL,
synchronous=FULL). Processor time counts all threads of the process. Figures depend on the disk: it is that of `--folder`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Batch, Committed, Outgoing

PARTITIONS = 8
VALUE_BYTES = 300
"""About a comment as JSON."""

PUBLISH_SIZES = (1, 20, 200, 2_000)
COMMIT_SIZES = (20, 200, 2_000)
PUBLISHERS = 4
"""Callers at a time, as gateways' sources are."""

ROOMS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. Latencies in ms, of one call; processor time in µs per record."""

    what: str
    batch: int
    records: int
    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


def row(what: str, batch: int, records: int, seconds: float, cpu: float, latencies: list[float]) -> Row:
    ordered = sorted(latencies)
    return Row(
        what,
        batch,
        records,
        round(records / seconds, 1),
        round(cpu / records * 1e6, 2),
        round(ordered[len(ordered) // 2] * 1e3, 2),
        round(ordered[int(len(ordered) * 0.99)] * 1e3, 2),
    )


def comments(count: int, chance: random.Random) -> list[Outgoing]:
    value = bytes(chance.randrange(32, 127) for _ in range(VALUE_BYTES))
    return [Outgoing("comments", f"room-{chance.randrange(ROOMS)}", value) for _ in range(count)]


async def publish(bus: EmbeddedBus, size: int, seconds: float) -> Row:
    """Several callers publish batches of one size, each waiting for its own."""
    records = comments(size, random.Random(size))
    latencies: list[float] = []
    until = time.perf_counter() + seconds

    async def caller() -> None:
        while (began := time.perf_counter()) < until:
            await bus.publish(records)
            latencies.append(time.perf_counter() - began)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(PUBLISHERS)))
    return row(
        f"publish, {PUBLISHERS} callers",
        size,
        size * len(latencies),
        time.perf_counter() - began,
        time.process_time() - cpu,
        latencies,
    )


async def poll_commit(bus: EmbeddedBus, size: int, seconds: float) -> Row:
    """Prefilled inputs; each round polls up to `size` records over all partitions and commits, per partition, a journal record of
    the same bytes, one verdict list, a tenth as many decisions, and the offsets."""
    backlog = comments(50_000, random.Random(7))
    for at in range(0, len(backlog), 5_000):
        await bus.publish(backlog[at : at + 5_000])
    member = bus.member(f"bench-{size}")
    await member.events()
    leases = {partition: await member.acquire(partition) for partition in range(PARTITIONS)}
    latencies: list[float] = []
    done = 0
    for partition in leases:
        member.seek(partition, {"comments": 0, "room-events": 0})
    began, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        polled = await member.poll(max_records=max(1, size // PARTITIONS), max_bytes=1_000_000, wait_ms=0)
        if not polled:
            for partition in leases:
                member.seek(partition, {"comments": 0, "room-events": 0})
            continue
        batches = []
        for partition, records in polled.items():
            raw = b"".join(record.value or b"" for record in records)
            parts = [raw[at : at + 500_000] for at in range(0, len(raw), 500_000)]
            out = [Outgoing("journal", f"#{partition}", part, partition=partition) for part in parts]
            out.append(Outgoing("verdicts", records[0].key or "", raw[: len(records) * 30], partition=partition))
            out += [Outgoing("decisions", r.key or "", r.value, partition=partition) for r in records[::10]]
            batches.append(Batch(partition, leases[partition], tuple(out), {"comments": records[-1].offset + 1}))
        committing = time.perf_counter()
        outcomes = await member.commit(batches)
        latencies.append(time.perf_counter() - committing)
        assert all(isinstance(outcome, Committed) for outcome in outcomes)
        done += sum(map(len, polled.values()))
    result = row("poll → commit", size, done, time.perf_counter() - began, time.process_time() - cpu, latencies)
    await member.close()
    return result


async def end_to_end(bus: EmbeddedBus, seconds: float) -> Row:
    """Publishers and a worker in one process, as fast as they go; latency is from a record's publishing to its commit."""
    size = 200
    records = comments(size, random.Random(3))
    member = bus.member("bench-all")
    await member.events()
    leases = {partition: await member.acquire(partition) for partition in range(PARTITIONS)}
    for partition in leases:
        member.seek(partition, {"comments": await bus.end("comments", partition), "room-events": 0})
    until = time.perf_counter() + seconds
    latencies: list[float] = []
    published = done = 0
    caught_up = asyncio.Event()

    async def caller() -> None:
        nonlocal published
        while time.perf_counter() < until:
            while published - done > 20 * size:
                caught_up.clear()
                await caught_up.wait()
            published += size
            await bus.publish(records)

    async def worker() -> None:
        nonlocal done
        while time.perf_counter() < until or done < published:
            polled = await member.poll(max_records=2_000, max_bytes=1_000_000, wait_ms=50)
            if not polled:
                continue
            batches = []
            for partition, found in polled.items():
                raw = b"".join(record.value or b"" for record in found)
                out = [
                    Outgoing("journal", "#", raw[at : at + 500_000], partition=partition)
                    for at in range(0, len(raw), 500_000)
                ]
                out += [Outgoing("decisions", r.key or "", r.value, partition=partition) for r in found[::10]]
                batches.append(Batch(partition, leases[partition], tuple(out), {"comments": found[-1].offset + 1}))
            await member.commit(batches)
            done += sum(map(len, polled.values()))
            caught_up.set()
            now = time.time() * 1e3
            latencies.extend((now - found[0].time) / 1e3 for found in polled.values())

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(PUBLISHERS)), worker())
    result = row(
        "publish + poll + commit", size, done, time.perf_counter() - began, time.process_time() - cpu, latencies
    )
    await member.close()
    return result


def plain(path: Path, size: int, seconds: float) -> Row:
    """The peer: one thread, one table, one transaction a batch, with the same pragmas."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 2000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, time INTEGER, key TEXT, headers BLOB, value BLOB)"
    )
    rows = [(1, r.key, None, r.value) for r in comments(size, random.Random(size))]
    latencies: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    while (start := time.perf_counter()) - began < seconds:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO record (time, key, headers, value) VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        latencies.append(time.perf_counter() - start)
    result = row(
        "peer: plain sqlite3",
        size,
        size * len(latencies),
        time.perf_counter() - began,
        time.process_time() - cpu,
        latencies,
    )
    connection.close()
    return result


async def measure(folder: Path, seconds: float, report: Callable[[Row], None]) -> None:
    for size in PUBLISH_SIZES:
        report(plain(folder / f"plain-{size}.db", size, seconds))
        bus = EmbeddedBus(folder / f"publish-{size}.db", partitions=PARTITIONS)
        report(await publish(bus, size, seconds))
        await bus.close()
    for size in COMMIT_SIZES:
        bus = EmbeddedBus(folder / f"commit-{size}.db", partitions=PARTITIONS)
        report(await poll_commit(bus, size, seconds))
        await bus.close()
    bus = EmbeddedBus(folder / "all.db", partitions=PARTITIONS)
    report(await end_to_end(bus, seconds))
    await bus.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--folder", type=Path, help="where the logs are made (default: the system's temporary folder)")
    options = parser.parse_args()
    rows: list[Row] = []

    def report(measured: Row) -> None:
        rows.append(measured)
        print(
            f"{measured.what:<26}{measured.batch:>7}{measured.per_second:>12,.0f}{measured.cpu_us:>10.1f}"
            f"{measured.p50_ms:>10.2f}{measured.p99_ms:>10.2f}",
            flush=True,
        )

    print(f"{'what':<26}{'batch':>7}{'records/s':>12}{'µs cpu':>10}{'p50 ms':>10}{'p99 ms':>10}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        asyncio.run(measure(Path(folder), options.seconds, report))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(
            json.dumps({"sqlite": sqlite3.sqlite_version, "rows": [asdict(r) for r in rows]}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
