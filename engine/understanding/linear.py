"""The linear model over hashed n-grams: one row of weights per column, one score per class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.ngrams import DIMENSION, Grams

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the linear model says of a batch: `margins[text, class]`, and the share of each text's features that training saw."""

    margins: F32
    familiar: F32

    def take(self, rows: NDArray[np.intp]) -> Scores:
        return Scores(self.margins[rows], self.familiar[rows])


@dataclass(frozen=True, slots=True)
class Linear:
    """One-vs-rest margins. `weights[column, class]` are zero in columns that training never saw; `idf` weighs the columns."""

    idf: F32
    seen: F32
    weights: F32
    bias: F32

    def vectors(self, batch: Grams) -> sparse.csr_array:
        """Rows of unit length, one per text; a feature that occurs twice stands in its row twice."""
        values = self.idf[batch.columns]
        lengths = (
            np.sqrt(np.add.reduceat(values * values, batch.starts[:-1])) if len(values) else np.zeros(0, np.float32)
        )
        values = values / np.repeat(lengths, np.diff(batch.starts))
        return sparse.csr_array(
            (values.astype(np.float32), batch.columns, batch.starts), shape=(len(batch.starts) - 1, DIMENSION)
        )

    def scores(self, batch: Grams) -> Scores:
        if len(batch.starts) < 2:
            return Scores(np.zeros((0, len(self.bias)), np.float32), np.zeros(0, np.float32))
        margins = self.vectors(batch) @ self.weights + self.bias
        counts = np.diff(batch.starts).astype(np.float32)
        familiar = np.add.reduceat(self.seen[batch.columns], batch.starts[:-1]) / counts
        return Scores(margins.astype(np.float32), familiar.astype(np.float32))
