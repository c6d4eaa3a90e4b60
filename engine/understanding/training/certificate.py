"""A threshold with a proof: the lowest confidence from which the share of wrong answers is surely within a target.

Held-out lines of each kind (idle, listed, unlisted, hidden) are a sample of that kind; put together at the live mix, what is wrongly
answered of them is a directly standardised rate, as epidemiologists call it. Its upper bound is that of Fay and Feuer ("Confidence
intervals for directly standardized rates: a method based on the gamma distribution", Statistics in Medicine 16, 1997), which is exact for
one kind and errs on the safe side for several; the lower bound of what is rightly answered is that of Clopper and Pearson (Biometrika 26,
1934).
Thresholds are tried in one order that no line had a say in, from strict to loose, and the first that fails ends the search. So, by
fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test", 2021), the chance that the chosen one does not
keep what it promises is at most `DOUBT`, however many were tried: for lines that come as the held-out ones do, but for how much harder
than viewers' lines those are known to be (`Hardness`). That they are otherwise like viewers' lines is no part of the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv

from engine.understanding.regression import F64

DOUBT: Final = 0.05  # chance that the certificate is wrong, shared by the two bounds
STEPS: Final = 100  # thresholds that are tried, evenly over the order of the listed questions
FIRST: Final = (
    0.25  # share of the listed questions that the strictest of them answers: of fewer lines nothing can be said
)
UNCERTAIN: Final = 0.99  # where not even that one can be certified: hardly anything is said

_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mix:
    """How often each kind of line comes, in any unit."""

    idle: float
    """Nothing is asked."""
    listed: float
    unlisted: float
    """Questions of no intent."""
    hidden: float = 0.0
    """Questions of intents that the model did not know: as unlisted as those, and nearer to what it knows."""


@dataclass(frozen=True, slots=True)
class Hardness:
    """How many times as often held-out lines are answered wrongly as lines of a live room that ask as little, or as much."""

    idle: float = 1.0
    listed: float = 1.0
    """Questions of the list, whether the model knew their intent or not."""


def upper(hits: Sequence[F64], weights: Sequence[float]) -> F64:
    """The weighted sum that is at most behind so many hits of each kind, each hit counting its kind's weight."""
    counts, largest = np.stack(hits), max(weights)
    total = np.array(weights) @ counts + largest
    spread = np.square(weights) @ counts + largest**2
    return np.asarray(spread / total * gammaincinv(total**2 / spread, 1.0 - DOUBT / 2), dtype=np.float64)


def lower(hits: F64, of: int) -> F64:
    """The share that is at least behind `hits` of `of`."""
    found: F64 = np.where(hits <= 0, 0.0, betaincinv(np.maximum(hits, 1e-9), of - hits + 1.0, DOUBT / 2))
    return found


@dataclass(frozen=True, slots=True)
class Sample:
    """Held-out lines: their confidence, and of what kind they are."""

    confidence: F64
    right: _Mask
    """The best intent is the line's."""
    idle: _Mask
    listed: _Mask
    unlisted: _Mask
    hidden: _Mask

    def risks(self, thresholds: F64, mix: Mix, hardness: Hardness) -> F64:
        """Upper bound of the share of wrong answers at each threshold."""

        def hits(lines: _Mask) -> F64:
            ordered = np.sort(self.confidence[lines])
            return (len(ordered) - np.searchsorted(ordered, thresholds, side="left")).astype(np.float64)

        listed = int(self.listed.sum())
        kinds = (
            (self.idle, self.idle, mix.idle / hardness.idle),
            (self.listed & ~self.right, self.listed, mix.listed / hardness.listed),
            (self.unlisted, self.unlisted, mix.unlisted),
            (self.hidden, self.hidden, mix.hidden / hardness.listed),
        )
        weighing = [(wrong, of, weight) for wrong, of, weight in kinds if weight > 0]
        if not all(of.any() for _, of, _ in weighing):
            return np.ones_like(thresholds)
        wrong = upper([hits(wrong) for wrong, _, _ in weighing], [weight / int(of.sum()) for _, of, weight in weighing])
        good = mix.listed * lower(hits(self.listed & self.right), listed)
        risks: F64 = wrong / np.maximum(wrong + good, 1e-12)
        return risks

    def threshold(self, risk: float, mix: Mix, hardness: Hardness) -> float:
        """The lowest threshold whose risk is surely within `risk`; `UNCERTAIN` where there is none."""
        own = self.confidence[self.listed]
        if not len(own):
            return UNCERTAIN
        thresholds = np.quantile(own, np.linspace(1.0 - FIRST, 0.0, STEPS))
        kept = (self.risks(thresholds, mix, hardness) <= risk) & (thresholds > 0)
        sure = len(kept) if kept.all() else int(np.argmin(kept))
        return float(thresholds[sure - 1]) if sure else UNCERTAIN
