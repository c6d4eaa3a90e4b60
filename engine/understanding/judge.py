"""Readings → outcomes: rules, lines of the pool that say the same, and the calibrated model, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.events.understanding import Outcome, Understanding
from engine.pool.model import UNLISTED, Intent, Pool, TrainingLine
from engine.understanding.calibration import F64, Ranked, looks_asked, rank
from engine.understanding.linear import Scores
from engine.understanding.model import Model, line_digest
from engine.understanding.neighbours import NEAR, SAME, Nearest, Neighbours
from engine.understanding.ngrams import grams
from engine.understanding.reading import Reading
from engine.understanding.rules import RULE_CONFIDENCE
from engine.understanding.spellings import Spellings

HARMLESS = (
    0.5  # confidence for an insult: nothing is said on air because of it, but a question must not be taken for one
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model thinks of a batch, before any outcome."""

    forms: list[str]
    """What was judged of each reading: its form, or one without the names of goods, where the model is surer of that."""
    scores: Scores
    ranked: Ranked
    confidence: F64
    asking: F64
    fresh: Nearest


class Judge:
    """Decides for one pool and one model. What stands in the pool word by word is understood as it stands there. The model may be
    older than the pool: lines it never saw act as near examples, intents that the pool no longer has are never accepted."""

    def __init__(self, pool: Pool, model: Model) -> None:
        self.model = model
        self._intents = dict(pool.intents)
        self._spellings = Spellings(pool.training.spellings)
        self._known: dict[str, TrainingLine] = {}
        fresh, twice = [], set[str]()
        for line in dict.fromkeys((*pool.training.lines, *pool.training.own)):
            form = self._spellings.form(line.text)
            if not any(map(str.isalnum, form)) or not self._has(line.intent):
                continue
            if self._known.setdefault(form, line).intent != line.intent:
                twice.add(form)
            if line_digest(form, line.intent) not in model.trained:
                fresh.append(line)
        for form in twice:
            del self._known[form]
        self.fresh = Neighbours(model.linear, fresh, self._spellings)
        negatives = [line for line in pool.training.negatives if line.intent is not None]
        self._negatives = Neighbours(model.linear, negatives, self._spellings)
        self._forbidden = np.array([line.intent or "" for line in negatives], dtype=np.object_)

    def _has(self, intent: str | None) -> bool:
        return intent is None or intent == UNLISTED or intent in self._intents

    def opinion(self, readings: Sequence[Reading]) -> Opinion:
        forms = [reading.form for reading in readings]
        own = grams(forms)
        fresh = self.fresh.nearest(own)
        batch = own
        neutral = [(at, form) for at, reading in enumerate(readings) for form in reading.neutral]
        if neutral:
            forms += [form for _, form in neutral]
            batch = grams(forms)
        scores = self.model.linear.scores(batch)
        ranked = rank(scores, forms, looks_asked(forms))
        confidence = self.model.calibration.confidence(ranked)
        asking = self.model.calibration.asking(ranked)
        if neutral:
            chosen = np.arange(len(readings))
            for row, (at, _) in enumerate(neutral, start=len(readings)):
                if confidence[row] > confidence[chosen[at]]:
                    chosen[at] = row
            forms = [forms[row] for row in chosen.tolist()]
            scores, ranked = scores.take(chosen), ranked.take(chosen)
            confidence, asking = confidence[chosen], asking[chosen]
        return Opinion(forms, scores, ranked, confidence, asking, fresh)

    def judge(self, readings: Sequence[Reading]) -> list[Understanding]:
        if not readings:
            return []
        opinion = self.opinion(readings)
        confidences = opinion.confidence.round(4)
        margins = (opinion.confidence * (1.0 - opinion.ranked.share)).round(4)
        asking = opinion.asking.tolist()
        near = opinion.fresh.cosine.tolist()
        names = ("", *self.model.intents)
        understood = []
        for at, (reading, confidence, margin, alone, best, second) in enumerate(
            zip(
                readings,
                confidences.tolist(),
                margins.tolist(),
                (confidences >= self.model.calibration.thresholds.solo).tolist(),
                opinion.ranked.best.tolist(),
                opinion.ranked.second.tolist(),
                strict=True,
            )
        ):
            named = reading.named
            result = Understanding(
                "chatter", reading.form, reading.script.language, names[best], confidence, names[second], margin, alone,
                named.product, named.not_sold, reading.masked,
            )  # fmt: skip
            understood.append(result)
            if reading.script.foreign:
                result.outcome = "unsupported_language"
            elif reading.worded:
                result.outcome = self._by_model(result, asking[at])
                same = self._same(reading)
                if same is not None:
                    self._by_example(result, same, 1.0)
                elif near[at] >= NEAR:
                    self._by_example(result, self.fresh.lines[int(opinion.fresh.line[at])], near[at])
                if reading.fired:
                    self._by_rule(result, {intent for intent, _ in reading.fired})
        self._forbid(understood, asking)
        return understood

    def _same(self, reading: Reading) -> TrainingLine | None:
        """The line of the pool that says just this; a form without the names of goods counts, too."""
        for form in (reading.form, *reading.neutral):
            line = self._known.get(form)
            if line is not None:
                return line
        return None

    def _by_model(self, result: Understanding, asking: float) -> Outcome:
        limits = self.model.calibration.thresholds
        confidence = result.confidence
        intent = self._intents.get(result.intent or "")
        if intent is None:  # the pool no longer has it: whatever is asked, nobody wrote a reply
            return self._unaccepted(0.0, asking)
        if intent.kind != "question":
            sure = HARMLESS if intent.kind == "abuse" else limits.plausible
            return _outcome_of(intent) if confidence >= sure else self._unaccepted(0.0, asking)
        if result.margin >= limits.band:
            return "accepted" if confidence >= limits.accept else self._unaccepted(confidence, asking)
        # One of the two is meant, as surely as an accepted intent is.
        either = 2 * confidence - result.margin
        return "ambiguous" if either >= limits.accept else self._unaccepted(confidence, asking)

    def _unaccepted(self, confidence: float, asking: float) -> Outcome:
        limits = self.model.calibration.thresholds
        if asking < limits.asks:
            return "chatter"
        return "low_confidence" if confidence >= limits.plausible else "unknown"

    def _by_example(self, result: Understanding, line: TrainingLine, cosine: float) -> None:
        """A line of the pool says the same, or one that the model has not learnt yet says nearly the same."""
        if line.intent is None or line.intent == UNLISTED:
            result.outcome = "chatter" if line.intent is None else "unknown"
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
        nearest = self._negatives.nearest(grams([understood[at].key for at in settled]), allowed)
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
