"""The insight role on a real embedded log: decisions in, gaps out, restarts, marks, faults."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Batch, Member, Outcome, Outgoing, Unknown
from engine.events.codec import decode, encode
from engine.events.gaps import Gap
from engine.events.inputs import GapMark, Playback, Script, ScriptSentence
from engine.events.outputs import Decision
from engine.insight import service
from engine.insight.service import Insight
from engine.metrics import Metrics
from engine.pool.encoding import encode_pool
from engine.pool.load import load_pool
from engine.pool.model import Pool
from engine.pool.paths import base_pack, example_shop
from engine.publisher.bulletin import Bulletin
from engine.settings import InsightSettings, Settings
from tests.conftest import HandClock
from tests.unit.insight.made import NOW, decision

PARTITIONS = 2


@cache
def example() -> Pool:
    return load_pool(base_pack(), example_shop(), model_of=lambda _: "ab" * 16)


@pytest.fixture
async def bus(tmp_path: Path, clock: HandClock) -> AsyncIterator[EmbeddedBus]:
    made = EmbeddedBus(tmp_path / "log.db", partitions=PARTITIONS, clock=clock)
    yield made
    await made.close()


def made(bus: EmbeddedBus, clock: HandClock) -> tuple[Insight, CollectorRegistry]:
    registry = CollectorRegistry()
    settings = Settings(insight=InsightSettings(publish_s=0.01))
    return Insight(bus, settings, Metrics(registry), clock), registry


@asynccontextmanager
async def running(bus: EmbeddedBus, clock: HandClock) -> AsyncIterator[tuple[Insight, CollectorRegistry]]:
    insight, registry = made(bus, clock)
    task = asyncio.create_task(insight.run())
    try:
        yield insight, registry
    finally:
        insight.stop()
        await task


async def write(bus: EmbeddedBus, *found: Decision) -> None:
    await bus.publish([Outgoing("decisions", one.room, encode(one)) for one in found])


async def topic(bus: EmbeddedBus) -> dict[str, Gap]:
    stored = await bus.latest_per_key("gaps", 0)
    return {key: decode("gaps", record.value) for key, record in stored.items()}


async def until(what: Callable[[], Awaitable[bool]], bus: EmbeddedBus) -> None:
    """Wait for something on the topic; every record that is written wakes us."""
    tail = bus.tail({("gaps", 0): await bus.end("gaps", 0)})
    async with asyncio.timeout(20):
        while not await what():
            await tail.next(wait_ms=50)
    await tail.close()


async def test_a_gap_appears_and_grows(bus: EmbeddedBus, clock: HandClock) -> None:
    """What nobody wrote a reply for stands on the topic, counted in viewers, beside coverage and metrics."""
    async with running(bus, clock) as (insight, registry):
        await until(lambda: _is(lambda: insight.ready), bus)
        await write(
            bus, decision(viewer="v1"), decision(viewer="v2", room="r2"), decision("answered"), decision("chatter")
        )

        async def there() -> bool:
            return [gap.viewers for gap in (await topic(bus)).values()] == [2]

        await until(there, bus)
        (gap,) = insight.board("tea")
        assert (await topic(bus)) == {gap.key(): gap}
        total = insight.coverage("tea").whole.total
        assert (total.asked, total.of("answered"), total.of("gap"), total.of("idle")) == (3, 1, 2, 1)
        assert insight.shops() == ["tea"]
    assert registry.get_sample_value("livechat_asked_total", {"outcome": "gap"}) == 2
    assert registry.get_sample_value("livechat_asked_total", {"outcome": "answered"}) == 1
    assert registry.get_sample_value("livechat_gaps_open", {"reason": "no_reply"}) == 1
    assert registry.get_sample_value("livechat_gap_delay_seconds") == 0


async def test_a_restart_finds_the_same_board(bus: EmbeddedBus, clock: HandClock) -> None:
    """It reads the window again, writes nothing new, and counts nothing twice."""
    await write(bus, *(decision(viewer=f"v{n}", room=f"r{n % 7}") for n in range(50)))
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
        first = insight.board("tea")
    written = await bus.end("gaps", 0)
    async with running(bus, clock) as (insight, registry):
        await until(lambda: _is(lambda: insight.ready), bus)
        assert insight.board("tea") == first
        assert insight.coverage("tea").whole.total.asked == 50
    assert await bus.end("gaps", 0) == written
    assert registry.get_sample_value("livechat_asked_total", {"outcome": "gap"}) == 0


async def _is(what: Callable[[], bool]) -> bool:
    return what()


async def test_a_board_from_before_the_window_is_cleared(bus: EmbeddedBus, clock: HandClock) -> None:
    """Gaps that an earlier process left behind and that nobody asks for any more are tombstoned."""
    await write(bus, decision())
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
    assert len(await topic(bus)) == 1
    clock.advance(2 * 3_600_000)
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
    assert await topic(bus) == {}


async def test_the_board_tells_how_late_it_shows_decisions(
    bus: EmbeddedBus, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the log's time of the first one that it had not shown. What is written again for another cause waited for nothing."""
    late = HandClock(clock())
    late.advance(90_000)
    told: list[float] = []
    monkeypatch.setattr(Gauge, "set", lambda gauge, value: told.append(value) if "delay" in gauge._name else None)
    async with running(bus, late) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
        assert set(told) == {0}
        await write(bus, decision())
        await until(lambda: _is(lambda: bool(told[-1:] == [0] and 90 in told)), bus)
        (gap,) = insight.board("tea")
        mark = GapMark(id="m1", at=NOW + 5, shop="tea", gap=gap.id, mark="later")
        await bus.publish([Outgoing("shop-events", mark.key(), encode(mark))])

        async def marked() -> bool:
            return [gap.mark for gap in (await topic(bus)).values()] == ["later"]

        await until(marked, bus)
    assert told.count(90) == 1
    assert set(told) == {0, 90}


