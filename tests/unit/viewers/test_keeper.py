"""Processes that share their viewer keys over a log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Outgoing
from engine.errors import RecordError, UsageError
from engine.events.topics import DAY_MS, HOUR_MS
from engine.metrics import Metrics
from engine.settings import PrivacySettings, Settings
from engine.viewers.keeper import AGAIN_MS, LATE_MS, SPREAD_MS, TOPIC, ViewerKeys, new_key, outgoing, read_key, remains
from engine.viewers.secret import secret_of
from tests.conftest import HandClock
from tests.patience import PATIENCE_S

PRIVACY = PrivacySettings(viewer_key=SecretStr("s"), viewer_key_days=2, viewer_key_kept_days=3)
SETTINGS = Settings(privacy=PRIVACY)


@pytest.fixture
async def bus(tmp_path: Path, clock: HandClock) -> AsyncIterator[EmbeddedBus]:
    opened = EmbeddedBus(tmp_path / "log.db", partitions=1, clock=clock)
    yield opened
    await opened.close()


def process(bus: EmbeddedBus, clock: HandClock, spread: float = 0.0, metrics: Metrics | None = None) -> ViewerKeys:
    return ViewerKeys(bus, SETTINGS, metrics or Metrics(), "test", clock, lambda: spread)


async def test_processes_that_start_together_agree(bus: EmbeddedBus, clock: HandClock) -> None:
    """Each made a key, one counts, and the others are cleared away by whoever made them."""
    several = [process(bus, clock) for _ in range(4)]
    await asyncio.gather(*(one.start() for one in several))
    await asyncio.gather(*(one.start() for one in several))
    assert len({one("viewer", clock()) for one in several}) == 1
    assert len(await bus.latest_per_key(TOPIC, 0)) == 1


async def test_keys_change_in_time_and_are_destroyed_in_time(bus: EmbeddedBus, clock: HandClock) -> None:
    """Over two weeks, by two processes that agree at any time; after a year in which none ran, none of those keys is left."""
    first, second = process(bus, clock, 0.1), process(bus, clock, 0.9)
    hashes: dict[str, int] = {}
    for _ in range(14 * 48):
        await first.start()
        await second.start()
        seen = first("viewer", clock())
        assert second("viewer", clock()) == seen
        hashes[seen] = hashes.get(seen, 0) + 1
        clock.advance(HOUR_MS // 2)
    assert 7 <= len(hashes) <= 8
    assert max(hashes.values()) <= 48 * 2
    for key in first.ring.keys:
        over = first.ring.ends(key) + 3 * DAY_MS
        if key.destroyed is not None:
            assert over <= key.destroyed <= over + SPREAD_MS + HOUR_MS
        else:
            assert clock() <= over + SPREAD_MS + HOUR_MS
    assert len([key for key in first.ring.keys if key.half is not None]) <= 4
    halves = {key.half for key in first.ring.keys if key.half is not None}
    clock.advance(365 * DAY_MS)
    for _ in range(6):
        await first.start()
        clock.advance(2 * HOUR_MS)
    assert halves
    assert not halves & {key.half for key in first.ring.keys}


async def test_what_is_destroyed_links_to_nobody(bus: EmbeddedBus, clock: HandClock) -> None:
    """Who has the secret and the log cannot tell an old hash of a viewer any more, nor can the process that made it."""
    keys = process(bus, clock)
    await keys.start()
    at = clock()
    before = keys("viewer", at)
    clock.advance(2 * DAY_MS)
    await keys.start()
    assert keys("viewer", at) == before, "kept for comments that are late, and for requests of viewers"
    clock.advance(4 * DAY_MS)
    await keys.start()
    await keys.start()
    assert keys("viewer", at) != before
    await bus.sweep()
    fresh = process(bus, clock)
    await fresh.start()
    assert all(span.half is None for span in fresh.ring.keys if span.start <= at)


async def test_bits_that_stay_readable_are_pushed_out_and_counted(bus: EmbeddedBus, clock: HandClock) -> None:
    """A broker compacts only closed segments: the record is written again, by one of several processes, until the bits are gone."""
    metrics = Metrics()
    keys, other = process(bus, clock, metrics=metrics), process(bus, clock)
    for _ in range(6):  # the fixture's log is not swept meanwhile: it looks as a broker does before it compacts
        await keys.start()
        clock.advance(DAY_MS)
    assert any(key.half is None for key in keys.ring.keys)
    assert await remains(bus, clock())
    clock.advance(AGAIN_MS)
    before = await bus.end(TOPIC, 0)
    await keys.start()
    written = await bus.end(TOPIC, 0)
    assert written > before
    await other.start()
    assert await bus.end(TOPIC, 0) == written
    clock.advance(LATE_MS)
    assert await remains(bus, clock() - LATE_MS - 1) == []
    await bus.sweep()
    assert await remains(bus, clock()) == []
    await keys.start()
    assert metrics.registry.get_sample_value("livechat_viewer_keys_overdue") == 0


async def test_bits_that_nobody_pushed_out_are_counted(bus: EmbeddedBus, clock: HandClock) -> None:
    """What should be gone for hours, and is not, is a metric."""
    metrics = Metrics()
    keys = process(bus, clock)
    for _ in range(6):
        await keys.start()
        clock.advance(DAY_MS)
    clock.advance(LATE_MS + AGAIN_MS)
    await process(bus, clock, metrics=metrics).start()
    assert metrics.registry.get_sample_value("livechat_viewer_keys_overdue") == 1


async def test_another_secret_stops_the_process(bus: EmbeddedBus, clock: HandClock) -> None:
    """It would hash otherwise than the others; the sentence says what to do, and after that it goes on."""
    await process(bus, clock).start()
    changed = Settings(privacy=PrivacySettings(viewer_key=SecretStr("another")))
    keys = ViewerKeys(bus, changed, Metrics(), "test", clock)
    with pytest.raises(UsageError, match="livechat keys rotate"):
        await keys.start()
    await bus.publish([outgoing(new_key(secret_of(changed), 2, clock(), clock(), "operator"))])
    await keys.start()
    assert keys.ready


async def test_a_running_process_takes_a_new_key_at_once(bus: EmbeddedBus, clock: HandClock) -> None:
    """It follows the log; the same viewer has another hash from then on."""
    keys = process(bus, clock)
    running = asyncio.ensure_future(keys.run())
    async with asyncio.timeout(PATIENCE_S):
        while not keys.ready:  # noqa: ASYNC110  it has no event of its own
            await asyncio.sleep(0)
        before = keys("viewer", clock())
        clock.advance(1)
        await bus.publish([outgoing(new_key(secret_of(SETTINGS), 2, clock(), clock(), "operator"))])
        while keys("viewer", clock()) == before:  # noqa: ASYNC110  as above
            await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_record_that_is_no_key_is_passed_over(bus: EmbeddedBus, clock: HandClock) -> None:
    """Whoever wrote it: the keys that are there go on."""
    key = new_key(secret_of(SETTINGS), 1, clock(), clock(), "test")
    await bus.publish([Outgoing(TOPIC, "x", b"{}"), Outgoing(TOPIC, "y", outgoing(key).value), outgoing(key)])
    keys = process(bus, clock)
    await keys.start()
    assert [one.id for one in keys.ring.keys] == [key.id]
    (stored,) = [one for one in await bus.read(TOPIC, 0, 0) if one.key == "y"]
    with pytest.raises(RecordError, match="its key must be its id"):
        read_key(stored)
