"""Banned terms are found in any spelling."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.pool.banned import banned_terms, squeezed


def test_blanks_case_width_and_invisible_characters_hide_nothing() -> None:
    """A term is found however it is spaced, cased, widened or split by invisible characters."""
    for text in ("国家级", "国 家 级好茶", "国\u200b家级", "BEST in  China", "ｂｅｓｔ ｉｎ ｃｈｉｎａ"):
        assert banned_terms(text, ["国家级", "best in china"]), text
    assert banned_terms("国家", ["国家级", " "]) == []


@given(st.text(min_size=1, max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_a_term_is_found_inside_any_text(term: str, before: str, after: str) -> None:
    """Unless nothing of it is left, a term in a text is found (combining neighbours kept apart by a blank)."""
    expected = [term] if squeezed(term) else []
    assert banned_terms(f"{before} {term} {after}", [term]) == expected
