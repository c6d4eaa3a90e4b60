"""Lines as unit rows over the features that a model knows: what `Linear.vectors` makes of texts, from how often each feature stands in
each line, compiled (`compiled.py`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.linear import F32, Rows
from engine.understanding.training.compiled import compiled

_Weigh = Callable[[Rows, Rows, Rows, NDArray[np.uint16], Rows, F32, Rows, Rows, F32], None]


def unit_rows(counted: sparse.csr_array, lines: Rows, index: Rows, idf: F32) -> sparse.csr_array:
    """These lines as unit rows, or of length 0, each feature once and the unknown ones left out: `counted` is `[line, column]`, `index` a
    column's row of `idf`, 0 where it is unknown."""
    room = int(np.diff(counted.indptr)[lines].sum())
    ends = np.zeros(len(lines) + 1, dtype=np.int32)
    rows, values = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
    loop()(lines, counted.indptr, counted.indices, counted.data, index, idf, ends, rows, values)
    return sparse.csr_array((values[: ends[-1]], rows[: ends[-1]], ends), shape=(len(lines), len(idf)))


def loop() -> _Weigh:
    """What it rests on, compiled."""
    import numba

    integers, numbers = numba.int32[::1], numba.float32[::1]
    counts = numba.uint16[::1]
    return compiled(
        _weigh, numba.void(integers, integers, integers, counts, integers, numbers, integers, integers, numbers)
    )


def _weigh(
    lines: Rows,
    starts: Rows,
    columns: Rows,
    often: NDArray[np.uint16],
    index: Rows,
    idf: F32,
    ends: Rows,
    rows: Rows,
    values: F32,
) -> None:
    """Line `i` has the features `columns[starts[i]:starts[i + 1]]`; what is known of the `n`-th of `lines` goes to
    `rows[ends[n]:ends[n + 1]]`."""
    end = 0
    for nth, line in enumerate(lines):
        squares = 0.0
        for at in range(starts[line], starts[line + 1]):
            row = index[columns[at]]
            if row > 0:
                count, value = np.float32(often[at]), idf[row]
                rows[end], values[end] = row, count * value
                # As in a text, where a feature that stands there twice has two values.
                squares += count * value * value
                end += 1
        length = np.float32(np.sqrt(squares))
        for at in range(ends[nth], end):
            values[at] /= length
        ends[nth + 1] = end
