"""Hashed n-grams of a whole batch of normal forms, in a few NumPy passes over one buffer of code points.

Features of a text are its character 1–4-grams (blanks at both ends count as characters, so that prefixes and suffixes differ from
middles), its word 1–2-grams, and the pairs of tokens that stand at most `REACH` apart, in either order: 什么 and 发 belong together
whatever stands between them. A token is a run of Latin letters, a run of digits, or any other character. Each feature is hashed to
one of `DIMENSION` columns. A window is hashed as Σ character × multiplier of its place, modulo 2⁶⁴ (multilinear hashing), then mixed;
the top bits are the column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.codes import BLANK, BREAK, is_digit, is_letter
from engine.understanding.normalise import MAX_FORM

BITS = 20  # a million columns, of which 11,700 lines fill 338,000; with 2¹⁸ they meet more often, and coverage is 2 points less
DIMENSION = 1 << BITS
LONGEST = 4  # characters of the longest n-gram; with 5 as good out of fold, in a tenth more time
REACH = 8  # tokens between which pairs are formed; 4 and all of a line gave as much out of fold
SLOTS = (
    LONGEST + 2 + REACH
)  # features that may begin at one character: 1–4-grams, a word, a pair of words, pairs of tokens

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


_NUMBERS = _odd_numbers(LONGEST + 3 + MAX_FORM + 3)
PLACE = _NUMBERS[:LONGEST]
PAIR = _NUMBERS[LONGEST : LONGEST + 2]
MIX = _NUMBERS[LONGEST + 2]
WORD_PLACE = _NUMBERS[LONGEST + 3 : -1]
TOKENS = _NUMBERS[-1]
SHIFT = np.uint64(64 - BITS)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Grams:
    """Columns of all features of a batch, text after text: text `i` has `columns[starts[i]:starts[i + 1]]`, never empty.

    A feature that occurs twice in a text stands there twice.
    """

    columns: NDArray[np.int32]
    starts: NDArray[np.int32]

    def only(self, chosen: NDArray[np.bool_]) -> Grams:
        """Those of some texts."""
        sizes = np.diff(self.starts)
        starts = np.concatenate(([0], np.cumsum(sizes[chosen]))).astype(np.int32)
        return Grams(self.columns[np.repeat(chosen, sizes)], starts)

    def first(self, count: int) -> Grams:
        """Those of the first texts."""
        return Grams(self.columns[: self.starts[count]], self.starts[: count + 1])


def grams(forms: Sequence[str]) -> Grams:
    """The features of each normal form. Forms must not hold line breaks (normal forms never do)."""
    if not forms:
        return Grams(np.empty(0, np.int32), np.zeros(1, np.int32))
    buffer = " " + " \n ".join(forms) + " \n"
    codes = np.frombuffer(buffer.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    breaks = codes == BREAK
    ends = np.flatnonzero(breaks)
    size = len(codes)
    # Distance to the end of the text: a window of n characters fits where it is at least n.
    lengths = np.diff(ends, prepend=-1)
    room = np.repeat(ends, lengths) - np.arange(size)
    hashes = np.zeros((size, SLOTS), dtype=np.uint64)
    fits = np.zeros((size, SLOTS), dtype=np.bool_)
    rolling = codes * PLACE[0]
    hashes[:, 0] = rolling
    fits[:, 0] = (codes != BLANK) & ~breaks
    for n in range(2, min(LONGEST, size) + 1):
        rolling = rolling[:-1] + codes[n - 1 :] * PLACE[n - 1]
        hashes[: size - n + 1, n - 1] = rolling
        fits[:, n - 1] = room >= n
    _words(codes, breaks, room, hashes, fits)
    _pairs(codes, breaks, room, hashes, fits)
    places = np.flatnonzero(fits)
    columns = (_mixed(hashes.ravel().take(places)) >> SHIFT).astype(np.int32)
    starts = np.zeros(len(forms) + 1, dtype=np.int32)
    starts[1:] = np.searchsorted(places, ends * SLOTS)
    return Grams(columns, starts)


def counts(batch: Grams) -> sparse.csr_array:
    """How often each feature stands in each text, in the order of their columns. `counting.py` has it compiled, for very many texts."""
    found = ordered(batch.columns, np.diff(batch.starts))
    new = np.ones(len(found), dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=new[1:])
    new[batch.starts[:-1]] = True
    first = np.flatnonzero(new)
    often = np.diff(first, append=len(found)).astype(np.uint16)  # no text has more
    starts = np.searchsorted(first, batch.starts).astype(np.int32)
    return sparse.csr_array((often, found[first], starts), shape=(len(starts) - 1, DIMENSION))


def ordered(numbers: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers from 0 to below `DIMENSION`, those of each text in order, of texts that have so many each: one sort of texts and numbers."""
    texts = np.arange(len(lengths)) << BITS
    both = np.repeat(texts.astype(np.uint32 if len(texts) <= 1 << (32 - BITS) else np.uint64), lengths)
    both |= numbers.astype(both.dtype)
    both.sort()
    return (both & (DIMENSION - 1)).astype(np.int32)


