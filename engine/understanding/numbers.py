"""Number words and units in one form: 一百二 and 120, 2k and 2000, 2w and 两万, 一米六五 and 1m65, 九块九, 9块9毛 and 9.9元.

Works on folded text (lower case, Simplified, half width). What is part of another word stays as it is: 万一, 千万, 十分, 一块. So
does what may be something else: 10块3双 are three pairs, 20w is how strong a charger is, 5w30 an oil.
"""

from __future__ import annotations

import re
from typing import Final

_DIGIT: Final = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNIT: Final = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
_SINGLE: Final = _DIGIT | {"十": 10}
_SCALE: Final = _UNIT | {"k": 1_000, "w": 10_000}
_ONE: Final = "一二两三四五六七八九"
_ANY: Final = f"零{_ONE}十百千万"
SCALING: Final = frozenset("十百千万米块元圆号")  # what makes a number of the numeral before it
COUNTING: Final = frozenset(f"{_ANY}0123456789")
FORMAL: Final = "壹贰叁肆伍陆柒捌玖拾佰仟"
_USUAL: Final = str.maketrans(FORMAL, "一二三四五六七八九十百千")

# Behind a digit: a count of its own (10块3双), unlike 9块9包邮.
_THINGS: Final = (
    "[个双斤条盒瓶袋只片张箱罐桶份卷根米堆位束颗粒本台部辆顶朵串捆杯碗枚扎棵盆]|包(?!邮)|支(?![付持])|套(?![得不上])"
)
_COUNTED: Final = (
    f"(?:{_THINGS}|[折号]|件(?!件)|点(?![击进链哪几了])|天(?![天猫生])|期(?!待)|次(?!日)|对(?![吗吧不应象比])|人(?![民家])|年(?![货龄纪])"
    "|月(?!销))"
)
# Behind 块: it counts pieces, no money.
_PIECES: Final = "(?!电池|屏|牌|板|布|砖|玻璃|肉|蛋糕|豆腐|腹肌|香皂|肥皂|硬盘|毛巾|地毯|积木|淤青)"
# The tenths behind a whole number. A digit may follow only where it counts something, and does not read on as one number.
_PART: Final = rf"([{_ONE}0-9])(?:(?![{_ANY}0-9.]|{_COUNTED})|(?<=[{_ONE}])(?=[0-9一两]{_COUNTED})|(?<=[0-9])(?=[{_ONE}]{_COUNTED}))"
_WHOLE: Final = rf"(?:(?<![{_ANY}0-9.第几数])([{_ONE}十])|(?<![0-9.第])([0-9]+))"

_FORMAL_SIGNS: Final = frozenset(FORMAL)
_MANY: Final = frozenset("百千万kw")
_MAY_HOLD: Final = re.compile(rf"[十百千万米块元圆{FORMAL}]|[0-9][kmw]|[一两]m[0-9]|rmb|[毛角]钱|\.[0-9]?0(?![0-9])")
_FORMALLY: Final = re.compile(
    rf"(?<![收捡])[{FORMAL[:-2]}][零万{FORMAL}]*[拾佰仟万][零万{FORMAL}]*(?![{_ANY}])|拾[{FORMAL[:-3]}]"  # 佰草 and 收拾 are none
    rf"|[壹贰叁肆柒捌玖](?=[号元块圆])|(?<![\u4e00-\u9fff])[伍陆拾](?=[号元块圆])"
)
_NUMERAL: Final = re.compile(f"(?<![{_ANY}0-9])(?>[{_ONE}十][{_ANY}]+)(?![0-9])")
# How heavy somebody is, right behind how tall: 一米六100斤, 1米65120, 一米六五十公斤, 1米6290斤.
_LIGHT: Final = "(?:[89][0-9]斤|[4-9][0-9](?:公斤|kg))"
_WEIGHT: Final = rf"[1-3][0-9]{{2}}(?![0-9.])|[{_ONE}]百|(?:[1-9][0-9]|[{_ONE}]?十[{_ONE}]?)(?:斤|公斤|kg)"
_DECIMAL: Final = f"[零{_ONE}0-9]"
_HEIGHT: Final = re.compile(
    rf"(?<![{_ANY}0-9.第])(?:([{_ONE}1-9])米|([12一两])m(?=[0-9]))"
    rf"({_DECIMAL}{{2}}(?={_LIGHT})|{_DECIMAL}(?={_WEIGHT})"
    rf"|{_DECIMAL}{{2}}(?:(?={_WEIGHT})|(?![0-9十百千万]|(?:{_THINGS})))|{_DECIMAL}(?![{_ANY}0-9]|(?:{_THINGS})))"
)
_MIXED: Final = re.compile(
    rf"(?<![{_ANY}0-9.a-z])([1-9][0-9]{{0,3}}[千万百]|[1-9][0-9]?[kw])((?:[1-9][千百])*)([1-9{_ONE}]?)"
    rf"(?![a-z0-9.{_ANY}]|{_COUNTED})"
)
_THOUSANDS: Final = re.compile(
    rf"(?<![{_ANY}0-9.])([0-9]{{1,4}}(?:\.[0-9]{{1,2}})?)(k|千(?!层)|万|百(?![分货合香]))(?![a-z0-9百千万])"
)
_WAN: Final = re.compile(
    rf"(?<![{_ANY}0-9.a-z])((?:[1-9][0-9]{{0,3}}|0(?=\.))(?:\.[0-9]{{1,2}})?)w(?![a-z0-9.]| [0-9])"
)
_OF_MANY: Final = re.compile(r" ?(?:[块元圆粉单赞]|人|rmb)")
_ABOUT: Final = re.compile(r"左右|多(?![少大])")
# A whole line's signs that `w` is watts: words of what has a power, or English without Chinese, which writes 20k.
_WATTS: Final = re.compile("[瓦灯充电]|功率|音箱|音响|风扇|投影|插座|适配|多少|怎么卖|led|usb")
_ENGLISH: Final = re.compile(r"(?=.*[a-z]{2})[^\u3400-\u9fff]*\Z")
_DIMES: Final = re.compile(
    rf"{_WHOLE}[块元圆]([{_ONE}0-9])(?:角|毛(?![巾衣毯线绒笔孩茸刷料裤发球豆肚尖峰领血囊孔毡皮桃]))钱?(?![{_ANY}0-9](?!{_COUNTED}))"
    rf"|(?<![{_ANY}0-9.几])([{_ONE}0-9])[毛角]钱"
)
_PRICE: Final = re.compile(rf"{_WHOLE}块(?:钱|{_PART})")
# 圆 is round in most words, money before nothing else or these.
_YUAN: Final = re.compile(
    rf"(?<![第成])(?<!第[0-9])([0-9]) ?(?:块钱|块{_PIECES}|元|(?<! )圆(?![^包的左钱整\W\d_a-z])|rmb(?![a-z]))"
)
_WORD: Final = re.compile(
    rf"(?<![{_ANY}0-9.第几数成])(?:([{_ONE[1:]}十])块{_PIECES}|([{_ONE}十])(?:元(?![素宝旦首气里牛乳])|(米)(?![饭线粉粥面色白黄糕酒粒])))"
)
_METRES: Final = re.compile(r"(?<![0-9.])([0-9]\.[0-9]{1,2})m(?![a-z0-9.]| (?:view|follow|like|sub|people|fan))")
_ZEROS: Final = re.compile(
    r"(?<![0-9.])([0-9]+)(\.[0-9]{0,3}?)0+(?= ?(?:元|米|斤|公斤|千克|克|厘米|升|(?:kg|g|cm|l|ml)(?![a-z0-9])))"
)


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
    return str(_SINGLE.get(char, char))


