"""Forms: how values are written for the eye and said aloud, in each language."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.currencies import CURRENCIES
from engine.pool.forms import (
    ALL_UNITS,
    Form,
    aloud,
    amounts_said,
    fact_form,
    form,
    misfit,
    plain,
    spoken_amount,
    unit_words,
)
from engine.pool.model import Fact, Formats
from engine.pool.numerals import digit_by_digit, numeral
from engine.pool.speech import typed_prices

PLAIN, WORDS = Formats(), Formats(numerals="words")
EXACT = Formats(money={"zh": "exact", "en": "exact"})
SIGNS = Formats(money={"zh": "sign", "en": "word"})


@pytest.mark.parametrize(
    ("value", "unit", "formats", "zh", "en"),
    [
        (129, "CNY", PLAIN, ("129元", "129元"), ("¥129", "129 yuan")),
        (129, "CNY", WORDS, ("129元", "一百二十九元"), ("¥129", "129 yuan")),
        (2, "CNY", WORDS, ("2元", "两元"), ("¥2", "2 yuan")),
        (129, "CNY", SIGNS, ("¥129", "129元"), ("129 yuan", "129 yuan")),
        (129, "CNY", EXACT, ("¥129.00", "129元"), ("¥129.00", "129 yuan")),
        (1299, "USD", PLAIN, ("1299美元", "1299美元"), ("$1,299", "1299 dollars")),
        (1299, "USD", EXACT, ("$1,299.00", "1299美元"), ("$1,299.00", "1299 dollars")),
        (12.5, "USD", PLAIN, ("12.5美元", "12.5美元"), ("$12.50", "12 dollars and 50 cents")),
        (1.01, "USD", PLAIN, ("1.01美元", "1.01美元"), ("$1.01", "1 dollar and 1 cent")),
        (0.99, "GBP", PLAIN, ("0.99英镑", "0.99英镑"), ("£0.99", "99 pence")),
        (9.9, "CNY", WORDS, ("9.9元", "九点九元"), ("¥9.90", "9.9 yuan")),
        (1, "EUR", PLAIN, ("1欧元", "1欧元"), ("€1", "1 euro")),
        (1e16, "JPY", PLAIN, ("10000000000000000日元", "10000000000000000日元"), ("JP¥10,000,000,000,000,000", "10000000000000000 yen")),
        (88, "HKD", PLAIN, ("88港币", "88港币"), ("HK$88", "88 Hong Kong dollars")),
        (-5, "TWD", PLAIN, ("-5新台币", "-5新台币"), ("-NT$5", "-5 New Taiwan dollars")),
        (2.5, "kg", PLAIN, ("2.5 kg", "2.5千克"), ("2.5 kg", "2.5 kilograms")),
        (2, "kg", WORDS, ("2 kg", "两千克"), ("2 kg", "2 kilograms")),
        (1, "kg", PLAIN, ("1 kg", "1千克"), ("1 kg", "1 kilogram")),
        ("3-5", "day", PLAIN, ("3–5天", "3到5天"), ("3–5 days", "3 to 5 days")),
        ("3-5", "day", WORDS, ("3–5天", "三到五天"), ("3–5 days", "3 to 5 days")),
        (15, "percent", PLAIN, ("15%", "百分之15"), ("15%", "15 percent")),
        (95.5, "percent", WORDS, ("95.5%", "百分之九十五点五"), ("95.5%", "95.5 percent")),
        ("5-10", "percent", PLAIN, ("5–10%", "百分之5到百分之10"), ("5–10%", "5 to 10 percent")),
        (80, "celsius", PLAIN, ("80°C", "80摄氏度"), ("80°C", "80 degrees Celsius")),
        (30, "second", PLAIN, ("30秒", "30秒"), ("30 sec", "30 seconds")),
        ("2027-01-31", "date", PLAIN, ("2027年1月31日", "2027年1月31日"), ("January 31, 2027", "January 31, 2027")),
        ("20:00", "time", PLAIN, ("20:00", "晚上八点"), ("8:00 PM", "8 PM")),
        ("8:30", "time", PLAIN, ("8:30", "上午八点半"), ("8:30 AM", "8:30 AM")),
        ("14:05", "time", PLAIN, ("14:05", "下午两点零五分"), ("2:05 PM", "2:05 PM")),
        ("0:15", "time", PLAIN, ("0:15", "凌晨零点十五分"), ("12:15 AM", "12:15 AM")),
        ("20:00-22:30", "time", PLAIN, ("20:00–22:30", "晚上八点到晚上十点半"), ("8:00 PM–10:30 PM", "8 PM to 10:30 PM")),
        ("400-800-1234", "phone", PLAIN, ("400-800-1234", "四零零，八零零，幺二三四"), ("400-800-1234", "4 0 0, 8 0 0, 1 2 3 4")),
        (4008001234, "phone", PLAIN, ("4008001234", "四零零八零零幺二三四"), ("4008001234", "4 0 0 8 0 0 1 2 3 4")),
        (48, None, PLAIN, ("48", "48"), ("48", "48")),
        (48, None, WORDS, ("48", "四十八"), ("48", "48")),
        (2, None, WORDS, ("2", "2"), ("2", "2")),
        (0.30, None, PLAIN, ("0.3", "0.3"), ("0.3", "0.3")),
        ("包邮", None, PLAIN, ("包邮", "包邮"), ("包邮", "包邮")),
        ({"zh": "小茶罐", "en": "a caddy"}, None, PLAIN, ("小茶罐", "小茶罐"), ("a caddy", "a caddy")),
    ],
)  # fmt: skip
def test_values_are_written_and_said(
    value: int | float | str | dict[str, str],
    unit: str | None,
    formats: Formats,
    zh: tuple[str, str],
    en: tuple[str, str],
) -> None:
    """By unit, language and the shop's formats."""
    assert form(value, unit, "zh", formats) == Form(*zh)
    assert form(value, unit, "en", formats) == Form(*en)


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("净重2.5kg", "净重2.5千克", "净重2.5 kilograms"),
        ("3-5天到", "3到5天到", "3 to 5天到"),
        ("含棉95%", "含棉百分之95", "含棉95 percent"),
        ("打400-800-1234", "打四零零，八零零，幺二三四", "打4 0 0, 8 0 0, 1 2 3 4"),
        ("到2027-01-31为止", "到2027年1月31日为止", "到January 31, 2027为止"),
        ("80-90℃冲泡", "80到90摄氏度冲泡", "80 to 90 degrees Celsius冲泡"),
    ],
)
def test_what_would_read_wrong_in_a_text_is_said_in_words(text: str, zh: str, en: str) -> None:
    """Units, ranges, percents, dates and phone numbers inside a text fact."""
    assert form(text, None, "zh", PLAIN) == (text, zh)
    assert form(text, None, "en", PLAIN) == (text, en)


