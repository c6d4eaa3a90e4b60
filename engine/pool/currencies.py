"""Currencies: how an amount of one is written and said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Currency(NamedTuple):
    """`word` stands after the amount in Chinese, `sign` before it; `names` after it in English, one and several; `cents` likewise, where
    amounts are said with them. `minor_digits`: behind the point, by ISO 4217."""

    word: str
    sign: str
    names: tuple[str, str]
    cents: tuple[str, str] | None = None
    minor_digits: int = 2


CURRENCIES: Final[Mapping[str, Currency]] = {
    "CNY": Currency("元", "¥", ("yuan", "yuan")),
    "USD": Currency("美元", "$", ("dollar", "dollars"), ("cent", "cents")),
    "EUR": Currency("欧元", "€", ("euro", "euros"), ("cent", "cents")),
    "GBP": Currency("英镑", "£", ("pound", "pounds"), ("pence", "pence")),
    "HKD": Currency("港币", "HK$", ("Hong Kong dollar", "Hong Kong dollars")),
    "TWD": Currency("新台币", "NT$", ("New Taiwan dollar", "New Taiwan dollars")),
    "JPY": Currency("日元", "JP¥", ("yen", "yen"), minor_digits=0),
}
