"""What a linear model says of lines, by their features: the loop that `margins.py` has compiled. Only what compiles imports this module,
since it imports Numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.understanding.linear import F32, Rows
from engine.understanding.training.prefetch import soon
from engine.understanding.training.solver import CACHE_LINE


def score(
    lines: Rows,
    starts: Rows,
    columns: Rows,
    often: NDArray[np.uint16],
    index: Rows,
    idf: F32,
    weights: F32,
    bias: F32,
    first: int,
    classes: int,
    margins: F32,
    told: F32,
) -> None:
    """Line `i` has the features `columns[starts[i]:starts[i + 1]]`. Weights and margins are of so many classes, of which those from `first`
    on are intents, then of the two more of any question. `told` is familiar, support and questioning, as `Scores` has them."""
    width, longest = weights.shape[1], 0
    for line in lines:
        longest = max(longest, starts[line + 1] - starts[line])
    rows, values = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.float32)  # what is known of a line
    counts, sums = np.empty(longest, dtype=np.float32), np.empty(width, dtype=np.float32)
    for nth, line in enumerate(lines):
        known, of_known, of_all, squares = 0, 0, 0, np.float32(0.0)
        for at in range(starts[line], starts[line + 1]):
            row, count = index[columns[at]], often[at]
            of_all += count
            if row > 0:
                rows[known], values[known], counts[known] = row, idf[row], count
                # A feature that stands there twice has two values.
                squares += counts[known] * values[known] * values[known]
                for place in range(np.int64(row) * width, np.int64(row) * width + width, CACHE_LINE):
                    soon(weights, place)
                of_known += count
                known += 1
        length = np.sqrt(squares)
        for column in range(width):
            sums[column] = bias[column]
        for at in range(known):
            values[at] /= length
            row, value = rows[at], counts[at] * values[at]
            for column in range(width):
                sums[column] += value * weights[row, column]
        for column in range(width):
            margins[nth, column] = sums[column]
        best = first
        for column in range(first, classes):
            if sums[column] > sums[best]:
                best = column
        support, questioning = np.float32(0.0), np.float32(0.0)
        for at in range(known):
            row = rows[at]
            if weights[row, best] > 0:
                support += counts[at] * values[at] * values[at]
            questioning += max(counts[at] * values[at] * weights[row, classes], np.float32(0.0))
        told[0, nth], told[1, nth], told[2, nth] = of_known / of_all, support, questioning