@pytest.mark.parametrize(
    "text",
    [
        "三到五天",
        "型号A3-5",
        "5-3大胜",
        "2027年新茶",
        "12:30",
        "5G手机",
        "XL码",
        "1/2杯",
        "v1.2.3",
        "2024-13-45",
        "16:9",
        "T恤2XL",
        "",
    ],
)
def test_all_else_in_a_text_stays_byte_for_byte(text: str) -> None:
    """Models, scores, years, ratios and sizes are no quantities."""
    assert aloud(text, "zh", WORDS) == text
    assert aloud(text, "en", WORDS) == text


@given(st.text(alphabet=st.characters(exclude_categories=("Nd", "Nl", "No")), max_size=40))
def test_a_text_without_digits_is_said_as_it_stands(text: str) -> None:
    """Nothing is changed that holds no number."""
    assert aloud(text, "zh", WORDS) == text


def test_what_the_editor_wrote_goes_before_the_rule() -> None:
    """In the language in which it was written."""
    fact = Fact("price", 129, "CNY", spoken={"zh": "一百二十九块"})
    assert fact_form(fact, "zh", PLAIN) == ("129元", "一百二十九块")
    assert fact_form(fact, "en", PLAIN) == ("¥129", "129 yuan")


@pytest.mark.parametrize(
    ("value", "text", "same"),
    [
        (129, "一百二十九块", True),
        (129, "只要129", True),
        (12.5, "十二块五", True),
        (9.9, "九块九", True),
        (2, "两块钱", True),
        (2000, "两千元", True),
        (1299, "1,299 yuan", True),
        (129, "一百三十九块", False),
        (129, "十二块九", False),
        (1299, "一千两百九十八", False),
        (129, "便宜", False),
    ],
)
def test_an_amount_is_recognised_in_what_the_editor_has_said(value: float, text: str, same: bool) -> None:
    """So that a price cannot be said as another one."""
    assert (spoken_amount(text) in amounts_said(value)) is same


def test_values_that_are_none_of_their_unit_are_refused() -> None:
    """With what is wrong, and how to write it."""
    for value, unit in (
        ("2027-02-30", "date"), ("tomorrow", "date"), (20, "time"), ("25:00", "time"), ("20:00-", "time"), ("call me", "phone"),
        ("5-3", "day"), ("many", "kg"), ("129", "CNY"), (1.5, "phone"),
    ):  # fmt: skip
        wrong = misfit(value, unit)
        assert wrong is not None, (value, unit)
        with pytest.raises(ValueError, match=re.escape(wrong[0])):
            form(value, unit, "zh", PLAIN)


