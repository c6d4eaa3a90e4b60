"""From scores to probabilities: is the best intent right, and does the line ask anything at all?

Both are logistic regressions on a few signals of a text, fitted on out-of-fold scores, so that nothing is judged by a model that
was trained with it. Signals were chosen to mean the same in every pack: margins, how much of the text is familiar, its length,
and whether it looks like a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from engine.understanding.linear import Scores

F64 = NDArray[np.float64]

BACKGROUND = 0  # the class at this index is "nothing asked"
SHARPNESS = 4.0  # per unit of margin, for sharing the confidence between intents; best and second differ by 0.1–1.4
RIDGE = 1.0  # pull of the logistic weights towards zero; the sample is small beside the certainty asked for
_STEPS = 50  # Newton steps; it converges in about ten

_ASKING = re.compile(
    r"\?|吗|嘛|呢|么|什么|啥|咋|怎|哪|几|多少|多久|多大|多重|谁|有没有|有木有|可不可以|(?P<verb>[一-鿿])不(?P=verb)|了没"
    r"|[^还都也从就]没(?:有)?$|[^才要绝也都还就偏毫]不$"
    r"|\b(?:what|whats|how|hows|when|where|wheres|which|who|why|can|could|do|does|did|is|are|will|would|should|any|hm)\b"
)


def looks_asked(forms: Sequence[str]) -> F64:
    """1.0 where a normal form has a question mark or a question word."""
    search = _ASKING.search
    return np.array([search(form) is not None for form in forms], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The two best intents of every text (columns of the margins; background never among them), and its signals."""

    best: NDArray[np.intp]
    second: NDArray[np.intp]
    share: F64
    """Weight of the second beside the best, 0…1."""
    signals: F64

    def take(self, rows: NDArray[np.intp]) -> Ranked:
        return Ranked(self.best[rows], self.second[rows], self.share[rows], self.signals[rows])


def rank(scores: Scores, forms: Sequence[str], asked: F64) -> Ranked:
    intents = scores.margins[:, BACKGROUND + 1 :].astype(np.float64)
    rows = np.arange(len(intents))
    best = intents.argmax(axis=1)
    first = intents[rows, best]
    intents[rows, best] = -np.inf
    second = intents.argmax(axis=1)
    runner = intents[rows, second]
    background = scores.margins[:, BACKGROUND].astype(np.float64)
    length = np.log(np.maximum(1.0, np.array([len(form) for form in forms], dtype=np.float64)))
    signals = np.column_stack(
        (
            np.ones(len(rows)),
            first,
            first - runner,
            first - background,
            background,
            scores.asks,
            scores.familiar,
            length,
            asked,
        )
    )
    return Ranked(best + 1, second + 1, np.exp(SHARPNESS * (runner - first)), signals)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where confidence becomes an outcome. Fitted with the model they belong to."""

    accept: float
    solo: float
    """For a demand of a single viewer: a wrong answer there helps nobody at all."""
    band: float
    """Least margin over the runner-up."""
    plausible: float
    """Confidence from which a question that was not accepted is said to be near an intent (`low_confidence`)."""
    asks: float
    """Probability of being a question from which an unaccepted line is no chatter."""


@dataclass(frozen=True, slots=True)
class Calibration:
    right: tuple[float, ...]
    asks: tuple[float, ...]
    thresholds: Thresholds

    def confidence(self, ranked: Ranked) -> F64:
        return logistic(ranked.signals, np.array(self.right))

    def asking(self, ranked: Ranked) -> F64:
        return logistic(ranked.signals, np.array(self.asks))

    def to_header(self) -> dict[str, object]:
        return asdict(self)


def logistic(signals: F64, weights: F64) -> F64:
    return 1.0 / (1.0 + np.exp(-np.clip(signals @ weights, -30.0, 30.0)))


def fit_logistic(signals: F64, truth: F64, mass: F64) -> F64:
    """Weights of a logistic regression, each line counting `mass`, by Newton's method with step halving."""
    weights = np.zeros(signals.shape[1])
    pull = np.full(signals.shape[1], RIDGE)
    pull[0] = 1e-6  # the first signal is the constant

    def loss(w: F64) -> float:
        z = np.clip(signals @ w, -30.0, 30.0)
        return float(mass @ (np.logaddexp(0.0, z) - truth * z) + 0.5 * pull @ (w * w))

    now = loss(weights)
    for _ in range(_STEPS):
        p = logistic(signals, weights)
        gradient = signals.T @ (mass * (p - truth)) + pull * weights
        hessian = (signals * (mass * p * (1.0 - p))[:, None]).T @ signals + np.diag(pull)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4 and loss(weights - size * step) > now:
            size /= 2
        weights = weights - size * step
        before, now = now, loss(weights)
        if before - now < 1e-9 * abs(before):
            break
    return weights


def lowest_threshold(confidence: F64, right: NDArray[np.bool_], mass: F64, risk: float) -> float:
    """The lowest confidence at which at most `risk` of the accepted mass is wrong; one more error at the price of the heaviest
    wrong line is assumed, since a sample without an error does not prove that there is none."""
    order = np.argsort(-confidence, kind="stable")
    good = np.cumsum(np.where(right, mass, 0.0)[order])
    bad = np.cumsum(np.where(right, 0.0, mass)[order])
    allowed = np.flatnonzero(bad + mass[~right].max(initial=0.0) <= risk * (good + bad))
    return float(confidence[order][allowed[-1]]) if len(allowed) else 0.99
