"""One scan for many expressions, of one line and of several."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from

from engine.understanding.scanner import Scanner

PIECES = ("多少", "钱", "吗", "?", "发货", "ship", " ", "1", "号", "")
EXPRESSIONS = ("多少.*钱", "^发货", "钱$", r"\bship\b", r"[^吗]号", "发货|ship ", "(?:1|2)号$")
OF_WHOLE_TEXTS = (r"\A发货", r"钱\z", "(?-m)钱$")

lines = lists(lists(sampled_from(PIECES), max_size=5).map("".join), min_size=1, max_size=20)


def scanner(*expressions: str) -> Scanner:
    found = Scanner()
    for expression in expressions:
        found.add(expression)
    return found


@given(lines)
def test_a_line_in_which_something_occurs_is_always_named(texts: list[str]) -> None:
    for set_of in (scanner(*EXPRESSIONS), scanner(*EXPRESSIONS, *OF_WHOLE_TEXTS)):
        likely = list(set_of.likely(texts))
        assert likely == sorted(likely)
        assert {at for at, text in enumerate(texts) if set_of.scan(text)} <= set(likely)


@given(lines)
def test_a_line_is_scanned_as_python_would_search_it(texts: list[str]) -> None:
    set_of = scanner(*EXPRESSIONS)
    for text in texts:
        assert sorted(set_of.scan(text)) == [n for n, one in enumerate(EXPRESSIONS) if re.search(one, text, re.ASCII)]


def test_lines_without_anything_are_not_named() -> None:
    """Else nothing would be gained."""
    texts = ["主播好"] * 100 + ["多少钱"] + ["主播好"] * 100
    named = list(scanner(*EXPRESSIONS).likely(texts))
    assert 100 in named
    assert len(named) < 20


def test_an_expression_is_added_before_the_first_scan() -> None:
    set_of = scanner("a")
    set_of.scan("a")
    with pytest.raises(ValueError, match="before the first scan"):
        set_of.add("b")
