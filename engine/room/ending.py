"""How comments end: exactly one decision each."""

from __future__ import annotations

from engine.events.fields import Channel, Language
from engine.events.outputs import Decision, Reason
from engine.room.demands import Demand, Waiting
from engine.room.effects import Effects
from engine.room.room import Flight, Room


def end(
    room: Room,
    comment: Waiting,
    reason: Reason,
    fx: Effects,
    *,
    flight: Flight | None = None,
    via: Channel | None = None,
    reply: str | None = None,
    wanted: str | None = None,
    spoken: Language | None = None,
    language_missing: bool = False,
) -> None:
    """The final decision of a comment that waited. The caller has taken it out of its demand."""
    room.forget(comment)
    insertion = flight.insertion if flight else None
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
            reply=insertion.reply if insertion else reply,
            insertion=insertion.id if insertion else None,
            via=via,
            spoken=insertion.language if insertion else spoken,
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


def wait_again(room: Room, flight: Flight, comments: list[Waiting], fx: Effects, late: Reason) -> None:
    """Comments of a flight that ended without answering them go back to their demand; those past their deadline end."""
    before, flight.demand = flight.demand, Demand(*flight.demand.key, fx.now, priority=flight.demand.priority)
    demand: Demand | None = None
    for comment in comments:
        if comment.deadline < fx.now:
            end(room, comment, late, fx)
            continue
        demand = room.demand(comment.intent, comment.product, fx.now)
        demand.add(comment)
    if demand is not None:
        demand.inherit(before)
