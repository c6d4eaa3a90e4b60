"""How comments end, exactly one decision each, and how those wait on whose reply did not come or whose answer is another one now."""

from __future__ import annotations

from typing import Final

from engine.events.fields import Channel, Language
from engine.events.outputs import ChatReply, Decision, Insertion, Reason
from engine.room.chat import Post
from engine.room.demands import Demand, Key, Waiting
from engine.room.effects import Effects
from engine.room.room import Flight, Room

FAILURES_CAP: Final = 3  # a reply that the player refused, or the platform failed to post, so often is given up

DECISIONS_CAP: Final = 50  # decisions that the record of what was said or posted names

CAUSES: Final[dict[str, Reason]] = {"fact_expired": "fact_expired", "killed": "killed", "taken_over": "taken_over"}
"""Why what was on its way may not be said any more → the reason of those who cannot wait again."""


def end(
    room: Room,
    comment: Waiting,
    reason: Reason,
    fx: Effects,
    *,
    said: Insertion | ChatReply | None = None,
    via: Channel | None = None,
    reply: str | None = None,
    wanted: str | None = None,
    spoken: Language | None = None,
    language_missing: bool = False,
) -> None:
    """The final decision of a comment that waited. The caller has taken it out of its demand."""
    room.forget(comment)
    if reason == "answered":
        room.people.repeats.forget(comment.viewer, (comment.intent, comment.product))
    fx.records.append(
        Decision(
            id=comment.decision,
            room=room.name,
            shop=room.shop.id,
            source=comment.source,
            comment=comment.id,
            viewer=comment.viewer,
            text=comment.text,
            norm=comment.norm,
            language=comment.language,
            reason=reason,
            sent=comment.sent,
            decided=fx.now,
            deadline=comment.deadline,
            pool=room.shop.pool.hash,
            model=comment.model,
            intent=comment.intent,
            confidence=comment.confidence,
            runner_up=comment.runner_up,
            margin=comment.margin,
            product=comment.product,
            wanted=wanted,
            language_missing=language_missing,
            reply=said.reply if said else reply,
            insertion=said.id if said else None,
            via=via,
            spoken=said.language if said else spoken,
            on_script=comment.on_script,
        )
    )


def end_demand(
    room: Room,
    demand: Demand,
    reason: Reason,
    fx: Effects,
    *,
    wanted: str | None = None,
    reply: str | None = None,
    language_missing: bool = False,
) -> None:
    """All comments of a demand end for the same reason."""
    room.demands.pop(demand.key, None)
    for comment in demand.take_all():
        end(room, comment, reason, fx, reply=reply, wanted=wanted, language_missing=language_missing)


def wait_again(room: Room, flight: Flight | Post, comments: list[Waiting], fx: Effects, late: Reason) -> None:
    """Comments of a flight (or post) that ended without answering them go back to their demand; those past their deadline end."""
    before, flight.demand = flight.demand, Demand(*flight.demand.key, fx.now, priority=flight.demand.priority)
    again = []
    for comment in comments:
        if comment.deadline < fx.now:
            end(room, comment, late, fx)
        else:
            again.append(comment)
    _rejoin(room, again, before, fx.now)


def regroup(room: Room, fx: Effects) -> None:
    """Which products have an answer of their own is another thing now: each comment goes to the demand where it belongs."""
    for before in list(room.demands.values()):
        intent = room.shop.pool.intents.get(before.intent)
        if intent is None:
            continue
        moved = [
            comment
            for comment in before.comments
            if comment.meant is not None and room.shop.about(intent, comment.meant) != before.product
        ]
        for comment in moved:
            before.remove(comment)
        _rejoin(room, moved, before, fx.now)
        if not before.comments:
            del room.demands[before.key]


def _rejoin(room: Room, comments: list[Waiting], before: Demand, now: int) -> None:
    """Each goes to the demand where it belongs now, which goes on from the one before."""
    joined: dict[Key, Demand] = {}
    for comment in comments:
        demand = room.demand_of(comment, now)
        demand.add(comment)
        joined[demand.key] = demand
    for demand in joined.values():
        demand.inherit(before)


def misleads(room: Room, flight: Flight | Post, at: int) -> bool:
    """Whether it says of the whole shop what, by now, does not hold for the product that one of its viewers meant."""
    said = flight.insertion if isinstance(flight, Flight) else flight.record
    intent = room.shop.pool.intents.get(said.intent)
    if intent is None or said.product is not None:
        return False
    own = dict.fromkeys(room.shop.about(intent, comment.meant) for comment in flight.demand.comments)
    return any(
        said.reply not in (filled.reply.id for filled in room.shop.usable(intent, product, said.language, at).replies)
        for product in own
    )
