"""Playback closes the loop: accepted → started → ended, or rejected, aborted, or silence (unknown is not failure)."""

from __future__ import annotations

from typing import Final

from engine.events.inputs import InsertionState, Playback
from engine.events.outputs import Aired, Alert, Insertion, Reason, Stop, Withdraw
from engine.room import handoffs, notices, proposals
from engine.room.approval import unasked
from engine.room.effects import Effects
from engine.room.ending import CAUSES, DECISIONS_CAP, FAILURES_CAP, end, misleads, wait_again
from engine.room.posts import beside
from engine.room.room import LOST_CAP, REPORT_TIMEOUT_MS, Flight, Lost, Room

PASSED: Final = (
    "late",
    "hold",
)  # reasons of a player whose script was further, or elsewhere, than foreseen: no fault of the reply


def report(room: Room, kind: str, insertion: str, at: int, fx: Effects, *, moved: bool = False) -> bool:
    """What the player says of an insertion; whether that means anything. Its time lies between the last that is known and now.

    `moved`: what was rejected missed its moment in the script, and may go to the next.
    """
    flight, late = room.flight, False
    if flight is None or flight.insertion.id != insertion:
        flight, late = room.lost_flights.get(insertion), True
    if flight is None or (kind == "rejected" and flight.state == "started"):
        return False
    over = kind in ("ended", "rejected", "aborted")
    if late and (over or room.flight is None):
        _reclaim(room, flight, fx)
    if late and not over and room.flight is None:
        del room.lost_flights[insertion]
        room.flight = flight
        flight.due = fx.now + REPORT_TIMEOUT_MS + (flight.insertion.duration_ms if flight.state == "started" else 0)
        room.rest(fx.now)
    at = max(min(at, fx.now), flight.emitted, flight.started)
    if kind == "accepted":
        if flight.state == "sent":
            flight.state = "accepted"
    elif kind == "started":
        started(room, flight, at, fx)
    elif kind == "ended":
        ended(room, flight, at, fx, late=late)
    elif flight.state == "started":
        cut(room, flight, at, fx, late=late)
    else:
        not_started(room, flight, fx, moved=moved and flight.insertion.when != "idle")
    return True


def _reclaim(room: Room, flight: Flight, fx: Effects) -> None:
    """A report came after all: comments that still wait belong to it again."""
    demand = room.demands.get(flight.demand.key)
    if demand is None:
        return
    flight.demand.inherit(demand)
    flight.demand.held("in_flight", fx.now)
    for comment in [c for c in demand.comments if c.flight == flight.insertion.id]:
        demand.remove(comment)
        flight.demand.add(comment)
    if not demand.comments:
        del room.demands[demand.key]


def started(room: Room, flight: Flight, at: int, fx: Effects, *, over: bool = False) -> None:
    """It is being said (or was, where it is `over`): comments past their deadline end, the others are served when it ends."""
    if flight.state == "started":
        return
    ms = flight.insertion.duration_ms
    flight.state, flight.started = "started", at
    flight.due = fx.now + ms + REPORT_TIMEOUT_MS
    room.rest(at)
    for comment in [c for c in flight.demand.comments if c.deadline < at]:
        flight.demand.remove(comment)
        end(room, comment, "expired", fx)
    if not flight.notice:
        room.unsay(flight.insertion.start, flight.insertion.start + ms)
        room.say(at, at + ms)
        room.heard_later(flight.insertion.reply, flight.insertion.product, flight.insertion.start, at)
    if over:
        return
    if flight.cuts:
        _stop(room, flight, fx)
    elif room.flight is flight:
        check_flight(room, fx)  # it started later than it should have, or against its withdrawal


def ended(room: Room, flight: Flight, at: int, fx: Effects, *, late: bool) -> None:
    """It was said: its comments are answered. An `ended` without `started` tells both."""
    if flight.state != "started":
        started(room, flight, max(flight.emitted, at - flight.insertion.duration_ms), fx, over=True)
    _release(room, flight)
    for comment in flight.demand.comments:
        end(room, comment, "answered", fx, said=flight.insertion, via="voice")
    if not late:
        beside(room, flight, fx)
    _aired(room, flight, at, fx, late=late)
    handoffs.answered(room, *flight.demand.key, fx)
    if flight.cuts:
        notices.stopped(room, flight, at)
    if flight.notice:
        notices.ended(room, flight, max(at, flight.started))
    else:
        room.unsay(flight.started, flight.started + flight.insertion.duration_ms)
        room.say(flight.started, max(at, flight.started))
    intent = room.shop.pool.intents.get(flight.insertion.intent)
    if intent is not None:
        known = room.cooldowns.get(flight.demand.key, 0) if late else 0  # another may have been said since
        room.cool(flight.demand.key, max(known, at + intent.cooldown_ms))
    room.pause_comes(at)


