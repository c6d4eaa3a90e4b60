"""The list of bugs is up to date: each passage is still there, and another one with its bug."""

from __future__ import annotations

import pytest

from tests.mutation.bugs import BUGS, ROOT, Bug


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_bug_can_be_made(bug: Bug) -> None:
    """Exactly once, and what comes of it can be compiled: else it would be noticed for nothing."""
    wrong = bug.text(ROOT)
    assert wrong != (ROOT / bug.file).read_text(encoding="utf-8")
    compile(wrong, bug.file, "exec")


def test_a_bug_of_a_passage_that_is_gone_says_what_to_do() -> None:
    """The code has moved on."""
    bug = Bug("gone", "engine/room/room.py", "no such passage", "")
    with pytest.raises(ValueError, match=r"occurs 0 times in engine/room/room\.py: write it anew"):
        bug.text(ROOT)


def test_there_are_enough_of_them_and_no_two_alike() -> None:
    """Over every part of the core that decides."""
    assert len(BUGS) >= 20
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert len({bug.file for bug in BUGS}) >= 10
