"""What a gap is worth: viewers by age, value, growth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.gaps import GapActivity
from engine.insight.rank import CHANCE, HALF_LIFE, STEEPEST, growth, score, worth

STEP = 300_000
NOW = 1_800_000_000_000

counts = st.lists(st.integers(0, 50), min_size=1, max_size=13)


def activity(*viewers: int) -> GapActivity:
    """The last figure is of now."""
    return GapActivity(start=(NOW // STEP - len(viewers) + 1) * STEP, step_ms=STEP, viewers=viewers)


def test_a_viewer_counts_half_after_a_quarter_of_the_window() -> None:
    """Fifteen minutes of an hour; so what is asked now goes before what was asked as often an hour ago."""
    still = activity(0, 0, 0, 8)
    later = NOW + HALF_LIFE * STEP
    aged = score(1.0, still, later) / growth(still, later) ** 0.5
    assert aged == pytest.approx(score(1.0, still, NOW) / growth(still, NOW) ** 0.5 / 2, rel=1e-3)


def test_growth_is_the_last_ten_minutes_beside_those_before() -> None:
    """One stands still, four is the most; a few viewers more or less are chance."""
    assert growth(activity(5, 5, 5, 5), NOW) == 1.0
    assert growth(activity(0, 0, 100, 100), NOW) == STEEPEST
    assert growth(activity(100, 100, 0, 0), NOW) == 1 / STEEPEST
    assert growth(activity(0, 0, 0, 1), NOW) == (1 + CHANCE) / CHANCE


def test_worth_is_priority_and_screen() -> None:
    """An intent of twice the usual priority, or its product on screen now."""
    assert [worth(None, on_screen=False), worth(100, on_screen=False), worth(50, on_screen=True)] == [1.0, 2.0, 1.5]


@given(counts, st.integers(0, 40), st.floats(0.1, 3))
def test_no_viewer_makes_a_gap_worth_less(viewers: list[int], steps: int, value: float) -> None:
    """One more now never lowers it; time alone never raises it above what its viewers are worth with growth."""
    more = [*viewers[:-1], viewers[-1] + 1]
    assert score(value, activity(*more), NOW) >= score(value, activity(*viewers), NOW)
    bound = sum(viewers) * value * STEEPEST**0.5
    assert 0 <= score(value, activity(*viewers), NOW + steps * STEP) <= bound + 0.001