async def test_a_closed_gap_is_taken_off_and_stays_closed(bus: EmbeddedBus, clock: HandClock) -> None:
    """A mark acts while it runs, and after a restart."""
    await write(bus, decision())
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
        (gap,) = insight.board("tea")
        mark = GapMark(id="m1", at=NOW + 5, shop="tea", gap=gap.id, mark="closed")
        await bus.publish([Outgoing("shop-events", mark.key(), encode(mark))])

        async def closed() -> bool:
            return [gap.mark for gap in (await topic(bus)).values()] == ["closed"]

        await until(closed, bus)
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
        assert insight.board("tea") == []


async def test_of_two_one_is_active_and_the_other_takes_over(bus: EmbeddedBus, clock: HandClock) -> None:
    """The second is ready and writes nothing; once the first goes, it rebuilds the window and keeps the board."""
    await write(bus, decision(viewer="v1"))
    async with running(bus, clock) as (first, told):
        await until(lambda: _is(lambda: first.active), bus)
        assert told.get_sample_value("livechat_insight_active") == 1
        async with running(bus, clock) as (second, also):
            await until(lambda: _is(lambda: second.ready), bus)
            assert (first.active, second.active, second.shops()) == (True, False, [])
            assert also.get_sample_value("livechat_insight_active") == 0
            first.stop()
            await until(lambda: _is(lambda: second.active), bus)
            await write(bus, decision(viewer="v2"))

            async def there() -> bool:
                return [gap.viewers for gap in (await topic(bus)).values()] == [2]

            await until(there, bus)


async def test_wordings_are_grouped_by_the_lines_of_the_live_pool(bus: EmbeddedBus, clock: HandClock) -> None:
    """The pool is found on the log, as it goes live; its priorities and what is on screen make a gap worth more."""
    pool = example()
    bulletin = Bulletin(bus, clock)
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.active), bus)
        for n, line in enumerate(("能开发票吗", "可以开发票吗", "发票能开吗")):
            await write(
                bus, decision("unknown_intent", shop=pool.shop, viewer=f"v{n}", text=line, norm=line, intent=None)
            )
        await write(bus, decision(shop=pool.shop, intent="product.price", product="longjing"))
        await bulletin.publish_blob(pool.hash, "pool", encode_pool(pool), None)
        await bulletin.publish_live(pool.shop, pool.hash)
        sentence = ScriptSentence(id="s", text="x", seconds=10)
        head = {"room": "r1", "at": NOW, "session": "p"}
        script = Script.model_validate(
            {
                **head,
                "id": "a",
                "script": "e",
                "version": "v",
                "segments": [{"id": "g", "product": "longjing", "sentences": [sentence]}],
            }
        )
        cursor = {"version": "v", "lap": 0, "segment": "g", "sentence": "s"}
        played = Playback.model_validate({**head, "id": "b", "kind": "sentence_started", "cursor": cursor})
        await bus.publish([Outgoing("room-events", "r1", encode(event)) for event in (script, played)])

        async def there() -> bool:
            gaps = {gap.norm is None: gap for gap in (await topic(bus)).values()}
            if len(await topic(bus)) != 2 or gaps[False].viewers != 3:
                return False
            return gaps[True].value == pytest.approx(pool.intents["product.price"].priority / 50 * 1.5)

        await until(there, bus)


