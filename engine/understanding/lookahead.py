"""Which intents a sentence of the script answers by itself: proposals for an editor, who alone accepts one.

What a comment asks is read by the pipeline; what a sentence tells is read by the same parts of it, held against what may be replied:

- it speaks every fact that a reply of the intent speaks;
- a keyword rule of the intent fires on it;
- it is made of the same features as a reply;
- the model, where one is at hand, is sure of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from engine.events.understanding import Understanding
from engine.pool import speech
from engine.pool.model import Intent, Pool, Reply, ScriptPlan, Segment, Sentence
from engine.understanding.linear import F32
from engine.understanding.ngrams import counts, grams
from engine.understanding.normalise import normal_form
from engine.understanding.reading import Reader

LIKE: Final = 0.2  # cosine from which sentence and reply say the same; in the example shop unlike ones stay below 0.17

Judged = Callable[[Sequence[str]], Sequence[Understanding]]
"""Texts → what the pipeline with its model understands."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A sentence, by its place in the script, and each intent that it seems to answer with why."""

    script: str
    segment: int
    number: int
    sentence: str
    answers: tuple[tuple[str, str], ...]


def proposals(pool: Pool, judged: Judged | None = None) -> Iterator[Proposal]:
    """For every sentence, tagged or not; in the order of the scripts."""
    reader = Reader(pool)
    for plan in pool.scripts.values():
        yield from _of_script(pool, plan, reader, judged)


def _of_script(pool: Pool, plan: ScriptPlan, reader: Reader, judged: Judged | None) -> Iterator[Proposal]:
    places = [(n, m) for n, segment in enumerate(plan.segments) for m, _ in enumerate(segment.sentences)]
    texts = [_bare(plan.segments[n].sentences[m].text) for n, m in places]
    replies = [
        (intent, reply)
        for intent in pool.intents.values()
        if intent.kind == "question" and intent.owner == "engine"
        for reply in intent.replies
        if reply.lang == plan.language
    ]
    if not replies:
        return
    likeness = _likeness(texts, [_bare(reply.text) for _, reply in replies])
    readings = reader.read(texts)
    understood = judged(texts) if judged is not None else ()
    for at, (n, m) in enumerate(places):
        segment = plan.segments[n]
        sentence = segment.sentences[m]
        found = _by_facts(sentence, segment, replies)
        for intent, rule in readings[at].fired:
            if any(intent == other.id for other, _ in replies):
                found.setdefault(intent, f"the rule `{rule}` fires")
        best = int(likeness[at].argmax())
        intent_like, reply_like = replies[best]
        if likeness[at, best] >= LIKE and _fits(reply_like, segment):
            found.setdefault(intent_like.id, f"it says nearly what the reply `{reply_like.id}` says")
        meaning = understood[at] if understood else None
        asked = pool.intents.get(meaning.intent or "") if meaning and meaning.outcome == "accepted" else None
        if meaning is not None and asked is not None and asked.kind == "question":
            found.setdefault(asked.id, f"the model takes it for that, with {meaning.confidence:.2f}")
        if found:
            yield Proposal(plan.id, n, m, sentence.id, tuple(found.items()))


def _by_facts(sentence: Sentence, segment: Segment, replies: Sequence[tuple[Intent, Reply]]) -> dict[str, str]:
    spoken = dict.fromkeys(speech.placeholders(sentence.text))
    found: dict[str, str] = {}
    for intent, reply in replies:
        facts = [name for name in reply.placeholders if name not in speech.PRODUCT_WORDS]
        if facts and all(name in spoken for name in facts) and _fits(reply, segment):
            named = " and ".join(f"{{{name}}}" for name in facts)
            found.setdefault(intent.id, f"it speaks {named}, as the reply `{reply.id}` does")
    return found


def _fits(reply: Reply, segment: Segment) -> bool:
    """Whether the segment is about something that the reply could be said of."""
    if reply.products:
        return segment.product in reply.products
    return not reply.needs_product or segment.product is not None


def _bare(text: str) -> str:
    """The words around the facts."""
    return normal_form(speech.fill(text, dict.fromkeys(speech.placeholders(text), " ")))


def _likeness(texts: Sequence[str], others: Sequence[str]) -> F32:
    """Cosine of each text with each of the others, by features that are rare among all of them."""
    rows = counts(grams([*texts, *others])).astype(np.float32)
    frequency = np.bincount(rows.indices, minlength=rows.shape[1])
    weights = np.log(len(texts) + len(others)) - np.log(np.maximum(frequency, 1))
    rows.data = np.minimum(rows.data, 1) * weights[rows.indices].astype(np.float32)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(rows.indptr)).astype(np.float32)
    rows = sparse.csr_array(rows)
    cosines: F32 = (rows[: len(texts)] @ rows[len(texts) :].T).toarray().astype(np.float32)
    return cosines
