"""What the room says by itself, ahead of all replies: a correction first, then the disclosure that its host is no person.

They are insertions like others: at a boundary, one at a time, withdrawn and stopped by the same causes. They answer no comment, and do not
count as airtime of replies, so that neither is held back by the budget nor takes from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.events.fields import Language
from engine.events.outputs import Disclosure, FactUse, Insertion
from engine.pool import speech
from engine.pool.model import CORRECTION, DISCLOSURE
from engine.room.demands import Demand
from engine.room.duties import PRICES_CAP, WrongPrice
from engine.room.effects import Effects
from engine.room.room import REPORT_TIMEOUT_MS, Flight, Room
from engine.room.script_events import alert
from engine.room.selection import COMMIT_MS, SLACK_MS, Opportunity, next_opportunity, when
from engine.room.shop import FOREVER, Filled

EARLY_MS: Final = 60_000  # it is due so long before its interval ends (a quarter of a short one): sentences and a reply may come between
BEGIN_MS: Final = 60_000  # the first is overdue so long after the host began
RETRY_MS: Final = 10_000  # after a refusal by the player others are heard first
SETTLE_MS: Final = 3_000  # a player that has just come begins its script within; what it takes for an idle one is none
CORRECT_WITHIN_MS: Final = 60_000  # a price that was corrected later would only confuse
LATE_MS: Final = 30_000  # a boundary that is missed moves to one within


@dataclass(slots=True)
class Notice:
    """What is to be said now."""

    intent: str
    reply: str
    product: str | None
    language: Language
    text: str
    written: str
    ms: int
    facts: tuple[FactUse, ...]
    until: int


# ---- the disclosure ----------------------------------------------------------------------------------------------------


def wording(room: Room) -> tuple[Language, str] | None:
    """The disclosure in the room's language, else in its other; None where the shop has none, or its guard bars it."""
    texts = room.shop.pool.guard.disclosure
    other: Language = "en" if room.language == "zh" else "zh"
    for language in (room.language, other):
        text = texts.get(language)
        if text and room.shop.guard.refuses(text, text) is None:
            return language, text
    return None


def on_air(room: Room) -> bool:
    """Whether viewers hear the host, as far as the room knows: somebody plays it, and no person speaks instead."""
    plays = room.session is not None and room.lost is None and room.closed is None
    return plays and room.mode != "shadow" and not room.person and not room.held


def may_speak(room: Room) -> bool:
    """Its wording is approved by those who wrote it, so that `approve` asks nobody."""
    return on_air(room) and room.mode in ("auto", "approve") and not room.killed and not room.person_waits


def begins(room: Room, now: int) -> None:
    """The host begins, or takes over from a person: viewers are told at once."""
    duties = room.duties
    duties.since, duties.due, duties.first, duties.overdue = now, now, True, False


def joins(room: Room, now: int) -> None:
    """A player begins to report. One that was away for longer than the disclosure lasts begins anew."""
    if not room.had_player or now - room.player_at > room.shop.pool.guard.disclosure_every_ms:
        begins(room, now)


def limit(room: Room) -> int:
    """When the disclosure is overdue."""
    within = BEGIN_MS if room.duties.first else room.shop.pool.guard.disclosure_every_ms
    return room.duties.since + within


def overdue(room: Room, now: int) -> bool:
    """Whether viewers were left without it for too long."""
    return room.duties.overdue and on_air(room) and now > limit(room)


def check(room: Room, fx: Effects) -> None:
    """Tell once that it is overdue; with the remedy where the shop has no words for it."""
    if room.duties.overdue or fx.now <= limit(room) or not on_air(room):
        return
    room.duties.overdue = True
    why = ""
    if wording(room) is None:
        guard = room.shop.pool.guard
        barred = "the guard bars its wording: change `disclosure` or `banned`"
        why = f"; {barred if guard.disclosure else 'the shop has no wording: add `disclosure`'} in guard.yaml"
    alert(room, "disclosure_overdue", f"not said for {(fx.now - room.duties.since) // 1_000} s{why}", fx)


def due(room: Room, now: int) -> bool:
    """Whether the disclosure is to be said as soon as there is an opportunity."""
    return now >= room.duties.due and room.flight is None and may_speak(room) and wording(room) is not None


def wakes(room: Room, now: int) -> int:
    """When the room has to be looked at for the sake of a notice; what is due already waits for its boundary."""
    if room.flight is not None or not on_air(room):
        return FOREVER
    told = FOREVER if room.duties.overdue else limit(room) + 1
    said = room.duties.due if may_speak(room) and wording(room) is not None else FOREVER
    return min(told if told > now else FOREVER, said if said > now else FOREVER)


# ---- corrections -------------------------------------------------------------------------------------------------------


def stopped(room: Room, flight: Flight, at: int) -> None:
    """What said a price was cut, or was said to its end though it should have been cut."""
    said = flight.insertion
    prices = tuple((use.product, use.name, use.version) for use in said.facts if use.price)[:PRICES_CAP]
    if prices and said.product is not None:
        room.duties.wrong = WrongPrice(said.product, prices, at + CORRECT_WITHIN_MS)


