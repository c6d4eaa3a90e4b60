"""Number words and units in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.understanding.normalise import MAX_FORM, normal_form
from engine.understanding.numbers import numbers

NUMBERS = st.text(st.sampled_from("零一二两三九十百千万米块元钱钱kmrb0159. 号好wg"), max_size=30)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("一百二", "120"),
        ("一百二十", "120"),
        ("一百零二", "102"),
        ("一千五", "1500"),
        ("两万三", "23000"),
        ("两千三百万", "23000000"),
        ("十一", "11"),
        ("三十五码", "35码"),
        ("我一米六五一百一十斤", "我1.65米110斤"),
        ("1米7高", "1.7米高"),
        ("1m65", "1.65米"),
        ("2k", "2000"),
        ("1.5万", "15000"),
        ("九块九包邮", "9.9元包邮"),
        ("9块9", "9.9元"),
        ("五块钱", "5元"),
        ("129块", "129元"),
        ("99 rmb", "99元"),
    ],
)
def test_numbers_meet_in_one_form(text: str, form: str) -> None:
    assert numbers(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "万一",
        "千万别",
        "十分好",
        "一块买",
        "七八百",
        "三十十",
        "百分百",
        "一般",
        "20w",
        "100k5",
        "12kg",
        "2km",
        "五百六百",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert numbers(text) == text


@given(st.integers(10, 99_999_999))
def test_every_number_is_read_back(value: int) -> None:
    """As it is spelled in full."""
    assert numbers(_spelled(value)) == str(value)


@given(NUMBERS)
def test_forms_with_numbers_are_stable_and_bounded(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) == form
    assert len(form) <= MAX_FORM


@given(st.text(st.sampled_from("一二十百千万k9.块"), min_size=150, max_size=400))
def test_forms_that_are_cut_off_are_stable(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) == form


def _spelled(value: int) -> str:
    """The numeral of a whole number below a hundred million."""
    above, below = divmod(value, 10_000)
    if above:
        rest = _spelled_section(below)
        gap = "零" if below and below < 1_000 else ""
        return _spelled_section(above) + "万" + gap + rest
    return _spelled_section(below)


def _spelled_section(value: int) -> str:
    digits = "零一二三四五六七八九"
    text, gap = "", False
    for unit, sign in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += ("零" if gap and text else "") + digits[digit] + sign
            gap = False
        else:
            gap = True
    return text