def _usual(match: re.Match[str]) -> str:
    return match[0].translate(_USUAL)


def _height(match: re.Match[str]) -> str:
    return f"{_plain(match[1] or match[2])}.{''.join(map(_plain, match[3]))}米"


def _mixed(match: re.Match[str]) -> str:
    """3万5, 3w5, 1千5百: digits and units by turns, the last digit of the next lower unit where it has none."""
    first, middle, last = match.groups()
    if not middle and not last:
        return match[0]
    scale = _SCALE[first[-1]]
    value = int(first[:-1]) * scale
    for digit, unit in zip(middle[::2], middle[1::2], strict=True):
        if _SCALE[unit] >= scale:
            return match[0]
        scale = _SCALE[unit]
        value += int(digit) * scale
    return str(value + int(_plain(last)) * scale // 10 if last else value)


def _thousands(match: re.Match[str]) -> str:
    return f"{float(match[1]) * _SCALE[match[2]]:.0f}"


def _tens_of_thousands(text: str) -> str:
    """2w is 两万 where it counts money or people, or is small, and nothing in the line says that it is watts."""
    watts = _WATTS.search(text) is not None or _ENGLISH.match(text) is not None

    def wan(match: re.Match[str]) -> str:
        end = match.end()
        small = float(match[1]) < 10 and not text.startswith(("的", " 的"), end)
        if _OF_MANY.match(text, end) or (not watts and (small or _ABOUT.match(text, end))):
            return f"{float(match[1]) * 10_000:.0f}"
        return match[0]

    return _WAN.sub(wan, text)


def _dimes(match: re.Match[str]) -> str:
    word, digits, part, alone = match.groups()
    return f"0.{_plain(alone)}元" if alone else f"{_plain(word or digits)}.{_plain(part)}元"


def _price(match: re.Match[str]) -> str:
    word, digits, part = match.groups()
    return f"{_plain(word or digits)}.{_plain(part)}元" if part else f"{_plain(word or digits)}元"


def _word(match: re.Match[str]) -> str:
    return f"{_plain(match[1] or match[2])}{match[3] or '元'}"


def _without_zeros(match: re.Match[str]) -> str:
    return match[1] + match[2].rstrip(".")


def may_hold_numbers(text: str) -> bool:
    """Whether `numbers` may change anything; cheap, and true of few texts."""
    return _MAY_HOLD.search(text) is not None


def numbers(text: str) -> str:
    """Number words become digits; heights, thousands and prices have one form."""
    if not may_hold_numbers(text):
        return text
    # Each step is spared where its signs are missing: that is quicker to see than that no expression fits.
    if not _FORMAL_SIGNS.isdisjoint(text):
        text = _FORMALLY.sub(_usual, text)
    if "米" in text or "m" in text:
        text = _HEIGHT.sub(_height, text)
    if "十" in text or "百" in text or "千" in text or "万" in text:
        text = _NUMERAL.sub(_numeral, text)
    if not _MANY.isdisjoint(text):
        text = _THOUSANDS.sub(_thousands, _MIXED.sub(_mixed, text))
        if "w" in text:
            text = _tens_of_thousands(text)
    if "毛" in text or "角" in text:
        text = _DIMES.sub(_dimes, text)
    if "块" in text:
        text = _PRICE.sub(_price, text)
    if "块" in text or "元" in text or "圆" in text or "rmb" in text:
        text = _WORD.sub(_word, _YUAN.sub(r"\1元", text))
    elif "米" in text:
        text = _WORD.sub(_word, text)
    if "." in text:
        text = _ZEROS.sub(_without_zeros, _METRES.sub(r"\1米", text))
    return text
