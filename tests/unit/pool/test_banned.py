"""Banned terms are found in any spelling."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.banned import Banned, covers
from engine.pool.model import ListedTerm


def test_blanks_case_width_and_invisible_characters_hide_nothing() -> None:
    """A term is found however it is spaced, cased, widened or split by invisible characters."""
    for text in ("国家级", "国 家 级好茶", "国\u200b家级", "BEST in  China", "ｂｅｓｔ ｉｎ ｃｈｉｎａ"):
        assert Banned(["国家级", "best in china"]).found(text), text
    assert Banned(["国家级", " "]).found("国家") == []


def test_a_nought_is_an_o() -> None:
    """In the term and in the text; a longer word or number is another one."""
    listed = Banned(["NO.1", "No1", "100%"])
    for text in ("n0.1 brand", "the N0 1", "1oo% real"):
        assert listed.found(text), text
    for text in ("No, I can", "no 10", "n0.12"):
        assert listed.found(text) == [], text


@given(st.text(min_size=1, max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_a_term_is_found_inside_any_text(term: str, before: str, after: str) -> None:
    """As surely as in itself, where anything of it is left (combining neighbours kept apart by a blank)."""
    banned = Banned([term])
    assert banned.found(f"{before} {term} {after}") == banned.found(term)
    assert banned.found(term) == [term] or not any(char.isalnum() for char in unicodedata.normalize("NFKC", term))


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


LISTED = [
    ListedTerm("最", "absolute", ("最近", "最后")),
    ListedTerm("best", "absolute", ("best before",)),
    ListedTerm("100%", "absolute", ("100% cotton",)),
    ListedTerm("治疗", "medical", ("不能治疗",)),
    ListedTerm("NO.1", "absolute"),
]


@pytest.mark.parametrize(
    "text",
    [
        "國家級",
        "囯家级",
        "国·家·级",
        "国 家 级",
        "国\u200b家\u2060级",
        "國\ufe0f家级",
        "⼀国家级",
        "【国】【家】【级】",
        "国家級",
    ],
)
def test_script_variants_signs_and_invisible_characters_hide_nothing(text: str) -> None:
    """Traditional and rare forms, radicals, signs, selectors."""
    assert Banned(["国家级"]).found(text) == ["国家级"]


@pytest.mark.parametrize("text", ["bеst", "ḃést", "𝐛𝐞𝐬𝐭", "b e s t", "B-E-S-T!", "ｂｅｓｔ", "bes\u00adt", "the best."])
def test_latin_look_alikes_hide_nothing(text: str) -> None:
    """Cyrillic, mathematical, accented and spaced letters."""
    assert Banned(["best"]).found(text) == ["best"]


@pytest.mark.parametrize("text", ["bestow", "asbestos", "tub estate", "abest", "besty", "best2"])
def test_a_latin_term_is_a_whole_word(text: str) -> None:
    """Nothing is found inside another word, or across two that are written apart."""
    assert Banned(["best"]).found(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("最近上新", []),
        ("最 近上新", []),
        ("最近的都是最好的", ["最"]),
        ("最后，最佳", ["最"]),
        ("Best before May", []),
        ("the best, best before May", ["best"]),
        ("不能治疗疾病", []),
        ("可以治疗疾病，不能治疗的也行", ["治疗"]),
        ("100% cotton", []),
        ("100 % effective", ["100%"]),
        ("no. 1", ["NO.1"]),
        ("no 1 in", []),
        ("no. 12", []),
    ],
)
def test_a_context_excuses_its_own_occurrence_only(text: str, found: list[str]) -> None:
    """Another one in the same text is found."""
    assert Banned((), LISTED).found(text) == found


def test_a_hit_tells_its_list_and_where_it_stands() -> None:
    """As a character of the text as it is written."""
    (hit,) = Banned(["好茶"], LISTED).hits("我们·最 佳")
    assert (hit.term, hit.list, hit.at) == ("最", "absolute", 3)
    (hit,) = Banned(["好茶"], LISTED).hits("ﬁne 好 茶")
    assert (hit.term, hit.list, hit.at) == ("好茶", "", 4)


def test_a_context_must_hold_more_than_the_term() -> None:
    """Else it would excuse every occurrence."""
    assert covers("最近", "最")
    assert not covers("最，", "最")
    assert not covers("近", "最")
    assert covers("100% cotton", "100%")
    assert not covers("100 %", "100%")


@given(st.text(max_size=60))
def test_anything_may_be_looked_at(text: str) -> None:
    """No text raises, and each hit stands where it says."""
    for hit in Banned(["a", "最"], LISTED).hits(text):
        assert 0 <= hit.at < len(text)
