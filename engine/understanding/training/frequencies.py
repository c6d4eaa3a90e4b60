"""In how many lines each feature stands, and of what class these are, compiled (`compiled.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.training.compiled import compiled

I32 = NDArray[np.int32]
_Tell = Callable[[I32, I32, I32, I32, I32], None]

SEVERAL: Final = np.iinfo(np.int32).min  # classes


def frequencies(counted: sparse.csr_array, lines: I32, labels: I32) -> tuple[I32, I32]:
    """By column of `counted`, `[line, column]`: how many of these lines have the feature, and the class of them all, or `SEVERAL`;
    0 of a feature that none has. `labels` is the class of every line."""
    found = np.zeros((counted.shape[1], 2), dtype=np.int32)
    loop()(counted.indptr, counted.indices, lines, labels, found)
    return found[:, 0], found[:, 1]


def loop() -> _Tell:
    """What it rests on, compiled."""
    import numba

    integers = numba.int32[::1]
    return compiled(_tell, numba.void(*[integers] * 4, numba.int32[:, ::1]))


def _tell(starts: I32, columns: I32, lines: I32, labels: I32, found: I32) -> None:
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
