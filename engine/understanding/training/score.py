"""How good a pack's lines are: what models that never saw them make of them, intent by intent, and which of them do harm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.pool.model import Pool, TrainingSet
from engine.understanding.calibration import Thresholds, reliability
from engine.understanding.model import Model
from engine.understanding.spellings import Spellings
from engine.understanding.training.corpus import NO_CLASS, Chosen, Corpus
from engine.understanding.training.held_out import HeldOut, hold_out
from engine.understanding.training.train import Weighed, share, weigh
from engine.understanding.understander import Understander

FEW: Final = 60  # lines of an intent below which more of them help most
SHOWN: Final = 5  # lines that are named for one confusion
HURTS: Final = 0.8  # confidence from which a line that is taken for another intent pulls that one's border


@dataclass(frozen=True, slots=True)
class IntentScore:
    """Shares of an intent's lines, each judged by a model without it."""

    intent: str
    lines: int
    best: float
    """The best intent is this one."""
    recall: float
    """Answered as this one, at the shipped threshold."""
    precision: float
    """Of a live room's lines that would be answered as this intent, how many are of it."""
    tests: int
    tests_passed: int
    is_short: bool
    """It has fewer than `FEW` lines."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the pool, as it was written."""

    text: str
    is_own: bool
    """An example of the shop itself; all others stand in the base pack, or in lists."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Lines of `intent` whose best intent is `taken_for`; the shop's own first, and of each those that seemed surest."""

    intent: str
    taken_for: str
    count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Mistaken:
    """A line that a model without it takes for another intent."""

    line: Line
    intent: str | None
    """Its own; None where it asks nothing."""
    taken_for: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Points from the surest line on."""

    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A pack's lines at the live mix."""

    intents: tuple[IntentScore, ...]
    confusions: tuple[Confusion, ...]
    hurting: tuple[Mistaken, ...]
    """Examples that are surely taken for another intent: the shop's own first, and of each the surest."""
    idle: tuple[Mistaken, ...]
    """Lines that ask nothing and would be answered, the surest first."""
    thresholds: Thresholds
    report: dict[str, float]
    coverage_at_risk: Curve
    """x: share of wrong answers among all; y: share of the listed questions that are answered rightly."""
    reliability: Curve
    """x: confidence told, y: share of right ones, each point of as many lines."""
    calibration_error: float
    """Mean distance of both at the live mix (adaptive ECE)."""


def score(pool: Pool, model: Model) -> Score:
    """Trains a model more for each fold. Raises `ValueError` as training does."""
    corpus = Corpus.of(pool.training)
    held = hold_out(corpus)
    weighed = weigh(held, pool.training.trust)
    _, report = weighed.calibration(corpus)
    limits = weighed.thresholds
    answered = weighed.clear >= limits.accept
    passed = _tests(pool.training, Understander(pool, model))
    lines = _as_written(pool.training, corpus)
    bins = reliability(weighed.confidence, held.right, weighed.mass)
    return Score(
        _by_intent(corpus, held, weighed, answered, passed),
        _confusions(corpus, lines, held, weighed),
        _mistaken(corpus, lines, held, weighed, held.questions & ~held.right & (weighed.confidence >= HURTS)),
        _mistaken(corpus, lines, held, weighed, held.background & answered),
        limits,
        report,
        _coverage_at_risk(held, weighed),
        Curve(bins.told, bins.right),
        bins.error,
    )


def _as_written(training: TrainingSet, corpus: Corpus) -> list[Line]:
    """The line behind each line of the corpus; of those with one form the first."""
    forms = Spellings(training.spellings).forms([line.text for line in training.lines])
    own, texts = set(training.own), dict[tuple[str, str | None], Line]()
    for line, form in zip(training.lines, forms, strict=True):
        texts.setdefault((form, line.intent), Line(line.text, line in own))
    labels = corpus.labels[corpus.labels != NO_CLASS].tolist()  # `not:` lines stand last, and nobody judges them
    return [texts[form, corpus.intent(label)] for form, label in zip(corpus.forms, labels, strict=False)]


def _tests(training: TrainingSet, understander: Understander) -> dict[str, tuple[int, int]]:
    """Intent → (tests, of which are understood)."""
    found: dict[str, list[bool]] = defaultdict(list)
    results = understander.understand([line.text for line in training.tests])
    for line, result in zip(training.tests, results, strict=True):
        right = result.intent == line.intent and result.outcome in {"accepted", "chatter", "abuse"}
        found[line.intent or ""].append(right)
    return {intent: (len(rights), sum(rights)) for intent, rights in found.items()}


def _by_intent(
    corpus: Corpus, held: HeldOut, weighed: Weighed, answered: Chosen, passed: dict[str, tuple[int, int]]
) -> tuple[IntentScore, ...]:
    mass, right, questions = weighed.mass, held.right, held.questions
    rows = []
    for label, intent in enumerate(corpus.intents, 1):
        own = questions & (held.truth == label)
        said = answered & (held.ranked.best == label)
        tests, understood = passed.get(intent, (0, 0))
        lines = int((corpus.labels == label).sum())
        rows.append(
            IntentScore(
                intent, lines, share(right, own), share(right & answered, own),
                float(mass[said & right].sum() / mass[said].sum()) if said.any() else 0.0, tests, understood, lines < FEW,
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (row.recall, row.intent)))


def _confusions(corpus: Corpus, lines: Sequence[Line], held: HeldOut, weighed: Weighed) -> tuple[Confusion, ...]:
    found: dict[tuple[str, str], list[Mistaken]] = defaultdict(list)
    for one in _mistaken(corpus, lines, held, weighed, held.questions & ~held.right):
        found[str(one.intent), one.taken_for].append(one)
    return tuple(
        Confusion(*pair, len(ones), tuple(one.line for one in ones[:SHOWN]))
        for pair, ones in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _mistaken(
    corpus: Corpus, lines: Sequence[Line], held: HeldOut, weighed: Weighed, chosen: Chosen
) -> tuple[Mistaken, ...]:
    found = [
        Mistaken(
            lines[held.rows[at]],
            corpus.intent(int(held.truth[at])),
            str(corpus.intent(int(held.ranked.best[at]))),
            round(float(weighed.confidence[at]), 4),
        )
        for at in np.flatnonzero(chosen).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (not one.line.is_own, -one.confidence, one.line.text)))


def _coverage_at_risk(held: HeldOut, weighed: Weighed) -> Curve:
    order = np.argsort(-weighed.clear, kind="stable")
    order = order[weighed.clear[order] > 0]
    if not len(order):
        return Curve((), ())
    good = np.cumsum(np.where(held.right, weighed.mass, 0.0)[order])
    bad = np.cumsum(np.where(held.right, 0.0, weighed.mass)[order])
    coverage = np.cumsum((held.right & held.questions)[order]) / max(1, int(held.questions.sum()))
    risk = bad / np.maximum(good + bad, 1e-12)
    steps = np.unique(np.linspace(0, len(order) - 1, 200).astype(np.intp))
    return Curve(tuple(risk[steps].round(5).tolist()), tuple(coverage[steps].round(5).tolist()))
