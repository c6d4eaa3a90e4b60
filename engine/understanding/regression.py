"""Logistic regression on signals and the products of each two of them: how much one says hangs on the others.

Terms are one, each signal, and each pair of signals (with itself, too), in the order of `numpy.triu_indices`: ten times as many as signals.
They are laid out for some rows at a time, and only where there is no other way: a weighted sum of terms is a quadratic form of the
signals, and a sum over rows is a product of two matrices of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.understanding.linear import F32

F64 = NDArray[np.float64]

RIDGE = 1.0  # pull of the weights towards zero; the sample is small beside the certainty asked for
_STEPS = 50  # Newton steps; it converges in about ten
_END = 1e-5  # of the loss: a step that gains less is the last, since the next would gain about the square of it
_PART = 8  # every so manieth row tells where the search begins: most of its way, at an eighth of the cost
_PARTLY = 4_000  # rows from which that is so
_AT_ONCE = 4096  # rows whose terms are laid out together: more of them leave the processor's cache
_FLAT = 1e-10  # variance of a term, beside its mean square, that is rounding


def logistic(signals: F64, weights: F64) -> F64:
    """`[row]` probability of `[row, signal]`, with a weight for each term."""
    return _probability(weighted(signals, weights))


def weighted(signals: F64, weights: F64) -> F64:
    """`[row]` sum of the weighted terms of `[row, signal]`."""
    count = signals.shape[1]
    if len(weights) != 1 + count + count * (count + 1) // 2:
        raise ValueError(f"{len(weights)} weights for the terms of {count} signals")
    square = np.zeros((count, count))
    square[np.triu_indices(count)] = weights[1 + count :]
    # Not by BLAS, whose threads wait for each other on a busy machine.
    slopes = np.einsum("ij,jk->ik", signals, square)
    slopes += weights[1 : 1 + count]
    found: F64 = weights[0] + np.einsum("ij,ij->i", slopes, signals)
    return found


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of many rows, made to be of one mean and spread: the pull towards zero acts on all alike. The first, one, stays what it is.

    Signals are about as large as their spread: of a term whose spread is less than a hundred thousandth of its size, rounding leaves
    nothing, and it is taken for one that is always the same.
    """

    signals: F64
    """`[signal, row]`."""
    pairs: bool
    """Whether pairs of signals are terms, too."""
    means: F64
    spreads: F64

    @classmethod
    def of(cls, signals: F64, *, pairs: bool = True) -> Terms:
        """Of `[row, signal]`."""
        across = np.ascontiguousarray(signals.T)
        evenly = np.full(len(signals), 1.0 / len(signals))
        means, squares = _summed(across, evenly, pairs=pairs), _summed(np.square(across), evenly, pairs=pairs)
        spreads = np.sqrt(np.where(squares - means**2 > _FLAT * squares, squares - means**2, 1.0))
        means[0] = 0.0
        return cls(across, pairs, means, spreads)

    def fit(self, truth: F64, mass: F64) -> F64:
        """A weight for each term as it was, by which the rows have this truth, 0 or 1, each row counting `mass`."""
        start = np.zeros(len(self.means))
        if len(truth) >= _PARTLY:
            some = slice(None, None, _PART)
            part = replace(self, signals=np.ascontiguousarray(self.signals[:, some]))
            start = _fit(part, truth[some], mass[some] * _PART, start)
        weights = _fit(self, truth, mass, start) / self.spreads
        weights[0] -= float(weights @ self.means)
        return weights

    def weighted(self, weights: F64) -> F64:
        """`[row]` sum of the weighted terms; of weights of terms of one spread, as of all that follows."""
        weights = weights / self.spreads
        own = 1 + len(self.signals)
        slopes = np.zeros_like(self.signals)
        if self.pairs:
            square = np.zeros((len(self.signals), len(self.signals)))
            square[np.triu_indices(len(square))] = weights[own:]
            np.matmul(square, self.signals, out=slopes)
        slopes += weights[1:own, None]
        slopes *= self.signals
        found: F64 = slopes.sum(axis=0)
        found += weights[0] - float(weights @ self.means)
        return found

    def sums(self, mass: F64) -> F64:
        """Of each term over all rows, each row counting `mass`."""
        return (_summed(self.signals, mass, pairs=self.pairs) - float(mass.sum()) * self.means) / self.spreads

    def bent(self, mass: F64) -> F64:
        """Sums of the products of each two terms. Half of the digits will do: they say how far a step goes, the sums where it ends."""
        bend, means = np.sqrt(mass).astype(np.float32), self.means.astype(np.float32)[:, None]
        found, room = np.zeros((len(means), len(means))), np.empty((len(means), _AT_ONCE), dtype=np.float32)
        for first in range(0, len(mass), _AT_ONCE):
            part = self.signals[:, first : first + _AT_ONCE].astype(np.float32)
            terms = room[:, : part.shape[1]]
            _lay_out(part, terms)
            terms -= means
            terms *= bend[first : first + _AT_ONCE]
            found += terms @ terms.T  # of a matrix with itself: half of the work
        return found / np.outer(self.spreads, self.spreads)


def _fit(terms: Terms, truth: F64, mass: F64, weights: F64) -> F64:
    """Weights of terms of one spread, by Newton's method with step halving, from these on."""
    pull = np.full(len(weights), RIDGE)
    pull[0] = 1e-6

    def loss(w: F64) -> float:
        z = np.clip(terms.weighted(w), -30.0, 30.0)
        return float(mass @ (np.logaddexp(0.0, z) - truth * z) + 0.5 * pull @ (w * w))

    now = loss(weights)
    for _ in range(_STEPS):
        p = _probability(terms.weighted(weights))
        hessian = terms.bent(mass * p * (1.0 - p)) + np.diag(pull)
        step = np.linalg.solve(hessian, terms.sums(mass * (p - truth)) + pull * weights)
        size = 1.0
        while size > 1e-4 and loss(weights - size * step) > now:
            size /= 2
        weights = weights - size * step
        before, now = now, loss(weights)
        if before - now < _END * abs(before):
            break
    return weights


def _lay_out(signals: F32, terms: F32) -> None:
    """`[term, row]` of `[signal, row]`."""
    own = 1 + len(signals)
    terms[0], terms[1:own] = 1.0, signals
    if len(terms) > own:
        for at, one in enumerate(signals):
            np.multiply(one, signals[at:], out=terms[own : own + len(signals) - at])
            own += len(signals) - at


def _summed(signals: F64, mass: F64, *, pairs: bool) -> F64:
    """Of each term of `[signal, row]` over all rows, each row counting `mass`."""
    weighed = signals * mass
    found = [np.array([mass.sum()]), weighed.sum(axis=1)]
    if pairs:
        found.append((weighed @ signals.T)[np.triu_indices(len(signals))])
    return np.concatenate(found)


def _probability(scores: F64) -> F64:
    found: F64 = 1.0 / (1.0 + np.exp(-np.clip(scores, -30.0, 30.0)))
    return found
