"""Which replies a person has to approve before they are said, and what an approval binds: exactly one text."""

from __future__ import annotations

import hashlib

from engine.pool.model import Reply
from engine.room.chat import Post
from engine.room.demands import Key, Proposed
from engine.room.room import Flight, Room
from engine.room.shop import Filled, Usable


def asks(room: Room, reply: Reply) -> bool:
    """Whether this reply needs a person's yes, as the reply says, else as the room's mode does."""
    return reply.approval == "ask" or (room.mode == "approve" and reply.approval != "standing")


def all_ask(room: Room, found: Usable) -> bool:
    """Whether nothing can be said of these without a person's yes."""
    return found.none_standing if room.mode == "approve" else found.all_ask


def seal(room: Room, filled: Filled) -> str:
    """Names all that an approval binds: the pool, the variant, the filled text and the versions of its facts."""
    parts = [room.shop.pool.hash, filled.reply.id, filled.product or "", filled.text]
    for use in filled.facts:
        parts += (use.product, use.name, use.version)
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def approved(room: Room, key: Key) -> Proposed | None:
    """The approved proposal of a demand, where there is one."""
    proposed = room.proposals.get(key)
    return proposed if proposed is not None and proposed.approved else None


def may_be_said(room: Room, key: Key, filled: Filled) -> bool:
    """Whether this text may be said, or posted, now: nobody has to be asked, or a person approved exactly it."""
    if not asks(room, filled.reply):
        return True
    proposed = approved(room, key)
    return proposed is not None and proposed.seal == seal(room, filled)


def unasked(room: Room, flight: Flight | Post) -> bool:
    """Whether what is on its way would have to be approved by the rules of now, and was not."""
    said = flight.insertion if isinstance(flight, Flight) else flight.record
    intent = room.shop.pool.intents.get(said.intent)
    replies = intent.replies if intent is not None else ()
    return flight.proposed is None and any(reply.id == said.reply and asks(room, reply) for reply in replies)