async def test_lives_and_returns_of_gaps_are_metrics(bus: EmbeddedBus, clock: HandClock) -> None:
    """How long a gap was there until an editor closed it, and that it came back; a restart counts neither again."""
    await write(bus, decision(viewer="v1"))
    async with running(bus, clock) as (insight, registry):
        await until(lambda: _is(lambda: insight.active), bus)
        (gap,) = insight.board("tea")
        mark = GapMark(id="m1", at=NOW + 40_000, shop="tea", gap=gap.id, mark="closed")
        await bus.publish([Outgoing("shop-events", mark.key(), encode(mark))])
        clock.advance(120_000)
        await write(bus, decision(viewer="v2", decided=NOW + 120_000))

        async def back() -> bool:
            return [gap.reopened for gap in (await topic(bus)).values()] == [NOW + 40_000]

        await until(back, bus)
        await until(lambda: _is(lambda: registry.get_sample_value("livechat_gaps_reopened_total") == 1), bus)
    assert registry.get_sample_value("livechat_gap_life_seconds_sum", {"end": "closed"}) == 40
    async with running(bus, clock) as (insight, registry):
        await until(lambda: _is(lambda: insight.active), bus)
        assert insight.board("tea")[0].reopened == NOW + 40_000
    assert registry.get_sample_value("livechat_gaps_reopened_total") == 0


async def test_what_cannot_be_read_is_passed_over(
    bus: EmbeddedBus, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken record stops nobody, and the log line tells where it stands, not what it holds."""
    await bus.publish([Outgoing("decisions", "r1", b'{"text":"secret words"}')])
    await write(bus, decision())
    with caplog.at_level(logging.WARNING, "engine.insight"):
        async with running(bus, clock) as (insight, _):
            await until(lambda: _is(lambda: insight.ready), bus)
            assert len(insight.board("tea")) == 1
    assert "decisions" in caplog.text
    assert "secret" not in caplog.text


async def test_a_stop_during_the_start_publishes_nothing(bus: EmbeddedBus, clock: HandClock) -> None:
    """A board that was not read whole would take gaps off the topic."""
    await write(bus, decision())
    async with running(bus, clock) as (insight, _):
        await until(lambda: _is(lambda: insight.ready), bus)
    insight, _ = made(bus, clock)
    insight.stop()
    await insight.run()
    assert len(await topic(bus)) == 1


class Refused:
    """A member of whose commits nobody knows, some times, whether the log took them."""

    def __init__(self, member: Member, times: int, looks: Callable[[], None]) -> None:
        self._member = member
        self.times = times
        self._looks = looks

    def __getattr__(self, name: str) -> object:
        return getattr(self._member, name)

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        self._looks()
        if self.times:
            self.times -= 1
            return [Unknown("the disk is full") for _ in batches]
        return await self._member.commit(batches)


async def test_it_goes_on_after_the_bus_was_away(
    bus: EmbeddedBus, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused publication is tried again, `/readyz` tells why meanwhile, and nothing is counted twice or lost."""
    monkeypatch.setattr(service, "RETRY_S", 0.001)
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    told: list[dict[str, str]] = []
    join = bus.member
    monkeypatch.setattr(
        bus, "member", lambda group: Refused(join(group), 3, lambda: told.append(dict(metrics.troubles)))
    )
    insight = Insight(bus, Settings(insight=InsightSettings(publish_s=0.01)), metrics, clock)
    task = asyncio.create_task(insight.run())
    await until(lambda: _is(lambda: insight.ready), bus)
    await write(bus, decision(viewer="v1"), decision(viewer="v2"))

    async def there() -> bool:
        return [gap.viewers for gap in (await topic(bus)).values()] == [2]

    await until(there, bus)
    await until(lambda: _is(lambda: not metrics.troubles), bus)
    assert told[:4] == [{}, *[{"insight": "the disk is full"}] * 3]
    insight.stop()
    await task
    assert registry.get_sample_value("livechat_asked_total", {"outcome": "gap"}) == 2
