"""What a shop's script takes as the record that its player tells the room: the same bounds that the record itself has."""

from __future__ import annotations

from typing import Final

from engine.events.codec import encode
from engine.events.fields import MAX_RECORD_BYTES
from engine.events.inputs import ANY_PRODUCT, ScriptSegment, ScriptSentence, sentence_memory
from engine.pool.facts import catalogue_version
from engine.pool.forms import fact_form, said_name
from engine.pool.model import Pool, Product, ScriptPlan, Segment, Sentence
from engine.pool.speech import fill, placeholders

HEAD_BYTES: Final = 2_048  # of the record beside its segments: ids of 128 characters, times, names
MAX_SCRIPT_BYTES: Final = MAX_RECORD_BYTES - HEAD_BYTES


def memory(plan: ScriptPlan, pool: Pool) -> int:
    """Bytes that a room remembers of it: ids, answers, versions of facts."""
    return sum(
        sentence_memory(sentence.id, sentence.answers, _facts(sentence, segment.product, pool))
        for segment in plan.segments
        for sentence in segment.sentences
    )


def record_bytes(plan: ScriptPlan, pool: Pool) -> int:
    """Bytes of its segments on the bus, filled from the catalogue."""
    return sum(len(encode(_filled(plan, segment, pool))) for segment in plan.segments)


def _filled(plan: ScriptPlan, segment: Segment, pool: Pool) -> ScriptSegment:
    """The segment as it is sent, unchecked: its parts are checked one by one, with their places."""
    item = pool.products.get(segment.product) if segment.product is not None else None
    sentences = []
    for sentence in segment.sentences:
        values = {name: _value(name, item, pool, plan.language) for name in placeholders(sentence.text)}
        told = ScriptSentence.model_construct(
            id=sentence.id, text=fill(sentence.text, values), seconds=sentence.seconds, answers=sentence.answers,
            hold=sentence.hold, facts=_facts(sentence, segment.product, pool),
        )  # fmt: skip
        sentences.append(told)
    return ScriptSegment.model_construct(id=segment.id, product=segment.product, sentences=tuple(sentences))


def _facts(sentence: Sentence, product: str | None, pool: Pool) -> dict[str, str]:
    """Versions by place, as the player tells them: of the product, else of the shop."""
    item = pool.products.get(product) if product is not None else None
    found = {}
    for name in placeholders(sentence.text):
        own = item.facts.get(name) if item is not None else None
        fact = own or pool.facts.get(name)
        if fact is not None:
            found[f"{product if own is not None else ANY_PRODUCT}/{name}"] = catalogue_version(fact)
    return found


def _value(name: str, item: Product | None, pool: Pool, language: str) -> str:
    """What the catalogue says; nothing where it cannot be said, which is told elsewhere."""
    if item is not None and name == "product":
        return said_name(item, language)
    if item is not None and name == "link":
        return str(item.link or "")
    fact = (item.facts.get(name) if item is not None else None) or pool.facts.get(name)
    if fact is None:
        return ""
    try:
        return fact_form(fact, language, pool.formats).said
    except ValueError:
        return ""