def test_values_that_cannot_be_said_are_refused() -> None:
    """A text in no language and a number that is not finite are ValueErrors; a text falls back to its other language."""
    with pytest.raises(ValueError, match="en"):
        form({}, None, "en", PLAIN)
    with pytest.raises(ValueError, match="finite"):
        form(float("inf"), "CNY", "zh", PLAIN)
    assert form({"zh": "小茶罐"}, None, "en", PLAIN).said == "小茶罐"


@given(
    st.integers(0, 10**9) | st.decimals(0, 10**6, places=2).map(float),
    st.sampled_from(sorted(CURRENCIES)),
    st.sampled_from((PLAIN, WORDS, EXACT, SIGNS)),
)
def test_every_price_is_found_when_it_is_typed(value: int | float, currency: str, formats: Formats) -> None:
    """What the engine writes or says as money in either language counts as a typed price where an editor types it."""
    for lang in ("zh", "en"):
        for text in form(value, currency, lang, formats):
            assert typed_prices(f"今天{text}，拍"), (value, currency, lang, text)


@given(st.integers(0, 10**9) | st.decimals(0, 10**6, places=2).map(float), st.sampled_from((PLAIN, WORDS)))
def test_a_price_is_never_said_as_another_one(value: int | float, formats: Formats) -> None:
    """What is said of an amount is one of the ways to say it."""
    assert spoken_amount(form(value, "CNY", "zh", formats).said) in amounts_said(value)


_DIGIT = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}


def _read(text: str) -> int:
    """A Chinese numeral, read by the rules of reading, which know nothing of those of writing."""
    for scale, size in (
        ("亿亿", 10**16),
        ("万亿", 10**12),
        ("亿", 10**8),
        ("万", 10**4),
        ("千", 1000),
        ("百", 100),
        ("十", 10),
    ):
        if scale in text:
            before, _, after = text.partition(scale)
            return (_read(before) if before else 1) * size + _read(after)
    return _DIGIT[text.lstrip("零")] if text.strip("零") else 0


@given(st.integers(0, 10**16 - 1))
def test_a_numeral_reads_as_its_number(number: int) -> None:
    """Whoever reads the numeral gets the number back, and says no nought twice."""
    said = numeral(str(number))
    assert _read(said) == number
    assert "零零" not in said


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("0", "零"), ("2", "二"), ("10", "十"), ("12", "十二"), ("22", "二十二"), ("102", "一百零二"), ("110", "一百一十"),
        ("1002", "一千零二"), ("2000", "两千"), ("10002", "一万零二"), ("20000", "两万"), ("120012", "十二万零一十二"),
        ("100000000", "一亿"), ("1000000005", "十亿零五"), ("12.05", "十二点零五"), ("-3", "负三"),
    ],
)  # fmt: skip
def test_numerals_are_said_as_people_say_them(digits: str, said: str) -> None:
    """两 before 千 and 万, 零 once, 十 without 一 at the beginning."""
    assert numeral(digits) == said


def test_a_lone_two_is_liang_before_a_measure_word() -> None:
    """两天, but 十二天."""
    assert numeral("2", liang=True) == "两"
    assert numeral("12", liang=True) == "十二"


@given(st.from_regex(r"\+?[0-9]{2,6}(-[0-9]{2,6}){0,2}", fullmatch=True))
def test_a_phone_number_keeps_every_digit(text: str) -> None:
    """In order, in both languages."""
    digits = "".join(char for char in text if char.isdigit())
    zh = "".join(str("零幺二三四五六七八九".index(char)) for char in digit_by_digit(text, "zh") if char != "，")
    assert zh == digits
    assert "".join(char for char in digit_by_digit(text, "en") if char.isdigit()) == digits


@given(st.sampled_from(ALL_UNITS), st.integers(1, 10**6) | st.floats(0.01, 10**6).map(lambda x: round(x, 2)))
def test_every_unit_can_be_said_with_every_number(unit: str, value: int | float) -> None:
    """Where the unit takes numbers; and its words are known, so that nobody types them again."""
    if misfit(value, unit) is None:
        for lang in ("zh", "en"):
            written, said = form(value, unit, lang, PLAIN)
            assert said, (unit, lang)
            assert re.sub(r"\D", "", written) == re.sub(r"\D", "", plain(value)).ljust(
                len(re.sub(r"\D", "", written)), "0"
            )
            assert unit in CURRENCIES or unit == "phone" or any(word in written for word in unit_words(unit))
