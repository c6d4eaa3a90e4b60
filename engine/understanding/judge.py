"""Readings → outcomes: lines of the pool that say the same, rules, and the calibrated model, in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.events.understanding import Outcome, Understanding
from engine.pool.model import UNLISTED, Intent, Pool, TrainingLine
from engine.understanding.calibration import Ranked, looks_asked, rank
from engine.understanding.known import Known
from engine.understanding.model import Model, line_digest
from engine.understanding.neighbours import NEAR, SAME, Neighbours
from engine.understanding.ngrams import Grams, grams
from engine.understanding.reading import Reading, unasked
from engine.understanding.regression import F64
from engine.understanding.rules import RULE_CONFIDENCE
from engine.understanding.spellings import Spellings

HARMLESS = (
    0.5  # confidence for an insult: nothing is said on air because of it, but a question must not be taken for one
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings, and the features of all that is judged of them."""

    readings: Sequence[Reading]
    variants: list[tuple[int, str, bool]]
    """Forms with less in them: of which reading, and whether it is one of `Reading.surer`."""
    features: Grams
    """Of the readings' forms, then of the variants."""

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Batch:
        variants = [
            *((at, form, False) for at, reading in enumerate(readings) for form in reading.neutral),
            *((at, form, True) for at, reading in enumerate(readings) for form in reading.surer),
        ]
        forms = [reading.form for reading in readings]
        return cls(readings, variants, grams([*forms, *(form for _, form, _ in variants)]))

    @property
    def own(self) -> Grams:
        """Features of the readings' forms."""
        return self.features.first(len(self.readings))


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model thinks of those readings of a batch that come through the gate, before any outcome."""

    at: list[int]
    """Their places in the batch, rising."""
    forms: list[str]
    """What was judged of each reading of the batch: its form, or one with less in it, where the model is surer of that. One of
    `Reading.surer` counts where its intent is the whole's, and plausible there: `主播多高` asks for no good's height."""
    ranked: Ranked
    confidence: F64
    asking: F64


class Judge:
    """Decides for one pool and one model. What stands in the pool word by word is understood as it stands there. The model may be
    older than the pool: lines it never saw act as near examples, intents that the pool no longer has are never accepted."""

    def __init__(self, pool: Pool, model: Model) -> None:
        self.model = model
        self._intents = dict(pool.intents)
        self._spellings = Spellings(pool.training.spellings)
        self._known = Known(pool.training, self._spellings, model.trained, (None, UNLISTED, *self._intents))
        self.fresh = Neighbours(model.linear, self._known.fresh, self._spellings)
        negatives = [line for line in pool.training.negatives if line.intent is not None]
        self._negatives = Neighbours(model.linear, negatives, self._spellings)
        self._forbidden = np.array([line.intent or "" for line in negatives], dtype=np.object_)

    def opinion(self, batch: Batch) -> Opinion:
        forms = [reading.form for reading in batch.readings]
        linear, calibration = self.model.linear, self.model.calibration
        asks = linear.asks(batch.features) >= calibration.thresholds.gate
        passed = asks[: len(forms)]
        for (at, _, _), asked in zip(batch.variants, asks[len(forms) :].tolist(), strict=True):
            passed[at] |= asked
        rows = np.flatnonzero(passed).tolist()
        kept = np.array([passed[at] for at, _, _ in batch.variants], dtype=np.bool_)
        features = batch.features.only(np.concatenate((passed, kept)))
        variants = [variant for variant in batch.variants if passed[variant[0]]]
        judged = [*(forms[at] for at in rows), *(form for _, form, _ in variants)]
        ranked = rank(linear.scores(features), judged, looks_asked(judged))
        confidence, asking = calibration.confidence(ranked), calibration.asking(ranked)
        chosen = np.arange(len(rows))
        place = {at: row for row, at in enumerate(rows)}
        for row, (at, form, guarded) in enumerate(variants, start=len(rows)):
            best = chosen[place[at]]
            if guarded and (
                ranked.best[row] != ranked.best[best] or confidence[best] < calibration.thresholds.plausible
            ):
                continue
            if confidence[row] > confidence[best]:
                chosen[place[at]] = row
                forms[at] = form
        return Opinion(rows, forms, ranked.take(chosen), confidence[chosen], asking[chosen])

    def judge(self, readings: Sequence[Reading]) -> list[Understanding]:
        if not readings:
            return []
        batch = Batch.of(readings)
        own = batch.own
        understood = [
            Understanding(
                "chatter", reading.form, reading.script.language, None, 0.0, None, 0.0, False,
                reading.named.product, reading.named.not_sold, reading.masked, reading.named.stranger,
            )
            for reading in readings
        ]  # fmt: skip
        asking = self._by_model(batch, understood)
        fresh = self.fresh.nearest(own)
        near = set(np.flatnonzero(fresh.cosine >= NEAR).tolist())
        for at, reading in enumerate(readings):
            same = self._same(reading.form) if reading.worded else None
            if same is not None:  # what somebody wrote of just this goes before rules and lists of languages
                self._by_example(understood[at], same, 1.0)
            elif reading.script.foreign:
                understood[at].outcome = "unsupported_language"
            elif reading.worded and (reading.neutral or reading.fired or reading.likely or at in near):
                alike = self._alike(reading)
                if alike is not None:  # as above
                    self._by_example(understood[at], alike, 1.0)
                    continue
                if at in near:
                    self._by_example(understood[at], self.fresh.lines[fresh.line[at]], float(fresh.cosine[at]))
                if reading.fired:
                    self._by_rule(understood[at], {intent for intent, _ in reading.fired})
                elif understood[at].outcome == "low_confidence" and understood[at].intent in reading.likely:
                    self._by_rule(understood[at], {str(understood[at].intent)})
        self._forbid(understood, asking, own)
        return understood

    def _by_model(self, batch: Batch, understood: list[Understanding]) -> list[float]:
        """Enters what the model says; returns how probably each text is a question, 0 where it did not come through the gate."""
        opinion = self.opinion(batch)
        asking = [0.0] * len(understood)
        names = ("", *self.model.intents)
        confidences = opinion.confidence.round(4)
        for at, best, second, confidence, margin, alone, asks in zip(
            opinion.at,
            opinion.ranked.best.tolist(),
            opinion.ranked.second.tolist(),
            confidences.tolist(),
            (opinion.confidence * (1.0 - opinion.ranked.share)).round(4).tolist(),
            (confidences >= self.model.calibration.thresholds.solo).tolist(),
            opinion.asking.tolist(),
            strict=True,
        ):
            result, reading = understood[at], batch.readings[at]
            result.intent, result.runner_up = names[best], names[second]
            result.confidence, result.margin, result.solo_ok = confidence, margin, alone
            # Near no intent, a line with a web address that has no word of asking advertises something.
            asking[at] = 0.0 if reading.address and not looks_asked([reading.form]).any() else asks
            if reading.worded:
                result.outcome = self._outcome(result, asking[at])
        return asking

    def _same(self, form: str) -> TrainingLine | None:
        """The line of the pool that says just this. A question mark makes another of what asks nothing, and the same of a question."""
        same = self._known.get(form)
        if same is not None or not form.endswith("?"):
            return same
        same = self._known.get(unasked(form))
        return None if same is None or same.intent is None else same

    def _alike(self, reading: Reading) -> TrainingLine | None:
        """The line of the pool that says just this but for names of goods, courtesies, and how often it is said."""
        return next(filter(None, map(self._known.get, reading.neutral)), None)

    def _outcome(self, result: Understanding, asking: float) -> Outcome:
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
        if confidence >= limits.plausible:
            return "low_confidence"
        return "unknown" if asking >= limits.asks else "chatter"

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

    def _forbid(self, understood: list[Understanding], asking: list[float], own: Grams) -> None:
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
        chosen = np.zeros(len(understood), dtype=np.bool_)
        chosen[settled] = True
        nearest = self._negatives.nearest(own.only(chosen), allowed)
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
