"""Text that will be spoken: its placeholders, how long it takes, prices typed into it.

Placeholders are found by one fixed pattern and filled in one pass, never by `str.format`: a value that holds braces stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ZH_CHARACTERS_PER_S: Final = 4.5  # measured on live hosts' scripts, punctuation counted as the pause that it is
EN_WORDS_PER_S: Final = 2.7  # a calm host; 160 words a minute
EN_BREATH_S: Final = 0.3  # the pause before and after an English sentence


PRODUCT_WORDS: Final = ("product", "link")
"""Placeholders that a product itself fills."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_BRACE: Final = re.compile(r"[{}]")
_ZH_UNITS: Final = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|\S")
_EN_UNITS: Final = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+(?:['’.,-][^\W\u3400-\u9fff]+)*")


def placeholders(text: str) -> tuple[str, ...]:
    """Names of the placeholders, each once, in order of appearance."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def holed(text: str) -> str:
    """`text` with a letter of no word in the place of every placeholder, so that neither its name nor its neighbours make a term."""
    return _PLACEHOLDER.sub("\U00020000", text)


def stray_brace(text: str) -> int | None:
    """Column (from 0) of the first `{` or `}` that belongs to no placeholder; None where there is none."""
    inside = {at for found in _PLACEHOLDER.finditer(text) for at in (found.start(), found.end() - 1)}
    return next((found.start() for found in _BRACE.finditer(text) if found.start() not in inside), None)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every placeholder replaced by its value, in one pass. Raises `ValueError` that names a missing one."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            raise ValueError(f"no value for {{{name}}}")
        return values[name]

    return _PLACEHOLDER.sub(value, text)


def seconds(text: str, lang: str) -> float:
    """Estimated spoken length of a filled text in seconds, at least 0.3, rounded to 2 decimals."""
    if lang == "zh":
        units = _ZH_UNITS.findall(text)
        words = sum(1 for unit in units if unit[0].isascii() and unit[0].isalpha())
        length = (len(units) - words) / ZH_CHARACTERS_PER_S + words / EN_WORDS_PER_S
    else:
        units = _EN_UNITS.findall(text)
        characters = sum(1 for unit in units if "\u3400" <= unit[0] <= "\u9fff")
        length = characters / ZH_CHARACTERS_PER_S + (len(units) - characters) / EN_WORDS_PER_S + EN_BREATH_S
    return round(max(length, EN_BREATH_S), 2)


# ---- prices typed into a text -----------------------------------------------------------------------------------------

_ZH_DIGIT = "零〇一二两兩三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖"
_ZH_SCALE = "十百千万萬亿億拾佰仟"
# `\d` takes full-width digits too. At most 20 digits a part: nobody says more, and it bounds the search.
_NUMBER = rf"\d{{1,20}}(?:[.,．，]\d{{1,20}}){{0,6}}(?:k(?![a-z])|[{_ZH_SCALE}]{{1,4}})?"
_ZH_NUMBER = rf"[{_ZH_DIGIT}{_ZH_SCALE}]{{1,20}}(?:[点點][{_ZH_DIGIT}]{{1,8}})?"
# 元 begins many words that are no currency: 元旦, 元宵, 元气, 元素, 元件, 元年, 元老.
_YUAN = r"[美欧歐日港韩韓加澳台臺]?[元圆圓](?![旦宵气氣素件年老])"
_NOUNS = r"美金|美刀|欧[洲]?币|英镑|英鎊|港币|港幣|港纸|新?[台臺][币幣]|日币|日幣|韩币|人民币|人民幣|卢布|泰铢|円"
_LATIN_WORDS = (
    r"(?:yuan|renminbi|rmb|cny|kuai|dollars?|bucks?|usd|euros?|eur|pounds?|quid|gbp|yen|jpy|hkd|twd|ntd|sgd|won|krw|rubles?|cents?|pence)"
    r"(?![a-z])"
)
_LATIN_CODES = r"(?:rmb|cny|usd|eur|gbp|jpy|hkd|twd|ntd|sgd|krw)"
_SIGN = r"[¥￥$＄€£￡₩₽₹฿₫]"
_EN_NUMERAL = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand)"
)
_SMALL = r"[多来來几幾余餘]?\s*"
_OF_PLACE = r"(?:(?:us|hong\s+kong|new\s+taiwan)\s+)?"

# Amounts without a currency: beside words that only prices stand beside. Before a measure a number counts pieces, days, discounts.
_SUM = (
    rf"(?:\d{{1,20}}(?:[.,．，]\d{{1,20}}){{0,6}}(?:[{_ZH_SCALE}]{{1,4}})?"
    rf"|(?!千[万萬][别別不要记記注]|[万萬]一|百分|十[分足]|一一)(?:[{_ZH_DIGIT}]{{0,8}}[{_ZH_SCALE}][{_ZH_DIGIT}{_ZH_SCALE}]{{0,20}}|[{_ZH_DIGIT}]{{2,8}}))"
    rf"(?![\d{_ZH_DIGIT}{_ZH_SCALE}])(?![.．]\d)"
)
_COUNTED = (
    r"(?!\s*(?:[折成倍%％个個件天号號小分秒岁年月日周次位名人盒瓶袋罐套双雙斤克泡口种種款支只條条片张張把台米升度級级点點选選步期档檔]"
    r"|包(?!邮|郵)|毫|公))"
)
_PRICED = (
    r"(?:[原现現售特底定卖賣]价|[原现現售特底定卖賣]價|(?:到手|秒杀|秒殺|活动|活動|券后|券後|直播|一口|促销|促銷|会员|會員|折后|折後|优惠|優惠|市场|市場|专柜|專櫃|日常|今晚|今天)[价價]"
    r"|[价價](?:格|钱|錢)|到手)[只仅僅才就要是为為的约約:：\s]{0,4}"
)
_ENDS = r"(?=\s*(?:$|[，。！？；、,!?;~～…]|\.(?!\d)|[就起了吧啦呢哦喔咯嘛]|包邮|包郵|带走|帶走|拿走|到手|都|还|還))"

_PRICE: Final = re.compile(
    "|".join(
        (
            rf"{_SIGN}\s*(?:{_NUMBER}|{_ZH_NUMBER})",
            rf"(?<![a-z]){_LATIN_CODES}[\s:：]*{_NUMBER}",
            rf"(?:{_NOUNS})[\s:：]*(?:{_NUMBER}|{_ZH_NUMBER})",
            rf"{_NUMBER}\s*{_SMALL}(?:{_SIGN}|{_YUAN}|{_NOUNS}|{_OF_PLACE}{_LATIN_WORDS}|[块塊刀]|[毛角分][钱錢])",
            rf"{_ZH_NUMBER}{_SMALL}(?:{_YUAN}|{_NOUNS}|{_LATIN_WORDS}|[块塊毛角分][钱錢]|[块塊][{_ZH_DIGIT}半])",
            # 一块 and 两块 are "together" and "two pieces"; from ten on, 块 counts money.
            rf"[{_ZH_DIGIT}]{{0,8}}[{_ZH_SCALE}][{_ZH_DIGIT}{_ZH_SCALE}]{{0,20}}{_SMALL}[块塊刀]",
            rf"(?<![a-z]){_EN_NUMERAL}(?:(?:[\s-]|and\b){{1,6}}{_EN_NUMERAL}){{0,8}}[\s-]{{1,4}}{_LATIN_WORDS}",
        )
    ),
    re.IGNORECASE,
)
_BARE_PRICE: Final = re.compile(
    "|".join(
        (
            rf"{_PRICED}{_SUM}{_COUNTED}",
            rf"(?:[只仅僅](?:要|需|卖|賣|收)|才(?:要|卖|賣))\s*{_SUM}{_ENDS}",
            rf"[满滿]\s*{_SUM}\s*(?:立?[减減返]|[包免][邮郵]|可用)",
            rf"(?<![\d.]){_SUM}\s*(?:[包][邮郵]|[带帶拿]走)",
            r"\b(?:priced?|costs?)\s+(?:(?:is|was|at|of|only|just|now|you)\s+){0,3}\d{1,20}(?:[.,]\d{1,20}){0,6}\b(?!\s*(?:[a-z%]|[-–]\s*[a-z]))",
            r"\b(?:only|just)\s+\d{2,20}(?:[.,]\d{1,20}){0,6}(?=\s*(?:$|[,!?;]|\.(?!\d)|(?:today|tonight)\b))",
            r"\bwas\s+\d{1,20}(?:[.,]\d{1,20}){0,6},?\s+now\s+(?:only\s+|just\s+)?\d{1,20}(?:[.,]\d{1,20}){0,6}\b",
        )
    ),
    re.IGNORECASE,
)
_WORD_BESIDE: Final = re.compile(
    rf"{_SIGN}\s*\{{[a-z][a-z0-9_]*\}}"
    rf"|(?<![a-z]){_LATIN_CODES}[\s:：]*\{{[a-z][a-z0-9_]*\}}"
    rf"|\{{[a-z][a-z0-9_]*\}}\s*(?:{_SIGN}|{_YUAN}|{_NOUNS}|{_LATIN_WORDS}|[块塊][钱錢])",
    re.IGNORECASE,
)


def typed_prices(text: str) -> list[tuple[int, str]]:
    """Amounts typed beside a currency word or sign, or a word that only prices stand beside: (column from 0, what was found), in order."""
    spans = [found.span() for found in _PRICE.finditer(text)]
    bare = (found.span() for found in _BARE_PRICE.finditer(text))
    spans += [(begin, end) for begin, end in bare if not any(begin < e and s < end for s, e in spans)]
    return [(begin, text[begin:end]) for begin, end in sorted(spans)]


def currency_beside_placeholder(text: str) -> list[tuple[int, str]]:
    """Placeholders beside a typed currency word or sign (`{price}元`): money facts say their currency themselves."""
    return [(found.start(), found[0]) for found in _WORD_BESIDE.finditer(text)]
