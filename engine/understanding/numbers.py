"""Number words and units in one form: 一百二 and 120, 2k and 2000, 一米六五, 1m65 and 1.65米, 九块九 and 9.9元.

Works on folded text (lower case, Simplified, half width). What is part of another word stays as it is: 万一, 千万, 十分, 一块.
"""

from __future__ import annotations

import re
from typing import Final

_DIGIT: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNIT: Final = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
_ONE: Final = "一二两三四五六七八九"
_ANY: Final = f"零{_ONE}十百千万"

_MAY_HOLD: Final = re.compile("[十百千万米块元]|[0-9][km]|rmb")
_NUMERAL: Final = re.compile(f"(?<![{_ANY}0-9])[{_ONE}十][{_ANY}]+")
_HEIGHT: Final = re.compile(
    rf"(?<![{_ANY}0-9.])([一二两12])(?:米|m(?=[0-9]))([零{_ONE}0-9])(?:([零{_ONE}0-9])|(?![{_ANY}0-9]))"
)
_THOUSANDS: Final = re.compile(r"(?<![0-9.])([0-9]{1,4}(?:\.[0-9])?)([k千万])(?![a-z0-9百千万])")
_PRICE: Final = re.compile(
    rf"(?<![{_ANY}])([{_ONE}])块(?:钱|([{_ONE}])(?![{_ANY}0-9]))|(?<![0-9.])([0-9]+)块([{_ONE}0-9])(?![{_ANY}0-9])"
)
_YUAN: Final = re.compile(r"([0-9]) ?(?:块钱|块|元|圆|rmb(?![a-z]))")


def _value(numeral: str) -> int | None:
    """The number that a numeral with units says; None where it is none (七八百, 三十十)."""
    total, section, digit, unit = 0, 0, None, 0
    zero = False
    for char in numeral:
        if char == "零":
            if digit is not None or zero or not unit:
                return None
            zero = True
        elif char in _DIGIT:
            if digit is not None:
                return None
            digit = _DIGIT[char]
        else:
            scale = _UNIT[char]
            if digit is None and scale == 10_000 and section:
                digit = 0
            elif digit is None:
                if char != "十" or (total + section and not zero):
                    return None
                digit = 1
            if scale == 10_000:
                if total:
                    return None
                total, section = (section + digit) * scale, 0
            else:
                if unit and unit != 10_000 and scale >= unit:
                    return None
                section += digit * scale
            digit, unit, zero = None, scale, False
    if not unit:
        return None
    if digit is not None:  # 一百二 is 120, 一百零二 is 102
        section += digit if zero or unit == 10 else digit * unit // 10
    elif zero:
        return None
    return total + section


def _numeral(match: re.Match[str]) -> str:
    value = _value(match[0])
    return match[0] if value is None else str(value)


def _plain(char: str) -> str:
    return str(_DIGIT.get(char, char))


def _height(match: re.Match[str]) -> str:
    return f"{_plain(match[1])}.{_plain(match[2])}{_plain(match[3] or '')}米"


def _thousands(match: re.Match[str]) -> str:
    return f"{float(match[1]) * (10_000 if match[2] == '万' else 1_000):.0f}"


def _price(match: re.Match[str]) -> str:
    whole, part = match[1] or match[3], match[2] or match[4]
    return f"{_plain(whole)}.{_plain(part)}元" if part else f"{_plain(whole)}元"


def may_hold_numbers(text: str) -> bool:
    """Whether `numbers` may change anything; cheap, and true of few texts."""
    return _MAY_HOLD.search(text) is not None


def numbers(text: str) -> str:
    """Number words become digits; heights, thousands and prices have one form."""
    if not may_hold_numbers(text):
        return text
    text = _HEIGHT.sub(_height, text)
    text = _NUMERAL.sub(_numeral, text)
    text = _THOUSANDS.sub(_thousands, text)
    text = _PRICE.sub(_price, text)
    return _YUAN.sub(r"\1元", text)
