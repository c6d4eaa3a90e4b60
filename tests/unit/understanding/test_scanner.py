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
def test_of_several_texts_those_are_named_in_which_something_occurs(texts: list[str]) -> None:
    set_of = scanner(*EXPRESSIONS)
    assert list(set_of.occurring(texts)) == [at for at, text in enumerate(texts) if set_of.scan(text)]


@given(lines)
def test_where_one_asks_for_the_ends_of_a_text_all_are_named(texts: list[str]) -> None:
    for expression in OF_WHOLE_TEXTS:
        assert list(scanner(*EXPRESSIONS, expression).occurring(texts)) == list(range(len(texts)))


@given(lines, lines)
def test_any_line_of_a_text_counts(texts: list[str], others: list[str]) -> None:
    set_of = scanner(*EXPRESSIONS)
    pairs = list(zip(texts, others, strict=False))
    found = list(set_of.occurring(["\n".join(pair) for pair in pairs]))
    assert set(found) >= {at for at, pair in enumerate(pairs) if any(map(set_of.scan, pair))}


@given(lines)
def test_a_line_is_scanned_as_python_would_search_it(texts: list[str]) -> None:
    set_of = scanner(*EXPRESSIONS)
    for text in texts:
        assert sorted(set_of.scan(text)) == [n for n, one in enumerate(EXPRESSIONS) if re.search(one, text, re.ASCII)]


def test_expressions_that_are_too_large_together_are_refused() -> None:
    """Each of them is small enough; before any text is read."""
    set_of = scanner(*(f"罐{number}a[一-龥a-z]{{0,400}}b[一-龥]{{0,400}}c" for number in range(200)))
    with pytest.raises(ValueError, match=r"200 expressions .* more than 64 MiB"):
        set_of.ready()


def test_an_expression_is_added_before_the_first_scan() -> None:
    set_of = scanner("a")
    set_of.scan("a")
    with pytest.raises(ValueError, match="before the first scan"):
        set_of.add("b")