def cut(room: Room, flight: Flight, at: int, fx: Effects, *, late: bool) -> None:
    """It was cut off: reservations stay, its comments wait again without a cooldown, or end with the cause."""
    _release(room, flight)
    _aired(room, flight, at, fx, late=late, cut=True)
    notices.stopped(room, flight, at)
    room.pause_comes(at)
    for comment in flight.demand.comments:
        comment.cut = True
        comment.flight = None
    wait_again(room, flight, flight.demand.comments, fx, CAUSES.get(flight.cause, "player_failed"))


def not_started(room: Room, flight: Flight, fx: Effects, *, moved: bool) -> None:
    """It was surely not said: reservations return; its comments wait again, or end `player_failed`."""
    _release(room, flight)
    insertion = flight.insertion
    if flight.notice:
        notices.refused(room, flight, fx.now)
    else:
        room.unsay(insertion.start, insertion.start + insertion.duration_ms)
    key = flight.demand.key
    if room.cooldowns.get(key) == flight.cooled:  # else another insertion renewed it
        del room.cooldowns[key]
        if flight.cooldown_before:  # one that is over still tells when its key was answered last
            room.cool(key, flight.cooldown_before)
    room.unhear(insertion.reply, insertion.product, insertion.start, flight.heard_before)
    again = []
    for comment in flight.demand.comments:
        comment.flight = None
        comment.failures += 0 if flight.cause or moved else 1
        if comment.failures >= FAILURES_CAP:
            end(room, comment, "player_failed", fx)
        else:
            again.append(comment)
    wait_again(room, flight, again, fx, CAUSES.get(flight.cause, "player_failed"))
    proposals.give_back(room, flight, fx)


def _release(room: Room, flight: Flight) -> None:
    if room.flight is flight:
        room.flight = None
    room.lost_flights.pop(flight.insertion.id, None)


def _aired(room: Room, flight: Flight, at: int, fx: Effects, *, late: bool, cut: bool = False) -> None:
    insertion, answered = flight.insertion, [] if cut else flight.demand.comments
    fx.records.append(
        Aired(
            id=fx.new_id(room.name),
            room=room.name,
            shop=insertion.shop,
            insertion=insertion.id,
            reply=insertion.reply,
            intent=insertion.intent,
            product=insertion.product,
            language=insertion.language,
            text=insertion.text,
            facts=insertion.facts,
            pool=insertion.pool,
            started=flight.started,
            ended=max(at, flight.started),
            cut=cut,
            cause=flight.cause if cut else "",
            late_report=late,
            viewers=insertion.viewers,
            written=insertion.written,
            correction=insertion.correction,
            disclosure=insertion.disclosure,
            proposal=insertion.proposal,
            approved_by=insertion.approved_by,
            comments=len(answered),
            decisions=tuple(comment.decision for comment in answered[:DECISIONS_CAP]),
        )
    )


# ---- what forbids an insertion -----------------------------------------------------------------------------------------


def forbid(room: Room, cause: str, fx: Effects, *, stop: bool) -> None:
    """The insertion on its way may not be said: withdrawn before it started. `stop`: cut after, also where it starts all the same."""
    flight = room.flight
    if flight is None:
        return
    begun = flight.state == "started"
    withdraw = not begun and not flight.cause
    if (stop and not flight.cuts) or withdraw:
        flight.cause = cause
    if stop and not flight.cuts:
        flight.cuts = True
        if begun:
            _stop(room, flight, fx)
    if withdraw:
        _withdraw(room, flight, fx)


def _withdraw(room: Room, flight: Flight, fx: Effects) -> None:
    insertion = flight.insertion
    fx.records.append(
        Withdraw(
            id=fx.new_id(room.name), room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
            shop_offset=fx.shop_offset, session=insertion.session, insertion=insertion.id, reason=flight.cause,
        )
    )  # fmt: skip


def _stop(room: Room, flight: Flight, fx: Effects) -> None:
    stop(room, flight.insertion.id, flight.cause, fx)
    flight.due = fx.now + REPORT_TIMEOUT_MS


