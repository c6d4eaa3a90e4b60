"""A shop as its rooms see it: the live pool, live facts over the catalogue's, and which replies are usable now.

Shared by all rooms of a shop in a partition. Everything it caches follows from the pool and the facts, so that a restored one
answers as the old one did.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from engine.events.inputs import ANY_PRODUCT, AppliedShopEvent, FactSet, FactValue, LocalText
from engine.events.outputs import FactUse
from engine.pool import speech
from engine.pool.facts import MAX_SPOKEN, catalogue_version, live_version, objection, texts_of
from engine.pool.forms import form, said_name
from engine.pool.model import Fact, Intent, Localised, Pool, Reply
from engine.room.guard import Guard

FOREVER: Final = 1 << 62

Trouble = Literal["no_reply", "fact_missing", "fact_expired", "fact_out_of_bounds", "guard_blocked", "fact_pending"]
SEVERITY: Final[dict[Trouble, int]] = {
    "fact_pending": 0,  # mends itself
    "fact_expired": 1,
    "fact_out_of_bounds": 2,
    "fact_missing": 3,
    "guard_blocked": 4,
    "no_reply": 5,
}
"""Of several replies that fail, the one nearest to being usable names the reason."""


@dataclass(slots=True)
class Reading:
    """A fact at one moment, as it would be spoken. `until`: when it changes or ends."""

    text: str
    version: str
    until: int
    price: bool
    written: str = ""
    """As it stands on a screen."""
    source: str = ""


@dataclass(slots=True)
class Filled:
    """A reply, filled for a product at one moment; good until `until`."""

    reply: Reply
    product: str | None
    text: str
    ms: int
    facts: tuple[FactUse, ...]
    until: int
    written: str = ""
    """The text for a chat or a screen; empty where it is the one that is said."""
    words: str = field(init=False)
    """What viewers remember it by: a variant that names its product is made of other words for another one."""

    def __post_init__(self) -> None:
        named = "product" in self.reply.placeholders or "link" in self.reply.placeholders
        self.words = f"{self.reply.id}/{self.product}" if named else self.reply.id

    @property
    def shown(self) -> str:
        """The text as it is read."""
        return self.written or self.text


@dataclass(slots=True)
class Unusable:
    """Why a reply cannot be said now. `until`: when to look again; `starts`: when a pending fact begins."""

    trouble: Trouble
    wanted: str | None
    until: int
    starts: int | None = None


@dataclass(slots=True)
class Usable:
    """Replies for intent × product × language that could be said now; else why none can."""

    replies: tuple[Filled, ...]
    trouble: Trouble | None
    wanted: str | None
    until: int
    starts: int | None
    all_ask: bool
    """Each of the replies has to be approved before it is said, in any mode."""
    none_standing: bool
    """Each of them has to be in mode `approve`."""
    spoken: bool
    """One of them at least may be said; else they may be posted."""


@dataclass(slots=True)
class Shop:
    """One shop. `live`: fact events by (product, name)."""

    id: str
    pool: Pool
    generation: int = 0
    pool_offset: int = -1
    live: dict[tuple[str, str], AppliedShopEvent] = field(default_factory=dict)
    guard: Guard = field(init=False)
    _usable: dict[tuple[str, str | None, str], tuple[int, Usable]] = field(default_factory=dict)
    """With the moment it was worked out for: it holds from then until its `until` (rooms look ahead to different moments)."""
    _filled: dict[tuple[str, str | None], tuple[int, Filled | Unusable]] = field(default_factory=dict)
    _scoped: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    _refused: dict[tuple[str, str, str], Trouble | None] = field(default_factory=dict)
    """What stands against a value, by product, name and version of its fact."""

    longest_ms: int = field(init=False)
    """The longest `answer_within`."""
    asks: bool = field(init=False)
    """Whether some reply has to be approved in any mode."""
    posting: frozenset[str] = field(init=False)
    """Intents with a reply that may be posted; never iterated."""
    densest: dict[str, float] = field(init=False)
    """By intent, what a second of air is worth at most to one viewer: its priority over the seconds of its shortest reply without facts."""
    shared: dict[str, tuple[str, ...]] = field(init=False)
    """By intent, the facts of its replies that speak for the whole shop."""
    urgent: frozenset[str] = field(init=False)
    """Intents whose replies may interrupt a sentence; never iterated."""

    def __post_init__(self) -> None:
        self._compile()

    def _compile(self) -> None:
        self.guard = Guard(self.pool.guard)
        intents = self.pool.intents.values()
        self.longest_ms = max((intent.answer_within_ms for intent in intents), default=0)
        self.asks = any(reply.approval == "ask" for intent in intents for reply in intent.replies)
        self.densest = {intent.id: intent.priority / _shortest(intent) for intent in intents}
        self.posting = frozenset(
            intent.id for intent in intents if any(reply.channel != "voice" for reply in intent.replies)
        )
        self.shared = {
            intent.id: tuple(
                dict.fromkeys(
                    name
                    for reply in intent.replies
                    if not reply.needs_product
                    for name in reply.placeholders
                    if name not in speech.PRODUCT_WORDS
                )
            )
            for intent in intents
        }
        self.urgent = frozenset(
            intent.id
            for intent in intents
            if intent.insert == "now" and any(reply.may_interrupt for reply in intent.replies)
        )

    def swap(self, pool: Pool, generation: int, offset: int) -> None:
        """Another pool is live from now on."""
        self.pool, self.generation, self.pool_offset = pool, generation, offset
        self._compile()
        self._scoped.clear()
        self._changed()

    def set_fact(self, applied: AppliedShopEvent, event: FactSet) -> None:
        """A fact event, newer than what stands."""
        self.live[event.product, event.name] = applied
        self._changed()

    def _changed(self) -> None:
        self._usable.clear()
        self._filled.clear()
        self._refused.clear()

    # ---- facts -----------------------------------------------------------------------------------------------------

    def read(self, product: str | None, name: str, lang: str, at: int) -> Reading | Unusable:
        """The fact `name` as spoken at `at`: of the product, else of the shop; a live one before the catalogue's."""
        place = self._place(product, name)
        facts = self.pool.facts if place == ANY_PRODUCT else self.pool.products[place].facts
        return self._read_at(place, name, facts.get(name), lang, at)

    def _place(self, product: str | None, name: str) -> str:
        """Whose fact counts. Live facts of a product that left the catalogue do not: nothing bounds them any more."""
        item = self.pool.products.get(product) if product is not None else None
        if item is not None and ((item.id, name) in self.live or name in item.facts):
            return item.id
        return ANY_PRODUCT

    def sells(self, product: str | None) -> bool:
        """Whether there is nothing to sell (None), or the product is in the catalogue and on sale."""
        if product is None:
            return True
        item = self.pool.products.get(product)
        return item is not None and item.on_sale

    def _read_at(self, product: str, name: str, base: Fact | None, lang: str, at: int) -> Reading | Unusable:
        applied = self.live.get((product, name))
        horizon = FOREVER
        if applied is not None and isinstance(event := applied.event, FactSet):
            if event.until is not None and event.until <= at:
                pass  # it is over: the catalogue counts again
            elif event.start is not None and event.start > at:
                horizon = event.start  # the catalogue counts until then
                if base is None:
                    return Unusable("fact_pending", name, event.start, event.start)
            else:
                until = event.until if event.until is not None else FOREVER
                if event.value is None:
                    return Unusable("fact_missing", name, until)
                version = live_version(applied.offset)
                return self._spoken(product, event.value, base, lang, version, until, name, event.source or event.by)
        if base is None:
            return Unusable("fact_missing", name, horizon)
        if base.until is not None and base.until <= at:
            if horizon < FOREVER:
                return Unusable("fact_pending", name, horizon, horizon)
            return Unusable("fact_expired", name, FOREVER)
        if base.start is not None and base.start > at:
            return Unusable("fact_pending", name, min(base.start, horizon), min(base.start, horizon))
        until = min(base.until if base.until is not None else FOREVER, horizon)
        return self._spoken(product, base.value, base, lang, catalogue_version(base), until, name, base.source)

    def _spoken(
        self,
        product: str,
        value: FactValue | Localised,
        base: Fact | None,
        lang: str,
        version: str,
        until: int,
        name: str,
        source: str,
    ) -> Reading | Unusable:
        """The value as it is said. One that the catalogue's checks and `fact set` would refuse is not: others write the log, too."""
        if (product, name, version) not in self._refused:
            wrong = objection(name, value, base, self.guard.banned, self.pool.formats)
            self._refused[product, name, version] = wrong.trouble if wrong is not None else None
        trouble = self._refused[product, name, version]
        if trouble is not None:
            return Unusable(trouble, name, until)
        if isinstance(value, LocalText):
            value = texts_of(value)
        found = form(value, base.unit if base else None, lang, self.pool.formats)
        own = base.spoken.get(lang) if base is not None and value == base.value else None
        price = base is not None and base.currency is not None
        return Reading(own or found.said, version, until, price, found.written, source)

    def version(self, product: str, name: str, at: int) -> str | None:
        """Version of the fact that counts at `at`; None where none does."""
        reading = self.read(None if product == ANY_PRODUCT else product, name, self.pool.default_language, at)
        return reading.version if isinstance(reading, Reading) else None

    # ---- replies ---------------------------------------------------------------------------------------------------

    def scope(self, intent: Intent) -> tuple[bool, bool]:
        """(the answer may depend on the product, it needs one)."""
        known = self._scoped.get(intent.id)
        if known is None:
            scoped = intent.needs_product or any(reply.needs_product or reply.products for reply in intent.replies)
            needs = intent.needs_product if not intent.replies else all(reply.needs_product for reply in intent.replies)
            known = self._scoped[intent.id] = (scoped, needs)
        return known

    def about(self, intent: Intent, product: str | None) -> str | None:
        """The product that a demand is about, of one that was meant: None where the answer is the same for all of the shop."""
        if product is None or self.scope(intent)[0]:
            return product
        own = any(self._place(product, name) != ANY_PRODUCT for name in self.shared.get(intent.id, ()))
        return product if own else None

    def fill(self, reply: Reply, product: str | None, at: int) -> Filled | Unusable:
        """The reply with its facts as of `at`, guarded."""
        place = (reply.id, product)
        known = self._filled.get(place)
        if known is not None and known[0] <= at < known[1].until:
            return known[1]
        filled = self._fill(reply, product, at)
        self._filled[place] = (at, filled)
        return filled

    def _fill(self, reply: Reply, product: str | None, at: int) -> Filled | Unusable:
        values: dict[str, str] = {}
        written: dict[str, str] = {}
        uses: list[FactUse] = []
        until = FOREVER
        item = self.pool.products.get(product) if product is not None else None
        # Who names no product speaks for the whole shop: a product's own value would be taken for that of what is on screen.
        about = product if reply.needs_product else None
        for name in reply.placeholders:
            if name in speech.PRODUCT_WORDS:
                if item is None or (name == "link" and item.link is None):
                    return Unusable("fact_missing", name, FOREVER)
                values[name] = said_name(item, reply.lang) if name == "product" else str(item.link)
                continue
            reading = self.read(about, name, reply.lang, at)
            if isinstance(reading, Unusable):
                return reading if reading.trouble != "guard_blocked" else replace(reading, wanted=reply.id)
            values[name], written[name] = reading.text, reading.written
            until = min(until, reading.until)
            if about is None and self._place(product, name) != ANY_PRODUCT:
                own = self.read(product, name, reply.lang, at)
                if isinstance(own, Unusable):
                    return own
                until = min(until, own.until)
                if own.text != reading.text:
                    return Unusable("no_reply", None, until)  # what holds for the shop does not for this product
            uses.append(
                FactUse(
                    product=self._place(about, name),
                    name=name,
                    version=reading.version,
                    text=reading.text,
                    written=reading.written if reading.written != reading.text else None,
                    source=reading.source,
                    until=reading.until if reading.until < FOREVER else None,
                    price=reading.price,
                )
            )
        text = speech.fill(reply.text, values)
        shown = speech.fill(reply.text, {**values, **written})
        for final in dict.fromkeys((text, shown)):
            if len(final) > MAX_SPOKEN or self.guard.refuses(final, reply.text):
                return Unusable("guard_blocked", reply.id, until)
        seconds = reply.seconds if reply.seconds is not None else speech.seconds(text, reply.lang)
        return Filled(
            reply, product, text, max(1, round(seconds * 1000)), tuple(uses), until, shown if shown != text else ""
        )

    def usable(self, intent: Intent, product: str | None, lang: str, at: int) -> Usable:
        """What could be said to this intent × product in `lang` at `at`."""
        place = (intent.id, product, lang)
        known = self._usable.get(place)
        if known is not None and known[0] <= at < known[1].until:
            return known[1]
        replies: list[Filled] = []
        trouble: Trouble = "no_reply"
        wanted: str | None = None
        until, starts = FOREVER, None
        for reply in intent.replies:
            if reply.lang != lang or (reply.needs_product and product is None):
                continue
            if reply.products and product not in reply.products:
                continue
            filled = self.fill(reply, product, at)
            until = min(until, filled.until)
            if isinstance(filled, Filled):
                replies.append(filled)
                continue
            if SEVERITY[filled.trouble] < SEVERITY[trouble]:
                trouble, wanted = filled.trouble, filled.wanted
            if filled.starts is not None:
                starts = filled.starts if starts is None else min(starts, filled.starts)
        rules = {filled.reply.approval for filled in replies}
        found = Usable(
            tuple(replies), None if replies else trouble, wanted, until, starts, rules <= {"ask"}, "standing" not in rules,
            any(filled.reply.channel != "chat" for filled in replies),
        )  # fmt: skip
        self._usable[place] = (at, found)
        return found


def _shortest(intent: Intent) -> float:
    """Seconds of its shortest reply, at least; facts can only make it longer."""
    bare = (
        reply.seconds
        if reply.seconds is not None
        else speech.seconds(speech.fill(reply.text, dict.fromkeys(reply.placeholders, "")), reply.lang)
        for reply in intent.replies
    )
    return max(0.001, min(bare, default=1.0) - 0.001)
