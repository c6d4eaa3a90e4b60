"""Personal data in a text: found, and covered.

Covered are e-mail addresses, phone numbers (also written out in Chinese numerals), the numbers of orders, parcels, cards and identity
papers, ids of messengers and social networks, and where somebody lives: house, flat and, after a province, city or district, the street.
The words around them stay, since they carry the question.
"""

from __future__ import annotations

import re

COVER = "***"
LONG_RUN = 7  # digits; prices, years, sizes and link numbers are shorter, phone and order numbers are not
NUMERAL_RUN = 8  # Chinese numerals; shop talk (一二三四五) is shorter

_MAY_HOLD = re.compile(
    r"[\d@＠_零〇幺路街区]|[一二三四五六七八九]{3}|\bdot\b|\bbox\b", re.IGNORECASE
)  # each pattern needs one
_HINT = re.compile(
    r"[\d@＠_零〇幺路街区]"
)  # of what `_MAY_HOLD` looks for, all but numerals in a row and the two words
_NUMERAL = re.compile("[一二三四五六七八九]")
_THREE_DIGITS = re.compile(r"\d\D{0,2}\d\D{0,2}\d")
_AT = re.compile(r"[@＠]| at ", re.IGNORECASE)
_LATIN = re.compile(r"[A-Za-z]|[#微薇]")
_PLACE = re.compile(r"[路街道巷弄区园寓村栋幢座楼元]")
_EMAIL = re.compile(
    r"[\w.+-]{1,64} ?[@＠] ?[\w-]{1,63}(?:[.。．][\w-]{1,63}){1,4}"
    r"|[\w.+-]{1,64} (?:at|@) [\w-]{1,63} dot (?:com|net|org|edu|cn|hk|tw|sg|my|io|co|uk|de|fr|jp|kr|ru|in|me|app)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)"  # 0571-00000000
    rf"|\d{{{LONG_RUN},}}[xX]?"  # an identity number may end with X
    r"|(?<!\d)1[ .-]?[3-9]\d{2}[ .-]\d{3}[ .-]\d{4}(?!\d)"  # 1.380.000.0000
    r"|(?<!\d)1[3-9]\d[ .-]\d{4}[ .-]\d{4}(?!\d)"  # 138 0000 0000
    r"|\(0\d\) ?\d{4}[ .-]?\d{4}(?!\d)"  # (02) 0000 0000
    r"|(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)"  # (555) 000-0000
    r"|[+＋]\d{1,3}(?:[ -]?\d{2,4}){2,5}\d*"  # +44 20 0000 0000
    r"|(?<!\d)\d{4}(?:[ -]\d{4}){2,4}(?!\d)"  # card numbers in fours
    r"|(?<!\d)[689]\d{3}[ -]\d{4}(?!\d)"  # 9000 0000
)
_NUMERALS = re.compile(rf"(?:[零〇一二三四五六七八九幺][ -]?){{{NUMERAL_RUN - 1},}}[零〇一二三四五六七八九幺]")
_PARCEL = re.compile(r"\b([a-z]{2,4} ?)(?=(?:[ -]?\d){8})\d[\d -]{6,20}\d", re.IGNORECASE)  # SF0000000000000
_ORDER = re.compile(
    r"((?:订单|单号|运单|快递号|order|parcel|tracking|postcode|zip|邮编)[号碼码是为:：# ]{0,4}(?:(?:no|number|id|is|code)[.:# ]{0,3}){0,2})"
    r"(?=[a-z-]{0,8}\d)[a-z0-9-]{5,30}",
    re.IGNORECASE | re.ASCII,
)
_MESSENGER = re.compile(
    r"((?:加?微信|薇信|威信|加我?[微薇v]|wechat|weixin|whatsapp|telegram|qq|抖音|\b(?:[vw]x|ins|insta|instagram|ig|line id))"
    r"(?:号|id|是|加|[:： @]){0,3})"
    r"(?=[a-z_-]{0,20}[\d_])[a-z0-9][a-z0-9_-]{4,24}",
    re.IGNORECASE | re.ASCII,
)
_HANDLE = re.compile(r"(?<![\w@＠])([@＠])(?=[a-z_.]{0,24}[\d_])[a-z0-9_.]{3,30}", re.IGNORECASE | re.ASCII)
_STREET = re.compile(
    r"((?:路|街|大道|道|巷|弄|小区|花园|公寓|村) ?)\d{1,5} ?(?:号楼|号|弄|栋|幢|座)"
    r"(?:[ \d-]{0,6}(?:号楼|栋|幢|座|单元|室|楼|层|房))*\d{0,5}"
)
_FLAT = re.compile(
    r"\d{1,4} ?(?:号楼|栋|幢|座)(?:[ \d-]{0,6}(?:单元|室|楼|层|房))*[ \d-]{0,2}(?:\d{1,5}室?)|\d{1,3} ?单元 ?\d{1,5}室?"
)
_DISTRICT = re.compile(
    r"((?:[\u4e00-\u9fff]{2,6}[省市州]|[\u4e00-\u9fff]{1,4}[市州])[\u4e00-\u9fff]{1,6}[区县市])[\u4e00-\u9fff]{1,12}?(?:路|街道|街|大道)"
    r"(?:[\u4e00-\u9fffa-z]{1,8}?(?:小区|花园|公寓|苑|大厦))?",
    re.IGNORECASE,
)
_STREET_EN = re.compile(
    r"(?:\b(?:apt|unit|flat|blk|block) ?#?\d{1,4}[a-z]? ?,? ?)?"
    r"\b\d{1,5}[a-z]? (?:[a-z]{2,20} ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|blvd|boulevard)\b"
    r"|\b(?:apt|blk|block) ?#?\d{1,4}[a-z]?(?: ?#\d{1,3}-\d{1,5})?|#\d{2}-\d{2,5}\b|\bp\.? ?o\.? ?box \d{1,6}",
    re.IGNORECASE,
)


def may_be_personal(char: str) -> bool:
    """Whether a text without such a character holds nothing to cover: but for three numerals in a row, `dot` and `box`."""
    return _HINT.match(char) is not None


def is_numeral(char: str) -> bool:
    return _NUMERAL.match(char) is not None


def mask(text: str) -> str | None:
    """`text` with personal data covered; None where there is nothing to cover."""
    if _MAY_HOLD.search(text) is None:
        return None
    masked = text
    if _AT.search(masked) is not None:
        masked = _HANDLE.sub(rf"\1{COVER}", _EMAIL.sub(COVER, masked))
    if _THREE_DIGITS.search(masked) is not None:
        masked = _PHONE.sub(COVER, _PARCEL.sub(rf"\1{COVER}", _ORDER.sub(rf"\1{COVER}", masked)))
    masked = _NUMERALS.sub(COVER, masked)
    if _LATIN.search(masked) is not None:
        masked = _STREET_EN.sub(COVER, _MESSENGER.sub(rf"\1{COVER}", masked))
    if _PLACE.search(masked) is not None:
        masked = _FLAT.sub(COVER, _DISTRICT.sub(rf"\1{COVER}", _STREET.sub(rf"\1{COVER}", masked)))
    return masked if masked != text else None
