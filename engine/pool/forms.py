"""How a fact is written for the eye and said aloud: amounts, units, percents, dates, times, phone numbers, ranges. By locale, with Babel.

The two forms differ only where the written one would read wrong aloud: `¥129` is said as `129元` or `129 yuan`, `2.5 kg` as `2.5千克`,
`20:00` as 晚上八点.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal, localcontext
from typing import Final, Literal, NamedTuple

from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from babel.units import format_unit

from engine.events.fields import Language
from engine.pool.currencies import CURRENCIES
from engine.pool.model import Fact, Formats, Product
from engine.pool.numerals import digit_by_digit, numeral

UNITS: Final[Mapping[str, str]] = {
    "mg": "mass-milligram", "g": "mass-gram", "kg": "mass-kilogram", "oz": "mass-ounce", "lb": "mass-pound",
    "ml": "volume-milliliter", "l": "volume-liter",
    "mm": "length-millimeter", "cm": "length-centimeter", "m": "length-meter", "km": "length-kilometer", "inch": "length-inch",
    "m2": "area-square-meter", "w": "power-watt", "celsius": "temperature-celsius",
    "second": "duration-second", "minute": "duration-minute", "hour": "duration-hour", "day": "duration-day", "week": "duration-week",
    "month": "duration-month", "year": "duration-year",
}  # fmt: skip
"""Name in a catalogue → Babel's."""

TEXT_UNITS: Final = ("date", "time", "phone")
"""Kinds whose value is a text of a fixed form."""

ALL_UNITS: Final = (*CURRENCIES, "percent", *UNITS, *TEXT_UNITS)

LENGTHS: Final[tuple[Literal["long", "short", "narrow"], ...]] = ("long", "short", "narrow")
EXACT: Final = 400  # digits; a number has at most 309 before its point, and nothing is rounded

_LOCALES: Final[Mapping[str, str]] = {"zh": "zh_CN", "en": "en_US"}
_TWO_AS_LIANG: Final = frozenset(
    {"g", "kg", "l", "m", "inch", "hour", "minute", "second", "day", "week", "month", "year", "CNY"}
)
"""Units before which 2 is said 两 in Chinese."""

_RANGE: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*[-–—~～至到]\s*(\d{1,9}(?:\.\d{1,6})?)")
_DATE: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME: Final = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_PHONE: Final = re.compile(r"\+?\d{2,15}(?:[- ]\d{2,11}){0,4}")
_FIGURES: Final = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|[零一二两三四五六七八九十百千万亿点]+")
_HOURS: Final = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (25, "晚上"))


class Form(NamedTuple):
    """A value for the eye, and for the voice."""

    written: str
    said: str


def fact_form(fact: Fact, lang: str, formats: Formats) -> Form:
    """A catalogue's fact: its own `spoken` goes before the rule. Raises `ValueError` as `form` does."""
    found = form(fact.value, fact.unit, lang, formats)
    return Form(found.written, fact.spoken.get(lang, found.said))


def form(
    value: int | float | str | Mapping[str, str], unit: str | None, lang: Language | str, formats: Formats
) -> Form:
    """The value in `lang`. A text without it falls back to its other language.

    Raises `ValueError` where there is no text at all, the number is not finite, or value and unit do not fit (`misfit` tells why).
    """
    if isinstance(value, Mapping):
        text = value.get(lang) or next((value[other] for other in sorted(value) if value[other]), None)
        if text is None:
            raise ValueError(f"the text has no language, least of all `{lang}`")
        value = text
    if unit is None:
        return Form(value, aloud(value, lang, formats)) if isinstance(value, str) else _number(value, lang, formats)
    wrong = misfit(value, unit)
    if wrong is not None:
        raise ValueError(wrong[0])
    if unit in CURRENCIES:
        assert not isinstance(value, str)
        return _money(value, unit, lang, formats)
    text = value if isinstance(value, str) else plain(value)
    if unit == "date":
        day = format_date(date(*map(int, text.split("-"))), "long", locale=_LOCALES[lang])
        return Form(day, day)
    if unit == "time":
        moments = [_time(part.strip(), lang) for part in re.split(r"[-–—~～至到]", text)]
        return Form(*_joined([moment.written for moment in moments], [moment.said for moment in moments], lang))
    if unit == "phone":
        return Form(text, digit_by_digit(text, lang))
    span = _RANGE.fullmatch(text.strip())
    ends = (span[1], span[2]) if span else (text,)
    return Form(_measured(ends, unit, lang, formats, aloud=False), _measured(ends, unit, lang, formats, aloud=True))


