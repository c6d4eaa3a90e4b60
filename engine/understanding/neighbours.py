"""Near examples: lines that act without training, by cosine over the features of the model.

Two uses: examples that editors added after the model was trained, and `not:` lines, which forbid an intent where a text is
nearly the same line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.pool.model import TrainingLine
from engine.understanding.linear import F32, Linear
from engine.understanding.ngrams import DIMENSION, Grams, grams
from engine.understanding.spellings import Spellings

NEAR = (
    0.75  # cosine from which a line says the same; in the pack, 18 pairs of lines with different meanings are above it
)
SAME = 0.85  # from here a `not:` line forbids: stricter, since it takes an answer away; 5 such pairs are above it


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each text its nearest line (index) and their cosine; -1 and 0 where there are no lines."""

    line: NDArray[np.intp]
    cosine: F32


class Neighbours:
    """An index over lines; exact, since there are hundreds, not millions."""

    def __init__(self, linear: Linear, lines: Sequence[TrainingLine], spellings: Spellings) -> None:
        self._linear = linear
        self.lines = tuple(lines)
        forms = spellings.forms([line.text for line in self.lines])
        # Transposed: a text touches only the lines with which it shares a feature.
        self._index: sparse.csr_array | None = self._summed(grams(forms)).T.tocsr() if forms else None

    def _summed(self, batch: Grams) -> sparse.csr_array:
        """Unit rows in which a feature stands once, so that the cosine of a line with itself is 1."""
        features = (self._linear.spread(batch), batch.columns.copy(), batch.starts.copy())
        rows = sparse.csr_array(features, shape=(len(batch.starts) - 1, DIMENSION))
        rows.sum_duplicates()
        lengths = np.sqrt(np.add.reduceat(rows.data * rows.data, rows.indptr[:-1]))
        rows.data = rows.data / np.repeat(lengths, np.diff(rows.indptr))
        return rows

    def nearest(self, batch: Grams, allowed: NDArray[np.bool_] | None = None) -> Nearest:
        """The nearest line of each text; `allowed[text, line]` limits the choice."""
        size = len(batch.starts) - 1
        if self._index is None or not size:
            return Nearest(np.full(size, -1, dtype=np.intp), np.zeros(size, dtype=np.float32))
        cosines: F32 = (self._summed(batch) @ self._index).toarray().astype(np.float32)
        if allowed is not None:
            cosines = np.where(allowed, cosines, np.float32(0.0))
        line = cosines.argmax(axis=1)
        return Nearest(line, np.minimum(cosines[np.arange(size), line], np.float32(1.0)))  # rounding may lead above 1
