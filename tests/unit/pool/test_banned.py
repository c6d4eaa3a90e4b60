"""Banned terms are found in any spelling."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.pool.banned import Banned, squeezed


def test_blanks_case_width_and_invisible_characters_hide_nothing() -> None:
    """A term is found however it is spaced, cased, widened or split by invisible characters."""
    for text in ("国家级", "国 家 级好茶", "国\u200b家级", "BEST in  China", "ｂｅｓｔ ｉｎ ｃｈｉｎａ"):
        assert Banned(["国家级", "best in china"]).found(text), text
    assert Banned(["国家级", " "]).found("国家") == []


@given(st.text(min_size=1, max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_a_term_is_found_inside_any_text(term: str, before: str, after: str) -> None:
    """Unless nothing of it is left, a term in a text is found (combining neighbours kept apart by a blank)."""
    expected = [term] if squeezed(term) else []
    assert Banned([term]).found(f"{before} {term} {after}") == expected


def test_signs_hide_no_term_that_has_none() -> None:
    """Points, dashes and underscores between characters do not help."""
    for text in ("最·好", "最-好的茶", "最_._好", "b.e.s.t"):
        assert Banned(["最好", "best"]).found(text), text


def test_a_term_with_signs_is_found_as_written() -> None:
    """Without its signs it would be another word."""
    banned = Banned(["100%", "c++"])
    assert banned.found("100 % 有效") == ["100%"]
    assert banned.found("原价 100 元, vitamin c") == []


def test_all_terms_are_told_the_longest_first() -> None:
    """Whoever reads only the first gets the one that says most."""
    assert Banned(["级", "国家级"]).found("国家级") == ["国家级", "级"]
