"""Normal forms → vectors: the hashed n-grams that the classifier sees, weighted by how rare they are among the lines of the shop's pool.

The weights come from the pool and not from what viewers write, so that a burst about one thing does not make its words count less, and
so that the likeness of two wordings never depends on a third.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.ngrams import DIMENSION, grams
from engine.understanding.normalise import normal_form

COMMON: Final = 0.05  # an n-gram of more than this share of the pool's lines says nothing of what is meant
FEW: Final = 10  # lines of a small pool that may share one all the same
SHARPNESS: Final = (
    1.5  # power of the inverse frequency; with 1, purity is 3 points less at equal coverage, with 2 gaps fall apart
)
CHUNK: Final = 1_024  # lines that are read at once

Rows = sparse.csr_array
"""One unit vector a row; an empty row where a form has only common n-grams."""


class Rarity:
    """How much each n-gram weighs: 4 MiB."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self._weights = weights

    @classmethod
    def of(cls, lines: Sequence[str]) -> Rarity:
        """By the lines of a pool: those of its intents and its idle talk. Takes some tenths of a second for 12,000."""
        counts = np.zeros(DIMENSION, dtype=np.int32)
        forms = [form for form in map(normal_form, lines) if form]
        for start in range(0, len(forms), CHUNK):
            found = grams(forms[start : start + CHUNK])
            rows = np.repeat(np.arange(len(found.starts) - 1, dtype=np.int64), np.diff(found.starts))
            once = np.unique(rows * DIMENSION + found.columns)
            counts += np.bincount(once % DIMENSION, minlength=DIMENSION).astype(np.int32)
        weights = np.log((1 + len(forms)) / (1 + counts)) ** SHARPNESS
        weights[counts > max(FEW, COMMON * len(forms))] = 0.0
        return cls(weights.astype(np.float32))

    def rows(self, forms: Sequence[str]) -> Rows:
        """The vector of each form."""
        found = grams(forms)
        rows = sparse.csr_array(
            (np.ones(len(found.columns), dtype=np.float32), found.columns, found.starts), shape=(len(forms), DIMENSION)
        )
        rows.sum_duplicates()
        heavy: NDArray[np.float32] = (1 + np.log(rows.data)) * self._weights[rows.indices]
        lengths = np.sqrt(np.bincount(_row_of(rows), weights=heavy**2, minlength=len(forms)))
        unit = heavy / np.where(lengths > 0, lengths, 1.0)[_row_of(rows)]
        return sparse.csr_array((unit.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape)


def _row_of(rows: Rows) -> NDArray[np.intp]:
    """The row of each stored figure."""
    return np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))


def dense(rows: Rows) -> Rows:
    """The same likenesses in fewer columns: without n-grams that one row alone has, which no other can share.

    What a row has for itself still counts in its length, so that rows keep their distance.
    """
    counts = np.bincount(rows.indices, minlength=rows.shape[1])
    kept = counts[rows.indices] > 1
    columns = np.cumsum(counts > 1) - 1
    ends = np.concatenate(([0], np.cumsum(kept)))[rows.indptr]
    width = max(1, int(columns[-1]) + 1)
    return sparse.csr_array((rows.data[kept], columns[rows.indices[kept]], ends), shape=(rows.shape[0], width))
