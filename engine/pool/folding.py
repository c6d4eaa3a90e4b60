"""Characters folded: what is left of one when width, case, accents, script variant and look-alikes no longer differ.

Viewers' comments are read in this form, and banned terms are looked for in it: what passes for the same is the same.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from engine.pool.lookalikes import latin, simplified

EMOJI: Final = "☺"

_KEPT = frozenset("?.#'")  # judged by their neighbours, once the characters are folded
_APOSTROPHES = frozenset("'`´‘’ʼ＇")
_DROPPED = frozenset({"Cf", "Mn", "Me", "Cs", "Co"})  # invisible, combining, half a character, private
_EMOJI_FROM = 0x2190  # arrows, dingbats and pictographs begin here; symbols below are typography
_EMOJI_BLOCK = range(0x1F000, 0x1FB00)  # holds emoji newer than this Python's tables


def fold_character(char: str) -> str:
    """What one character becomes: compatibility form, without accents, lower case, Simplified, Latin where it only looks otherwise.

    Empty for what cannot be seen, a blank for punctuation.
    """
    if char in _APOSTROPHES:
        return "'"
    category = unicodedata.category(char)
    if category in _DROPPED or 0xE0000 <= ord(char) < 0xE01F0:
        return ""
    if char in latin():
        return fold_character(latin()[char])
    compatible = unicodedata.normalize("NFKC", char)
    if compatible != char:
        return "".join(map(fold_character, compatible))
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category[0] in "LN":
        plain = simplified().get(char, char)
        folded = plain.casefold()
        if folded != char:
            return "".join(map(fold_character, folded))
        base = unicodedata.normalize("NFD", char)[0]
        return base if base.isascii() else char
    if category == "Mc":
        return char
    if category in {"So", "Sk", "Sm", "Cn"} and (
        ord(char) in _EMOJI_BLOCK or (category == "So" and ord(char) >= _EMOJI_FROM)
    ):
        return EMOJI
    return char if char in _KEPT else " "


class _Table(dict[int, str]):
    """`fold_character` for `str.translate`, filled as characters are first seen: bounded by the number of characters there are."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        self[code] = folded
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """Every character by `fold_character`."""
    return text.translate(_TABLE)
