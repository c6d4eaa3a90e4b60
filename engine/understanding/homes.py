"""Where somebody lives, in a text: house, flat and, after a province, city or district, the street.

An area alone is nobody's home, and is asked about (能送到朝阳区吗). Patterns stand for a folded copy (`privacy`).
"""

from __future__ import annotations

import re

from engine.understanding.spans import Span, before, found, judged

PLACE = re.compile(r"[路街道巷弄区园寓村栋幢座楼元]")
_HOUSE_BEGINS = re.compile(r"\d[A-Za-z]? [A-Za-z]")
_UNIT_ENDS = re.compile(r"\d(?:(?<=[tkxTKX#]\d)|(?<=[tkxTKX] \d))")

_HOUSES = r"(?:号楼|号|巷|弄|栋|幢|座)"
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_SPOKEN = "[零〇一二三四五六七八九]"  # digit by digit, as the number of a room
_ROOMS = rf"(?:(?:[ \d-]{{0,6}}|{_NUMERAL})(?:号楼|号|巷|弄|栋|幢|座|单元|室|楼|层|房|之\d{{1,2}}))*\d{{0,5}}"
_NOT_OF_A_HOUSE = r"(?<!号(?=链|品|宝贝|色|款|口红|发货|到货|之?前))"
_SECTION = r"(?:[一二三四五六七八九十\d]{1,2}段)? ?"
_STREET = re.compile(
    rf"(?:(?:路|街|大道|巷|弄){_SECTION}(?=\d|[一二三四五六七八九十百]{{1,5}}号)|(?:(?<![知味渠频报通国省县隧])道|小区|花园|公寓|村) ?)"
    rf"((?:\d{{1,5}}|[一二三四五六七八九十百]{{1,5}}) ?{_HOUSES}{_NOT_OF_A_HOUSE}{_ROOMS})"
)
_FLAT = re.compile(
    r"(\d{1,4} ?(?:号楼|栋|幢|座)(?:(?:[ \d-]{0,6}(?:单元|室|楼|层|房))+(?:[ -]{0,2}\d{1,5}室?)?|[ -]{0,2}\d{3,5}室?)"
    r"|\d{1,4} ?(?:号楼|栋|幢)[ -]{0,2}\d{1,2}室?|\d{1,3} ?单元 ?\d{1,5}室?"
    rf"|{_NUMERAL}(?:号楼|栋|幢)(?:{_NUMERAL}(?:单元|层|楼)(?:\d{{3,5}}|{_SPOKEN}{{1,4}})|\d{{3,5}}(?!\d)|{_SPOKEN}{{3,4}})室?"
    r"|(?<=[苑庭湾府区坊城])\d{1,3} ?(?:栋|幢|号楼)"
    r"|(?<![A-Za-z])[A-Za-z] ?(?:座|栋|幢)[ -]{0,2}\d{3,5}(?!\d| ?(?:[元块人件个张款年毫升克gG]|ml))室?)"
)
_DISTRICT = re.compile(
    r"(?:[\u4e00-\u9fff]{2,6}[省市州]|[\u4e00-\u9fff]{1,4}[市州])[\u4e00-\u9fff]{1,6}[区县市](?![府场民])([\u4e00-\u9fff]{1,12}?(?:路|街道|街|大道|巷)"
    rf"(?:[\u4e00-\u9fffa-z]{{1,8}}?(?:小区|花园|公寓|苑|大厦)|{_SECTION}(?=\d{{1,5}} ?{_HOUSES}|[一二三四五六七八九十百]{{1,5}}号))?)",
    re.IGNORECASE,
)
_AT_HOME = re.compile(r"(?:我住|住在|家住|我家|家在|地址)[\W_是在改成为到]{0,4}[\u4e00-\u9fff]{3,14}\Z")
_NO_NAME = (
    "of|the|those|these|from|my|in|on|and|or|for|people|box|boxes|down|this|that|your|our|is|are|to|it|with|i|we|you|pieces?|packs?|percent"
    "|more|per|years?|days?|mins?|minutes?|hours?|off|bags?|cups?|pcs|inch|km|miles?|am|pm|way|star|lane|cars?|guys|x"
)
_HOUSE_EN = (
    rf"\d{{1,5}}[a-z]? (?:[nsew]{{1,2}}\.? )?(?:(?!(?:{_NO_NAME})\b)[a-z]{{2,20}} ){{1,3}}"
    r"(?:street|road|avenue|lane|boulevard|st|rd|ave|ln|drive|dr|blvd)\b"
)
_STREET_EN = re.compile(rf"\b({_HOUSE_EN})", re.IGNORECASE)
# As letters are addressed, or with a letter of the house.
_WRITTEN = re.compile(
    r"\d{1,5}[A-Za-z]? (?:[A-Z][a-z]+ ){1,3}(?:Street|Road|Avenue|Lane|Boulevard|St|Rd|Ave|Blvd)\b"
    r"|\d{1,5}[a-z] .{2,40} (?:street|road|avenue)"
)
_WHOLE_WORD = re.compile(r"(?:street|road|avenue|lane|boulevard)\Z", re.IGNORECASE)
_BLOCK = re.compile(
    rf"(\b(?:block|unit|flat) ?#?\d{{1,4}}[a-z]?(?P<sure> ?#\d{{1,3}}-\d{{1,5}}|(?= ?,? ?{_HOUSE_EN}))?)", re.IGNORECASE
)
_UNIT = re.compile(
    r"(\b(?:apt|blk) ?#?\d{1,4}[a-z]?(?: ?#\d{1,3}-\d{1,5})?|#\d{2}-\d{2,5}\b|\bp\.? ?o\.? ?box \d{1,6})", re.IGNORECASE
)
_UNIT_BEFORE = re.compile(r"\b(?:apt|unit|flat|blk|block) ?#?\d{1,4}[a-z]? ?,? ?\Z", re.IGNORECASE)
_PLACED = re.compile(
    r"(?:\b(?:to|at|is|in|address|addr|home|house|office|place|live|stay)|:|地址|寄到|送到|我住)[\W_]{0,3}\Z",
    re.IGNORECASE,
)
_ENDED = re.compile(r"[\W_]*\Z| ?[,.;!?，。；！？]")


