"""Characters folded: what is left of one when width, case, accents, script variant and look-alikes no longer differ.

Viewers' comments are read in this form, and banned terms are looked for in it: what passes for the same is the same.
"""

from __future__ import annotations

import unicodedata

from engine.pool.lookalikes import latin, simplified

_KEPT = frozenset("?.#'")  # judged by their neighbours, once the characters are folded
_APOSTROPHES = frozenset("'`´‘’ʼ＇")
_DROPPED = frozenset({"Cf", "Mn", "Me", "Cs", "Co"})  # invisible, combining, half a character, private


def fold_character(char: str) -> str:
    """What one character becomes: compatibility form, without accents, lower case, Simplified, Latin where it only looks otherwise.

    Empty for what cannot be seen, a blank for punctuation and emoji.
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
