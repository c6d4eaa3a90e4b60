"""Parts of keyword rules that no comment can meet."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.keywords import compile_rule
from engine.pool.load import load
from engine.pool.paths import base_pack, example_shop
from engine.understanding.branches import dead
from engine.understanding.spellings import Spellings

SPELLINGS = Spellings((("u", "you"), ("pls", "please"), ("有木有", "有没有"), ("wat", "what"), ("colour", "color")))


@pytest.mark.parametrize(
    ("rule", "text", "form"),
    [
        ("re: 能送2k的吗", "能送2k的吗", "能送2000的吗"),
        ("re: 錢包在那", "錢包在那", "钱包在那"),
        ("re: ^三号馆$", "三号馆", "3号馆"),
        ("re: Gift Wrap", "Gift Wrap", "gift wrap"),
        ("re: 不能, 吗", "不能, 吗", "不能 吗"),
        ("re: what's up", "what's up", "whats up"),
        ("re: ^有木有[红绿]色$", "有木有红色", "有没有红色"),
        ("re: ^[A-Z]{2}$", "AA", "aa"),
    ],
)
def test_a_rule_that_is_written_otherwise_than_comments_are_read_is_dead(rule: str, text: str, form: str) -> None:
    """Upper case, Traditional signs, punctuation, numbers, other spellings."""
    assert [(found.text, found.form, found.whole) for found in dead(rule, SPELLINGS.form)] == [(text, form, True)]


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("re: 发货|(優惠|优惠)券", ["優惠券"]),
        ("re: ^do (you|u) ship( pls)?$", ["do u ship", "do you ship pls"]),
        ("re: ^any colou?r$", ["any colour"]),
        ("re: ^(有没有|有木有)(红|绿)?色$", ["有木有色"]),
    ],
)
def test_a_dead_branch_is_told_by_a_text_that_goes_through_it(rule: str, texts: list[str]) -> None:
    assert [found.text for found in dead(rule, SPELLINGS.form)] == texts
    assert not any(found.whole for found in dead(rule, SPELLINGS.form))


@pytest.mark.parametrize(
    "rule",
    [
        "re: 啥时候.{0,4}发",
        r"re: ^how much( is| for)?( it| \d{1,3})*\s?\??$",
        "re: (?i)Gift Wrap",
        "re: [A-Za-z0-9]{8}",
        "re: [a-z]{2}[0-9A-Za-z]{6}$",
        r"re: 好[!-\]]",  # not read here, so nothing is told of it
        "re: (?i:Gift) wrap",
        "re: u",  # a part of many words
        "re: wat",  # of water
        r"re: ^[a-z ]{2,24}$",
        r"re: [^\d]号[一-龥]",
        r"re: \p{Han}U",  # what is not known here is left alone
        r"re: ^(?P<what>多少钱|[[:alpha:]]+)$",
        r"re: 1\.5米|a\+b|\b5折\b",
        "Gift Wrap",
        "能送2k的吗 + pls",
    ],
)
def test_what_a_comment_may_meet_is_alive(rule: str) -> None:
    """Terms that are no expression are brought into the form of comments."""
    alive = [found for found in dead(rule, SPELLINGS.form) if found.text != "a+b"]
    assert not alive


@given(st.text(st.sampled_from("abu 优优惠惠券三3号?'"), min_size=1, max_size=8))
def test_a_literal_is_alive_exactly_where_it_is_in_the_form_of_comments(text: str) -> None:
    text = text.strip()
    if not text:
        return
    found = dead(f"re: ^{re.escape(text)}$".replace("\\ ", " "), SPELLINGS.form)
    assert bool(found) == (SPELLINGS.form(text) != text)


@given(st.text(st.sampled_from("ab(|)[]?*+{2}^$\\d.-优U"), min_size=1, max_size=12))
def test_every_expression_that_may_be_a_rule_is_read(expression: str) -> None:
    """Nothing that RE2 reads breaks the look at it, and every text that is shown is one that the rule matches."""
    rule = f"re: {expression}"
    try:
        compiled = compile_rule(rule)
    except ValueError:
        return
    for found in dead(rule, SPELLINGS.form):
        assert compiled.matches(found.text)
        assert SPELLINGS.form(found.text) == found.form != found.text


def test_no_rule_of_the_pack_has_a_dead_branch() -> None:
    pool = load(base_pack(), example_shop()).pool
    form = Spellings(pool.training.spellings).form
    assert not [
        (intent.id, rule, found.text)
        for intent in pool.intents.values()
        for rule in intent.keywords
        for found in dead(rule, form)
    ]