def misfit(value: int | float | str, unit: str) -> tuple[str, str] | None:
    """Why this value is none of this unit, and the remedy; None where it is one."""
    text = value.strip() if isinstance(value, str) else None
    if unit == "date":
        found = _DATE.fullmatch(text or "")
        try:
            date(*map(int, found.groups())) if found else None
        except ValueError:
            found = None
        return None if found else (f"{_shown(value)} is no date", "write it like 2027-01-31")
    if unit == "time":
        parts = re.split(r"[-–—~～至到]", text or "")
        good = len(parts) <= 2 and all(_TIME.fullmatch(part.strip()) for part in parts)
        return None if good else (f"{_shown(value)} is no time of day", "write it like 20:00, or 20:00-22:30")
    if unit == "phone":
        digits = value.strip() if isinstance(value, str) else plain(value)
        return (
            None if _PHONE.fullmatch(digits) else (f"{_shown(value)} is no phone number", "write it like 400-800-1234")
        )
    if text is None:
        return None
    if unit in CURRENCIES:
        return f"{_shown(value)} is no amount of {unit}", "write digits without sign or unit, such as 129 or 12.5"
    span = _RANGE.fullmatch(text)
    if span is None or Decimal(span[1]) >= Decimal(span[2]):
        return (
            f"{_shown(value)} is no number of the unit `{unit}`",
            "write a number such as 2.5, or a range such as 3-5",
        )
    return None


