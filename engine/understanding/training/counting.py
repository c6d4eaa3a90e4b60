"""How often each feature stands in each line: `ngrams.counts` of very many normal forms, compiled (`compiled.py`), in a third of the time
and without Python's lock, so that lines are counted while others are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding import ngrams
from engine.understanding.codes import BLANK, BREAK, Codes
from engine.understanding.linear import Rows
from engine.understanding.ngrams import DIMENSION, REACH, SLOTS
from engine.understanding.normalise import MAX_FORM
from engine.understanding.training.compiled import compiled

_U64 = NDArray[np.uint64]
_Number = TypeVar("_Number", np.int32, np.uint16)
_Count = Callable[
    [Codes, int, int, _U64, _U64, _U64, _U64, int, int, Rows, NDArray[np.uint16], Rows, NDArray[np.bool_]], None
]

_APART, _INSIDE, _LETTER, _NUMERAL = 0, 1, 2, 3  # what a sign is: between words, a token of its own, or a part of one
_DIGIT = 7  # bits by which columns are sorted at a time


class Counting:
    """Lines come by the lot, and stay in their order. They are counted in a thread of its own, which ends with the `with` block."""

    def __init__(self, lines: int = 0, characters: int = 0) -> None:
        """About so many will come: memory that nobody writes to is not taken."""
        room = SLOTS * (characters + 2 * lines)
        self._columns, self._often = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.uint16)
        self._starts = [np.zeros(1, dtype=np.int32)]
        self._words = np.zeros(DIMENSION, dtype=np.bool_)
        self._thread = ThreadPoolExecutor(1)
        self._lots: list[Future[None]] = []

    def __enter__(self) -> Counting:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def add(self, forms: Sequence[str]) -> None:
        """Normal forms. Raises `ValueError` of what is none: too long, or with a line break."""
        if not forms:
            return
        if max(map(len, forms)) > MAX_FORM:
            raise ValueError(f"a normal form has {MAX_FORM} characters at most, not {max(map(len, forms))}")
        codes = np.frombuffer((" " + " \n ".join(forms) + " \n").encode("utf-32-le"), dtype=np.uint32)
        if np.count_nonzero(codes == BREAK) != len(forms):
            raise ValueError("a normal form has no line break")
        self._starts.append(np.zeros(len(forms), dtype=np.int32))  # where a lot fails, the next finds room
        self._lots.append(self._thread.submit(self._count, codes, self._starts[-2], self._starts[-1]))

    def _count(self, codes: Codes, before: Rows, starts: Rows) -> None:
        end, room = int(before[-1]), SLOTS * len(codes)
        if end + room > len(self._columns):
            self._columns, self._often = _grown(self._columns, end, room), _grown(self._often, end, room)
        hashes = ngrams.PLACE, ngrams.PAIR, ngrams.WORD_PLACE, np.array([ngrams.MIX, ngrams.TOKENS, ngrams.SHIFT])
        loop()(codes, BLANK, BREAK, *hashes, REACH, end, self._columns, self._often, starts, self._words)

    def told(self) -> tuple[sparse.csr_array, Rows]:
        """How often each feature stands in each line, and the columns of those that are words of ASCII signs (what stands between blanks,
        as in English), rising."""
        for lot in self._lots:
            lot.result()
        starts = np.concatenate(self._starts)
        end, shape = starts[-1], (len(starts) - 1, DIMENSION)
        counted = sparse.csr_array((self._often[:end], self._columns[:end], starts), shape=shape)
        return counted, np.flatnonzero(self._words).astype(np.int32)


def _grown(numbers: NDArray[_Number], end: int, room: int) -> NDArray[_Number]:
    """The numbers until `end`, and room for so many more at least."""
    found = np.empty(max(2 * end, end + room), dtype=numbers.dtype)
    found[:end] = numbers[:end]
    return found


def loop() -> _Count:
    """What it rests on, compiled."""
    import numba

    hashes, integers = numba.uint64[::1], numba.int32[::1]
    read = numba.types.Array(numba.uint32, 1, "C", readonly=True)
    return compiled(
        _count,
        numba.void(
            read, numba.int64, numba.int64, hashes, hashes, hashes, hashes, numba.int64, numba.int64, integers, numba.uint16[::1], integers,
            numba.boolean[::1],
        ),
    )  # fmt: skip


def _count(
    codes: Codes,
    blank: int,
    line_break: int,
    place: _U64,
    pair: _U64,
    word_place: _U64,
    others: _U64,
    reach: int,
    entry: int,
    columns: Rows,
    often: NDArray[np.uint16],
    starts: Rows,
    words: NDArray[np.bool_],
) -> None:
    """Texts, each between blanks, and a break behind each: from `entry` on, the columns of text after text, rising, and how often each
    stands there; `starts[i]` is where those of text `i` end. `ngrams.py` says what the features and their hashes are."""
    mix, token, shift, half = others[0], others[1], others[2], np.uint64(32)
    longest = 0
    begin = 0
    for at in range(len(codes)):
        if codes[at] == line_break:
            longest = max(longest, at - begin)
            begin = at + 1
    found = np.empty((len(place) + 2 + reach) * longest, dtype=np.uint32)
    sorting = np.empty_like(found)
    tokens, kinds = np.empty(longest, dtype=np.uint64), np.empty(longest, dtype=np.uint8)
    buckets = np.empty((1 << _DIGIT) + 1, dtype=np.int64)
    begin, text = 0, 0
    while begin < len(codes):
        end, count = begin, 0
        while codes[end] != line_break:
            code = codes[end]
            kinds[end - begin] = (
                _APART
                if code == blank
                else _LETTER
                if ord("a") <= code <= ord("z")
                else _NUMERAL
                if ord("0") <= code <= ord("9")
                else _INSIDE
            )
            end += 1
        # Characters.
        for at in range(begin, end):
            hashed = np.uint64(0)
            for length in range(1, min(len(place), end - at) + 1):
                hashed += np.uint64(codes[at + length - 1]) * place[length - 1]
                if length > 1 or kinds[at - begin] != _APART:
                    found[count] = ((hashed ^ (hashed >> half)) * mix) >> shift
                    count += 1
        # Words, and pairs of neighbours.
        before, of_pair = np.uint64(0), False
        at = begin
        while at < end:
            if kinds[at - begin] == _APART:
                at += 1
                continue
            hashed, first, ascii_signs = np.uint64(0), at, True
            while kinds[at - begin] != _APART:
                hashed += np.uint64(codes[at]) * word_place[at - first]
                ascii_signs &= codes[at] < 128
                at += 1
            column = ((hashed ^ (hashed >> half)) * mix) >> shift
            found[count] = column
            count += 1
            if ascii_signs:
                words[column] = True
            if of_pair:
                both = before * pair[0] + hashed * pair[1]
                found[count] = ((both ^ (both >> half)) * mix) >> shift
                count += 1
            before, of_pair = hashed, True
        # Pairs of tokens.
        last = 0
        at = begin
        while at < end:
            if kinds[at - begin] == _APART:
                at += 1
                continue
            kind, first, hashed = kinds[at - begin], at, np.uint64(0)
            while at == first or (kinds[at - begin] == kind and kind != _INSIDE):
                hashed += np.uint64(codes[at]) * word_place[at - first]
                at += 1
            tokens[last] = ((hashed ^ (hashed >> half)) * mix) * token
            for other in range(max(0, last - reach), last):
                both = tokens[other] + tokens[last]
                found[count] = ((both ^ (both >> half)) * mix) >> shift
                count += 1
            last += 1
        # In the order of columns, each once.
        for low in range(0, 64 - np.int64(shift), _DIGIT):
            buckets[:] = 0
            for nth in range(count):
                buckets[((found[nth] >> low) & ((1 << _DIGIT) - 1)) + 1] += 1
            for bucket in range(1 << _DIGIT):
                buckets[bucket + 1] += buckets[bucket]
            for nth in range(count):
                bucket = (found[nth] >> low) & ((1 << _DIGIT) - 1)
                sorting[buckets[bucket]] = found[nth]
                buckets[bucket] += 1
            found, sorting = sorting, found
        for nth in range(count):
            if nth > 0 and found[nth] == found[nth - 1]:
                often[entry - 1] += 1
            else:
                columns[entry], often[entry] = found[nth], 1
                entry += 1
        starts[text] = entry
        text += 1
        begin = end + 1
