"""Training set → model: weights of all lines, confidence and thresholds of lines held out.

Deterministic: the same lines give the same bytes on the same machine.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from engine.pool.model import TrainingSet, Trust
from engine.understanding.calibration import Calibration, Thresholds
from engine.understanding.linear import Linear, to_steps
from engine.understanding.model import Model, line_digest, model_hash
from engine.understanding.regression import F64, Terms, logistic, weighted
from engine.understanding.training import counting, frequencies, margins, solver, twins, vectors
from engine.understanding.training.certificate import UNCERTAIN, Hardness, Mix, Sample
from engine.understanding.training.corpus import NO_CLASS, Corpus
from engine.understanding.training.fitting import fit
from engine.understanding.training.held_out import HeldOut, hold_out

# The pack's background is written to lie near the questions: of 7,000 real idle lines a seventh of the share is taken for a question, or
# less, at thresholds from 0.4 to 0.93, of lines that fresh writers wrote for live rooms about half. What is counted lies between these:
# real lines at hand are longer than live ones, which makes them easier, they have been looked at, and a held-out line is judged in one
# form, a live one in the surest of several (ADR 0035), and clause by clause (0036). Held-out questions lie far from all that a fold's model
# has learnt, which is also less: of the pack's `tests:`, which no model learns, half as large a share of the answers is wrong (9 of 232
# lines at a confidence of 0.3, where 8.7 % of the held-out ones are).
HARDNESS = Hardness(idle=4.5, listed=2.0)
ORDER = 5.0  # by how much less idle lines count where lines are ordered; between 1 and 8 fewer of one kind are answered for more of another
NEARER = 0.25  # there, `held_out.WRITTEN`: the more the hidden intents weigh, the less of them is answered
# Weights where "is anything asked?" is learnt: questions that no model knows are to be heard.
ASKED = Mix(idle=2.0, listed=0.5, unlisted=0.6, hidden=1.5)
JUDGED = 2  # folds that confidence and thresholds are told from: each takes as long as most of the model
NOISE = 0.02  # share of idle lines that may end as an open question, on the board of gaps
NOISE_HARDNESS = 5.3  # as `HARDNESS`, there: the most with which no more than `NOISE` of the real idle lines are seen, in most orders
BAND = 0.05  # least margin over the runner-up; below it both were right equally often (36 % each, of only 28 lines out of fold)
UNHEARD = 0.004  # share of the questions that would be visible without the gate and are not; four of five idle lines stop there
PLAUSIBLE = 0.5  # of the acceptance threshold: from there on, an unaccepted question counts as near a known intent
_TRAINING = Lock()


def train(training: TrainingSet) -> Model:
    """A model of the training set. Raises `ValueError` where there are fewer than two intents with lines, or no background."""
    with _alone(), ThreadPoolExecutor(2) as beside:
        loaded = beside.submit(_loops)
        corpus = Corpus.of(training)
        loaded.result()
        linear = beside.submit(_of_all_lines, corpus)
        trained = beside.submit(_digests, corpus)
        name = beside.submit(model_hash, training)
        calibration, report = weigh(hold_out(corpus, JUDGED), training.trust).calibration(corpus)
    return Model(name.result(), corpus.intents, linear.result(), calibration, trained.result(), report)


@contextmanager
def _alone() -> Iterator[None]:
    """One model at a time, in a process: each takes a gigabyte. Meanwhile matrices are multiplied in one thread, since more would wait for
    each other wherever the processor is busy, above all beside rooms on air; and Python's collector rests: it would walk through the whole
    pool several times, and of training only numbers are thrown away."""
    with _TRAINING, threadpool_limits(1, "blas"):
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()


def _loops() -> None:
    """Load what is compiled, and Numba with it: it is there when the lines are."""
    counting.loop()
    for machines in (2, 3):  # a loop for two, and one for more
        solver.loops(machines)
    frequencies.loop()
    twins.loop()
    vectors.loop()
    margins.loop()


def _of_all_lines(corpus: Corpus) -> Linear:
    """What decides, in the steps in which it is stored."""
    linear = fit(corpus, np.ones(len(corpus), dtype=np.bool_))
    to_steps(linear.weights)
    return linear


def _digests(corpus: Corpus) -> frozenset[int]:
    """Names of the lines that are learnt."""
    return frozenset(
        line_digest(form, corpus.intent(label))
        for form, label in zip(corpus.forms, corpus.labels.tolist(), strict=True)
        if label != NO_CLASS
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """Held-out lines with what confidence and thresholds make of them."""

    held: HeldOut
    mass: F64
    """Weight of each line in a live room."""
    right_weights: F64
    asks_weights: F64
    confidence: F64
    asking: F64
    clear: F64
    """Confidence, 0 where the runner-up is too near."""
    thresholds: Thresholds
    certified: tuple[bool, bool]
    """Whether the shares of wrong answers that the shop allows, of all and of a single viewer's, are surely kept."""

    def calibration(self, corpus: Corpus) -> tuple[Calibration, dict[str, float]]:
        """What the model carries, and what it reaches on the held-out lines."""
        held, limits = self.held, self.thresholds
        background, right, questions, unlisted = held.background, held.right, held.questions, ~held.listed
        accepted, alone = self.clear >= limits.accept, self.clear >= limits.solo
        visible = (self.asking >= limits.asks) | (self.confidence >= limits.plausible)
        report = {
            "lines": float((corpus.labels != NO_CLASS).sum()),
            "intents": float(len(corpus.intents)),
            "accuracy": share(right, questions),
            "top_two": share(right | ((held.ranked.second == held.truth) & held.listed), questions),
            "coverage": share(accepted & right, questions),
            "coverage_solo": share(alone & right, questions),
            "wrong_of_listed": share(accepted & ~right, questions),
            "accepted_of_background": share(accepted, background),
            "accepted_of_unlisted": share(accepted, unlisted),
            "visible_of_unlisted": share(visible & ~accepted, unlisted),
            "risk": _risk(accepted, right, self.mass),
            "risk_solo": _risk(alone, right, self.mass),
            "certified": float(self.certified[0]),
            "certified_solo": float(self.certified[1]),
        }
        rounded = {name: round(value, 4) for name, value in report.items()}
        return Calibration(tuple(self.right_weights.tolist()), tuple(self.asks_weights.tolist()), limits), rounded


