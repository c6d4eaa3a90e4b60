"""Lines without the names of goods."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.model import Pool, TrainingLine
from engine.understanding.model import Model
from engine.understanding.neutral import neutral_forms, said_once
from engine.understanding.understander import Understander

NAMES = re.compile("龙井|白茶|sencha|green tea")


def forms_of(form: str) -> tuple[str, ...]:
    return neutral_forms(form, [match.span() for match in NAMES.finditer(form)])


@pytest.mark.parametrize(
    ("form", "neutral"),
    [
        ("孕妇能喝龙井吗", ("孕妇能喝这个吗", "孕妇能喝吗")),
        ("这款龙井多少钱", ("这个多少钱", "多少钱")),
        ("刚才那件龙井多少钱", ("这个多少钱", "多少钱")),
        ("刚刚的龙井还有吗", ("这个还有吗", "还有吗")),
        ("龙井这个咋卖", ("这个咋卖", "咋卖")),
        ("龙井和白茶哪个好", ("这个和那个哪个好", "这个哪个好")),
        ("龙井白茶 哪个好喝", ("这个和那个哪个好喝", "这个哪个好喝")),
        ("sencha 白茶 哪个好", ("这个和那个哪个好", "这个哪个好")),
        ("龙井 哪个好", ("这个 哪个好", "哪个好")),
        ("选龙井 白茶还是sencha", ("选这个和那个还是这个", "选这个还是这个")),
        ("龙井和白茶?", ("这个和那个?", "这个?")),
        ("龙井好还是白茶好", ("这个好还是这个好", "好还是好")),
        ("龙井多少 白茶多少", ("这个多少 这个多少", "多少 多少")),
        ("how much is the sencha?", ("how much is it?", "how much is?")),
        ("sencha or green tea for a gift", ("these for a gift", "it for a gift")),
        ("is the sencha and green tea cheaper", ("is these cheaper", "is it cheaper")),
        ("sencha多少钱", ("这个多少钱", "多少钱")),
        ("龙井", ("这个",)),
        ("龙井?", ("这个?",)),
    ],
)
def test_names_give_way(form: str, neutral: tuple[str, ...]) -> None:
    """A pronoun in the line's language stands for names side by side and the words that point at them, or nothing does."""
    assert forms_of(form) == neutral


@pytest.mark.parametrize(
    ("form", "once"),
    [
        ("多少钱多少钱", "多少钱"),
        ("多少钱 多少钱 多少钱", "多少钱"),
        ("包邮包邮包邮?", "包邮?"),
        ("how much how much", "how much"),
        ("便宜便宜", "便宜便宜"),  # said twice to be soft
        ("哈哈哈哈", "哈哈哈哈"),
        ("多少钱多少钱就知道问", "多少钱多少钱就知道问"),
        ("多少钱多少", "多少钱多少"),
        ("", ""),
        ("??", "??"),
    ],
)
def test_a_question_said_several_times_is_one(form: str, once: str) -> None:
    assert said_once(form) == once


@given(st.text("多少钱 ab?", max_size=40))
def test_what_is_said_once_stays(line: str) -> None:
    """Of any form a beginning stays, and its question mark."""
    form = " ".join(line.split())
    once = said_once(form)
    assert form.startswith(once.rstrip("?"))
    assert once == form or said_once(once) == once or len(once) >= 4


@given(
    st.lists(st.sampled_from(("龙井", "sencha", "这", "the ", "多少", "和", " ", "a", "?")), max_size=12).map("".join)
)
def test_no_name_stays(line: str) -> None:
    """Whatever stands around them, names are gone, blanks are single, and the pronoun's form is never empty."""
    form = " ".join(f"{line} 龙井".split())
    for neutral in forms_of(form):
        assert NAMES.search(neutral) is None
        assert neutral == " ".join(neutral.split())
        assert neutral


def test_a_name_changes_no_understanding(pool: Pool, model: Model) -> None:
    """A question is understood with any product's name in it, by the rules written for `这个` too."""
    understander = Understander(pool, model)
    for text in ("北极熊什么价", "大风筝什么价", "风筝还剩几个"):
        result = understander.understand([text])[0]
        assert result.outcome == "accepted", (text, result)


def test_two_names_are_never_left_out(pool: Pool, model: Model) -> None:
    """`哪个好` alone asks for advice; with two goods before it, it compares them, also where a line of the pool is `哪个好`."""
    advice = TrainingLine("哪个好", "product.stock")
    understander = Understander(replace(pool, training=replace(pool.training, own=(advice,))), model)
    assert understander.understand(["小熊哪个好"])[0].intent == "product.stock"
    for text in ("小熊和风筝哪个好", "小熊風箏哪個好", "小熊 风筝 哪个好"):
        result = understander.understand([text])[0]
        assert (result.outcome, result.intent) != ("accepted", "product.stock"), text
    same = understander.understand(["小熊熊哪个好"])[0]  # two names of one product are one thing
    assert same.intent == "product.stock"
