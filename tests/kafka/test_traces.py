"""A trace over the headers of a real broker: worker and gateway have only the log between them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.bus.kafka import open_kafka
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.settings import BusSettings, KafkaSettings, Settings
from tests.kafka.shared import fresh_prefix
from tests.kafka.worker import settings_on
from tests.traced import named, one_trace_of_four, traced

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
async def settings(kafka_bootstrap: str) -> AsyncIterator[Settings]:
    """Of a log of its own, that is gone in the end."""
    bus = BusSettings(
        url=f"kafka:{kafka_bootstrap}", partitions=2, prefix=fresh_prefix(), kafka=KafkaSettings(session_timeout_s=6)
    )
    access, layout = Access(kafka_bootstrap, bus.kafka), Layout(bus.prefix, 2)
    await create(access, Shape(layout, replicas=1))
    yield settings_on(bus)
    await remove(access, layout)


async def test_one_trace_holds_the_four_spans(settings: Settings) -> None:
    """From the comment to what the player reports, with the right parents."""
    bus = await open_kafka(settings.bus.url.removeprefix("kafka:"), settings.bus)
    try:
        async with traced(bus, settings) as live:
            await live.ask("c1")
            await live.until(lambda spans: bool(named(spans, "playback") and named(spans, "decision")))
            one_trace_of_four(live.spans, "c1")
    finally:
        await bus.close()
