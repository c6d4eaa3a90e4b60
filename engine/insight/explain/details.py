"""What exactly holds a comment, read off its room. Looks only; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.events.outputs import Blocker
from engine.room.approval import may_be_said
from engine.room.blockers import best, fresh, spoken
from engine.room.chat import MINUTE_MS
from engine.room.demands import Demand
from engine.room.lineup import Line
from engine.room.room import Room
from engine.room.selection import next_opportunity, screen
from engine.room.shop import FOREVER

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Detail:
    """What exactly held it. `kind` tells cases of one blocker apart; values are ids, numbers and moments (ms)."""

    kind: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


def detail_of(room: Room, demand: Demand, blocker: Blocker, now: int) -> Detail:
    """What exactly the blocker is now."""
    match blocker:
        case "cooling":
            return Detail("", {"until": room.cooldowns.get(demand.key, now)})
        case "airtime":
            limits = room.limits
            budget = round(limits.airtime_share * limits.airtime_window_ms)
            return Detail("", {"spent": round(room.spent(now)), "budget": budget, "needs": _length(room, demand, now)})
        case "player_lost":
            return Detail(room.lost or "none")
        case "script_ahead":
            found = _script_line(room, demand, now)
            return Detail("", {"at": found[0], "line": found[1].id}) if found is not None else Detail()
        case "fact_pending":
            usable = best(room, demand, now)
            values: dict[str, Value] = {"wanted": usable.wanted or "?"}
            return Detail("", values | ({"starts": usable.starts} if usable.starts is not None else {}))
        case "no_opportunity":
            return _no_opportunity(room, demand, now)
        case "approval":
            return _approval(room, demand, now)
        case "chat_spent":
            recent = sum(sent.at > now - MINUTE_MS for sent in room.chat.ledger)
            return Detail("", {"sent": recent, "most": room.limits.room_posts_per_minute})
        case "chat_lost":
            return Detail("", {"until": max(room.chat.silent.values(), default=now)})
        case "taken_over":
            return Detail("waits" if room.person_waits else "")
        case _:
            return Detail()


def _approval(room: Room, demand: Demand, now: int) -> Detail:
    muted, proposed = room.muted.get(demand.key, 0), room.proposals.get(demand.key)
    if muted > now:
        return Detail("muted", {"until": muted})
    if proposed is None:
        return Detail("none", {"open": len(room.proposals), "most": room.limits.proposals})
    kind = "changed" if proposed.approved else "open"  # approved, and not what would be said now
    return Detail(kind, {"reply": proposed.reply, "decide_by": proposed.decide_by})


def _length(room: Room, demand: Demand, now: int) -> int:
    """The shortest reply, ms; 0 where there is none."""
    return min((filled.ms for filled in best(room, demand, now).replies), default=0)


def _script_line(room: Room, demand: Demand, now: int) -> tuple[int, Line] | None:
    found = room.clock.answers(demand.intent, demand.product, demand.latest, now, room.resumes(now))
    return next(((at, line) for at, line in found if fresh(room, line.facts, now)), None)


def _no_opportunity(room: Room, demand: Demand, now: int) -> Detail:
    pause = room.last_end + room.limits.minimum_pause_ms if room.last_end else 0
    replies = [filled for filled in spoken(room, demand, now) if may_be_said(room, demand.key, filled)]
    if not replies and best(room, demand, now).replies:
        return Detail("chat")  # nothing can be said, only posted
    remembered = [(room.heard.get(f.words) or -FOREVER) + f.reply.memory_ms for f in replies]
    if replies and min(remembered) > demand.latest:
        return Detail("heard", {"reply": replies[0].reply.id, "count": len(replies), "until": min(remembered)})
    if room.flight is not None and room.flight.state == "started":
        return Detail("said", {"reply": room.flight.insertion.reply})
    opportunity = next_opportunity(room, now)
    if opportunity is None:
        return Detail("none")
    if opportunity.start > demand.latest:
        return Detail("far", {"at": opportunity.start})
    shown = screen(room, opportunity)
    if replies and all(f.reply.on_screen_only for f in replies) and shown != demand.product:
        return Detail("off_screen", {"screen": shown or "-"})
    if pause > opportunity.start:
        return Detail("pause", {"until": pause})
    if replies and min(remembered) > now:
        return Detail("memory", {"reply": replies[0].reply.id, "count": len(replies), "until": min(remembered)})
    known = room.shop.pool.intents.get(demand.intent)
    if known is not None and known.insert == "segment" and room.clock.running:
        return Detail("segment")
    return Detail("boundary", {"at": opportunity.start})
