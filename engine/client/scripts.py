"""A pool's script as the player will speak it: facts filled in, their versions told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import UsageError
from engine.events.fields import MAX_SHORT
from engine.events.inputs import ANY_PRODUCT, LocalText, ScriptSegment, ScriptSentence
from engine.events.told import Fact
from engine.events.wire import Facts, SetScript
from engine.pool import speech
from engine.pool.facts import texts_of
from engine.pool.forms import form, said_name
from engine.pool.model import Formats, Pool, ScriptPlan, Sentence

Place = tuple[str, str]
"""Product and name of a fact."""


class FactBook:
    """The facts that the gateway told; at each moment a live one goes before the catalogue's."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._live: dict[Place, Fact] = {}
        self._catalogue: dict[Place, Fact] = {}
        self.tell(facts)

    def tell(self, facts: Iterable[Fact]) -> None:
        """More facts, or newer ones."""
        for fact in facts:
            (self._live if fact.live else self._catalogue)[fact.product, fact.name] = fact

    def take(self, message: Facts) -> None:
        """A push of the gateway."""
        if message.whole:
            self._live.clear()
            self._catalogue.clear()
        self.tell(message.facts)

    def at(self, product: str | None, name: str, now: int) -> tuple[Place, Fact] | None:
        """The fact that holds now: of the product, else of the shop; None where none does, or it is withdrawn."""
        for place in ((product, name), (ANY_PRODUCT, name)) if product is not None else ((ANY_PRODUCT, name),):
            known = False
            for book in (self._live, self._catalogue):
                fact = book.get((place[0], place[1]))
                known = known or fact is not None
                if fact is not None and _holds(fact, now):
                    return ((place[0], place[1]), fact) if fact.value is not None else None
            if known:  # the product's own fact is over or not yet there: the shop's says nothing about it
                return None
        return None

    def next_change(self, now: int) -> int | None:
        """When a fact begins or ends next, ms."""
        moments = (
            moment
            for book in (self._live, self._catalogue)
            for fact in book.values()
            for moment in (fact.start, fact.until)
            if moment is not None and moment > now
        )
        return min(moments, default=None)


class NothingToSay(UsageError):
    """No sentence of the script can be said now. `left_out`: all of them, each with why."""

    def __init__(self, script: str, shop: str, left_out: tuple[tuple[str, str], ...]) -> None:
        self.script = script
        self.shop = shop
        self.left_out = left_out
        super().__init__(script, shop, left_out)

    def __str__(self) -> str:
        sentence, why = self.left_out[0]
        return (
            f"no sentence of script `{self.script}` can be said now (`{sentence}`: {why}); publish shop `{self.shop}` on the server, "
            "or correct its facts"
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """A script to send, and the sentences left out, each with why."""

    script: SetScript
    left_out: tuple[tuple[str, str], ...]


def fill_script(pool: Pool, plan: ScriptPlan, facts: FactBook, *, now: int, request: str, speed: float = 1.0) -> Filled:
    """`plan` with its placeholders filled as of `now`, its seconds divided by `speed`.

    A sentence is left out whose fact does not hold now, since nothing is said that nobody stands for, or that gets too long with it.
    Raises `NothingToSay` where nothing is left.
    `request`: the id of the request that sends it. The version follows from the content alone.
    """
    segments: list[ScriptSegment] = []
    left_out: list[tuple[str, str]] = []
    for segment in plan.segments:
        sentences: list[ScriptSentence] = []
        for sentence in segment.sentences:
            filled = _fill(pool, plan, segment.product, sentence, facts, now, speed)
            if isinstance(filled, str):
                left_out.append((sentence.id, filled))
            else:
                sentences.append(filled)
        if sentences:
            segments.append(ScriptSegment(id=segment.id, product=segment.product, sentences=tuple(sentences)))
    if not segments:
        raise NothingToSay(plan.id, pool.shop, tuple(left_out))
    content = json.dumps([segment.model_dump(mode="json") for segment in segments], sort_keys=True).encode()
    script = SetScript(
        id=request, script=plan.id, version=hashlib.sha256(content).hexdigest()[:16], language=plan.language,
        loop=plan.loop, segments=tuple(segments),
    )  # fmt: skip
    return Filled(script, tuple(left_out))


def _fill(
    pool: Pool, plan: ScriptPlan, product: str | None, sentence: Sentence, facts: FactBook, now: int, speed: float
) -> ScriptSentence | str:
    """The sentence, or why it cannot be said."""
    values: dict[str, str] = {}
    versions: dict[str, str] = {}
    item = pool.products.get(product) if product is not None else None
    for name in speech.placeholders(sentence.text):
        if name == "product" and item is not None:
            values[name] = said_name(item, plan.language)
        elif name == "link" and item is not None and item.link is not None:
            values[name] = str(item.link)
        else:
            found = facts.at(product, name, now)
            said = _said(found[1], plan.language) if found is not None else None
            if found is None or said is None:
                return f"no value for {name}"
            place, fact = found
            values[name] = said
            versions[f"{place[0]}/{place[1]}"] = fact.version
    text = speech.fill(sentence.text, values)
    if len(text) > MAX_SHORT:
        longest = max(values, key=lambda name: len(values[name]))
        return f"{len(text):,} characters with {longest}, at most {MAX_SHORT} can be said at a time"
    return ScriptSentence(
        id=sentence.id, text=text, seconds=sentence.seconds / speed,
        answers=sentence.answers, hold=sentence.hold, facts=versions,
    )  # fmt: skip


def _said(fact: Fact, language: str) -> str | None:
    """The value as it is said; None where there is nothing to say."""
    said = fact.said
    if said is not None:
        text = (said.zh or said.en) if language == "zh" else (said.en or said.zh)
    elif fact.value is not None:  # by a gateway that does not tell it yet
        value = fact.value
        told = value if not isinstance(value, LocalText) else {k: text for k, text in texts_of(value).items() if text}
        text = form(told, fact.currency, language, Formats()).said if told != {} else ""
    else:
        text = None
    return text if text and text.strip() else None


def _holds(fact: Fact, now: int) -> bool:
    return (fact.start is None or fact.start <= now) and (fact.until is None or now < fact.until)