def stop(room: Room, insertion: str | None, reason: str, fx: Effects, *, hold_script: bool = False) -> None:
    """Tell the player to cut what it says now."""
    if room.session is None:
        return
    fx.records.append(
        Stop(
            id=fx.new_id(room.name), room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
            shop_offset=fx.shop_offset, session=room.session, insertion=insertion, hold_script=hold_script, reason=reason,
        )
    )  # fmt: skip


def check_flight(room: Room, fx: Effects) -> None:
    """After a change of facts or pool: may the insertion on its way still be said?"""
    flight = room.flight
    if flight is None or flight.cuts:
        return
    said, shop = flight.insertion, room.shop
    begun = flight.state == "started"
    at = fx.now if begun else max(fx.now, said.start)
    changed = [use for use in said.facts if shop.version(use.product, use.name, at) != use.version]
    if changed:
        forbid(room, "fact_expired", fx, stop=any(use.price for use in changed))
        return
    if flight.notice:
        if not notices.stands(room, said, at):
            forbid(room, "pool_changed", fx, stop=False)
        return
    intent = shop.pool.intents.get(said.intent)
    ready = shop.usable(intent, said.product, said.language, at).replies if intent and shop.sells(said.product) else ()
    same = next((filled for filled in ready if filled.reply.id == said.reply and filled.text == said.text), None)
    if same is None or (not begun and (unasked(room, flight) or misleads(room, flight, at))):
        forbid(room, "pool_changed", fx, stop=any(use.price for use in said.facts))
    elif begun:
        ends = flight.started + said.duration_ms
        if any(use.price and use.until is not None and use.until < ends for use in same.facts):
            forbid(room, "fact_expired", fx, stop=True)  # the price changes before it is over
    elif same.until - same.ms < said.not_after:
        forbid(room, "fact_expired", fx, stop=False)  # it may start only before a change that is known by now


# ---- silence -----------------------------------------------------------------------------------------------------------


def overdue(room: Room, fx: Effects) -> None:
    """A report did not come: what was sent is sent once more with the same id, then the player is lost."""
    flight = room.flight
    if flight is None or fx.now < flight.due:
        return
    if flight.resent:
        lose(room, "unreported", fx)
        return
    flight.resent = True
    flight.due = fx.now + REPORT_TIMEOUT_MS
    if flight.cause:  # never the insertion again; a player that has begun it answers with what became of it
        (_stop if flight.cuts and flight.state == "started" else _withdraw)(room, flight, fx)
        return
    # Every shop event up to now was held against it: fences below that are none of its.
    again: Insertion = flight.insertion.model_copy(
        update={"resend": True, "at": fx.now, "seq": fx.seq, "lease": fx.lease, "shop_offset": fx.shop_offset}
    )
    fx.records.append(again)


def release_unknown(room: Room, fx: Effects, late: Reason = "player_lost") -> None:
    """Nobody knows whether the insertion was said: reservations stay, a late report is still understood."""
    flight = room.flight
    if flight is None:
        return
    room.flight = None
    room.lost_flights[flight.insertion.id] = flight
    while len(room.lost_flights) > LOST_CAP:
        del room.lost_flights[next(iter(room.lost_flights))]
    room.pause_comes(fx.now)
    wait_again(room, flight, flight.demand.comments, fx, late)


def lose(room: Room, cause: Lost, fx: Effects) -> None:
    """The player is lost: no opportunities until it is back."""
    if room.lost is None:
        room.lost = cause
        fx.records.append(
            Alert(
                id=fx.new_id(room.name), room=room.name, shop=room.shop.id, at=fx.now, lease=fx.lease, seq=fx.seq,
                shop_offset=fx.shop_offset, kind="player_lost", detail=cause,
            )
        )  # fmt: skip
    release_unknown(room, fx)


def outcomes(room: Room, states: tuple[InsertionState, ...], session: str, fx: Effects) -> None:
    """The outcomes that a player tells when it identifies: what it does not name it never started, or nobody knows."""
    told = {state.insertion for state in states}
    for state in states:
        report(room, state.kind, state.insertion, state.at, fx)
    flight = room.flight
    if flight is None or flight.insertion.session == session:
        return
    if flight.insertion.id in told:
        flight.insertion = flight.insertion.model_copy(update={"session": session})  # what follows goes there
    else:
        release_unknown(room, fx)


def played(room: Room, event: Playback, fx: Effects) -> None:
    """One playback report of the current session about an insertion."""
    assert event.insertion is not None
    if report(room, event.kind, event.insertion, event.at, fx, moved=event.reason in PASSED):
        if event.kind == "started" and event.cursor is not None:
            room.clock.resume_at(event.cursor)
        room.found(fx.now, "unreported", "overdue", "silent")
