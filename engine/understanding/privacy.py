"""Personal data in a text: found, and covered.

Covered are e-mail addresses, phone numbers, long runs of digits (orders, parcels, cards), ids of messengers, and the numbers of
street addresses. The words around them stay, since they carry the question.
"""

from __future__ import annotations

import re

COVER = "***"
LONG_RUN = 7  # digits; prices, years, sizes and link numbers are shorter, phone and order numbers are not

_MAY_HOLD = re.compile(r"[\d@＠_]")  # every pattern below needs one of these
_THREE_DIGITS = re.compile(r"\d\D?\d\D?\d")
_MESSENGERS = ("微信", "薇信", "威信", "wechat", "weixin", "whatsapp", "qq", "vx", "wx")
_EMAIL = re.compile(r"[\w.+-]{1,64} ?[@＠] ?[\w-]{1,63}(?:[.。．][\w-]{1,63}){1,4}")
_PHONE = re.compile(
    rf"\d{{{LONG_RUN},}}"
    r"|(?<!\d)1[3-9]\d[ -]\d{4}[ -]\d{4}(?!\d)"  # 138 0000 0000
    r"|(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)"  # (555) 000-0000
    r"|[+＋]\d{1,3}(?:[ -]?\d{2,4}){2,5}"  # +44 20 0000 0000
    r"|(?<!\d)\d{4}(?:[ -]\d{4}){2,4}(?!\d)"  # card numbers in fours
)
_MESSENGER = re.compile(
    r"((?:微信|薇信|威信|wechat|weixin|whatsapp|qq|\b[vw]x)(?:号|id|是|加|[:： ]){0,3})(?=[a-z_-]{0,20}[\d_])[a-z0-9][a-z0-9_-]{4,24}",
    re.IGNORECASE | re.ASCII,
)
_STREET = re.compile(
    r"((?:路|街|大道|巷|弄|小区|花园|公寓|村) ?)\d{1,5} ?(?:号楼|号|弄|栋|幢|座)(?:[ \d-]{0,6}(?:号楼|栋|幢|座|单元|室|楼|层|房))*\d{0,5}"
)
_STREET_EN = re.compile(
    r"\b\d{1,5} (?:[a-z]{2,20} ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|blvd|boulevard)\b", re.IGNORECASE
)


def mask(text: str) -> str | None:
    """`text` with personal data covered; None where there is nothing to cover."""
    if _MAY_HOLD.search(text) is None:
        return None
    masked = _EMAIL.sub(COVER, text) if "@" in text or "＠" in text else text
    if _THREE_DIGITS.search(masked) is not None:
        masked = _PHONE.sub(COVER, masked)
    lower = masked.lower()
    if any(name in lower for name in _MESSENGERS):
        masked = _MESSENGER.sub(rf"\1{COVER}", masked)
    masked = _STREET.sub(rf"\1{COVER}", masked)
    masked = _STREET_EN.sub(COVER, masked)
    return masked if masked != text else None
