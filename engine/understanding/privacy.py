"""Personal data in a text: found, and covered.

Covered are e-mail addresses, phone numbers (also in Chinese numerals), the numbers of orders, parcels, cards, cars and identity papers,
ids of messengers and social networks, passwords, and where somebody lives: house, flat and, after a province, city or district, the
street. The words around them stay, since they carry the question. So do prices, sizes, years, cheers (666666666) and streets without a
house.

It is looked for in a copy in which every character is folded: width, script variant and circles round a digit no longer differ, and what
is not seen is gone. What is found there is covered in the text itself.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.pool.folding import fold_character
from engine.understanding.homes import PLACE, homes_en, homes_zh
from engine.understanding.spans import Span, before, found, judged

COVER: Final = "***"
LONG_RUN: Final = 7  # digits; prices, years, sizes and link numbers are shorter, phone and order numbers are not
LONGEST_CODE: Final = 14  # digits of a code of goods; identity papers and cards have more
NUMERAL_RUN: Final = 8  # Chinese numerals; shop talk (一二三四五) is shorter
SPELT_CODE: Final = 4  # Chinese numerals behind a word for a code or a password

# What tells whether there is anything to look for.
_NAMED: Final = r"[加微薇].{0,5}[A-Za-z]{5}"  # an id that is a word
_MAY_HOLD = re.compile(
    rf"[\d@:_零〇幺路街区四五六七八九]|[一二三](?:[一二三]{{2}}|.?[栋幢])|\bdot\b|{_NAMED}", re.IGNORECASE
)
_DIGIT = re.compile(r"\d")
_THREE_DIGITS = re.compile(r"\d\D{0,2}\d\D{0,2}\d")
_ANY_NUMERAL = re.compile("[零〇一二三四五六七八九幺]")
_FILLER: Final = (
    "哈嘿呵嗯啊呀哦哟啦嘻横杠一点和再"  # said or drawn between the digits of a phone, so that nobody finds it
)
_MANY_DIGITS = re.compile(rf"\d(?:[\W_{_FILLER}]{{0,3}}\d){{{LONG_RUN - 1}}}")
_ID_HINT = re.compile(r"[\d_](?:[A-Za-z0-9_-]{2}|(?<=[A-Za-z0-9_-]{3}))")  # a sign of an id of five
_NAME_HINT = re.compile(f"[:@]|{_NAMED}")
_DOT = re.compile(r"[ (\[{<]dot[ )\]}>]", re.IGNORECASE)
_FORMAL: Final = dict(zip("壹贰叁肆伍陆柒捌玖", "一二三四五六七八九", strict=True))
_IN_DIGITS: Final = str.maketrans("零〇一二三四五六七八九幺", "001234567891")

_EMAIL = re.compile(r"([\w.+-]{1,64} ?@ ?[\w-]{1,63}(?:[.。][\w-]{1,63}){1,4})")
_EMAIL_SPELT = re.compile(
    r"([\w.+-]{1,64}[ (\[{<]{1,2}(?:at|@)[ )\]}>]{1,2}[\w-]{1,63}[ (\[{<]{1,2}dot[ )\]}>]{1,2}"
    r"(?:com|net|org|edu|cn|hk|tw|sg|my|io|co|uk|de|fr|jp|kr|ru|in|me|app)\b)",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@])@(?=[a-z_.]{0,24}[\d_])([a-z0-9_.]{3,30})", re.IGNORECASE | re.ASCII)

# Numbers. Between digits any sign may stand: a normal form has blanks for all of them. Those that start anywhere are looked ahead for,
# since what one of them seems to be may end within the next.
_RUN = re.compile(rf"(\d{{{LONG_RUN},}}[xX]?)")  # an identity number may end with X
_MOBILE, _FILLED = (  # of mainland China; the same with words between its digits
    re.compile(rf"(?<!\d)(?=(1{between}[3-9](?:{between}\d){{9}})(?!\d))")
    for between in (r"[\W_]{0,3}", rf"[\W_{_FILLER}]{{0,3}}")
)
_TRUNK = re.compile(r"(?<!\d)(?<!\d\.)(?=(\(?0\d{1,4}(?:[\W_]{1,3}\d{3,8}){1,3})(?!\d))")  # 02-2345-6789, 07700 900123
_AREA = re.compile(
    r"(?<!\d)(?<!\d\.)(?=(\(\d{3}\)[\W_]{0,2}\d{3}[\W_]{0,3}\d{4}|[2-9]\d\d[\W_]{0,3}\d{3}[\W_]{1,3}\d{4})(?!\d))"
)
_ABROAD = re.compile(r"((?:\+ ?|(?<![\d.])00)[1-9]\d{0,2}(?:[^\w+]{0,3}\d{1,4}){2,6}\d*)")
_CARD = re.compile(r"(?<!\d)(?=(\d{4}(?:[\W_]{1,3}\d{4}){2,4}(?:[\W_]{1,3}\d{1,3})?)(?!\d))")
_SAID = re.compile(rf"(?<!\d)(?=(\(?\d(?:[\W_]{{0,3}}\d){{{LONG_RUN - 1},14}})(?!\d))")
_NUMERALS = re.compile(rf"((?:[零〇一二三四五六七八九幺][\W_]{{0,2}}){{{NUMERAL_RUN - 1},}}[零〇一二三四五六七八九幺])")
_PARCEL = re.compile(
    r"\b(?:[a-z]{2,4}|(?:sf|yt|jd|zto|sto|yto|jt|ems) )(?=(?:[\W_]?\d){8})(\d[\d\W_]{6,20}\d)", re.IGNORECASE
)
_ORDER = re.compile(
    r"(?:订单|单号|运单|快递单?号|护照|order|parcel|tracking|passport|postcode|zip|邮编)[号码编是为:：# ]{0,5}"
    r"(?:(?:no|number|id|is|code)[.:# ]{0,3}){0,2}"
    r"(?=[a-z-]{0,8}\d)"
    r"(?!\d{1,6} ?(?:[单个件元块笔多万]|(?:pcs?|pieces?|packs?|box(?:es)?|sets?|pairs?|bottles?|bags?|cups?|items?|kg|g|ml|l|cm)\b))"
    r"([a-z0-9-]{5,30})",
    re.IGNORECASE | re.ASCII,
)
_ORDER_NUMBER = re.compile(
    r"(?<!in )(?<!\bi )\border (?:no|num|number|id)[.:#]? {0,2}(?:is )?#?(\d{4,})(?!\d| ?(?:pcs?|pieces?|sets?|pairs?|boxes)\b)",
    re.IGNORECASE,
)
# A code of goods, not of a person: behind it a long number stays, unless it is a phone's.
_OF_GOODS = re.compile(r"(?:货号|款号|型号|条码|条形码|商品码|sku|barcode)[\W_是为]{0,3}\Z", re.IGNORECASE)
_GROUP = re.compile(r"\d+")
_LISTED = re.compile(r"\d[\W_]{1,3}\Z")  # one number of several
_LISTED_ON = re.compile(r"[\W_]{1,3}\d")
_CUES = (
    r"(?:电话|电联|联系|手机号|我的?(?:手机|号码)|加我|打我|打给我|拨打|座机|热线"
    r"|\b(?:(?:tel|telephone|mobile|call|whatsapp|wa|contact|my phone|phone (?:no|num|number)|my (?:number|num|no))(?: no| num| number)?"
    r"(?: me| us| him| her)?|(?:text|dm|sms|ring|cell) (?:me|us|him|her|no|num|number))(?: at| on| is)?)"
)
_CUES_AFTER = r"(?:打我|打给我|联系我|加我|是?我的?(?:电话|号码|手机)|(?:call|text|whatsapp|dm|ring) me\b)"
_CUE = re.compile(_CUES + r"[\W_号码是为]{0,4}\Z", re.IGNORECASE)
_CUE_AFTER = re.compile(r"[\W_]{0,3}" + _CUES_AFTER, re.IGNORECASE)
_ANY_CUE = re.compile(f"{_CUES}|{_CUES_AFTER}", re.IGNORECASE)
# A run goes as a whole (`}+`): taken in parts, one of 66666666666666669 would be tried in thousands of ways, a longer one for ever.
_CHEER = re.compile(
    r"(\d)\1*|23+|(?:520|521|1314)+|(?:123)+|(?:321)+|(?:54321)+|(?:([0125689])\2{4,}+)+|[1-9]\d?0{5,8}"
)
_COUNTED: Final = ("0123456789012345678901", "1098765432109876543210")
_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")

_MESSENGERS = (
    r"(?:加?微信|[薇威v]信|加我?[微薇v]|wechat|weixin|whatsapp|telegram|qq|抖音|绿泡泡|扣扣"
    r"|(?<![a-z0-9])[v微薇](?=[:：] ?(?:[a-z_]|\d{6}))"
    r"|\b(?:[vw]x|ins|insta|instagram|ig|line id|tg|snap|snapchat|kakao|kakaotalk|discord|viber))"
)
_MESSENGER = re.compile(
    _MESSENGERS
    + r"(?:号|id|是|is|加|[:： @]){0,3}(?=[a-z_-]{0,20}[\d_#])([a-z0-9][a-z0-9_-]{4,24}(?:#\d{4}\b)?|[a-z0-9_-]{2,24}#\d{4}\b)",
    re.IGNORECASE | re.ASCII,
)
# An id that is a word: told by what stands before it, and by its end.
_MESSENGER_NAME = re.compile(
    r"(?:(?:(?:加我?(?:微信|[v微薇])|(?:微信|[薇威v]信|qq|抖音)号|我的?(?:微信|qq|抖音)"
    r"|(?:wechat|weixin|whatsapp|telegram|insta|instagram|line) id"
    r"|\b(?:add|my) (?:wechat|whatsapp|telegram|insta|instagram)|\btelegram(?= ?@)|\b[vw]x)(?:号|id|是|is| ){0,2}[:：@]"
    r"|(?:(?:加我?|我的?)(?:微信|[薇威v]信)|加我?(?:[微薇]|[vw]x?(?= )))(?:号|是| ){0,2})[ @]{0,2})"
    r"(?!(?:please|thanks|thank|friends?|group|number|account|first|maybe|okay)\b)([a-z][a-z0-9_.-]{4,24})(?=[\W_]*\Z|[\W_]{0,2}[^\x00-\x7f])",
    re.IGNORECASE,
)
_CODE_WORDS = r"(?:(?:验证|动态|取件|提货|取货)码|密码)[\W_是为改成了]{0,4}"
_CODE = re.compile(
    rf"(?:{_CODE_WORDS}"
    r"|(?:verification code|security code|password|passcode|\bpwd|\botp)[\W_]{0,3}(?:is )?)"
    r"(\d{1,2}-\d{1,2}-\d{4,5}|\d{3,8}(?:[ -]\d{2,4})?)(?!\d| ?[元块份个名张款])",
    re.IGNORECASE,
)
_CODE_SPELT = re.compile(rf"{_CODE_WORDS}([零〇一二三四五六七八九幺]{{{SPELT_CODE},8}})(?![十百千万])")
_PASSWORD = re.compile(
    r"(?:密码[\W_是为改成了]{0,4}|\b(?:pass(?:word|code)|pwd)(?: is|:)[\W_]{0,2})"
    r"(?=[a-z_@!-]{0,20}\d)(?=[\d_@!-]{0,20}[a-z])([a-z0-9_@!-]{5,30})",
    re.IGNORECASE,
)
_ROOM = re.compile(
    r"(?<=[城园苑区府庭湾寓村])(\d{1,3}-\d{1,2}-\d{1,2}(?:0[1-9]|1\d))(?![\d-])"
)  # of a house and its entrance
_PLATE = re.compile(
    r"(?:车牌[号是为: ]{0,3}|(?=.[A-Z][·.]))"
    r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][\W_]?(?=[A-Z]{0,4}\d[A-Z]{0,4}\d)[A-HJ-NP-Z0-9]{5,6})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"(?:尾号[\W_是为]{0,3}(?=\d{4}(?!\d))|(?:订单|单号|手机)号?码?后[三四五六3-6]位[\W_是为]{0,3})(\d{3,6})(?!\d| ?[元块份个名张款])"
)
_POSTCODE = re.compile(
    r"(?:post ?code|postal code)[\W_]{0,3}(?:is )?"
    r"([a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d|\d{5,6}(?:-\d{4})?)(?![a-z\d])",
    re.IGNORECASE,
)
_ZIP = re.compile(r"zip(?: code)?[\W_]{0,3}(?:is )?(\d{5}(?:-\d{4})?)(?=[\W_]*\Z)", re.IGNORECASE)


def _sign(char: str) -> str:
    """A character as the patterns know it: letters and digits folded, punctuation in its plain form, nothing for what is not seen."""
    if char.isascii():
        return char
    if char in "ー–—―−":  # drawn as a dash
        return "-"
    folded = _FORMAL.get(folded := fold_character(char), folded)
    if not folded or any(map(str.isalnum, folded)):
        return folded
    plain = unicodedata.normalize("NFKC", char)
    return plain if plain.isascii() else char


class _Signs(dict[int, str]):
    """`_sign` for `str.translate`, filled as characters are first seen: bounded by the number of characters there are."""

    def __missing__(self, code: int) -> str:
        sign = self[code] = _sign(chr(code))
        return sign


_SIGNS: Final = _Signs()


# What a character hints at: see `may_be_personal`.
DIGIT, NUMERAL, LETTER, HOUSE, ROAD, AREA, COLON, ALONE = (1 << bit for bit in range(8))
_HINTS: Final = (
    (re.compile(r"\d"), DIGIT), (re.compile("[零〇一二三四五六七八九十百幺]"), NUMERAL), (re.compile("[A-Za-z-]"), LETTER),
    (PLACE, HOUSE), (re.compile("[路街道巷]"), ROAD), (re.compile("[区县市]"), AREA), (re.compile(":"), COLON),
    (re.compile("[@_加微薇]"), ALONE),
)  # fmt: skip

_Counts = NDArray[np.intp]


def hints(char: str) -> int:
    """What a character hints at; one that stands for several such signs is always looked at."""
    sign = _SIGNS[ord(char)]
    found = 0
    for pattern, hint in _HINTS:
        if pattern.search(sign) is not None:
            found |= hint
    return found | ALONE if found and len(sign) > 1 else found


def may_be_personal(seen: NDArray[np.uint8], digits: _Counts, numerals: _Counts) -> NDArray[np.bool_]:
    """Which of several texts may hold something to cover, by what their characters hint at and how many of them are numbers.

    Beyond that, only the word `dot` tells of it.
    """
    district: NDArray[np.bool_] = (seen & ROAD > 0) & (seen & AREA > 0)
    house = (seen & (DIGIT | NUMERAL) > 0) & (seen & HOUSE > 0)
    id_or_house_en = (seen & (DIGIT | COLON) > 0) & (seen & LETTER > 0)
    number = (digits > 2) | (digits + numerals >= SPELT_CODE)
    return district | house | id_or_house_en | number | (seen & ALONE > 0)


def mask(text: str) -> str | None:
    """`text` with personal data covered; None where there is nothing to cover."""
    masked = _masked(text)
    if masked is None:
        return None
    while (again := _masked(masked)) is not None:  # what has lost its neighbour may read differently
        masked = again
    return masked


def _masked(text: str) -> str | None:
    copy = text if text.isascii() else text.translate(_SIGNS)
    if _MAY_HOLD.search(copy) is None:
        return None
    spans = _spans(copy)
    return _covered(text, copy, sorted(spans)) if spans else None


def _covered(text: str, copy: str, spans: list[Span]) -> str:
    """`text` with the spans of its copy covered; spans that meet have one cover."""
    owners = range(len(text)) if copy is text else [at for at, char in enumerate(text) for _ in _SIGNS[ord(char)]]
    parts: list[str] = []
    at = end = 0
    for first, last in spans:
        start = owners[first]
        if start > end or not parts:
            parts += (text[at:start], COVER)
        end = at = max(end, owners[last - 1] + 1)
        while at < len(text) and not _SIGNS[ord(text[at])]:
            end = at = at + 1
    return "".join((*parts, text[at:]))


def _spans(copy: str) -> list[Span]:
    """Where in a copy personal data stands, in no order."""
    spans: list[Span] = []
    digit = _DIGIT.search(copy) is not None
    if "@" in copy:
        spans += [*found(_EMAIL, copy), *found(_HANDLE, copy)]
    if _DOT.search(copy) is not None:
        spans += found(_EMAIL_SPELT, copy)
    if not copy.isascii():
        if _ANY_NUMERAL.search(copy) is not None:
            _add_numerals(copy, spans)
        spans += homes_zh(copy)
    if digit:
        _add_numbers(copy, spans)
    if (digit or "_" in copy) and _ID_HINT.search(copy) is not None:
        spans += found(_MESSENGER, copy)
    if _NAME_HINT.search(copy) is not None:
        spans += found(_MESSENGER_NAME, copy)
    return spans


def _add_numerals(copy: str, spans: list[Span]) -> None:
    """Numbers in Chinese numerals, and those of mobile phones with numerals among their digits."""
    spans += found(_CODE_SPELT, copy)
    in_digits = copy.translate(_IN_DIGITS)
    if _MANY_DIGITS.search(in_digits) is not None:
        spans += [*judged(_NUMERALS, copy, _is_spelt), *judged(_MOBILE, in_digits, _is_mobile)]


def _add_numbers(copy: str, spans: list[Span]) -> None:
    """What has digits: numbers and houses."""
    if _THREE_DIGITS.search(copy) is not None:
        spans += [
            *found(_ORDER, copy),
            *found(_ORDER_NUMBER, copy),
            *found(_CODE, copy),
            *found(_ENDING, copy),
            *found(_ZIP, copy),
        ]
        spans += [*found(_ROOM, copy), *found(_PLATE, copy)]
        if _MANY_DIGITS.search(copy) is not None:
            for pattern, judge in _NUMBERS:
                spans += judged(pattern, copy, judge)
            if _ANY_CUE.search(copy) is not None:
                spans += judged(_SAID, copy, _is_said)
    spans += [*homes_en(copy), *found(_POSTCODE, copy), *found(_PASSWORD, copy)]


def _lengths(match: re.Match[str]) -> list[int]:
    return [len(group) for group in _GROUP.findall(match[1])]


def _is_said(match: re.Match[str]) -> bool:
    """A word beside the number says that it is somebody's."""
    return _CUE.search(before(match)) is not None or _CUE_AFTER.match(match.string, match.end(1)) is not None


