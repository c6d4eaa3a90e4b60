"""From scores to probabilities: is the best intent right, and does the line ask anything at all?

Both are logistic regressions on a few signals of a text and their products, fitted on out-of-fold scores, so that nothing is judged
by a model that was trained with it. Signals were chosen to mean the same in every pack: margins, how much of the text is familiar,
its length and script, and whether it looks like a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.understanding.codes import BLANK, is_digit, side_by_side
from engine.understanding.linear import BACKGROUND, Scores

F64 = NDArray[np.float64]

SHARPNESS = 4.0  # per unit of margin, for sharing the confidence between intents; best and second differ by 0.1–1.4
RIDGE = 1.0  # pull of the logistic weights towards zero; the sample is small beside the certainty asked for
FOLLOWERS = 4  # intents behind the best whose margins tell how many come into question
BINS = 10  # of the reliability diagram, with as many lines in each
_ASKS = 6  # place of `Scores.asks` among the signals
_STEPS = 50  # Newton steps; it converges in about ten
_END = 1e-5  # of the loss: a step that gains less is the last, since the next would gain about the square of it
_PART = 8  # every so manieth line tells where the search begins: most of its way, at an eighth of the cost
_PARTLY = 4_000  # lines from which that is so
_AT_ONCE = 4096  # lines whose signals are multiplied together: more of them leave the processor's cache

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

    @property
    def asks(self) -> F64:
        """`Scores.asks`."""
        found: F64 = self.signals[:, 1 + _ASKS]
        return found

    def take(self, rows: NDArray[np.intp]) -> Ranked:
        return Ranked(self.best[rows], self.second[rows], self.share[rows], self.signals[rows])


def joined(parts: Sequence[Ranked]) -> Ranked:
    """These texts, part after part."""
    return Ranked(
        np.concatenate([part.best for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.share for part in parts]),
        np.concatenate([part.signals for part in parts]),
    )


def rank(scores: Scores, forms: Sequence[str], asked: F64) -> Ranked:
    intents = scores.margins[:, BACKGROUND + 1 :].astype(np.float64)
    rows = np.arange(len(intents))
    best = intents.argmax(axis=1)
    first = intents[rows, best]
    intents[rows, best] = -np.inf
    second = intents.argmax(axis=1)
    runner = intents[rows, second]
    followers = min(FOLLOWERS, intents.shape[1] - 1)
    others = np.sort(np.partition(intents, -followers, axis=1)[:, -followers:], axis=1)[:, ::-1]
    background = scores.margins[:, BACKGROUND].astype(np.float64)
    lengths, han, blanks, digits = _counted(forms)
    plain = np.column_stack(
        (
            first,
            first - runner,
            first - others[:, min(1, others.shape[1] - 1)],
            others.mean(axis=1),
            first - background,
            background,
            scores.asks,
            scores.listed,
            scores.familiar,
            scores.support,
            scores.questioning,
            np.log(lengths),
            asked,
            han / lengths,
            np.log1p(blanks),
            digits > 0,
        )
    )
    return Ranked(best + 1, second + 1, np.exp(SHARPNESS * (runner - first)), _with_products(plain))


def _counted(forms: Sequence[str]) -> tuple[F64, F64, F64, F64]:
    """Of each normal form: its characters (one at least), and how many of them are Chinese, blanks, and digits."""
    if not forms:
        return np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0)
    codes, begins, ends = side_by_side(forms)

    def count(seen: NDArray[np.bool_]) -> F64:
        return np.add.reduceat(seen, begins, dtype=np.float64)

    chinese = (codes >= 0x3400) & (codes <= 0x9FFF)
    return (
        np.maximum(ends - begins, 1).astype(np.float64),
        count(chinese),
        count(codes == BLANK),
        count(is_digit(codes)),
    )


@lru_cache(maxsize=1)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    left, right = np.triu_indices(count)
    return left, right


def _with_products(plain: F64) -> F64:
    """One, the signals, and the product of each two: how much one says hangs on the others."""
    left, right = _pairs(plain.shape[1])
    own = 1 + plain.shape[1]
    found = np.empty((len(plain), own + len(left)))
    found[:, 0], found[:, 1:own] = 1.0, plain
    np.multiply(plain[:, left], plain[:, right], out=found[:, own:])
    return found


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
    gate: float
    """`Scores.asks` below which a line is chatter, whatever else the model would say of it: most lines of a live room are."""


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
    scores = np.einsum("ij,j->i", signals, weights)  # not by BLAS, whose threads wait for each other on a busy machine
    probability: F64 = 1.0 / (1.0 + np.exp(-np.clip(scores, -30.0, 30.0)))
    return probability


@dataclass(frozen=True, slots=True)
class Scaled:
    """Signals of one spread, whatever their own is: the pull towards zero acts on all alike. The first one is the constant."""

    values: F64
    halves: NDArray[np.float32]
    """The same with half of the digits."""
    means: F64
    spreads: F64

    @classmethod
    def of(cls, signals: F64) -> Scaled:
        means = signals.mean(axis=0)
        means[0] = 0.0
        values = signals - means
        spreads = np.sqrt(np.einsum("ij,ij->j", values, values) / len(values))
        spreads[0] = 1.0
        spreads[spreads < 1e-9] = 1.0
        values /= spreads
        return cls(values, values.astype(np.float32), means, spreads)


def fit_logistic(signals: Scaled, truth: F64, mass: F64) -> F64:
    """Weights of a logistic regression, of the signals as they were, each line counting `mass`, by Newton's method with step halving."""
    some = slice(None, None, _PART if len(truth) >= _PARTLY else None)
    start = np.zeros(signals.values.shape[1])
    if some.step:
        start = _fit(signals.values[some], signals.halves[some], truth[some], mass[some] * _PART, start)
    weights: F64 = _fit(signals.values, signals.halves, truth, mass, start) / signals.spreads
    weights[0] -= float(weights @ signals.means)
    return weights


