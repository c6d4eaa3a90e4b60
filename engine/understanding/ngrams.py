"""Hashed n-grams of a whole batch of normal forms, in a few NumPy passes over one buffer of code points.

Features of a text are its character 1–5-grams (blanks at both ends count as characters, so that prefixes and suffixes differ from
middles) and its word 1–2-grams, each hashed to one of `DIMENSION` columns. A window is hashed as Σ character × multiplier of its
place, modulo 2⁶⁴ (multilinear hashing), then mixed; the top bits are the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.understanding.normalise import MAX_FORM

BITS = 17  # 131,072 columns, of which 5,600 lines fill 74,000; 2¹⁶ and 2¹⁸ columns were as accurate out of fold
DIMENSION = 1 << BITS
LONGEST = 5  # characters of the longest n-gram
_SLOTS = LONGEST + 2  # features that may begin at one character: 1–5-grams, a word, a pair of words
_BLANK, _BREAK = 32, 10

_U64 = NDArray[np.uint64]


def _odd_numbers(count: int) -> _U64:
    """Fixed odd 64-bit multipliers (SplitMix64, so that they do not hang on any library's generator)."""
    mask = (1 << 64) - 1
    state, numbers = 0x9E3779B97F4A7C15, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        numbers.append((z ^ (z >> 31)) | 1)
    return np.array(numbers, dtype=np.uint64)


_NUMBERS = _odd_numbers(LONGEST + 3 + MAX_FORM + 2)
_PLACE = _NUMBERS[:LONGEST]
_PAIR = _NUMBERS[LONGEST : LONGEST + 2]
_MIX = _NUMBERS[LONGEST + 2]
_WORD_PLACE = _NUMBERS[LONGEST + 3 :]
_SHIFT = np.uint64(64 - BITS)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Grams:
    """Columns of all features of a batch, text after text: text `i` has `columns[starts[i]:starts[i + 1]]`, never empty.

    A feature that occurs twice in a text stands there twice.
    """

    columns: NDArray[np.int32]
    starts: NDArray[np.int32]


def grams(forms: Sequence[str]) -> Grams:
    """The features of each normal form. Forms must not hold line breaks (normal forms never do)."""
    if not forms:
        return Grams(np.empty(0, np.int32), np.zeros(1, np.int32))
    buffer = " " + " \n ".join(forms) + " \n"
    codes = np.frombuffer(buffer.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    breaks = codes == _BREAK
    ends = np.flatnonzero(breaks)
    size = len(codes)
    # Distance to the end of the text: a window of n characters fits where it is at least n.
    lengths = np.diff(ends, prepend=-1)
    room = np.repeat(ends, lengths) - np.arange(size)
    hashes = np.zeros((size, _SLOTS), dtype=np.uint64)
    fits = np.zeros((size, _SLOTS), dtype=np.bool_)
    rolling = codes * _PLACE[0]
    hashes[:, 0] = rolling
    fits[:, 0] = (codes != _BLANK) & ~breaks
    for n in range(2, min(LONGEST, size) + 1):
        rolling = rolling[:-1] + codes[n - 1 :] * _PLACE[n - 1]
        hashes[: size - n + 1, n - 1] = rolling
        fits[:, n - 1] = room >= n
    _words(codes, breaks, room, hashes, fits)
    hashes ^= hashes >> _HALF
    hashes *= _MIX
    columns = (hashes[fits] >> _SHIFT).astype(np.int32)
    counts = np.add.reduceat(fits.sum(axis=1), np.concatenate(([0], ends[:-1] + 1)))
    starts = np.zeros(len(forms) + 1, dtype=np.int32)
    np.cumsum(counts, out=starts[1:])
    return Grams(columns, starts)


def _words(
    codes: _U64, breaks: NDArray[np.bool_], room: NDArray[np.int64], hashes: _U64, fits: NDArray[np.bool_]
) -> None:
    """Words and pairs of neighbouring words, at the place of their first character."""
    inside = (codes != _BLANK) & ~breaks
    first = inside.copy()
    first[1:] &= ~inside[:-1]
    begins = np.flatnonzero(first)
    if not len(begins):
        return
    places = np.flatnonzero(inside)
    word = np.cumsum(first)[places] - 1
    terms = codes[places] * _WORD_PLACE[places - begins[word]]
    words = np.add.reduceat(terms, np.searchsorted(places, begins))
    hashes[begins, LONGEST] = words
    fits[begins, LONGEST] = True
    paired = begins[1:] < begins[:-1] + room[begins[:-1]]  # the next word begins before this text ends
    hashes[begins[:-1], LONGEST + 1] = words[:-1] * _PAIR[0] + words[1:] * _PAIR[1]
    fits[begins[:-1], LONGEST + 1] = paired
