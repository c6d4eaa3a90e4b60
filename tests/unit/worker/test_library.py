"""Pools and models are loaded from the topic when they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest

from engine.bus.port import Outgoing
from engine.errors import RestoreError
from engine.events.codec import encode
from engine.events.understanding import Understanding
from engine.metrics import Metrics
from engine.pool.blobs import to_records
from engine.pool.encoding import decode_pool, encode_pool, pool_hash
from engine.worker.library import Library, MissingPool, Openers
from engine.worker.understand import Interpreter
from tests.simulation.bus import Odds, SimBus
from tests.simulation.clock import VirtualLoop
from tests.simulation.shop import FIRST, MODEL, POOLS


class Upper:
    """Understands every text as unknown, by its capitals."""

    def understand(self, texts: Sequence[str]) -> list[Understanding]:
        return [Understanding("unknown", text.upper()) for text in texts]


def sealed() -> tuple[str, bytes]:
    """A pool's bytes under the hash that they have."""
    pool = replace(POOLS[FIRST], hash=pool_hash(POOLS[FIRST]))
    return pool.hash, encode_pool(pool)


@asynccontextmanager
async def library(bus: SimBus) -> AsyncIterator[Library]:
    found = Library(bus, Openers(decode_pool, lambda data: data, lambda pool, model: Upper()))
    running = asyncio.ensure_future(found.run())
    for _ in range(5):
        await asyncio.sleep(0)
    yield found
    running.cancel()


def bus_with(*, model: bool = True, pool: str | None = None, size: int = 900_000) -> tuple[SimBus, str]:
    bus = SimBus(VirtualLoop(), Random(1), 1, Odds())
    name, content = sealed()
    records = to_records(pool or name, "pool", content, MODEL, 1)
    if model:
        records += to_records(MODEL, "model", b"m" * size, None, 1)
    for record in records:
        bus.append(Outgoing("pools", record.key(), encode(record)))
    return bus, pool or name


async def test_a_pool_is_loaded_with_its_model() -> None:
    """Blobs of several chunks are put together; then the pool is there and can be asked."""
    bus, name = bus_with()
    async with library(bus) as books:
        with pytest.raises(MissingPool):
            books.pool(name)
        assert await books.load_first(["0000000f", name]) == name
        assert books.loaded(name)
        assert books.pool(name).intents.keys() == POOLS[FIRST].intents.keys()
        interpreter = Interpreter(books.pool, books.understander, Metrics())
        answers = await interpreter.answers({name: {"a": None, "b": None}})
        interpreter.close()
        assert answers[name].model == MODEL
        assert answers[name].texts["b"].key == "B"


async def test_a_pool_without_its_model_waits() -> None:
    """It is not served before it can be."""
    bus, name = bus_with(model=False)
    async with library(bus) as books:
        assert await books.load_first([name]) is None
        assert not books.loaded(name)


async def test_a_damaged_blob_is_not_loaded() -> None:
    """Content that is not what its hash says is refused and logged."""
    bus, name = bus_with(pool="00000000000000ff")
    async with library(bus) as books:
        assert await books.load_first([name]) is None


async def test_a_restore_needs_the_pool_alone() -> None:
    """A journal is replayed without models; a pool that is not there is an error with a remedy."""
    bus, name = bus_with(model=False)
    async with library(bus) as books:
        await books.ensure(name)
        assert books.pool(name).shop == POOLS[FIRST].shop
        with pytest.raises(RestoreError, match="publish that version"):
            await books.ensure("00000000000000ee")


async def test_what_nobody_uses_is_forgotten() -> None:
    """Understanders of other pools go at once."""
    bus, name = bus_with()
    async with library(bus) as books:
        await books.load_first([name])
        books.retain(set())
        assert not books.loaded(name)