def homes_zh(copy: str) -> list[Span]:
    """Streets with a house, flats, and streets of a district."""
    if PLACE.search(copy) is None:
        return []
    return [*found(_STREET, copy), *judged(_DISTRICT, copy, _is_home), *found(_FLAT, copy)]


def homes_en(copy: str) -> list[Span]:
    """Streets with a house, blocks and units; of a text that holds a digit."""
    spans: list[Span] = []
    if _HOUSE_BEGINS.search(copy) is not None:
        spans += judged(_STREET_EN, copy, _is_address)
    if _UNIT_ENDS.search(copy) is not None:
        spans += [*judged(_BLOCK, copy, _is_block), *found(_UNIT, copy)]
    return spans


def _is_address(match: re.Match[str]) -> bool:
    """A unit before it, a word or its capitals say that it is one, or the street's word is whole and ends what is said."""
    said = before(match)
    if (
        _PLACED.search(said) is not None
        or _UNIT_BEFORE.search(said) is not None
        or _WRITTEN.fullmatch(match[1]) is not None
    ):
        return True
    return _WHOLE_WORD.search(match[1]) is not None and _ENDED.match(match.string, match.end(1)) is not None


def _is_block(match: re.Match[str]) -> bool:
    """With its unit, before a street, or where somebody says that he lives there; blocks are seats and toys, too."""
    return match["sure"] is not None or (match[1][0] in "bB" and _PLACED.search(before(match)) is not None)


def _is_home(match: re.Match[str]) -> bool:
    """With a house or a building, or where somebody says that he lives there: else an area is asked about."""
    if match[1][-1] not in "路街道巷" or _STREET.match(match.string, match.end(1) - 1) is not None:
        return True
    if match.end(1) < len(match.string) and match.string[match.end(1)].isdecimal():
        return True
    return _AT_HOME.search(before(match)) is not None
