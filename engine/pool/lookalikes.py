"""Characters that pass for others: look-alikes of Latin letters, and Traditional forms of Simplified characters.

The look-alikes are Unicode's table of confusable characters, in the package confusable_homoglyphs, of which single letters count; the
Traditional table is the character dictionary of the OpenCC package. Both are read once. Phrases are left alone: one character always
gives one character, so that lengths, and with them columns in explanations, stay what viewers typed.
"""

from __future__ import annotations

import string
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

from confusable_homoglyphs.confusables import confusables_data

_MORE: Final = {"χ": "x", "ℓ": "l", "꞉": ":"}  # what readers take for these, though Unicode's table does not
_VARIANTS: Final = {
    "囯": "国",
    "圀": "国",
    "囶": "国",
    "朂": "最",
    "㝡": "最",
    "苐": "第",
    "弌": "一",
    "絶": "绝",
    "髙": "高",
    "吿": "告",
    "銭": "钱",
    "価": "价",
    "売": "卖",
    "発": "发",
}
"""Rare forms of common characters, and Japanese ones that some keyboards write, which no table of Traditional ones lists."""


@cache
def latin() -> dict[str, str]:
    """Strange letter → the ASCII letter that it looks like; a capital rather for a capital."""
    table: dict[str, str] = {}
    for letter in string.ascii_lowercase + string.ascii_uppercase:
        for other in confusables_data.get(letter, ()):
            char = other["c"]
            if len(char) != 1 or char.isascii() or unicodedata.normalize("NFKC", char) != char:
                continue  # what compatibility forms or case tell is not told twice
            kind = unicodedata.category(char)
            if kind[0] == "L" and (char not in table or (kind == "Lu" and letter.isupper())):
                table[char] = letter
    return table | _MORE


@cache
def simplified() -> dict[str, str]:
    """Traditional character → Simplified character, about 4,000 of them; the first choice where there are several."""
    text = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text(encoding="utf-8")
    table: dict[str, str] = {}
    for line in text.splitlines():
        source, _, targets = line.partition("\t")
        target = targets.split(" ")[0]
        if len(source) == 1 and len(target) == 1 and source != target:
            table[source] = target
    table |= _VARIANTS
    # A chain would make the map not idempotent: follow it to its end.
    return {source: table.get(target, target) for source, target in table.items()}
