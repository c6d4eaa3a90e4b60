"""The sample of chatter: who is drawn, and what the labels say."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.outputs import Decision
from engine.insight.sampling import Line, Sample, draw, estimate
from tests.unit.insight.made import decision


def idle(count: int) -> list[Decision]:
    return [decision("chatter", id=f"{n:032x}", text=f"line {n % 40}") for n in range(count)]


def test_the_same_comments_in_any_order_give_the_same_sample() -> None:
    """Of each seed; another one draws others; what cannot be shown is not drawn."""
    found = [*idle(500), decision("answered"), decision(), decision("chatter", text="\u202e")]
    mixed = list(found)
    Random(1).shuffle(mixed)
    first = draw(found, 50, 0)
    assert draw(mixed, 50, 0) == first
    assert draw(found, 50, 1) != first
    assert (first.chatter, first.asked, first.answered) == (501, 2, 1)
    assert sum(line.comments for line in first.lines) == 50
    assert draw(found, 10_000, 0).lines == tuple(
        sorted(draw(found, 10_000, 0).lines, key=lambda one: (-one.comments, one.text))
    )


def test_every_comment_is_as_likely() -> None:
    """A line that half of the comments are is about half of the sample."""
    found = [replace(one, text="hello" if n % 2 else f"other {n}") for n, one in enumerate(idle(4_000))]
    drawn = {line.text: line.comments for line in draw(found, 1_000, 3).lines}
    assert drawn["hello"] == pytest.approx(500, abs=60)


def test_labels_become_a_share_with_its_bounds() -> None:
    """Four of a hundred labelled ones asked: so did about four per cent of all chatter, and coverage is less by that."""
    lines = (Line("a", 96, asked=False), Line("b", 4, asked=True), Line("c", 50))
    told = estimate(Sample(1_000, 60, 30, lines))
    assert told is not None
    assert (told.labelled, told.share) == (100, 0.04)
    assert (round(told.low, 3), round(told.high, 3)) == (0.016, 0.098)  # Wilson's interval, from its tables
    assert (told.seen, told.answered) == (0.6, 0.3)
    assert estimate(Sample(1_000, 60, 30, (Line("c", 50),))) is None


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 10_000))
def test_bounds_hold_the_share(yes: int, no: int, chatter: int) -> None:
    """Within 0 and 1, whatever the labels."""
    told = estimate(Sample(chatter, 10, 5, (Line("y", yes, asked=True), Line("n", no, asked=False))))
    assert told is not None
    assert 0 <= told.low <= told.share + 1e-9
    assert told.share <= told.high + 1e-9 <= 1 + 1e-9
    assert 0 <= told.answered <= told.seen <= 1
