"""Readings → outcomes: rules, near examples and the calibrated model, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.events.understanding import Outcome, Understanding
from engine.pool.model import Intent, Pool, TrainingLine
from engine.understanding.calibration import F64, Ranked, looks_asked, rank
from engine.understanding.linear import Scores
from engine.understanding.model import Model, line_digest
from engine.understanding.neighbours import NEAR, SAME, Nearest, Neighbours
from engine.understanding.ngrams import grams
from engine.understanding.normalise import normal_form
from engine.understanding.reading import Reading
from engine.understanding.rules import RULE_CONFIDENCE

HARMLESS = 0.5  # confidence for chatter and abuse intents: nothing is said on air because of them


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model thinks of a batch, before any outcome."""

    scores: Scores
    ranked: Ranked
    confidence: F64
    asking: F64
    fresh: Nearest


class Judge:
    """Decides for one pool and one model. The model may be older than the pool: lines it never saw act as near examples,
    intents that the pool no longer has are never accepted."""

    def __init__(self, pool: Pool, model: Model) -> None:
        self.model = model
        self._intents = dict(pool.intents)
        lines = dict.fromkeys((*pool.training.lines, *pool.training.own))
        self.fresh = Neighbours(model.linear, [line for line in lines if self._is_fresh(line)])
        negatives = [line for line in pool.training.negatives if line.intent is not None]
        self._negatives = Neighbours(model.linear, negatives)
        self._forbidden = np.array([line.intent or "" for line in negatives], dtype=np.object_)

    def _is_fresh(self, line: TrainingLine) -> bool:
        known = line.intent is None or line.intent in self._intents
        return known and line_digest(normal_form(line.text), line.intent) not in self.model.trained

    def opinion(self, forms: Sequence[str]) -> Opinion:
        scores = self.model.linear.scores(grams(forms))
        ranked = rank(scores, forms, looks_asked(forms))
        calibration = self.model.calibration
        return Opinion(
            scores, ranked, calibration.confidence(ranked), calibration.asking(ranked), self.fresh.nearest(forms)
        )

    def judge(self, readings: Sequence[Reading]) -> list[Understanding]:
        if not readings:
            return []
        opinion = self.opinion([reading.form for reading in readings])
        confidences = opinion.confidence.tolist()
        shares = opinion.ranked.share.tolist()
        asking = opinion.asking.tolist()
        best = opinion.ranked.best.tolist()
        second = opinion.ranked.second.tolist()
        near = opinion.fresh.cosine.tolist()
        nearest = opinion.fresh.line.tolist()
        names = self.model.intents
        understood = []
        for at, reading in enumerate(readings):
            result = Understanding("chatter", reading.form, reading.script.language, masked=reading.masked)
            result.product, result.not_sold = reading.named.product, reading.named.not_sold
            result.intent, result.runner_up = names[best[at] - 1], names[second[at] - 1]
            self._grade(result, confidences[at], shares[at])
            if reading.script.foreign:
                result.outcome = "unsupported_language"
            elif any(map(str.isalnum, reading.form)):
                self._by_model(result, confidences[at], asking[at])
                if near[at] >= NEAR:
                    self._by_example(result, self.fresh.lines[nearest[at]], near[at])
                if reading.fired:
                    self._by_rule(result, {intent for intent, _ in reading.fired})
            understood.append(result)
        self._forbid(understood, asking)
        return understood

    def _grade(self, result: Understanding, confidence: float, share: float) -> None:
        result.confidence = round(confidence, 4)
        result.margin = round(confidence * (1.0 - share), 4)
        result.solo_ok = result.confidence >= self.model.calibration.thresholds.solo

    def _by_model(self, result: Understanding, confidence: float, asking: float) -> None:
        limits = self.model.calibration.thresholds
        intent = self._intents.get(result.intent or "")
        kind = intent.kind if intent is not None else None
        if kind is not None and kind != "question":
            result.outcome = _outcome_of(intent) if confidence >= HARMLESS else self._unaccepted(confidence, asking)
        elif kind == "question" and result.confidence >= limits.accept:
            result.outcome = "accepted" if result.margin >= limits.band else "ambiguous"
        elif kind == "question" and 2 * confidence - result.margin >= limits.accept and result.margin < limits.band:
            result.outcome = "ambiguous"  # one of the two is meant, as surely as an accepted intent is
        else:
            result.outcome = self._unaccepted(confidence if kind is not None else 0.0, asking)

    def _unaccepted(self, confidence: float, asking: float) -> Outcome:
        limits = self.model.calibration.thresholds
        if asking < limits.asks:
            return "chatter"
        return "low_confidence" if confidence >= limits.plausible else "unknown"

    def _by_example(self, result: Understanding, line: TrainingLine, cosine: float) -> None:
        """A line that the model has not learnt yet says nearly the same."""
        if line.intent is None:
            result.outcome = "chatter"
            return
        self._settle(result, line.intent, min(cosine, RULE_CONFIDENCE), solo=cosine >= SAME)

    def _by_rule(self, result: Understanding, fired: set[str]) -> None:
        if len(fired) == 1:
            self._settle(result, fired.pop(), RULE_CONFIDENCE, solo=True)
        elif result.outcome != "accepted" or result.intent not in fired:
            result.intent, result.runner_up = sorted(fired)[:2]
            result.outcome, result.margin = "ambiguous", 0.0

    def _settle(self, result: Understanding, intent: str, confidence: float, *, solo: bool) -> None:
        if result.intent != intent:
            result.intent, result.runner_up = intent, result.intent
        result.confidence = round(max(result.confidence if result.intent == intent else 0.0, confidence), 4)
        result.confidence = round(confidence, 4)
        result.margin = result.confidence
        result.solo_ok = solo
        result.outcome = _outcome_of(self._intents[intent])

    def _forbid(self, understood: list[Understanding], asking: list[float]) -> None:
        """Where an intent was settled and one of its `not:` lines says nearly the same, it is taken back."""
        if not len(self._forbidden):
            return
        settled = [
            at
            for at, result in enumerate(understood)
            if result.outcome in {"accepted", "abuse"}
            and line_digest(result.key, result.intent) not in self.model.trained
        ]
        if not settled:
            return
        intents = np.array([understood[at].intent for at in settled], dtype=np.object_)
        allowed: NDArray[np.bool_] = intents[:, None] == self._forbidden[None, :]
        nearest = self._negatives.nearest([understood[at].key for at in settled], allowed)
        for at, cosine in zip(settled, nearest.cosine.tolist(), strict=True):
            if cosine >= SAME:
                result = understood[at]
                result.confidence = round(result.confidence * (1.0 - cosine), 4)
                result.margin, result.solo_ok = 0.0, False
                result.outcome = self._unaccepted(result.confidence, asking[at])


def _outcome_of(intent: Intent | None) -> Outcome:
    if intent is None or intent.kind == "question":
        return "accepted"
    return "abuse" if intent.kind == "abuse" else "chatter"