def correction(room: Room, now: int, soonest: int, start: int) -> Filled | None:
    """What sets the price right, where it changed meanwhile and the shop has words for it: a price that holds from `soonest` on."""
    wrong, shop = room.duties.wrong, room.shop
    if wrong is None or now > wrong.until or not shop.sells(wrong.product):
        return None
    if all(shop.version(product, name, soonest) == version for product, name, version in wrong.prices):
        return None
    replies = shop.pool.products[wrong.product].corrections
    for reply in sorted(replies, key=lambda reply: reply.lang != room.language):
        filled = shop.fill(reply, wrong.product, soonest)
        if isinstance(filled, Filled) and filled.until - filled.ms >= start:
            return filled
    return None


# ---- both --------------------------------------------------------------------------------------------------------------


def goes_first(room: Room, fx: Effects) -> bool:
    """Whether a notice has the next opportunity: it is emitted, or waits for it and nothing else is chosen."""
    disclosing = fx.now >= room.duties.due
    if not (disclosing or room.duties.wrong is not None) or not may_speak(room):
        return False
    opportunity = next_opportunity(room, fx.now)
    soonest, start = (opportunity.soonest, opportunity.start) if opportunity is not None else (fx.now, fx.now)
    notice = _next(room, fx.now, soonest, start, disclosing=disclosing)
    if notice is None:
        return False
    if opportunity is None:
        return True
    if opportunity.boundary is not None:
        last = opportunity.start - room.lead_ms - COMMIT_MS
        if fx.now < last - SLACK_MS:
            room.decide_at = last - SLACK_MS
            return True
    elif room.duties.first and fx.now < room.duties.since + SETTLE_MS:
        room.decide_at = room.duties.since + SETTLE_MS
        return True
    _emit(room, notice, opportunity, fx)
    return True


def _next(room: Room, now: int, soonest: int, start: int, *, disclosing: bool) -> Notice | None:
    filled = correction(room, now, soonest, start)
    if filled is not None:
        return Notice(
            CORRECTION, filled.reply.id, filled.product, filled.reply.lang, filled.text, filled.written, filled.ms, filled.facts,
            filled.until,
        )  # fmt: skip
    words = wording(room) if disclosing else None
    if words is None:
        return None
    language, text = words
    ms = round(speech.seconds(text, language) * 1_000)
    return Notice(DISCLOSURE, f"{DISCLOSURE}-{language}", None, language, text, "", ms, (), FOREVER)


def _emit(room: Room, notice: Notice, opportunity: Opportunity, fx: Effects) -> None:
    boundary, start = opportunity.boundary, opportunity.start
    assert room.session is not None
    disclosure = None
    if notice.intent == DISCLOSURE:
        every = room.shop.pool.guard.disclosure_every_ms
        disclosure = Disclosure(every_ms=every, since=min(room.duties.since, fx.now), first=room.duties.first)
    insertion = Insertion(
        id=fx.new_id(room.name),
        room=room.name,
        shop=room.shop.id,
        at=fx.now,
        lease=fx.lease,
        seq=fx.seq,
        shop_offset=fx.shop_offset,
        session=room.session,
        reply=notice.reply,
        intent=notice.intent,
        product=notice.product,
        language=notice.language,
        text=notice.text,
        written=notice.written or None,
        duration_ms=notice.ms,
        when=when(opportunity),
        after=room.clock.cursor(boundary.lap, boundary.number) if boundary else None,
        resume=room.clock.after(boundary.lap, boundary.number) if boundary else None,
        start=start,
        not_after=min(start + LATE_MS, notice.until - notice.ms),
        facts=notice.facts,
        pool=room.shop.pool.hash,
        viewers=0,
        correction=notice.intent == CORRECTION,
        disclosure=disclosure,
    )
    fx.records.append(insertion)
    room.flight = Flight(
        insertion=insertion,
        demand=Demand(notice.intent, notice.product, fx.now),
        emitted=fx.now,
        due=start + REPORT_TIMEOUT_MS,
        until=notice.until,
    )


def ended(room: Room, flight: Flight, at: int) -> None:
    """A notice was said to its end."""
    said, duties = flight.insertion, room.duties
    duties.ended = max(duties.ended, at)
    room.last_end = max(room.last_end, at)
    if said.disclosure is None:
        if not flight.cuts:
            duties.wrong = None
        return
    every = said.disclosure.every_ms
    duties.since, duties.first, duties.overdue = max(duties.since, at), False, False
    duties.due = max(duties.due, flight.started + every - min(EARLY_MS, every // 4))


def refused(room: Room, flight: Flight, now: int) -> None:
    """The player would not say it: others are heard before it is asked again."""
    if not flight.cause and flight.insertion.disclosure is not None:
        room.duties.due = now + RETRY_MS


def stands(room: Room, said: Insertion, at: int) -> bool:
    """Whether a notice on its way may still be said, after a change of the pool or of a fact."""
    if said.disclosure is not None:
        return wording(room) == (said.language, said.text)
    filled = correction(room, at, at, at)
    return filled is not None and filled.text == said.text
