"""Which key counts when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.topics import DAY_MS, HOUR_MS
from engine.events.viewers import ViewerKey
from engine.viewers.keeper import gone, new_key
from engine.viewers.ring import AHEAD_MS, EVER, LEAD_MS, Ring, Rules
from engine.viewers.secret import whole_key

SECRET = b"s" * 32
RULES = Rules(days=7, hour=20, kept_ms=3 * DAY_MS)
START = 20_000 * DAY_MS + 20 * HOUR_MS


def key(number: int, start: int, secret: bytes = SECRET) -> ViewerKey:
    return new_key(secret, number, start, start, "test")


def ring(*keys: ViewerKey, secret: bytes | None = SECRET) -> Ring:
    made = Ring(RULES, secret)
    for offset, one in enumerate(keys):
        made.take(offset, one.start, one.id, one)
    return made


def half_at(made: Ring, at: int) -> str:
    """The half of the key that counts at a time."""
    found = made.span_at(at)
    return next(one.half for one in made.keys if one.half is not None and whole_key(SECRET, one.half) == found.key)


@given(st.integers(1, 60), st.integers(0, 23), st.integers(0, 4_000 * DAY_MS))
def test_a_key_ends_at_its_hour_and_never_later_than_its_days(days: int, hour: int, start: int) -> None:
    """Whenever it began."""
    end = Rules(days, hour, 0).end(start)
    assert start < end <= start + days * DAY_MS
    assert end % DAY_MS == hour * HOUR_MS or end == start + days * DAY_MS


def test_the_newest_that_has_started_counts() -> None:
    """From its start to the next one's; what was logged before the first is hashed with it."""
    one, two = key(1, START), key(2, START + DAY_MS)
    made = ring(one, two)
    assert made.span_at(START)[1:] == (-EVER, START + DAY_MS)
    assert made.span_at(START + DAY_MS)[1:] == (START + DAY_MS, EVER)
    assert [half_at(made, START + at) for at in (-5, 0, DAY_MS - 1, DAY_MS, 9 * DAY_MS)] == [one.half] * 3 + [
        two.half
    ] * 2


def test_the_first_of_one_number_counts_for_everyone() -> None:
    """Whoever reads the log decides alike, also after compaction left only the newest records."""
    one, other = key(1, START), key(1, START)
    assert half_at(ring(one, other), START) == one.half
    assert half_at(ring(other, one), START) == other.half


def test_what_is_destroyed_stays_destroyed_and_what_comes_next_takes_its_place() -> None:
    """A late comment of its time gets the hash of the next key; the half never comes back."""
    one, two = key(1, START), key(2, START + DAY_MS)
    made = ring(one, two)
    made.take(2, START + 5 * DAY_MS, one.id, gone(one, START, "test"))
    made.take(3, START + 5 * DAY_MS, one.id, one)
    assert made.keys[0].half is None
    assert half_at(made, START) == two.half


def test_a_wrong_clock_makes_no_key() -> None:
    """One that starts far after the log took it in never counts, and is cleared away."""
    one, absurd = key(1, START), key(2, START + 300 * DAY_MS)
    made = ring(one)
    made.take(1, START + 1, absurd.id, absurd)
    assert [known.id for known in made.keys] == [one.id]
    assert made.wanted(START + 7 * DAY_MS) == (2, START + 7 * DAY_MS)
    assert made.spare(START + 1 + AHEAD_MS) == [absurd.id]


def test_the_next_key_is_made_before_the_last_ends() -> None:
    """At once where there is none, or the last is destroyed; from now on, where nobody was there in time."""
    one = key(1, START)
    end = START + 7 * DAY_MS
    assert Ring(RULES, SECRET).wanted(START) == (1, START)
    made = ring(one)
    assert made.wanted(end - LEAD_MS - 1) is None
    assert made.wanted(end - LEAD_MS) == (2, end)
    assert made.wanted(end + 9) == (2, end + 9)
    made.take(1, START, one.id, gone(one, START, "test"))
    assert made.wanted(START + 3) == (2, START + 3)


def test_a_key_goes_when_it_was_kept_long_enough_and_never_without_a_successor() -> None:
    """`expired` to be destroyed by itself; `past` may be destroyed by hand."""
    one, two = key(1, START), key(2, START + DAY_MS)
    assert ring(one).expired(START + 99 * DAY_MS) == []
    assert ring(one).past(START + 99 * DAY_MS) == []
    made = ring(one, two)
    assert made.past(START + DAY_MS - 1) == []
    assert made.past(START + DAY_MS) == [one]
    assert made.expired(START + 4 * DAY_MS - 1) == []
    assert made.expired(START + 4 * DAY_MS) == [one]
    assert made.goes(one) == START + 4 * DAY_MS
    late = ring(one, key(2, START + 30 * DAY_MS))  # nobody was there when its time was over
    assert late.goes(one) == START + 30 * DAY_MS


def test_what_never_counted_is_cleared_away() -> None:
    """By its maker at once, by others later."""
    one, loser = key(1, START), key(1, START)
    made = ring(one, loser)
    assert made.spare(START, [loser.id, one.id]) == [loser.id]
    assert made.spare(START + AHEAD_MS - 1) == []
    assert made.spare(START + AHEAD_MS) == [loser.id]
    made.take(2, START, loser.id, None)
    assert made.spare(START + AHEAD_MS) == []


def test_another_secret_is_noticed() -> None:
    """A process that would hash otherwise than the others knows it, and one that has no secret hashes nothing."""
    made = ring(key(1, START, b"o" * 32))
    assert made.is_foreign
    assert not made.ready
    with pytest.raises(LookupError):
        made.span_at(START)
    mixed = ring(key(1, START, b"o" * 32), key(2, START + DAY_MS))
    assert not mixed.is_foreign
    assert half_at(mixed, START) == mixed.keys[1].half
    assert not ring(key(1, START), secret=None).ready
