"""Spans of a text that a pattern finds; what is found stands in the pattern's first group."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

Span = tuple[int, int]
_SEEN_BEFORE: Final = 28  # characters before a match in which a word may say what it is


def found(pattern: re.Pattern[str], text: str) -> list[Span]:
    return [match.span(1) for match in pattern.finditer(text)]


def judged(pattern: re.Pattern[str], text: str, judge: Callable[[re.Match[str]], bool]) -> list[Span]:
    """Those that are what they look like."""
    return [match.span(1) for match in pattern.finditer(text) if judge(match)]


def before(match: re.Match[str]) -> str:
    """What stands just before it."""
    return match.string[max(0, match.start(1) - _SEEN_BEFORE) : match.start(1)]
