"""Numbers as Chinese numerals, and strings of digits read one by one."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_SCALES: Final = ("", "万", "亿", "万亿", "亿亿")
_PLACES: Final = ("", "十", "百", "千")


def numeral(digits: str, *, liang: bool = False) -> str:
    """129 → 一百二十九, 12.5 → 十二点五, 2000 → 两千. `liang`: a lone 2 is 两, as before a measure word."""
    minus, digits = ("负", digits[1:]) if digits.startswith("-") else ("", digits)
    whole, _, part = digits.partition(".")
    if len(whole) > 4 * len(_SCALES):
        return minus + "".join(_DIGITS[int(digit)] for digit in whole)
    said = "两" if liang and whole.lstrip("0") == "2" and not part else _whole(whole)
    if part:
        said += "点" + "".join(_DIGITS[int(digit)] for digit in part)
    return minus + said


def _whole(digits: str) -> str:
    digits = digits.lstrip("0")
    if not digits:
        return _DIGITS[0]
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]
    said = ""
    for scale in range(len(groups) - 1, -1, -1):
        group = groups[scale].zfill(4)
        if group == "0000":
            said += "" if said.endswith(_DIGITS[0]) else _DIGITS[0]
            continue
        if said and group[0] == "0" and not said.endswith(_DIGITS[0]):
            said += _DIGITS[0]
        said += _group(group, leads=not said, scale=scale) + _SCALES[scale]
    said = said.rstrip(_DIGITS[0])
    return said.removeprefix("一") if said.startswith("一十") else said


def _group(group: str, *, leads: bool, scale: int) -> str:
    """Four digits; `leads`: nothing was said before."""
    if scale and group == "0002" and leads:
        return "两"
    said = ""
    for place, digit in enumerate(group):
        if digit == "0":
            if said and not said.endswith(_DIGITS[0]):
                said += _DIGITS[0]
            continue
        unit = _PLACES[3 - place]
        said += ("两" if digit == "2" and unit == "千" else _DIGITS[int(digit)]) + unit
    return said.rstrip(_DIGITS[0])


def digit_by_digit(text: str, lang: str) -> str:
    """A phone number, digit by digit, its groups apart: in Chinese 1 is 幺, so that it is not heard as 7."""
    groups = [group for group in re.split(r"\D+", text) if group]
    if lang == "zh":
        return "，".join("".join("幺" if digit == "1" else _DIGITS[int(digit)] for digit in group) for group in groups)
    return ", ".join(" ".join(group) for group in groups)
