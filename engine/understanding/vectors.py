"""Lines as unit rows over the features that a model knows: what `Linear.vectors` makes of texts, from how often each feature stands in
each line, compiled (`compiled.py`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from engine.understanding.compiled import compiled
from engine.understanding.linear import F32, Rows

_Weigh = Callable[[Rows, Rows, F32, Rows, F32, Rows, Rows, F32], None]


def unit_rows(counted: sparse.csr_array, index: Rows, idf: F32) -> sparse.csr_array:
    """The lines as unit rows, or of length 0, each feature once and the unknown ones left out: `counted` is `[line, column]`, `index` a
    column's row of `idf`, 0 where it is unknown."""
    ends, rows, values = np.zeros_like(counted.indptr), np.empty_like(counted.indices), np.empty_like(counted.data)
    loop()(counted.indptr, counted.indices, counted.data, index, idf, ends, rows, values)
    return sparse.csr_array((values[: ends[-1]], rows[: ends[-1]], ends), shape=(counted.shape[0], len(idf)))


def loop() -> _Weigh:
    """What it rests on, compiled."""
    import numba

    integers, numbers = numba.int32[::1], numba.float32[::1]
    return compiled(_weigh, numba.void(integers, integers, numbers, integers, numbers, integers, integers, numbers))


def _weigh(
    starts: Rows,
    columns: Rows,
    often: F32,
    index: Rows,
    idf: F32,
    ends: Rows,
    rows: Rows,
    values: F32,
) -> None:
    """Line `i` has the features `columns[starts[i]:starts[i + 1]]`; what is known of it goes to `rows[ends[i]:ends[i + 1]]`."""
    end = 0
    for line in range(len(starts) - 1):
        squares = 0.0
        for at in range(starts[line], starts[line + 1]):
            row = index[columns[at]]
            if row > 0:
                value = idf[row]
                rows[end], values[end] = row, often[at] * value
                # As in a text, where a feature that stands there twice has two values.
                squares += often[at] * value * value
                end += 1
        length = np.float32(np.sqrt(squares))
        for at in range(ends[line], end):
            values[at] /= length
        ends[line + 1] = end
