"""From scores to probabilities: is the best intent right, and does the line ask anything at all?

Both are logistic regressions (`regression.py`) on a few signals of a text, fitted on out-of-fold scores, so that nothing is judged by a
model that was trained with it. Signals were chosen to mean the same in every pack: margins, how much of the text is familiar,
its length and script, and whether it looks like a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from engine.understanding.codes import BLANK, is_digit, side_by_side
from engine.understanding.linear import BACKGROUND, Scores
from engine.understanding.regression import F64, logistic

SHARPNESS = 4.0  # per unit of margin, for sharing the confidence between intents; best and second differ by 0.1–1.4
FOLLOWERS = 4  # intents behind the best whose margins tell how many come into question
BINS = 10  # of the reliability diagram, with as many lines in each
_ASKS = 6  # place of `Scores.asks` among the signals

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
        found: F64 = self.signals[:, _ASKS]
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
    signals = np.column_stack(
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
    return Ranked(best + 1, second + 1, np.exp(SHARPNESS * (runner - first)), signals)


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