def _are_amounts(match: re.Match[str]) -> bool:
    """Prices, sizes or years side by side: each of them ends as prices do, or all of them are years."""
    groups = _GROUP.findall(match[1])
    return all(group[-1] in "0589" for group in groups) or _are_years(groups)


def _are_years(groups: list[str]) -> bool:
    return all(len(group) == 4 and group[:2] in {"19", "20"} for group in groups)


def _is_chatter(digits: str) -> bool:
    """Cheers, counting, round sums and dates: numbers of nobody."""
    if _CHEER.fullmatch(digits) is not None or _DATE.fullmatch(digits) is not None:
        return True
    return any(digits in counted for counted in _COUNTED)


def _is_long(match: re.Match[str]) -> bool:
    if len(match[1]) <= LONGEST_CODE and _OF_GOODS.search(before(match)) is not None:
        return False
    return not _is_chatter(match[1])


def _is_spelt(match: re.Match[str]) -> bool:
    return not _is_chatter("".join(_GROUP.findall(match[1].translate(_IN_DIGITS))))


def _is_mobile(match: re.Match[str]) -> bool:
    """Written as people group it; 169 199 299 59 and 1699 1999 299 are prices."""
    lengths = _lengths(match)
    if lengths == [4, 4, 3]:
        return "-" in match[1] or not _are_amounts(match)
    if lengths == [4, 3, 4]:
        return not _are_amounts(match)
    return max(lengths) in {1, *range(5, 12)} or lengths in ([3, 4, 4], [1, 3, 3, 4], [3, 2, 2, 2, 2])


