"""Keyword rules: what they match, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.keywords import compile_rule


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("发货 + (几天|多久)", "多久能发货"),
        ("发货 + (几天|多久)", "发货要几天"),
        ("买 > 送", "买一盒送什么"),
        ("(凑|满)多少", "满多少包邮"),
        ("re: 啥时候.{0,4}发", "啥时候给我发"),
        ("ship", "能ship吗"),
        ("ship(s|ping)", "shipping please"),
        ("(how long|when) > ship", "when do you ship"),
        ("c++", "c++ book"),
        ("买 > 送 + 茶", "茶买一盒送什么"),
    ],
)
def test_a_rule_matches(rule: str, line: str) -> None:
    """Terms joined by + come in any order, by > in this one; groups are choices; `re:` is an expression."""
    assert compile_rule(rule).matches(line)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("发货 + (几天|多久)", "发货真快"),
        ("买 > 送", "送给谁买的"),
        ("ship", "relationship goals"),
        ("ship", "shipped"),
        ("link 3", "link 33"),
        ("a.c", "abc"),
    ],
)
def test_a_rule_does_not_match(rule: str, line: str) -> None:
    """Order counts for >, Latin words match whole, and punctuation is literal."""
    assert not compile_rule(rule).matches(line)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("", "empty"),
        ("+", "missing"),
        ("发货 + ", "missing"),
        ("> 送", "missing"),
        ("(几天|)", "empty choice"),
        ("(几天|多久", "partner"),
        ("a || b", "partner"),
        ("发.*货", "re: "),
        ("re: (a", r"RE2 cannot read it: missing \)"),
        ("re: (?=a)b", "RE2"),
        ("re: a*", "every line"),
        ("re:", "every line"),
        ("x" * 401, "400"),
        (" + ".join("abcdefghijklm"), "12 terms"),
        ("re: ((a{1,100}){1,100}){1,100}", "RE2"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(rule: str, says: str) -> None:
    """Each mistake has its own sentence."""
    with pytest.raises(ValueError, match=says):
        compile_rule(rule)


def test_terms_are_brought_into_normal_form() -> None:
    """Terms pass through the normaliser that lines pass through."""
    assert compile_rule("ＳＨＩＰ").matches("ship")
    assert compile_rule("發貨", lambda text: text.replace("發貨", "发货")).matches("发货")
    with pytest.raises(ValueError, match="nothing is left"):
        compile_rule("发货", lambda _: "")


@given(st.text(max_size=30))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """No input of an editor raises anything but ValueError, and a compiled rule never matches the empty line."""
    with contextlib.suppress(ValueError):
        assert not compile_rule(text).matches("")


SPELLED = {"小黄车": "购物车", "打不开": "打不开", "wanna": "want to", "u": "you", "ship u": "ship you"}


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("小黄车 + 打不开", "购物车打不开"),
        ("小黄车 > 打不开", "购物车怎么打不开"),
        ("小黄(车|伞) + 打不开", "购物车打不开"),
        ("小黄(车|伞) + 打不开", "小黄伞打不开"),
        ("(wanna|want) > haggle", "i want to haggle"),
        ("(wanna|want) > haggle", "i want a haggle"),
        ("u > barter", "would you barter"),
        ("ship u", "does it ship you"),
    ],
)
def test_terms_are_matched_in_the_spelling_in_which_comments_are_read(rule: str, line: str) -> None:
    """A term and each of its choices, as a whole; what no spelling changes is matched as before."""
    assert compile_rule(rule, spelled=lambda form: SPELLED.get(form, form)).matches(line)


@pytest.mark.parametrize(
    ("rule", "line"), [("u > barter", "youth barter"), ("小黄(车|伞)", "购物伞"), ("wanna", "wantto")]
)
def test_spelled_terms_match_whole_words(rule: str, line: str) -> None:
    assert not compile_rule(rule, spelled=lambda form: SPELLED.get(form, form)).matches(line)
