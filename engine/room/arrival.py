"""A comment arrives: the ten checks, in order; the first that applies is its final verdict, else it waits in its demand.

A final verdict is given only where nothing already scheduled before the deadline could change it.
"""

from __future__ import annotations

import hashlib
from operator import attrgetter
from typing import Final

from engine.events.handoffs import Cause
from engine.events.journal import CommentEntry
from engine.events.outputs import Decision, Reason, VerdictLine
from engine.events.understanding import Outcome, Understanding
from engine.pool.model import Intent
from engine.room import handoffs, posts
from engine.room.blockers import language_missing, review_one, script_answer
from engine.room.demands import WAITING_BYTES_CAP, Demand, Waiting, weight
from engine.room.effects import Effects
from engine.room.emission import consider
from engine.room.ending import end_demand
from engine.room.postable import language_for
from engine.room.proposals import joined
from engine.room.room import NAMED_CAP, Room
from engine.room.shop import FOREVER, Usable

CLAMP_MS: Final = 600_000  # how far before the log's time a claimed time may lie
ANSWER_WITHIN_MS: Final = 45_000  # of a comment whose intent is not known
NAMED_MS: Final = 10_000  # how long the products that others named count

_UNREAD: Final[dict[str, Reason]] = {"duplicate": "shed", "expired": "expired", "shed": "shed"}
_CANDIDATES: Final[frozenset[Outcome]] = frozenset({"accepted", "low_confidence", "ambiguous", "abuse"})
"""Outcomes whose intent was meant, or nearly; elsewhere the best intent is only the least unlikely of all."""
_OUTCOMES: Final[dict[Outcome, Reason]] = {
    "abuse": "abuse",
    "chatter": "chatter",
    "unsupported_language": "unsupported_language",
    "unknown": "unknown_intent",
    "low_confidence": "low_confidence",
    "ambiguous": "ambiguous",
}


