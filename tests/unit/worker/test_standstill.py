"""Readers that stand still are found."""

from __future__ import annotations

from engine.worker.standstill import Standstill


def test_who_moves_or_has_nothing_before_it_does_not_stand_still() -> None:
    """Only a position that stays while records wait is a standstill; it is told with its place and time."""
    time = [0.0]
    stands = Standstill(lambda: time[0])
    moving, idle, stuck = (0, "comments"), (1, "comments"), (2, "room-events")
    for second in range(11):
        time[0] = float(second)
        longest, place = stands.longest({moving: (second, 5), idle: (7, 0), stuck: (3, 1)})
    assert (longest, place) == (10.0, stuck)
    assert stands.longest({moving: (10, 5), stuck: (4, 1)}) == (0.0, moving)


def test_who_comes_back_begins_anew() -> None:
    """A partition that was away, or whose comments were paused, is not blamed for that time."""
    time = [0.0]
    stands = Standstill(lambda: time[0])
    stands.longest({(0, "comments"): (1, 1)})
    time[0] = 50.0
    assert stands.longest({}) == (0.0, None)
    time[0] = 60.0
    assert stands.longest({(0, "comments"): (1, 1)}) == (0.0, (0, "comments"))