def plain(value: int | float) -> str:
    """Decimal digits, no exponent, no trailing zeros: 12.50 → `12.5`, 1e3 → `1000`."""
    if isinstance(value, int):
        return str(int(value))
    number = Decimal(repr(value))
    if not number.is_finite():
        raise ValueError("a number that is spoken must be finite")
    digits = format(number, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def amounts_said(value: int | float) -> frozenset[str]:
    """The ways to say an amount that hold its digits or Chinese numerals and nothing else: 12.5 → 12.5, 十二点五, 十二五 (十二块五)."""
    digits = plain(value)
    whole, _, part = digits.partition(".")
    found = {digits, numeral(digits), numeral(digits, liang=True)}
    if part:
        found |= {numeral(whole) + numeral(digits).partition("点")[2], whole + part}
    return frozenset(found)


def spoken_amount(text: str) -> str:
    """The digits and Chinese numerals of a text, and nothing else: 一百二十九块 → 一百二十九."""
    found = _FIGURES.findall(text)
    return "".join(figure.replace(",", "") for figure in found)


def unit_words(unit: str) -> tuple[str, ...]:
    """How a unit is written and said behind its number, the longest first."""
    if unit == "percent":
        return ("percent", "%", "％")
    if unit not in UNITS:
        return ()
    names = (
        format_unit(Decimal(2), UNITS[unit], length=length, locale=locale).replace("2", "", 1).strip()
        for length in LENGTHS
        for locale in _LOCALES.values()
    )
    return tuple(sorted(dict.fromkeys(names), key=len, reverse=True))


def said_name(product: Product, lang: str) -> str:
    """A product's name in `lang`, else in its other language."""
    return product.name.get(lang) or next(iter(product.name.values()))


def _number(value: int | float, lang: str, formats: Formats) -> Form:
    digits = plain(value)
    said = (
        _counted(digits, lang, formats) if digits != "2" else digits
    )  # 二 or 两: what follows tells, which stands in the reply
    return Form(digits, said)


def _counted(digits: str, lang: str, formats: Formats, *, liang: bool = False) -> str:
    """Digits as they are said: as they are, or as Chinese numerals where the shop wants them."""
    if lang == "zh" and formats.numerals == "words":
        return numeral(digits, liang=liang)
    return digits


def _money(value: int | float, unit: str, lang: str, formats: Formats) -> Form:
    digits = plain(value)
    word, sign, names, cents, minor = CURRENCIES[unit]
    style = formats.money.get(lang, "word" if lang == "zh" else "sign")
    minus = "-" if digits.startswith("-") else ""
    bare = digits.removeprefix("-")
    whole, _, part = bare.partition(".")
    if style == "word" and lang == "zh":
        written = digits + word
    else:
        behind = 0 if not part and style != "exact" else max(minor, len(part))
        pattern = "#,##0" + "." * bool(behind) + "0" * behind
        with localcontext(prec=EXACT):
            grouped = format_decimal(Decimal(bare), pattern, locale=_LOCALES[lang])
        written = f"{minus}{grouped} {names[bare != '1']}" if style == "word" else f"{minus}{sign}{grouped}"
    if lang == "zh":
        return Form(written, _counted(digits, lang, formats, liang=unit in _TWO_AS_LIANG) + word)
    if cents is not None and part and len(part) <= 2:
        count = int(part.ljust(2, "0"))
        many = f"{whole} {names[whole != '1']} and {count} {cents[count != 1]}"
        return Form(written, minus + (many if whole != "0" else f"{count} {cents[count != 1]}"))
    return Form(written, f"{digits} {names[bare != '1']}")


def _measured(ends: tuple[str, ...], unit: str, lang: str, formats: Formats, *, aloud: bool) -> str:
    """A number, or a range, with its unit."""
    numbers = [_counted(end, lang, formats, liang=unit in _TWO_AS_LIANG) if aloud else end for end in ends]
    if unit == "percent":
        if lang == "zh" and aloud:
            return "到".join(f"百分之{number}" for number in numbers)
        mark = " percent" if aloud else "%"
        return _joined(numbers, numbers, lang)[aloud] + mark
    # Babel's long and short names of the unit, around the last number.
    length: Literal["long", "short"] = "long" if aloud else "short"
    with localcontext(prec=EXACT):
        name = format_unit(Decimal(ends[-1]), UNITS[unit], length=length, format="0." + "#" * 15, locale=_LOCALES[lang])
    if unit == "second" and lang == "zh":
        name = name.replace("秒钟", "秒")
    numbers[-1] = name.replace(ends[-1], numbers[-1], 1)
    return _joined(numbers, numbers, lang)[aloud]


def _joined(written: list[str], said: list[str], lang: str) -> tuple[str, str]:
    """The ends of a range for the eye, and for the voice."""
    return "–".join(written), ("到" if lang == "zh" else " to ").join(said)


def _time(text: str, lang: str) -> Form:
    found = _TIME.fullmatch(text)
    assert found is not None
    hour, minute = int(found[1]), int(found[2])
    if lang == "zh":
        part = next(name for until, name in _HOURS if hour < until)
        clock = {0: "", 30: "半"}.get(minute, f"{'零' if minute < 10 else ''}{numeral(str(minute))}分")
        on_dial = hour % 12 or (0 if hour in (0, 24) else 12)
        return Form(f"{hour}:{minute:02}", f"{part}{numeral(str(on_dial), liang=True)}点{clock}")
    written = format_time(time(hour % 24, minute), "short", locale=_LOCALES[lang]).replace("\u202f", " ")
    return Form(written, written.replace(":00", ""))


# ---- texts that hold numbers -------------------------------------------------------------------------------------------

_MARKS: Final[Mapping[str, str]] = {
    "kg": "kg", "g": "g", "mg": "mg", "ml": "ml", "mL": "ml", "L": "l", "mm": "mm", "cm": "cm", "km": "km", "m²": "m2", "㎡": "m2",
    "℃": "celsius", "°C": "celsius", "%": "percent", "％": "percent", "oz": "oz", "lb": "lb",
}  # fmt: skip
"""Signs of units as editors type them in a text → their names here."""

_IN_TEXT: Final = re.compile(
    r"(?<![\dA-Za-z.:/-])(?:"
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"|(?P<phone>\+?\d{2,4}[- ]\d{3,4}[- ]\d{3,8}|0\d{2,3}[- ]\d{7,8}|\d{7,15})"
    r"|(?P<low>\d{1,9}(?:\.\d{1,6})?)(?:\s*[-–—~～]\s*(?P<high>\d{1,9}(?:\.\d{1,6})?))?"
    rf"(?:\s*(?P<mark>{'|'.join(sorted(map(re.escape, _MARKS), key=len, reverse=True))}))?"
    r")(?![\dA-Za-z:/]|[-–—~～.]\d)"
)


def aloud(text: str, lang: str, formats: Formats) -> str:
    """A text with what would read wrong aloud said in words: dates, phone numbers, ranges, signs of units. All else stays byte for byte."""

    def said(found: re.Match[str]) -> str:
        if found["date"]:
            return form(found[0], "date", lang, formats).said if misfit(found[0], "date") is None else found[0]
        if found["phone"]:
            return digit_by_digit(found[0], lang)
        low, high, mark = found["low"], found["high"], found["mark"]
        if high is not None and Decimal(low) >= Decimal(high):
            return found[0]  # a score, or a model's number
        ends = (low,) if high is None else (low, high)
        if mark is not None:
            return _measured(ends, _MARKS[mark], lang, formats, aloud=True)
        if high is None:
            return found[0]
        counted = [_counted(end, lang, formats, liang=True) for end in ends]
        return _joined(counted, counted, lang)[1]

    return _IN_TEXT.sub(said, text)


def _shown(value: int | float | str) -> str:
    return f"`{str(value)[:60]}`"