def _fit(signals: F64, halves: NDArray[np.float32], truth: F64, mass: F64, weights: F64) -> F64:
    pull = np.full(signals.shape[1], RIDGE)
    pull[0] = 1e-6

    def loss(w: F64) -> float:
        z = np.clip(signals @ w, -30.0, 30.0)
        return float(mass @ (np.logaddexp(0.0, z) - truth * z) + 0.5 * pull @ (w * w))

    now = loss(weights)
    for _ in range(_STEPS):
        p = logistic(signals, weights)
        gradient = signals.T @ (mass * (p - truth)) + pull * weights
        # Of a matrix with itself: half of the work. Its digits say how far a step goes, the gradient's where it ends: half suffice.
        bend, hessian = np.sqrt(mass * p * (1.0 - p)).astype(np.float32)[:, None], np.diag(pull)
        for first in range(0, len(halves), _AT_ONCE):
            bent = halves[first : first + _AT_ONCE] * bend[first : first + _AT_ONCE]
            hessian += bent.T @ bent
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4 and loss(weights - size * step) > now:
            size /= 2
        weights = weights - size * step
        before, now = now, loss(weights)
        if before - now < _END * abs(before):
            break
    return weights


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of as many lines each, from the least sure: the confidence that is told, and the share that is right."""

    told: tuple[float, ...]
    right: tuple[float, ...]
    error: float
    """Mean distance of both, each bin weighing what its lines do (adaptive expected calibration error)."""


def reliability(confidence: F64, right: NDArray[np.bool_], mass: F64) -> Reliability:
    """How true confidence is of lines of this weight."""
    told, true, error, total = [], [], 0.0, 0.0
    for part in np.array_split(np.argsort(confidence, kind="stable"), BINS):
        weight = float(mass[part].sum())
        if weight <= 0:
            continue
        mean = float((confidence[part] * mass[part]).sum()) / weight
        share = float((right[part] * mass[part]).sum()) / weight
        told.append(round(mean, 5))
        true.append(round(share, 5))
        error += abs(mean - share) * weight
        total += weight
    return Reliability(tuple(told), tuple(true), round(error / max(total, 1e-12), 5))
