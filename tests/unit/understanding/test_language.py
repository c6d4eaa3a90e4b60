"""Languages by script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.understanding.language import script_of


@pytest.mark.parametrize(
    ("text", "language", "foreign"),
    [
        ("什么时候发货", "zh", False),
        ("發貨快嗎？", "zh", False),
        ("tgy多少钱", "zh", False),
        ("美の主播", "zh", False),
        ("how much is it", "en", False),
        ("ｐｒｉｃｅ", "en", False),
        ("can you ship to 北京 today", "mixed", False),
        ("666", "other", False),
        ("😀😀", "other", False),
        ("", "other", False),
        ("これはいくらですか", "other", True),
        ("얼마예요", "other", True),
        ("сколько стоит", "other", True),
        ("كم السعر", "other", True),
        ("ราคาเท่าไหร่", "other", True),
    ],
)
def test_the_script_tells_the_language(text: str, language: str, foreign: bool) -> None:
    """Chinese, English, both, or letters of a script that no pack is written in."""
    script = script_of(text)
    assert (script.language, script.foreign) == (language, foreign)


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_has_a_language(text: str) -> None:
    """No text makes it fail, and only `other` is ever foreign."""
    script = script_of(text)
    assert script.language in {"zh", "en", "mixed", "other"}
    assert not script.foreign or script.language == "other"
