"""Other spellings of a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.understanding.normalise import normal_form
from engine.understanding.spellings import Spellings

PAIRS = (("包油", "包邮"), ("包油费", "包邮费用"), ("pls", "please"), ("hm", "how much"), ("yyds", "永远的神"))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("包油吗", "包邮吗"),
        ("包油费吗", "包邮费用吗"),
        ("PLS tell me", "please tell me"),
        ("hm is it", "how much is it"),
        ("hmm", "hmm"),
        ("主播yyds", "主播永远的神"),
        ("包邮吗", "包邮吗"),
        ("", ""),
    ],
)
def test_words_are_read_as_they_are_meant(text: str, form: str) -> None:
    """The longest spelling wins; Latin ones only as whole words."""
    assert Spellings(PAIRS).form(text) == form


def test_without_spellings_forms_stay() -> None:
    assert Spellings(()).form("包油吗") == normal_form("包油吗")


@given(st.text(st.sampled_from("包油邮费pls hmyd钱"), max_size=20))
def test_what_is_meant_is_a_normal_form(text: str) -> None:
    form = Spellings(PAIRS).form(text)
    assert normal_form(form) == form
