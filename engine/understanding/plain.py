"""Plain texts by the batch: those whose normal form is nothing but their characters folded, which is nearly every comment.

The texts of a batch lie side by side in one buffer of code points, and a table tells of each code point what it becomes and what it
means for its text. Whatever needs a look at the whole text (numbers, web addresses, digits that repeat, very long texts) is not plain,
and `normal_form` reads it. So there is one definition of a normal form, and this is a quick way to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.pool.folding import fold_character
from engine.understanding.codes import BLANK, BREAK, Codes, Mask, Places, is_digit, is_letter, side_by_side
from engine.understanding.language import is_han, is_latin, is_plain_chinese
from engine.understanding.normalise import MAX_FORM, emotes, normal_form
from engine.understanding.numbers import COUNTING, FORMAL, SCALING
from engine.understanding.privacy import DIGIT, NUMERAL, hints, may_be_personal

FEW: Final = 8  # texts below which the batch's own cost is more than what it saves

# What a character says of the text in which it stands.
_SEEN, HARD, WORDED, PERSONAL, HAN, LATIN, NOT_ASCII, NOT_CHINESE, DRAWN = (1 << bit for bit in range(9))

_QUESTION, _POINT, _QUOTE, _NOTHING = ord("?"), ord("."), ord("'"), 0
_TELLING: Final = frozenset("&#著")  # markup, and what `normalise` judges by its neighbours

_ZEROS_BEHIND: Final = 4  # places behind a point at which a zero may say nothing: `numbers` takes it away

_folded: Final = np.zeros(0x110000, dtype=np.uint32)
_says: Final = np.zeros(0x110000, dtype=np.uint16)
_hints: Final = np.zeros(0x110000, dtype=np.uint8)
_folded[BREAK], _says[BREAK] = BREAK, _SEEN

# What a folded character is in a number.
_SCALE, _COUNT, _FORM = 1, 2, 4
_in_numbers: Final = np.zeros(0x110000, dtype=np.uint8)
for _signs, _role in ((SCALING, _SCALE), (COUNTING, _COUNT), (FORMAL, _FORM)):
    _in_numbers[[ord(char) for char in _signs]] |= _role


@dataclass(frozen=True, slots=True)
class Plain:
    """A batch of texts: the normal form of each that is plain, and what its characters say together (`HARD`: it is not plain)."""

    forms: list[str]
    says: list[int]


def normal_forms(texts: Sequence[str]) -> list[str]:
    """`normal_form` of each text."""
    if len(texts) < FEW:
        return [normal_form(text) for text in texts]
    plain = plain_forms(texts)
    return [
        normal_form(text) if says & HARD else form
        for text, form, says in zip(texts, plain.forms, plain.says, strict=True)
    ]


def plain_forms(texts: Sequence[str]) -> Plain:
    """All texts of a batch, as far as they are plain."""
    # What is longer than a normal form is never plain, and must not make the batch long.
    parts = [text if len(text) <= MAX_FORM and "\n" not in text else "&" for text in texts]
    drawn = [at for at, text in enumerate(parts) if "[" in text or "［" in text]
    for at in drawn:  # a web address may hold what looks like an emote
        parts[at] = emotes(parts[at]) if ":" not in parts[at] else "&"
    raw, begins, ends = side_by_side(parts)
    says = _says[raw]
    if not says.all():
        _look_at(raw[says == 0])
        says = _says[raw]
    each = np.bitwise_or.reduceat(says, begins)
    each[drawn] |= DRAWN
    each[_personal(raw, begins)] |= PERSONAL
    each[np.searchsorted(ends, _marked_places(raw))] |= HARD
    folded = _folded[raw]
    each[np.searchsorted(ends, _grouped_places(raw, folded))] |= HARD
    codes = _brief(_spaced(_pointed(_quoted(_visible(folded)))))
    ends = np.flatnonzero(codes == BREAK)
    each[np.searchsorted(ends, _hard_places(codes))] |= HARD
    each[np.searchsorted(ends, _dot_places(codes))] |= PERSONAL
    each[np.diff(ends, prepend=-1) > MAX_FORM] |= HARD
    return Plain(codes.tobytes().decode("utf-32-le").split("\n")[:-1], each.tolist())


def _look_at(codes: Codes) -> None:
    """Enter characters into the tables as they are first seen. To enter one twice changes nothing, so threads need no lock."""
    for code in np.unique(codes).tolist():
        char = chr(code)
        folded = fold_character(char)
        if len(folded) > 1 and not folded.strip("."):
            folded = " "  # several points are never between digits
        says = _SEEN
        if len(folded) > 1 or char in _TELLING or folded in _TELLING:
            says |= HARD
        says |= WORDED * folded.isalnum()
        says |= HAN * is_han(char) | LATIN * is_latin(char)
        says |= NOT_ASCII * (not char.isascii()) | NOT_CHINESE * (not is_plain_chinese(char))
        _folded[code] = ord(folded) if len(folded) == 1 else _NOTHING
        _hints[code], _says[code] = hints(char), says


def _personal(raw: Codes, begins: Places) -> Mask:
    """Which texts may hold something personal, by their characters."""
    roles = _hints[raw]
    digits, numerals = (np.add.reduceat(roles & part > 0, begins, dtype=np.intp) for part in (DIGIT, NUMERAL))
    return may_be_personal(np.bitwise_or.reduceat(roles, begins), digits, numerals)


def _dot_places(codes: Codes) -> Places:
    """Places of the letters of `dot`."""
    return np.flatnonzero((codes[:-2] == ord("d")) & (codes[1:-1] == ord("o")) & (codes[2:] == ord("t")))


def _marked_places(raw: Codes) -> Places:
    """Places of colons that may begin an emote, or stand in a web address."""
    colons = np.flatnonzero(raw == ord(":"))
    if not len(colons):
        return colons
    lower: Codes = raw | np.uint32(32)
    before, after = lower[colons - 1], lower[colons + 1]
    named = is_letter(after) | (after == ord("+")) | (after == ord("-"))
    found: Places = colons[named | (before == ord("p")) | (before == ord("s"))]
    return found


def _grouped_places(raw: Codes, folded: Codes) -> Places:
    """Places of commas between digits, which may group them."""
    commas = np.flatnonzero((raw == ord(",")) | (raw == ord("，")))
    return commas[is_digit(folded[commas - 1]) & is_digit(folded[commas + 1])]


def _visible(codes: Codes) -> Codes:
    """Without what is not seen, which must not stand between a point and its digits."""
    seen = codes != _NOTHING
    return codes if seen.all() else codes[seen]


def _quoted(codes: Codes) -> Codes:
    """Apostrophes within a word are gone, others are blanks; several in a row stay, which is hard."""
    quotes = np.flatnonzero(codes == _QUOTE)
    if not len(quotes):
        return codes
    before, after = codes[quotes - 1], codes[quotes + 1]
    lone = (before != _QUOTE) & (after != _QUOTE)
    codes[quotes[lone]] = np.where(is_letter(before) & is_letter(after), _NOTHING, BLANK)[lone]
    return _visible(codes)


def _pointed(codes: Codes) -> Codes:
    """Points that are not between digits are blanks."""
    points = np.flatnonzero(codes == _POINT)
    if len(points):  # a text ends with a break, and the first character has the last break before it
        lone = points[~(is_digit(codes[points - 1]) & is_digit(codes[points + 1]))]
        codes[lone] = np.where(codes[lone - 1] == ord("w"), _POINT, BLANK)
    return codes


def _spaced(codes: Codes) -> Codes:
    """Single blanks, none at the ends of a text."""
    blank = codes == BLANK
    if not blank.any():
        return codes
    # Of several blanks the last stays, unless the text ends or has not begun, or a question mark follows.
    following = np.append(codes[1:], np.uint32(BREAK))
    codes = codes[~(blank & ((following == BLANK) | (following == BREAK) | (following == _QUESTION)))]
    before = np.concatenate((np.array([BREAK], dtype=np.uint32), codes[:-1]))
    spaced: Codes = codes[~((codes == BLANK) & (before == BREAK))]
    return spaced


def _brief(codes: Codes) -> Codes:
    """A letter stands twice in a row at most, `?` once."""
    same = codes[1:] == codes[:-1]
    if not same.any():
        return codes
    kept = np.ones(len(codes), dtype=np.bool_)
    kept[2:] = ~(same[1:] & same[:-1]) | (codes[2:] == BREAK) | is_digit(codes[2:])
    kept[1:] &= ~(same & (codes[1:] == _QUESTION))
    return codes[kept]


def _hard_places(codes: Codes) -> Places:
    """Places of what several characters together make hard.

    These are digits that repeat, apostrophes in a row, what scales a number beside it, `rmb`, a Chinese sign between blanks, and the
    address that `www.` begins.
    """
    one, two = codes[:-1], codes[1:]
    first, second, third = codes[:-2], codes[1:-1], codes[2:]
    same = one == two
    digit = is_digit(codes)
    hard: Mask = np.zeros(len(codes), dtype=np.bool_)
    hard[:-3] = same[:-2] & same[1:-1] & same[2:] & digit[:-3]
    point = codes == _POINT
    if point.any():
        for behind in range(1, _ZEROS_BEHIND + 1):
            hard[:-behind] |= point[:-behind] & (codes[behind:] == ord("0"))
    hard[1:] = hard[1:] | ((two == _POINT) & ~digit[:-1])
    hard |= codes == _QUOTE
    roles = _in_numbers[codes]
    counts, scales, formal = roles & _COUNT > 0, roles & _SCALE > 0, roles & _FORM > 0
    if formal.any():
        hard[:-1] |= formal[:-1] & (roles[1:] > 0)
    if scales.any():  # 三百, 3 元, 十三
        hard[1:] |= scales[1:] & counts[:-1]
        hard[2:] |= scales[2:] & (second == BLANK) & digit[:-2]
        hard[:-1] |= (one == ord("十")) & counts[1:]
    hard[:-1] |= counts[:-1] & ((two == ord("k")) | (two == ord("m")) | (two == ord("w")))
    hard[:-1] |= ((one == ord("毛")) | (one == ord("角"))) & (two == ord("钱"))
    blank = codes == BLANK
    hard[:-2] |= blank[:-2] & blank[2:] & (second > 0x33FF)
    hard[:-2] |= (first == ord("r")) & (second == ord("m")) & (third == ord("b"))
    hard &= codes != BREAK
    return np.flatnonzero(hard)
