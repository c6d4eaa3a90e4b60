"""Moments as they are typed."""

from __future__ import annotations

import pytest

from engine.cli.moments import moment, shown
from engine.errors import UsageError

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def test_spans_count_from_now_or_back() -> None:
    """By direction; a time with its zone is itself."""
    assert moment("--until", "30m", NOW, direction=1) == NOW + 1_800_000
    assert moment("--from", "2h", NOW, direction=-1) == NOW - 7_200_000
    assert moment("--from", "2026-01-01T09:00:00+08:00", NOW, direction=-1) == NOW + 3_600_000


@pytest.mark.parametrize(("text", "words"), [("soon", "is no time"), ("2026-01-01T09:00:00", "has no time zone")])
def test_anything_else_is_refused_with_its_option(text: str, words: str) -> None:
    """And told how to write it."""
    with pytest.raises(UsageError, match=rf"`--from {text}` {words}"):
        moment("--from", text, NOW, direction=-1)


def test_they_are_shown_in_utc() -> None:
    """To the second."""
    assert shown(NOW + 999) == "2026-01-01 00:00:00"
