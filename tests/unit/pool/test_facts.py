"""Which values may be said of a fact."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.inputs import FactValue, LocalText
from engine.pool.banned import Banned
from engine.pool.currencies import CURRENCIES
from engine.pool.facts import MAX_SPOKEN, objection
from engine.pool.forms import form
from engine.pool.model import Fact, Formats

NOTHING = Banned(())
VALUES: st.SearchStrategy[FactValue] = st.one_of(
    st.integers(-(10**320), 10**320),
    st.floats(),
    st.text(max_size=350),
    st.builds(LocalText, zh=st.text(max_size=300), en=st.none() | st.text(max_size=300)),
)


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("value", [120, 120.0, 119.9, 119.99, 119.999, 0.001])
def test_money_has_at_most_its_minor_digits(currency: str, value: float) -> None:
    """A cent is the least that anyone pays; Japan has none."""
    digits = {120: 0, 119.9: 1, 119.99: 2}.get(value, 3)
    fits = digits <= (0 if currency == "JPY" else 2)
    assert (objection("price", value, Fact("price", 100, currency), NOTHING) is None) is fits


@pytest.mark.parametrize(
    "fact", [Fact("x", 4), Fact("x", 4, "CNY"), Fact("x", 4, "JPY", floor=0, ceiling=9), Fact("x", {"zh": "好"})]
)
@given(value=VALUES)  # fmt: skip
def test_what_may_be_said_is_of_the_catalogue_kind_and_can_be_said(fact: Fact, value: FactValue) -> None:
    """Whatever an event holds, the rule answers; what it lets pass is a line of text, free of braces, and not too long."""
    found = objection("x", value, fact, Banned(["级"]))
    if found is not None:
        assert found.message
        assert found.remedy
        return
    assert isinstance(value, int | float) == isinstance(fact.value, int | float)
    assert not isinstance(value, float) or math.isfinite(value)
    texts = {"zh": value.zh or "", "en": value.en or ""} if isinstance(value, LocalText) else value
    said = form(texts, fact.unit, "zh", Formats()).said
    assert said.strip()
    assert len(said) <= MAX_SPOKEN
    assert not {"{", "}", "\n", "\x00", "级"} & set(said)


def test_without_a_catalogue_only_what_nobody_can_say_is_refused() -> None:
    """Nothing tells kind and bounds."""
    assert objection("x", -1.23456, None, NOTHING) is None
    assert objection("x", "两天", None, NOTHING) is None
    for value in (math.nan, math.inf, "", " ", "a\nb", "很" * 301, 10**301):
        assert objection("x", value, None, NOTHING) is not None


def test_a_number_that_the_guard_would_block_is_refused() -> None:
    """The guard looks at digits, too."""
    found = objection("x", 250, Fact("x", 1), Banned(["250"]))
    assert found is not None
    assert found.trouble == "guard_blocked"
