"""Since when the bus is away."""

from __future__ import annotations

import pytest

from engine.errors import BusGone
from engine.metrics import Metrics
from engine.worker.outage import RETRY_MOST_S, RETRY_S, Outage


def test_it_is_given_up_when_it_lasted_too_long() -> None:
    """Counted from the first failure; the sentence tells how long, why at last, and which setting it is."""
    time, beats, metrics = [0.0], list[str](), Metrics()
    outage = Outage(120.0, metrics, beats.append, lambda: time[0])
    for time[0] in (10.0, 60.0, 129.9):
        outage.failed("the disk of broker 2 is full")
    assert (len(beats), metrics.troubles) == (3, {"worker": "the disk of broker 2 is full"})
    time[0] = 130.0
    with pytest.raises(BusGone, match=r"120 s \(`bus.kafka.give_up_s`\).*: no broker answers$") as gone:
        outage.failed("no broker answers")
    assert (gone.value.seconds, gone.value.reason) == (120.0, "no broker answers")


def test_one_that_ended_does_not_count() -> None:
    """Nor is its reason told any longer."""
    time, metrics = [0.0], Metrics()
    outage = Outage(120.0, metrics, lambda _: None, lambda: time[0])
    outage.failed("x")
    outage.over()
    assert metrics.troubles == {}
    time[0] = 1_000.0
    outage.failed("x")


def test_without_a_limit_it_may_last() -> None:
    """0: never."""
    time = [0.0]
    outage = Outage(0.0, Metrics(), lambda _: None, lambda: time[0])
    outage.failed("x")
    time[0] = 1e9
    outage.failed("x")


def test_pauses_grow_until_it_is_over() -> None:
    """They double up to the longest."""
    outage = Outage(0.0, Metrics(), lambda _: None, lambda: 0.0)
    pauses = [outage.pause() for _ in range(10)]
    assert pauses[:3] == [RETRY_S, 2 * RETRY_S, 4 * RETRY_S]
    assert pauses[-1] == RETRY_MOST_S
    outage.over()
    assert outage.pause() == RETRY_S