def _is_filled(match: re.Match[str]) -> bool:
    """Something is said between the digits; 139啦159啦189啦19 are prices, 13点25和14点35 times."""
    if any(sign in match[1] for sign in "点和再") and _lengths(match) != [3, 4, 4]:
        return False
    return any(sign in match[1] for sign in _FILLER) and not _are_amounts(match)


def _is_trunk(match: re.Match[str]) -> bool:
    first, *rest = _lengths(match)
    total = first + sum(rest)
    if first == 2:
        return rest in ([4, 4], [3, 4], [8], [7])
    return (9 <= total <= 11 and [first, *rest] != [3, 3, 3]) or (total == 12 and rest[-1] >= LONG_RUN)


def _is_area(match: re.Match[str]) -> bool:
    if any(sign in match[1] for sign in "(-") or match[1].count(".") == 2:
        return True
    listed = _LISTED.search(before(match)) is not None or _LISTED_ON.match(match.string, match.end(1)) is not None
    return not listed and not _are_amounts(match)


def _is_abroad(match: re.Match[str]) -> bool:
    """Long enough, too, to be no row of small numbers: 007 008 009."""
    lengths = _lengths(match)
    if match[1][0] == "0":
        return sum(lengths) >= 12
    return sum(lengths) >= (LONG_RUN if max(lengths) > 2 else 10)


def _is_card(match: re.Match[str]) -> bool:
    """Four groups and more are one, unless all are years, or end as prices most often do; three may be prices of any kind."""
    groups = _GROUP.findall(match[1])
    if len(groups) <= 3:
        return not _are_amounts(match)
    return not _are_years(groups) and not all(group.endswith(("99", "00")) for group in groups)


def _is_parcel(match: re.Match[str]) -> bool:
    lengths = _lengths(match)
    return len(lengths) > 1 and max(lengths) > 3 and not _are_amounts(match)


_NUMBERS: Final = (
    (_RUN, _is_long), (_MOBILE, _is_mobile), (_FILLED, _is_filled), (_TRUNK, _is_trunk), (_AREA, _is_area), (_ABROAD, _is_abroad),
    (_CARD, _is_card), (_PARCEL, _is_parcel),
)  # fmt: skip
