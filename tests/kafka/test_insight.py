"""Insights as roles of their own on a real broker: one is active, another takes over, each with a handle of its own on the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from engine.bus.kafka import open_kafka
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.port import Bus, Outgoing
from engine.clock import wall_clock
from engine.events.codec import decode, encode
from engine.insight.service import Insight
from engine.metrics import Metrics
from engine.settings import BusSettings, InsightSettings, KafkaSettings, Settings
from tests.kafka.shared import fresh_prefix
from tests.patience import PATIENCE_S
from tests.unit.insight.made import decision

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
async def settings(kafka_bootstrap: str) -> AsyncIterator[Settings]:
    """Of a log of its own, that is gone in the end."""
    made = Settings(
        bus=BusSettings(
            url=f"kafka:{kafka_bootstrap}",
            partitions=2,
            prefix=fresh_prefix(),
            kafka=KafkaSettings(session_timeout_s=6),
        ),
        insight=InsightSettings(publish_s=0.05),
    )
    access, layout = Access(kafka_bootstrap, made.bus.kafka), Layout(made.bus.prefix, 2)
    await create(access, Shape(layout, replicas=1))
    yield made
    await remove(access, layout)


@asynccontextmanager
async def handle(settings: Settings) -> AsyncIterator[Bus]:
    bus = await open_kafka(settings.bus.url.removeprefix("kafka:"), settings.bus)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Insight]:
    async with handle(settings) as bus:
        insight = Insight(bus, settings, Metrics(CollectorRegistry()))
        task = asyncio.create_task(insight.run())
        try:
            yield insight
        finally:
            insight.stop()
            await task


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await what():  # noqa: ASYNC110 -- the log wakes only its own readers
            await asyncio.sleep(0.05)


async def test_one_is_active_and_another_takes_over(settings: Settings) -> None:
    """The board goes on under the second's lease, with what was decided meanwhile."""

    async def ask(bus: Bus, viewer: str) -> None:
        now = wall_clock()
        asked = decision(viewer=viewer, sent=now, decided=now)
        await bus.publish([Outgoing("decisions", asked.room, encode(asked))])

    async with handle(settings) as bus:

        async def viewers() -> list[int]:
            return [decode("gaps", one.value).viewers for one in (await bus.latest_per_key("gaps", 0)).values()]

        async def shows(count: int) -> bool:
            return await viewers() == [count]

        async with running(settings) as first:
            await ask(bus, "v1")
            await until(lambda: shows(1))
            async with running(settings) as second:

                async def settled() -> bool:
                    return first.ready and second.ready and first.active != second.active

                await until(settled)
                await ask(bus, "v2")
                await until(lambda: shows(2))
                leader, other = (first, second) if first.active else (second, first)
                leader.stop()

                async def taken() -> bool:
                    return other.active

                await until(taken)
                await ask(bus, "v3")
                await until(lambda: shows(3))
