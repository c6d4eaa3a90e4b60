"""The linear model over hashed n-grams: a row of weights per known feature, one score per class, and two more of any question."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.ngrams import Grams

F32 = NDArray[np.float32]
Rows = NDArray[np.int32]

BACKGROUND = 0  # the class at this index is "nothing asked"
EXTRA = 2  # columns of weights beside those of the classes
AT_ONCE = 2048  # rows of weights that are rounded together: more of them leave the processor's cache
STEPS = 127  # of a weight, on either side of zero: a byte each in a stored model


def scales(weights: F32) -> F32:
    """The step of each column of weights: of so few binary digits that products with it are exact, and give it back."""
    largest = np.maximum(weights.max(axis=0, initial=0.0), -weights.min(axis=0, initial=0.0))
    mantissa, exponent = np.frexp(largest.astype(np.float64) / STEPS)
    steps = np.ldexp(np.ceil(mantissa * 2048) / 2048, exponent)
    found: F32 = np.where(steps > 0, steps, 1.0).astype(np.float32)
    return found


def to_steps(weights: F32) -> None:
    """Round columns of weights to steps, as stored: a model read from bytes decides exactly like the one just trained."""
    step = scales(weights)
    for start in range(0, len(weights), AT_ONCE):
        part = weights[start : start + AT_ONCE]
        part /= step
        np.rint(part, out=part)
        part *= step


@dataclass(frozen=True, slots=True)
class Scores:
    """What the linear model says of a batch."""

    margins: F32
    """`[text, class]`."""
    asks: F32
    """Margin of any intent at all over background: learnt of all questions together, it says more than that of one intent."""
    listed: F32
    """Margin of a question of the list over one that belongs to no intent; 0 where no such questions were learnt."""
    familiar: F32
    """Share of each text's features that the model knows."""
    support: F32
    """Share of each text's known weight whose features speak for the best intent: one that a single word made the best has little."""
    questioning: F32
    """What speaks for a question in `asks`, without what speaks against one."""

    def take(self, rows: NDArray[np.intp]) -> Scores:
        return Scores(
            self.margins[rows], self.asks[rows], self.listed[rows], self.familiar[rows], self.support[rows], self.questioning[rows]
        )  # fmt: skip


@dataclass(frozen=True)
class Linear:
    """One-vs-rest margins over the features that training knows; any other says nothing. Row 0 stands for those, and holds zeros."""

    index: Rows
    """Column of a hashed feature → row; 0 where it is unknown."""
    idf: F32
    """`[row]`: weight of a feature in a text. The last row is of one of the rarest."""
    weights: F32
    """`[row, class]`; the last two columns tell questions from background, and questions of the list from others."""
    bias: F32

    def columns(self) -> NDArray[np.uint32]:
        """The hashed feature of each row but row 0."""
        known = np.flatnonzero(self.index)
        found = np.zeros(len(known), dtype=np.uint32)
        found[self.index[known] - 1] = known
        return found

    def vectors(self, batch: Grams) -> sparse.csr_array:
        """Texts as unit rows over the known features, or of length 0; a feature that occurs twice stands in its row twice."""
        rows = self.index.take(batch.columns)
        values = _unit(self.idf.take(rows), batch)
        known = np.flatnonzero(rows)
        ends = np.searchsorted(known, batch.starts).astype(np.int32)
        return sparse.csr_array((values[known], rows[known], ends), shape=(len(batch.starts) - 1, len(self.idf)))

    def spread(self, batch: Grams) -> F32:
        """The value of each feature, of texts as unit rows over all columns: an unknown feature weighs as much as the rarest, so that
        new words tell texts apart."""
        values = self.idf.take(self.index.take(batch.columns))
        return _unit(np.where(values > 0, values, self.idf[-1]), batch)

    @cached_property
    def _asking(self) -> NDArray[np.complex64]:
        """`[column]`: squared weight of a feature in a text, and what it adds to `asks`, side by side: one look-up for all."""
        return (self.idf**2 + 1j * self.idf * self.weights[:, -2]).astype(np.complex64).take(self.index)

    def asks(self, batch: Grams) -> F32:
        """`Scores.asks` alone, at a tenth of the cost of all; rounded, since this decides what else is asked."""
        if len(batch.starts) < 2:
            return np.zeros(0, np.float32)
        sums = np.add.reduceat(self._asking.take(batch.columns), batch.starts[:-1])
        margins = sums.imag / np.sqrt(np.where(sums.real > 0, sums.real, np.float32(1.0))) + self.bias[-2]
        found: F32 = margins.round(3)
        return found

    def scores(self, batch: Grams) -> Scores:
        if len(batch.starts) < 2:
            return Scores(np.zeros((0, len(self.bias) - EXTRA), np.float32), *np.zeros((5, 0), np.float32))
        vectors = self.vectors(batch)
        margins = (vectors @ self.weights + self.bias).astype(np.float32)
        familiar = np.diff(vectors.indptr) / np.diff(batch.starts)
        support, questioning = self._evidence(vectors, margins)
        return Scores(
            margins[:, :-EXTRA], margins[:, -2], margins[:, -1], familiar.astype(np.float32), support, questioning
        )

    def _evidence(self, vectors: sparse.csr_array, margins: F32) -> tuple[F32, F32]:
        """`Scores.support` and `Scores.questioning`."""
        best = margins[:, BACKGROUND + 1 : -EXTRA].argmax(axis=1) + BACKGROUND + 1
        text = np.repeat(np.arange(len(best)), np.diff(vectors.indptr))
        weights, classes = self.weights.ravel(), self.weights.shape[1]
        rows = vectors.indices.astype(np.intp) * classes
        speaks = weights.take(rows + best[text]) > 0
        support = np.bincount(text, np.square(vectors.data) * speaks, len(best))
        questioning = np.bincount(text, np.maximum(vectors.data * weights.take(rows + classes - 2), 0.0), len(best))
        return support.astype(np.float32), questioning.astype(np.float32)


def _unit(values: F32, batch: Grams) -> F32:
    """Values of features, so that the length of each text is 1, or 0 where it has no value."""
    squares = np.add.reduceat(values * values, batch.starts[:-1])
    lengths = np.sqrt(np.where(squares > 0, squares, np.float32(1.0)))
    found: F32 = values / np.repeat(lengths, np.diff(batch.starts))
    return found
