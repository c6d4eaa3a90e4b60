"""What a waiting demand waits for; looked at again whenever something but another comment happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.events.fields import Language
from engine.events.outputs import Blocker, Reason
from engine.pool.model import Intent
from engine.room import postable
from engine.room.approval import all_ask, approved
from engine.room.demands import Demand
from engine.room.effects import Effects
from engine.room.ending import end, end_demand
from engine.room.room import Room
from engine.room.shop import FOREVER, Filled, Usable


def room_blocker(room: Room) -> Blocker | None:
    """What holds back the whole room."""
    if room.killed:
        return "killed"
    if room.person or room.person_waits:
        return "taken_over"
    if room.mode == "paused":
        return "paused"
    if room.session is None or room.lost is not None:
        return "player_lost"
    return None


def answerable(room: Room, demand: Demand, at: int) -> tuple[Usable | None, Usable]:
    """(replies in another language in which at least half of its viewers write, replies in the room's language)."""
    shop = room.shop
    intent = shop.pool.intents[demand.intent]
    own = shop.usable(intent, demand.product, room.language, at)
    other: Language = "en" if room.language == "zh" else "zh"
    writers = demand.writers.get(other)
    if not writers or 2 * len(writers) < len(demand.viewers) or other not in shop.pool.languages:
        return None, own
    return shop.usable(intent, demand.product, other, at), own


@dataclass(slots=True)
class Held:
    """A blocker, and until when it is sure to hold."""

    blocker: Blocker
    until: int = FOREVER


@dataclass(slots=True)
class Hopeless:
    """No reply is usable any more."""

    reason: Reason
    wanted: str | None
    language_missing: bool = False


def best(room: Room, demand: Demand, at: int) -> Usable:
    """What would be said to it."""
    other, own = answerable(room, demand, at)
    return other if other is not None and other.replies else own


def spoken(room: Room, demand: Demand, at: int) -> Iterator[Filled]:
    """Replies that could be said to it, as far as channel and approval go."""
    for found in answerable(room, demand, at):
        if found is not None:
            yield from (filled for filled in found.replies if filled.reply.channel != "chat")


def voiced(room: Room, demand: Demand, found: Usable, at: int) -> bool:
    """Whether something could be said to it at all. `found`: its `best`."""
    return demand.intent not in room.shop.posting or found.spoken or any(True for _ in spoken(room, demand, at))


def language_missing(room: Room, intent: Intent, product: str | None, now: int) -> bool:
    """Whether only another language than the room's has a reply."""
    other = "en" if room.language == "zh" else "zh"
    return bool(room.shop.usable(intent, product, other, now).replies)


def script_answer(room: Room, intent: str, product: str | None, until: int, now: int) -> int | None:
    """When the script will have answered this, where that is in time."""
    if not room.clock.may_answer(intent):
        return None
    begins, by = room.pushes()
    for at, line in room.clock.answers(intent, product, until, now, room.resumes(now)):
        if at > begins and at + by > until:
            return None
        if fresh(room, line.facts, now):
            return at + by if at > begins else at
    return None


def look(room: Room, demand: Demand, now: int, whole: Blocker | None) -> Held | Hopeless:
    """What holds this demand. `whole`: what holds back the whole room."""
    intent = room.shop.pool.intents.get(demand.intent)
    if intent is None:
        return Hopeless("no_reply", None)
    if not room.shop.sells(demand.product):
        return Hopeless("not_sold", demand.product)
    found = best(room, demand, now)
    answer = script_answer(room, demand.intent, demand.product, demand.latest, now)
    if found.trouble is not None and found.trouble != "fact_pending" and answer is None:
        missing = found.trouble == "no_reply" and language_missing(room, intent, demand.product, now)
        return Hopeless(found.trouble, found.wanted, missing)
    alone = whole == "player_lost" and not room.had_player  # the chat is the only way
    if whole is not None and not alone:
        return Held(whole)
    if answer is not None and (answer <= demand.earliest or not found.replies):
        return Held("script_ahead", answer)
    if not found.replies:
        if found.starts is not None and found.starts > demand.latest:
            return Hopeless("fact_missing", found.wanted)
        return Held("fact_pending", found.starts if found.starts is not None else FOREVER)
    muted = room.muted.get(demand.key, 0)
    if muted > now:
        return Held("approval", muted)
    if alone or not voiced(room, demand, found, now):
        return Held(*postable.blocker(room, demand, now))
    cooled = room.cooldowns.get(demand.key, 0)
    if cooled > now and not demand.was_cut:
        return Held("cooling", cooled)
    if demand.solo_unsure:
        return Held("solo")
    if all_ask(room, found) and approved(room, demand.key) is None:
        return Held("approval")
    return Held(demand.missed or "no_opportunity")


def fresh(room: Room, facts: dict[str, str], now: int) -> bool:
    """Whether the facts that a script sentence was filled with still hold."""
    for place, version in facts.items():
        product, _, name = place.rpartition("/")
        if room.shop.version(product, name, now) != version:
            return False
    return True


def review_one(room: Room, demand: Demand, fx: Effects) -> Reason | None:
    """Look at one demand; it ends where nothing can answer it any more: then with this reason."""
    return _review(room, demand, room_blocker(room), fx)


def _review(room: Room, demand: Demand, whole: Blocker | None, fx: Effects) -> Reason | None:
    state = look(room, demand, fx.now, whole)
    if isinstance(state, Hopeless):
        end_demand(room, demand, state.reason, fx, wanted=state.wanted, language_missing=state.language_missing)
        return state.reason
    demand.held(state.blocker, fx.now)
    if fx.now < state.until < room.review_at:
        room.review_at = state.until
    return None


def review(room: Room, fx: Effects) -> None:
    """Look at every demand."""
    room.review_at = FOREVER
    if room.mode == "shadow":
        for demand in list(room.demands.values()):
            replies = best(room, demand, fx.now).replies if demand.intent in room.shop.pool.intents else ()
            end_demand(room, demand, "shadowed", fx, reply=replies[0].reply.id if replies else None)
        return
    whole = room_blocker(room)
    for demand in list(room.demands.values()):
        _review(room, demand, whole, fx)


REASON_AT_DEADLINE: Final[dict[Blocker, Reason]] = {
    "script_ahead": "expired",
    "in_flight": "expired",
    "cooling": "recently_answered",
    "fact_pending": "fact_missing",
    "paused": "paused",
    "taken_over": "taken_over",
    "killed": "killed",
    "player_lost": "player_lost",
    "approval": "not_approved",
    "airtime": "airtime_spent",
    "outvalued": "outvalued",
    "no_opportunity": "no_opportunity",
    "solo": "low_confidence",
    "chat_spent": "chat_spent",
    "chat_lost": "chat_failed",
}


def expire(room: Room, fx: Effects) -> list[Demand]:
    """Comments past their deadline end with the blocker that held them longest. Those in flight end with it.

    Returns the demands in which others still wait.
    """
    shorter: dict[int, Demand] = {}
    while (comment := room.next_waiting()) is not None and comment.deadline < fx.now:
        demand = room.demands.get((comment.intent, comment.product))
        if demand is None or comment not in demand.comments:
            room.defer(comment)
            continue
        reason = REASON_AT_DEADLINE[demand.longest(comment)]
        wanted = None
        if reason == "fact_missing" and demand.intent in room.shop.pool.intents:
            wanted = best(room, demand, fx.now).wanted or best(room, demand, comment.arrived).wanted
        demand.remove(comment)
        if demand.comments:
            shorter[id(demand)] = demand
        else:
            shorter.pop(id(demand), None)
            del room.demands[demand.key]
        end(room, comment, reason, fx, wanted=wanted)
    return list(shorter.values())