def _words(
    codes: _U64, breaks: NDArray[np.bool_], room: NDArray[np.int64], hashes: _U64, fits: NDArray[np.bool_]
) -> None:
    """Words and pairs of neighbouring words, at the place of their first character."""
    inside = (codes != BLANK) & ~breaks
    first = inside.copy()
    first[1:] &= ~inside[:-1]
    begins = np.flatnonzero(first)
    if not len(begins):
        return
    words = _runs(codes, inside, begins)
    hashes[begins, LONGEST] = words
    fits[begins, LONGEST] = True
    paired = begins[1:] < begins[:-1] + room[begins[:-1]]  # the next word begins before this text ends
    hashes[begins[:-1], LONGEST + 1] = words[:-1] * PAIR[0] + words[1:] * PAIR[1]
    fits[begins[:-1], LONGEST + 1] = paired


def _runs(codes: _U64, inside: NDArray[np.bool_], begins: NDArray[np.intp]) -> _U64:
    """The hash of each run of characters that begins at one of these places, all of which are inside, and ends before the next."""
    places = np.flatnonzero(inside)
    firsts = (np.cumsum(inside) - 1)[begins]  # where runs begin among the places
    within = places - np.repeat(begins, np.diff(firsts, append=len(places)))
    return np.add.reduceat(codes[places] * WORD_PLACE[within], firsts)


def _pairs(
    codes: _U64, breaks: NDArray[np.bool_], room: NDArray[np.int64], hashes: _U64, fits: NDArray[np.bool_]
) -> None:
    """Pairs of tokens, at the place where the first of them begins. Their hash is a sum, so that order does not matter."""
    letter, digit = is_letter(codes), is_digit(codes)
    inside = (codes != BLANK) & ~breaks
    goes_on = np.zeros(len(codes), dtype=np.bool_)
    goes_on[1:] = (letter[1:] & letter[:-1]) | (digit[1:] & digit[:-1])
    begins = np.flatnonzero(inside & ~goes_on)
    if len(begins) < 2:
        return
    tokens = _mixed(_runs(codes, inside, begins)) * TOKENS
    ends, size = begins + room[begins], len(begins)
    sums = np.empty((size, REACH), dtype=np.uint64)
    within = np.zeros((size, REACH), dtype=np.bool_)
    for apart in range(1, min(REACH, size - 1) + 1):
        np.add(tokens[:-apart], tokens[apart:], out=sums[:-apart, apart - 1])
        np.less(begins[apart:], ends[:-apart], out=within[:-apart, apart - 1])
    hashes[begins, -REACH:], fits[begins, -REACH:] = sums, within


def _mixed(hashes: _U64) -> _U64:
    """Every bit of a hash acts on the top bits."""
    mixed: _U64 = (hashes ^ (hashes >> _HALF)) * MIX
    return mixed
