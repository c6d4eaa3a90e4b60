"""Identities that a room has seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.room import seen as module
from engine.room.seen import SEEN_CAP, SEEN_GRAIN_MS, SEEN_MS, SMALLEST, SeenIds

MINUTE = 60_000
Steps = list[tuple[int, int]]


def remembered(steps: Steps) -> tuple[SeenIds, dict[int, int], int]:
    """What was added, by the class and by a plain dict of times; each step: (identity, ms since the last)."""
    seen, times, now = SeenIds(), dict[int, int](), 0
    for identity, passed in steps:
        now += passed
        known = times.get(identity)
        old = known is None or known // SEEN_GRAIN_MS < (now - SEEN_MS) // SEEN_GRAIN_MS
        assert seen.add(identity, now) is old
        if old:
            times[identity] = now
    return seen, times, now


STEPS = st.lists(st.tuples(st.integers(0, 40).map(lambda n: n * 64), st.integers(0, 2 * MINUTE)), max_size=400)


@given(STEPS)
def test_knows_what_came_within_ten_minutes_and_nothing_else(steps: Steps) -> None:
    """Like a dict of times, also where all identities meet in one slot."""
    remembered(steps)


@given(STEPS)
def test_a_restored_one_answers_alike(steps: Steps) -> None:
    """Encoding and decoding changes no answer, and the same again gives the same bytes."""
    seen, times, now = remembered(steps)
    again = SeenIds.decode(seen.encode())
    assert again.encode() == seen.encode()
    assert all(again.add(identity, now) == seen.add(identity, now) for identity in times)
    assert again.encode() == seen.encode()


def test_the_oldest_goes_at_the_cap() -> None:
    """16,384 are remembered, however many came."""
    seen = SeenIds()
    for number in range(3 * SEEN_CAP):
        seen.add(number * 2**40 + number, 0)
    assert len(seen) == SEEN_CAP
    assert not seen.add((2 * SEEN_CAP) * (2**40 + 1), 0)
    assert seen.add((2 * SEEN_CAP - 1) * (2**40 + 1), 0)


def test_its_memory_is_bounded() -> None:
    """What is forgotten makes place: neither array nor table grows for ever."""
    seen = SeenIds()
    for number in range(5 * SEEN_CAP):
        seen.add(number * 0x9E3779B97F4A7C15 % 2**64, 0)
        assert len(seen._table) <= 4 * SEEN_CAP
        assert len(seen._ids) <= 2 * SEEN_CAP


def test_forgetting_drops_what_is_too_old() -> None:
    """Nothing but memory changes."""
    seen = SeenIds()
    for number in range(SMALLEST):
        seen.add(number, 0)
    seen.forget(SEEN_MS + SEEN_GRAIN_MS)
    assert len(seen) == 0
    assert seen.add(0, SEEN_MS + SEEN_GRAIN_MS)


def test_hashes_are_written_most_significant_byte_first() -> None:
    """The form in snapshots does not depend on the machine."""
    seen = SeenIds()
    seen.add(1, 0)
    assert seen.encode() == module.SeenState(runs=[(0, 1)], ids="AAAAAAAAAAE=")
