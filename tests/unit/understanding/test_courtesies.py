"""Words of courtesy beside a question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.model import Courtesies
from engine.understanding.courtesies import LEAST, Trimmer
from engine.understanding.spellings import Spellings

WORDS = Courtesies(
    before=("你好", "你好呀", "请问", "啊 ", "hi ", "quick question "),
    behind=("谢谢", " 急", "呀", " thanks", " thank you", " 拜托"),
    asides=("主播", "姐", "姐姐", "sis", "拜托"),
)
TRIMMER = Trimmer(WORDS, Spellings((("3q", "谢谢"),)))
FORMS = st.lists(
    st.sampled_from([*WORDS.before, *WORDS.behind, *WORDS.asides, " ", " ", "多少钱", "how much", "货", "a", "?"]),
    max_size=8,
).map(lambda parts: " ".join("".join(parts).split()).replace(" ?", "?"))


@pytest.mark.parametrize(
    ("form", "bare", "unaddressed"),
    [
        ("请问 这个多少钱 谢谢", "这个多少钱", "这个多少钱"),
        ("请问多少钱", "多少钱", "多少钱"),
        ("你好呀 请问有货吗?", "有货吗?", "有货吗?"),
        ("主播多少钱", "主播多少钱", "多少钱"),
        ("主播 请问 多少钱", "主播 请问 多少钱", "多少钱"),
        ("请问主播 多少钱 谢谢姐姐", "主播 多少钱 谢谢姐姐", "多少钱"),
        ("姐多少钱", "姐多少钱", "多少钱"),
        ("多少钱 急", "多少钱", "多少钱"),
        ("多少钱 拜托", "多少钱", "多少钱"),  # behind a blank it is no aside
        ("多少钱拜托", "多少钱拜托", "多少钱"),
        ("有货吗呀?", "有货吗?", "有货吗?"),
        ("多着急", "多着急", "多着急"),  # a part of a word
        ("啊哈有货吗", "啊哈有货吗", "啊哈有货吗"),
        ("hi how much thanks?", "how much?", "how much?"),
        ("主播? 有货吗? 谢谢", "主播? 有货吗?", "有货吗?"),
        ("hi 多少钱", "多少钱", "多少钱"),
        ("hi多少钱", "多少钱", "多少钱"),
        ("hire a host", "hire a host", "hire a host"),
        ("quick question sis any left", "sis any left", "any left"),
        ("is it for oasis", "is it for oasis", "is it for oasis"),
        ("how much for the sis", "how much for the sis", "how much for the sis"),  # nothing hangs in the air
        ("你好主播", "主播", "主播"),  # who is spoken to is no question, but two signs may be one
        ("谢谢", "谢谢", "谢谢"),
        ("hi", "hi", "hi"),
        ("hi 1", "hi 1", "hi 1"),
        ("", "", ""),
        ("?", "?", "?"),
    ],
)
def test_what_stands_beside_a_question_is_taken_off(form: str, bare: str, unaddressed: str) -> None:
    assert TRIMMER.trim(form) == (bare, unaddressed)


@given(FORMS)
def test_what_is_left_stands_in_the_form(form: str) -> None:
    """Nothing is changed but at the ends; what was taken off once is off; and the ends tell where there may be something."""
    bare, unaddressed = TRIMMER.trim(form)
    assert TRIMMER.trim(bare) == (bare, unaddressed)
    assert TRIMMER.trim(unaddressed) == (unaddressed, unaddressed)
    for rest in (bare, unaddressed):
        if rest != form:
            words = rest.removesuffix("?")
            assert words in form
            assert sum(map(str.isalnum, words)) >= LEAST
            assert rest.endswith("?") or not form.endswith("?")
            assert "?" in form or not rest.endswith("?")
            assert TRIMMER.occurring([form])


def test_without_courtesies_forms_stay() -> None:
    trimmer = Trimmer(Courtesies(), Spellings(()))
    assert trimmer.trim("请问 多少钱") == ("请问 多少钱", "请问 多少钱")
    assert not trimmer.occurring(["请问 多少钱"])