def identity(room: str, source: str, comment: str) -> tuple[str, int]:
    """(decision id, the 8 bytes by which a room remembers it)."""
    name = hashlib.blake2b(f"{room}\0{source}\0{comment}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return name, int(name[:16], 16)


def arrive(room: Room, entry: CommentEntry, fx: Effects) -> bool:
    """Judge one comment. True where the room's timers may have changed."""
    decision, eight = identity(room.name, entry.source, entry.id)
    now = fx.now
    if not room.seen.add(eight, now):
        fx.verdict(room.name, VerdictLine(entry.source, entry.id, "duplicate", True))
        return False
    room.active = now
    logged = entry.logged
    sent = entry.sent
    if sent > logged:
        sent = logged
    elif sent < logged - CLAMP_MS:
        sent = logged - CLAMP_MS
    found = entry.understanding
    if found is None:
        _final(room, entry, decision, sent, _UNREAD[entry.unread or "shed"], fx, Understanding("chatter", ""), None)
        return False
    intent = _candidate(room, found)
    if now > sent + (intent.answer_within_ms if intent is not None else ANSWER_WITHIN_MS):
        _final(room, entry, decision, sent, "expired", fx, found, intent)
        return False
    if found.outcome != "accepted" or intent is None:
        return _not_understood(room, entry, decision, sent, intent, found, fx)
    if intent.kind != "question":
        _final(room, entry, decision, sent, "chatter" if intent.kind == "chatter" else "abuse", fx, found, intent)
        return False
    return _asked(room, entry, decision, sent, intent, found, fx)


def _not_understood(
    room: Room, entry: CommentEntry, decision: str, sent: int, intent: Intent | None, found: Understanding, fx: Effects
) -> bool:
    """Final, but for one who asks what nobody understands again and again."""
    reason: Reason = _OUTCOMES.get(found.outcome, "unknown_intent")
    name = None
    thing = handoffs.thing_of(None, None, found)
    if reason in handoffs.UNANSWERED and handoffs.repeated(room, entry.viewer, thing, fx.now):
        deadline = sent + (intent.answer_within_ms if intent is not None else ANSWER_WITHIN_MS)
        name = handoffs.hand_off(room, entry, found, thing, deadline, "repeated", fx)
    _final(room, entry, decision, sent, "handed_off" if name is not None else reason, fx, found, intent, handoff=name)
    return name is not None


def _asked(
    room: Room, entry: CommentEntry, decision: str, sent: int, intent: Intent, found: Understanding, fx: Effects
) -> bool:
    """Checks 5 to 10, of a comment that asks something that the pool knows."""
    now = fx.now
    deadline = sent + intent.answer_within_ms

    def final(reason: Reason, product: str | None, **more: object) -> bool:
        _final(room, entry, decision, sent, reason, fx, found, intent, product=product, **more)  # type: ignore[arg-type] # as _final
        return False

    def passed(cause: Cause, product: str | None) -> bool:
        thing = handoffs.thing_of(intent, product, found)
        name = handoffs.hand_off(room, entry, found, thing, deadline, cause, fx)
        return final("shed" if name is None else "handed_off", product, handoff=name) or name is not None

    def insists(product: str | None) -> bool:
        """Whether people take it, since this viewer has asked it so often; where they have no place for it, all goes on."""
        thing = handoffs.thing_of(intent, product, found)
        if not handoffs.repeated(room, entry.viewer, thing, now):
            return False
        name = handoffs.hand_off(room, entry, found, thing, deadline, "repeated", fx)
        if name is not None:
            final("handed_off", product, handoff=name)
        return name is not None

    def hopeless(reason: Reason, product: str | None, **more: object) -> bool:
        return insists(product) or final(reason, product, **more)

    if room.closed is not None:
        return final("room_closed", found.product)
    if not room.askers.allow(entry.viewer, now, room.limits.viewer_questions_per_minute):
        return final("viewer_limit", found.product)
    cause = handoffs.cause_of(room, intent, found)
    if cause is not None:
        return passed(cause, found.product)
    meant = _meant(room, intent, found, sent, now)
    product = room.shop.about(intent, meant)
    if found.not_sold is not None and found.product is None:
        return hopeless("not_sold", None, wanted=found.not_sold)
    if not room.shop.sells(product):
        return hopeless("not_sold", product, wanted=product)
    if product is None and room.shop.scope(intent)[1]:
        return hopeless("no_product", None)
    usable = _usable(room, intent, product, found.language, now)
    unusable = usable.trouble is not None and (usable.trouble != "fact_pending" or (usable.starts or now) > deadline)
    if unusable and script_answer(room, intent.id, product, deadline, now) is None:
        assert usable.trouble is not None
        reason: Reason = "fact_missing" if usable.trouble == "fact_pending" else usable.trouble
        missing = reason == "no_reply" and language_missing(room, intent, product, now)
        return hopeless(reason, product, wanted=usable.wanted, language_missing=missing)
    key = (intent.id, product)
    flight = room.flight
    joins = flight is not None and flight.demand.key == key and not flight.cause and now < flight.until
    demand = room.demands.get(key)
    written = language_for(room, key, found.language, now)
    post = None if joins else posts.joined(room, key, entry.source, written, entry.viewer, deadline, now)
    reserved = flight is not None and flight.demand.key == key and flight.state != "started"  # may be returned yet
    if (
        not (joins or reserved)
        and written is None
        and room.cooldowns.get(key, 0) > deadline
        and (demand is None or not demand.was_cut)
        and script_answer(room, intent.id, product, deadline, now) is None
    ):
        return final("recently_answered", product)
    if room.mode == "shadow" or (not room.had_player and written is None):
        reply = usable.replies[0].reply.id if usable.replies else None
        return final("shadowed", product, reply=reply)
    if (
        not joins
        and room.muted.get(key, 0) > deadline
        and script_answer(room, intent.id, product, deadline, now) is None
    ):
        return final("refused", product)
    if not joins and post is None and not handoffs.planned(demand, entry.viewer) and insists(product):
        return True
    comment = Waiting(
        decision, entry.source, entry.id, entry.viewer, found.masked or entry.text, found.key, found.language, intent.id,
        product, found.confidence, found.runner_up, found.margin, found.solo_ok, sent, now, deadline, entry.model,
        room.clock.running, room.serial, meant=meant,
    )  # fmt: skip
    room.serial += 1
    if not _make_room(room, comment, intent, None if joins else demand, joins or post is not None, fx):
        return final("shed", product)
    room.wait(comment)
    if joins:
        assert flight is not None
        comment.flight = flight.insertion.id
        flight.demand.add(comment)
    elif post is not None:
        posts.add(room, post, comment)
    if joins or post is not None:
        fx.verdict(room.name, VerdictLine(entry.source, entry.id, "in_flight", False))
        return True
    demand = room.demand(intent.id, product, now)
    demand.add(comment)
    ended = review_one(room, demand, fx)
    fx.verdict(room.name, VerdictLine(entry.source, entry.id, ended or demand.blocker, ended is not None))
    if ended is not None:
        return True
    joined(room, demand, fx)
    if room.flight is None:
        if now < room.window_end:
            consider(room, fx, only=demand)
        elif room.decide_at == FOREVER:
            consider(room, fx)
        elif intent.id in room.shop.urgent:
            consider(room, fx, only=demand)
    if room.flight is not None and room.flight.emitted == now:
        posts.consider(room, fx)  # those that were outvalued just now
    elif room.demands.get(key) is demand:
        posts.consider(room, fx, only=demand)
    return True


def _final(
    room: Room,
    entry: CommentEntry,
    decision: str,
    sent: int,
    reason: Reason,
    fx: Effects,
    found: Understanding,
    intent: Intent | None,
    *,
    product: str | None = None,
    wanted: str | None = None,
    language_missing: bool = False,
    reply: str | None = None,
    handoff: str | None = None,
) -> None:
    """The decision of a comment that is final on arrival. `intent`: its `_candidate`."""
    meant = found.outcome in _CANDIDATES
    fx.records.append(
        Decision(
            decision,
            room.name,
            room.shop.id,
            entry.source,
            entry.id,
            entry.viewer,
            (found.masked or entry.text) if found.key or entry.understanding is not None else "",
            found.key,
            found.language,
            reason,
            sent,
            fx.now,
            sent + (intent.answer_within_ms if intent is not None else ANSWER_WITHIN_MS),
            room.shop.pool.hash,
            entry.model,
            found.intent if meant else None,
            found.confidence if meant else 0.0,
            found.runner_up if meant else None,
            found.margin if meant else 0.0,
            product if product is not None else found.product,
            wanted,
            language_missing,
            reply,
            on_script=room.clock.running,
            handoff=handoff,
        )
    )
    fx.verdict(room.name, VerdictLine(entry.source, entry.id, reason, True))


def _candidate(room: Room, found: Understanding) -> Intent | None:
    """The intent that was meant, or nearly, where the pool has it."""
    if found.intent is None or found.outcome not in _CANDIDATES:
        return None
    return room.shop.pool.intents.get(found.intent)


def _meant(room: Room, intent: Intent, found: Understanding, sent: int, now: int) -> str | None:
    """The product that was named, else the one on screen as the viewer saw it; None where that is not clear."""
    if found.product is not None:
        room.named = [row for row in room.named if row[0] > now - NAMED_MS][-(NAMED_CAP - 1) :]
        room.named.append((now, intent.id, found.product))
        return found.product
    if found.stranger:
        return None
    delay = room.stream_delay
    viewed = sent - delay
    changed = room.clock.screen_changed(viewed - delay, viewed + delay)
    product = _majority(room, intent.id, now) if changed else room.clock.on_screen(viewed)
    return (
        product if product in room.shop.pool.products else None
    )  # a line-up may show what the catalogue does not know


def _majority(room: Room, intent: str, now: int) -> str | None:
    """The product that most named comments of the intent meant within the last 10 s."""
    counts: dict[str, int] = {}
    for at, name, product in room.named:
        if name == intent and at > now - NAMED_MS:
            counts[product] = counts.get(product, 0) + 1
    if not counts:
        return None
    best = max(counts, key=lambda product: counts[product])
    return best if 2 * counts[best] > sum(counts.values()) else None


def _usable(room: Room, intent: Intent, product: str | None, language: str, now: int) -> Usable:
    """What the room can say, in its own language or the comment's."""
    own = room.shop.usable(intent, product, room.language, now)
    if own.replies or language == room.language or language not in room.shop.pool.languages:
        return own
    other = room.shop.usable(intent, product, language, now)
    return other if other.replies else own


def _make_room(room: Room, comment: Waiting, intent: Intent, demand: Demand | None, joins: bool, fx: Effects) -> bool:
    """Whether the comment may wait: where the books are full, the least valuable demand goes (or the comment itself)."""
    full = demand is None and not joins and len(room.demands) >= room.limits.max_demands
    own = intent.priority * (len(demand.viewers) + 1 if demand is not None else 1)
    while full or room.waiting_bytes + weight(comment) > WAITING_BYTES_CAP:
        least = min(room.demands.values(), key=_value, default=None)
        if least is None or least is demand or least.value >= own:
            return False
        end_demand(room, least, "shed", fx)
        full = False
    return True


_value = attrgetter("value")
