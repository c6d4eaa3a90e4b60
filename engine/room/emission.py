"""From a choice to the command: facts are read again, the text is filled and guarded, cooldown and airtime are reserved."""

from __future__ import annotations

from typing import Final

from engine.events.outputs import Choice, CommentRef, Insertion
from engine.room import proposals
from engine.room.demands import Demand
from engine.room.effects import Effects
from engine.room.notices import goes_first
from engine.room.room import REPORT_TIMEOUT_MS, Flight, Room
from engine.room.selection import (
    COMMIT_MS,
    SLACK_MS,
    Candidate,
    Opportunity,
    choose,
    interruption,
    next_opportunity,
    when,
)
from engine.room.shop import FOREVER

IDLE_RETRY_MS: Final = 1_000  # an idle script is an opportunity all the time: how often it is considered again
SERVES_CAP: Final = 50


def consider(room: Room, fx: Effects, only: Demand | None = None) -> None:
    """Emit the best reply where an opportunity is near enough to decide about; else remember when to look again.

    `only`: the one demand that is new in a window in which no other could be chosen.
    """
    if only is None:
        room.decide_at = FOREVER
        room.window_end = 0
    if room.flight is not None or goes_first(room, fx) or not room.demands or not room.may_speak:
        return
    opportunity = next_opportunity(room, fx.now)
    last = opportunity.start - room.lead_ms - COMMIT_MS if opportunity is not None else FOREVER
    if opportunity is None or (opportunity.boundary is not None and fx.now < last - SLACK_MS):
        if room.shop.urgent and _interrupt(room, fx, only):
            return
        room.decide_at = min(room.decide_at, last - SLACK_MS)
        return
    chosen = choose(room, opportunity, room.demands.values() if only is None else (only,))
    if chosen is not None and only is not None:
        chosen = choose(room, opportunity, room.demands.values())  # what holds the others may have ended just now
    if chosen is not None:
        emit(room, *chosen, opportunity, fx)
    elif only is not None:
        return  # the others are looked at when it was set
    elif opportunity.boundary is not None:
        room.decide_at = room.window_end = last + 1
    else:
        room.decide_at = fx.now + IDLE_RETRY_MS
        room.window_end = FOREVER


def _interrupt(room: Room, fx: Effects, only: Demand | None) -> bool:
    """Emit the best reply that may cut the running sentence short; where none may yet, look again in a moment."""
    urgent = [demand for demand in room.demands.values() if demand.intent in room.shop.urgent]
    if not urgent or (only is not None and only not in urgent):
        return False
    opportunity = interruption(room, fx.now)
    chosen = choose(room, opportunity, urgent) if opportunity is not None else None
    if opportunity is None or chosen is None:
        room.decide_at = min(room.decide_at, fx.now + IDLE_RETRY_MS)
        return False
    emit(room, *chosen, opportunity, fx)
    return True


def emit(room: Room, winner: Candidate, choice: Choice, opportunity: Opportunity, fx: Effects) -> None:
    """Write the insertion and reserve what it takes."""
    demand, filled = winner.demand, winner.filled
    intent = room.shop.pool.intents[demand.intent]
    boundary, cut, start = opportunity.boundary, opportunity.cut, opportunity.start
    resume = room.clock.after(boundary.lap, boundary.number) if boundary else None
    assert room.session is not None
    proposed = proposals.take(room, demand, filled, fx)
    insertion = Insertion(
        id=fx.new_id(room.name),
        room=room.name,
        shop=room.shop.id,
        at=fx.now,
        lease=fx.lease,
        seq=fx.seq,
        shop_offset=fx.shop_offset,
        session=room.session,
        reply=filled.reply.id,
        intent=demand.intent,
        product=demand.product,
        language=filled.reply.lang,
        text=filled.text,
        written=filled.written or None,
        duration_ms=filled.ms,
        when=when(opportunity),
        after=room.clock.cursor(boundary.lap, boundary.number) if boundary else None,
        resume=room.clock.cursor(cut.lap, cut.number) if cut else resume,
        start=start,
        not_after=winner.not_after,
        facts=filled.facts,
        pool=room.shop.pool.hash,
        serves=tuple(CommentRef(source=c.source, id=c.id) for c in demand.comments if c.deadline >= start)[:SERVES_CAP],
        viewers=winner.viewers,
        choice=choice,
        proposal=proposed.id if proposed is not None else None,
        approved_by=proposed.by if proposed is not None else "",
    )
    fx.records.append(insertion)
    del room.demands[demand.key]
    demand.held("in_flight", fx.now)
    for comment in demand.comments:
        comment.flight = insertion.id
    end = start + filled.ms
    room.flight = Flight(
        insertion=insertion,
        demand=demand,
        emitted=fx.now,
        due=start + REPORT_TIMEOUT_MS,
        until=filled.until,
        cooled=end + intent.cooldown_ms,
        cooldown_before=room.cooldowns.get(demand.key, 0),
        heard_before=room.heard.get(filled.words),
        proposed=proposed,
    )
    room.chose(winner.density)
    room.say(start, end)
    room.cool(demand.key, room.flight.cooled)
    room.hear(filled, start)
