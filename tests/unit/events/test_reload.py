"""Where a reloaded line-up goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.reload import goes_on

IDS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=6)


@pytest.mark.parametrize(("old", "at", "new", "loop", "expected"), [
    ("abc", 0, "abc", True, (3, 1)),
    ("abc", 2, "abc", True, (4, 0)),  # the lap is over
    ("abc", 2, "abc", False, None),
    ("abc", 1, "abc", False, (0, 2)),  # what does not loop has one lap
    ("abc", 0, "axbc", True, (3, 1)),  # what was put in behind it is said
    ("abc", 2, "abcd", False, (0, 3)),
    ("abc", 1, "ac", True, (3, 1)),  # gone: the next of the old order that is still there
    ("abcd", 1, "ad", True, (3, 1)),
    ("abc", 2, "ab", True, (4, 0)),  # nothing behind it is left: the first
    ("abc", 1, "xy", True, (4, 0)),
    ("abc", 1, "xy", False, (0, 0)),  # another script altogether is said from its beginning
    ("adbd", 1, "adbd", True, (3, 2)),  # of two segments with one id the first is the first
    ("adbd", 3, "adbd", True, (4, 0)),
])  # fmt: skip
def test_the_segment_behind_the_one_just_played(
    old: str, at: int, new: str, loop: bool, expected: tuple[int, int] | None
) -> None:
    """By its id, in the order of the new line-up."""
    assert goes_on(old, at, 3, new, loop=loop) == expected


@given(IDS, st.data())
def test_reloads_in_a_row_never_send_it_backwards(ids: list[str], data: st.DataObject) -> None:
    """Each segment of an unchanged order is said once a lap, however often it is reloaded."""
    place, lap = 0, 0
    for step in range(1, 3 * len(ids)):
        if data.draw(st.booleans()):
            found = goes_on(ids, place, lap, ids, loop=True)
            assert found is not None
            lap, place = found
        else:
            lap, place = lap + (place + 1) // len(ids), (place + 1) % len(ids)
        assert (lap, place) == divmod(step, len(ids))


@given(IDS, IDS, st.booleans(), st.data())
def test_it_always_names_a_segment_that_there_is(
    old: list[str], new: list[str], loop: bool, data: st.DataObject
) -> None:
    """Or none, where what does not loop has been said to its end."""
    at = data.draw(st.integers(0, len(old) - 1))
    found = goes_on(old, at, 2, new, loop=loop)
    if found is None:
        assert not loop
        assert old[at] in new
    else:
        assert 0 <= found[1] < len(new)
        assert found[0] in ((2, 3) if loop else (0,))
