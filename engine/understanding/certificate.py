"""A threshold with a proof: the lowest confidence from which the share of wrong answers is surely within a target.

Held-out lines of each kind are a sample of that kind; what is answered of idle lines, of listed questions (rightly and wrongly) and of
unlisted ones are binomial shares. Each is bounded by the exact interval of Clopper and Pearson (Biometrika 26, 1934), and the bounds
are put together at the live mix. Thresholds are tried in one order that no line had a say in, from strict to loose, and the first that
fails ends the search. So, by fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test", 2021), the chance
that the chosen one does not keep what it promises is at most `DOUBT`, however many were tried: for lines that come as the held-out
ones do. That a pack's lines are like viewers' lines is no part of the proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from engine.pool.model import Trust
from engine.understanding.calibration import F64

DOUBT: Final = 0.05  # chance that the certificate is wrong, shared among the four bounds
STEPS: Final = 100  # thresholds that are tried, evenly over the order of the listed questions
FIRST: Final = (
    0.25  # share of the listed questions that the strictest of them answers: of fewer lines nothing can be said
)
UNCERTAIN: Final = 0.99  # where not even that one can be certified: hardly anything is said

_Mask = NDArray[np.bool_]


def upper(hits: F64, of: int) -> F64:
    """The share that is at most behind `hits` of `of`."""
    found: F64 = np.where(hits >= of, 1.0, betaincinv(hits + 1.0, np.maximum(of - hits, 1e-9), 1.0 - DOUBT / 4))
    return found


def lower(hits: F64, of: int) -> F64:
    """The share that is at least behind `hits` of `of`."""
    found: F64 = np.where(hits <= 0, 0.0, betaincinv(np.maximum(hits, 1e-9), of - hits + 1.0, DOUBT / 4))
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

    def risks(self, thresholds: F64, trust: Trust, hardness: float) -> F64:
        """Upper bound of the share of wrong answers at each threshold.

        `hardness`: how many times as often an idle line of the sample is answered as one of a live room.
        """

        def bounded(lines: _Mask, of: _Mask, *, above: bool = True) -> F64:
            ordered = np.sort(self.confidence[lines])
            hits = (len(ordered) - np.searchsorted(ordered, thresholds, side="left")).astype(np.float64)
            return upper(hits, int(of.sum())) if above else lower(hits, int(of.sum()))

        wrong = (
            trust.idle * bounded(self.idle, self.idle) / hardness
            + trust.listed * bounded(self.listed & ~self.right, self.listed)
            + trust.unlisted * bounded(self.unlisted, self.unlisted)
        )
        good = trust.listed * bounded(self.listed & self.right, self.listed, above=False)
        risks: F64 = wrong / np.maximum(wrong + good, 1e-12)
        return risks

    def threshold(self, risk: float, trust: Trust, hardness: float) -> float:
        """The lowest threshold whose risk is surely within `risk`; `UNCERTAIN` where there is none."""
        own = self.confidence[self.listed]
        if not len(own):
            return UNCERTAIN
        thresholds = np.quantile(own, np.linspace(1.0 - FIRST, 0.0, STEPS))
        kept = (self.risks(thresholds, trust, hardness) <= risk) & (thresholds > 0)
        sure = len(kept) if kept.all() else int(np.argmin(kept))
        return float(thresholds[sure - 1]) if sure else UNCERTAIN
