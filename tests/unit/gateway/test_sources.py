"""Verdicts that are owed, and the rate of a source."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.sources import Owed, Rate


def key(n: int) -> tuple[str, str, str]:
    return ("r", "s", str(n))


def test_a_verdict_goes_once_to_who_waits_for_it() -> None:
    """Each sending gets its own, in the order of sending; a connection that ended gets nothing."""
    owed: Owed[str] = Owed()
    owed.add("old", [key(1), key(2), key(3), key(1)])
    owed.add("new", [key(1), key(3)])
    assert [owed.take(key(1)) for _ in range(4)] == ["old", "old", "new", None]
    owed.leave("old")
    assert owed.take(key(3)) == "new"
    assert owed.take(key(2)) is None
    assert len(owed) == 0


def test_a_source_that_gets_no_verdicts_costs_bounded_memory() -> None:
    """The oldest are forgotten, counted."""
    owed: Owed[str] = Owed(limit=3)
    owed.add("a", [key(n) for n in range(5)])
    owed.add("b", [key(9)])
    assert (len(owed), owed.forgotten) == (4, 2)
    assert [owed.take(key(n)) for n in range(5)] == [None, None, "a", "a", "a"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "take", "leave"]), st.sampled_from("xyz"), st.integers(0, 5)), max_size=40
    )
)
def test_both_sides_of_the_map_agree(steps: list[tuple[str, str, int]]) -> None:
    """Whatever happens in whatever order, each waiting comment stands in the list of exactly its connection."""
    owed: Owed[str] = Owed(limit=3)
    for step, client, n in steps:
        if step == "add":
            owed.add(client, [key(n)])
        elif step == "take":
            owed.take(key(n))
        else:
            owed.leave(client)
        both = Counter({(c, k): count for c, keys in owed._keys.items() for k, count in keys.items()})
        assert both == Counter((c, k) for k, clients in owed._clients.items() for c in clients)
        assert all(owed._sizes[c] == keys.total() <= 3 for c, keys in owed._keys.items())


def test_the_rate_holds_on_average_and_says_when_to_come_back() -> None:
    """A batch may go into debt; the next waits until the debt is paid."""
    rate = Rate(1_000, now=0)
    assert rate.admit(1_000, 0) == 0
    assert rate.admit(500, 0) > 0
    assert rate.admit(500, 1) == 0
    wait = rate.admit(1, 1)
    assert 490 <= wait <= 510
    assert rate.admit(1, 1 + wait) == 0
    assert rate.admit(1, 0) > 0  # a clock that goes back gives nothing


@given(st.lists(st.tuples(st.integers(1, 1_000), st.integers(0, 2_000)), min_size=1, max_size=60))
def test_never_more_than_the_rate_and_one_batch(sends: list[tuple[int, int]]) -> None:
    """Over any run from the start: at most one second's worth, the rate times the time, and one batch."""
    rate, now, sent = Rate(500, now=0), 0, 0
    for count, wait in sends:
        now += wait
        if rate.admit(count, now) == 0:
            sent += count
        assert sent <= 500 + now * 0.5 + 1_000
