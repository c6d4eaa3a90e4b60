"""In how many lines each feature stands, and of what class these are, compiled (`compiled.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import sparse

from engine.understanding.linear import Rows
from engine.understanding.training.compiled import compiled
from engine.understanding.training.corpus import Labels

_Tell = Callable[[Rows, Rows, Rows, Rows, Rows], None]

SEVERAL: Final = np.iinfo(np.int32).min  # classes


def frequencies(counted: sparse.csr_array, lines: Rows, labels: Labels) -> tuple[Rows, Rows]:
    """By column of `counted`, `[line, column]`: how many of these lines have the feature, and the class of them all, or `SEVERAL`;
    0 of a feature that none has. `labels` is the class of every line."""
    found = np.zeros((counted.shape[1], 2), dtype=np.int32)
    loop()(counted.indptr, counted.indices, lines, labels.astype(np.int32), found)
    return found[:, 0], found[:, 1]


def loop() -> _Tell:
    """What it rests on, compiled."""
    import numba

    integers = numba.int32[::1]
    return compiled(_tell, numba.void(*[integers] * 4, numba.int32[:, ::1]))


def _tell(starts: Rows, columns: Rows, lines: Rows, labels: Rows, found: Rows) -> None:
    """Line `i` has the features `columns[starts[i]:starts[i + 1]]`. Both numbers of a feature stand side by side in `found`: one look."""
    for line in lines:
        label = labels[line]
        for at in range(starts[line], starts[line + 1]):
            column = columns[at]
            if found[column, 0] == 0:
                found[column, 1] = label
            elif found[column, 1] != label:
                found[column, 1] = SEVERAL
            found[column, 0] += 1
