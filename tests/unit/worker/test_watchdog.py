"""The watchdog ends a process that made no progress."""

from __future__ import annotations

import asyncio

from engine.metrics import Metrics
from engine.worker.watchdog import Watchdog


def test_progress_keeps_it_quiet_and_a_stall_ends_the_process() -> None:
    """It names what was being done and for how long."""
    time = [0.0]
    told: list[str] = []
    dog = Watchdog(30.0, Metrics(), monotonic=lambda: time[0], on_stall=told.append)
    dog.beat("poll")
    time[0] = 30.0
    assert dog.check()
    dog.beat("commit")
    time[0] = 60.5
    assert not dog.check()
    assert told == ["the worker made no progress for 30 s (during: commit)"]


def test_it_watches_from_a_thread_of_its_own() -> None:
    """A blocked event loop is noticed although it runs no task."""
    dog = Watchdog(0.0, Metrics(), monotonic=iter([0.0] + [1.0] * 100).__next__, on_stall=lambda _: None)
    dog.start()
    dog.stop()


def test_a_reader_that_stands_still_ends_the_process() -> None:
    """A client that delivers nothing, without any error, is as bad as a loop that is stuck."""
    time = [0.0]
    told: list[str] = []
    metrics = Metrics()
    dog = Watchdog(30.0, metrics, monotonic=lambda: time[0], on_stall=told.append)
    for time[0] in (0.0, 30.0):
        dog.look_at_readers({(3, "comments"): (17, 2)})
    assert not told
    time[0] = 31.0
    dog.look_at_readers({(3, "comments"): (17, 2)})
    assert told == ["comments of partition 3 stood still for 31 s with records to be read"]
    assert metrics.registry.get_sample_value("livechat_input_standstill_seconds") == 31.0


async def test_the_loops_lag_is_measured() -> None:
    """The gauge shows how late the loop woke up."""
    metrics = Metrics()
    time = iter([0.0, 0.0, 0.9] + [1.0] * 100)
    dog = Watchdog(30.0, metrics, monotonic=time.__next__, on_stall=lambda _: None)
    original, asyncio.sleep = asyncio.sleep, lambda _: original(0)  # type: ignore[assignment] # no test sleeps
    try:
        task = asyncio.ensure_future(dog.measure_lag())
        await original(0)
        await original(0)
        await original(0)
        task.cancel()
    finally:
        asyncio.sleep = original
    assert metrics.registry.get_sample_value("livechat_event_loop_lag_seconds") is not None
