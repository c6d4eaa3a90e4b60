"""What of a pool may be posted to whom, and what holds back a demand that can only be posted."""

from __future__ import annotations

from typing import Final

from engine.events.fields import Language, TextLanguage
from engine.events.outputs import Blocker
from engine.room.approval import asks, may_be_said
from engine.room.demands import Demand, Key
from engine.room.room import Room
from engine.room.shop import FOREVER, Filled

LEAD_MS: Final = (
    5_000  # before the earliest deadline a post is written at the latest: the commit, the network, a slow platform
)
LEAST_MS: Final = 1_000  # a comment whose deadline is nearer than this cannot be answered by a post any more

NEAREST: Final[dict[Blocker, int]] = {"no_opportunity": 0, "cooling": 1, "chat_spent": 2, "approval": 3, "chat_lost": 4}
"""Of several platforms the one nearest to a post says what the demand waits for."""


def as_written(filled: Filled) -> str:
    """The text as it is read, not as it is spoken."""
    return filled.shown


def ready(room: Room, key: Key, language: Language, at: int) -> list[Filled]:
    """What could be posted about it then, whoever has to be asked: what needs nobody first, then what was posted longest ago."""
    intent, product = key
    known = room.shop.pool.intents.get(intent) if intent in room.shop.posting else None
    if known is None or not room.shop.sells(product):
        return []
    found = [
        (asks(room, filled.reply), room.chat.last(filled.reply.id), number, filled)
        for number, filled in enumerate(room.shop.usable(known, product, language, at).replies)
        if filled.reply.channel != "voice" and filled.until >= at + LEAST_MS
    ]
    found.sort(key=lambda row: row[:3])
    return [filled for _, _, _, filled in found]


def language_for(room: Room, key: Key, written: TextLanguage, now: int) -> Language | None:
    """In which language a comment can be answered by a post: its own, else the room's; None: in none."""
    if key[0] not in room.shop.posting:
        return None
    if written in room.shop.pool.languages and ready(room, key, written, now):
        return written
    return room.language if ready(room, key, room.language, now) else None


def proposable(room: Room, demand: Demand, now: int) -> list[Filled]:
    """What could be posted to the one who waits longest: that is what people are asked about."""
    for comment in demand.comments:
        language = language_for(room, demand.key, comment.language, now)
        if language is not None:
            return ready(room, demand.key, language, now)
    return []


def blocker(room: Room, demand: Demand, now: int) -> tuple[Blocker, int]:
    """(what a demand waits for that can only be posted, until when that is sure to hold)."""
    if demand.solo_unsure:
        return "solo", FOREVER
    chat = room.chat
    nearest: tuple[Blocker, int] | None = None
    for source, written in dict.fromkeys((comment.source, comment.language) for comment in demand.comments):
        language = language_for(room, demand.key, written, now)
        if language is None:
            continue
        free, limited = chat.free_at(demand.key, source, language, room.limits, now)
        found: tuple[Blocker, int] = ("no_opportunity", FOREVER)
        if chat.silent_until(source) > now:
            found = ("chat_lost", chat.silent_until(source))
        elif not any(may_be_said(room, demand.key, filled) for filled in ready(room, demand.key, language, now)):
            found = ("approval", FOREVER)
        elif free > now:
            found = ("chat_spent" if limited else "cooling", free)
        if nearest is None or NEAREST[found[0]] < NEAREST[nearest[0]]:
            nearest = found
    return nearest or ("no_opportunity", FOREVER)
