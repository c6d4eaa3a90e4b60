"""What a linear model says of lines of a corpus: `Linear.scores` of their texts, from how often each feature stands in each line, compiled
(`compiled.py`): without Python's lock, so that the lines of two folds are judged at the same time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.linear import BACKGROUND, EXTRA, F32, Linear, Rows, Scores
from engine.understanding.training.compiled import compiled

_Score = Callable[[Rows, Rows, Rows, NDArray[np.uint16], Rows, F32, F32, F32, int, int, F32, F32], None]


def scores(linear: Linear, counted: sparse.csr_array, lines: Rows) -> Scores:
    """Of these lines of `counted`, `[line, column]`, each of which has a feature."""
    weights, bias = linear.weights, linear.bias
    margins, told = np.empty((len(lines), len(bias)), np.float32), np.empty((3, len(lines)), np.float32)
    of_lines = lines, counted.indptr, counted.indices, counted.data
    loop()(*of_lines, linear.index, linear.idf, weights, bias, BACKGROUND + 1, len(bias) - EXTRA, margins, told)
    return Scores(margins[:, :-EXTRA], margins[:, -2], margins[:, -1], *told)


def loop() -> _Score:
    """What it rests on, compiled."""
    import numba

    from engine.understanding.training import scoring

    integers, counts = numba.int32[::1], numba.uint16[::1]
    numbers, table = numba.float32[::1], numba.float32[:, ::1]
    return compiled(
        scoring.score,
        numba.void(*[integers] * 3, counts, integers, numbers, table, numbers, numba.int64, numba.int64, table, table),
    )