def weigh(held: HeldOut, trust: Trust) -> Weighed:
    """Confidence and thresholds from lines held out."""
    background, right = held.background, held.right
    signals = held.ranked.signals
    mix = held.live(trust)
    fewer = Mix(mix.idle / HARDNESS.idle, mix.listed, mix.unlisted, mix.hidden / HARDNESS.listed)
    mass = held.mass(fewer)
    mass[held.questions & ~right] /= HARDNESS.listed
    ordering = replace(held.live(trust, NEARER), idle=trust.idle / ORDER)
    with ThreadPoolExecutor(2) as threads:
        right_weights, asks_weights = threads.map(
            partial(_learnt, signals, Terms.of(signals), mass),
            (right, ~background),
            (held.mass(ordering), held.mass(ASKED)),
        )
    confidence, asking = logistic(signals, right_weights), logistic(signals, asks_weights)
    clear = np.where(confidence * (1.0 - held.ranked.share) >= BAND, confidence, 0.0)
    sample = Sample(clear, right, background, held.questions, held.unlisted, held.hidden)
    accept = sample.threshold(trust.risk, mix, HARDNESS)
    stricter = sample.threshold(trust.solo_risk, mix, HARDNESS)
    solo, certified = max(accept, stricter), (accept != UNCERTAIN, stricter != UNCERTAIN)
    plausible = round(PLAUSIBLE * accept, 4)
    near = np.where(confidence >= plausible, 1.0, asking)  # what is near an intent is seen, whatever it is else
    asks = _quantile(near[background], NOISE * NOISE_HARDNESS)
    heard = ~background & ((asking >= asks) | (confidence >= plausible))
    gate = float(np.quantile(held.ranked.asks[heard], UNHEARD)) if heard.any() else float(held.ranked.asks.min())
    thresholds = Thresholds(round(accept, 4), round(solo, 4), BAND, plausible, round(asks, 4), round(gate, 3))
    return Weighed(held, mass, right_weights, asks_weights, confidence, asking, clear, thresholds, certified)


def _learnt(signals: F64, terms: Terms, mass: F64, truth: NDArray[np.bool_], hard: F64) -> F64:
    """A logistic regression: the hard lines order best; how sure the order makes us is then told at the live mix, by two numbers (Platt
    scaling: slope and offset of the score; the order of the lines stays)."""
    true, lines = truth.astype(np.float64), len(truth)
    weights = terms.fit(true, hard * lines)
    score = weighted(signals, weights)
    offset, slope = Terms.of(score[:, None], pairs=False).fit(true, mass * lines)
    weights *= slope
    weights[0] += offset
    return weights


def _quantile(values: F64, above: float) -> float:
    """The lowest threshold that at most the share `above` of the values reach."""
    ordered = np.sort(values)[::-1]
    return float(np.nextafter(ordered[min(len(ordered) - 1, int(above * len(ordered)))], 1.0)) + 0.0001


def _risk(accepted: NDArray[np.bool_], right: NDArray[np.bool_], mass: F64) -> float:
    """Share of wrong ones among the accepted lines of a live room."""
    return float(mass[accepted & ~right].sum() / max(1e-12, float(mass[accepted].sum())))


def share(what: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
    """How many of those are also this; 0 where there are none."""
    return float(what[of].mean()) if of.any() else 0.0
