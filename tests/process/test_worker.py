"""The worker on the embedded log: real threads, a real file, a real clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.bus import open_bus
from engine.bus.port import Bus, Outgoing
from engine.clock import wall_clock
from engine.events.codec import decode, encode
from engine.events.inputs import Comment, PoolLive
from engine.events.understanding import Understanding
from engine.metrics import Metrics
from engine.pool.blobs import to_records
from engine.pool.encoding import decode_pool, encode_pool, pool_hash
from engine.room.rooms import Rooms
from engine.settings import BusSettings, PublisherSettings, Settings
from engine.viewers.keeper import ViewerKeys
from engine.worker.library import Library, Openers
from engine.worker.seams import Seams
from engine.worker.service import Worker
from engine.worker.understand import Interpreter
from engine.worker.watchdog import Watchdog
from tests.patience import PATIENCE_S
from tests.simulation.shop import FIRST, MODEL, POOLS, SHOP, TEXTS

pytestmark = pytest.mark.process


class Table:
    """Understands the simulation's texts."""

    def understand(self, texts: Sequence[str]) -> list[Understanding]:
        return [TEXTS[text] for text in texts]


def worker_on(bus: Bus, settings: Settings) -> Worker:
    metrics = Metrics()
    library = Library(bus, Openers(decode_pool, lambda data: data, lambda pool, model: Table()))
    seams = Seams(
        library,
        Interpreter(library.pool, library.understander, metrics),
        Rooms,
        ViewerKeys(bus, settings, metrics, "worker"),
        Watchdog(30.0, metrics),
    )
    return Worker(bus, settings, metrics, seams=seams)


async def until(done: Callable[[], bool], running: asyncio.Task[None]) -> None:
    """Wait for something that a running worker brings about."""
    async with asyncio.timeout(PATIENCE_S):
        while not done():
            if running.done():
                running.result()
            await asyncio.sleep(0.005)


async def publish_shop(bus: Bus) -> None:
    pool = replace(POOLS[FIRST], hash=pool_hash(POOLS[FIRST]))
    now = wall_clock()
    blobs = to_records(MODEL, "model", b"m", None, now) + to_records(pool.hash, "pool", encode_pool(pool), MODEL, now)
    await bus.publish([Outgoing("pools", blob.key(), encode(blob)) for blob in blobs])
    live = PoolLive(id="p", at=now, shop=SHOP, pool=pool.hash, generation=1)
    await bus.publish([Outgoing("shop-events", live.key(), encode(live))])


def comments(first: int, count: int) -> list[Outgoing]:
    texts = list(TEXTS)
    found = []
    for number in range(first, first + count):
        comment = Comment(
            room=f"r{number % 7}", source="s", id=f"c{number}", viewer=f"v{number}", text=texts[number % len(texts)]
        )
        found.append(Outgoing("comments", comment.room, encode(comment)))
    return found


async def test_a_worker_that_is_stopped_and_started_again_decides_everything_once(tmp_path: Path) -> None:
    """Pools come from the log, comments become decisions, and the second worker goes on where the first one stood."""
    settings = Settings(
        bus=BusSettings(url=f"sqlite:{tmp_path}/log.db", partitions=4), publisher=PublisherSettings(default_shop=SHOP)
    )
    for life in range(3):
        bus = await open_bus(settings.bus)
        if life == 0:
            await publish_shop(bus)
        worker = worker_on(bus, settings)
        running = asyncio.ensure_future(worker.run())
        await until(lambda worker=worker: worker.ready, running)  # type: ignore[misc] # the loop's own worker
        await bus.publish(comments(life * 300, 300))  # the stop comes while they are on their way
        worker.stop()
        async with asyncio.timeout(PATIENCE_S):
            await running
        await bus.close()
    bus = await open_bus(settings.bus)
    worker = worker_on(bus, settings)
    running = asyncio.ensure_future(worker.run())
    await until(lambda: worker.ready, running)
    decided: Counter[str] = Counter()
    async with asyncio.timeout(PATIENCE_S):
        while len(decided) < 900:
            await asyncio.sleep(0.02)
            decided = Counter()
            for partition in range(4):
                for stored in await bus.read("decisions", partition, 0, max_records=10_000):
                    decided[decode("decisions", stored.value).comment] += 1
    worker.stop()
    await running
    await bus.close()
    assert set(decided.values()) == {1}
    assert set(decided) == {f"c{number}" for number in range(900)}
