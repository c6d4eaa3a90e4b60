"""Follows one comment through a room's course, computed again: what held it, from when to when. Looks only; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from engine.events.inputs import Approval, Playback
from engine.events.journal import CommentEntry, RoomEntry
from engine.events.outputs import Aired, Blocker, Decision, Insertion, Stop, VerdictLine, Withdraw
from engine.insight.rerun import Step
from engine.room.approval import may_be_said
from engine.room.arrival import identity
from engine.room.blockers import best, fresh
from engine.room.demands import Demand, Key, Waiting
from engine.room.room import Room
from engine.room.script import Line
from engine.room.selection import next_opportunity, screen
from engine.room.shop import FOREVER

WINNERS: Final = 5  # demands that went before it, told by name

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Detail:
    """What exactly held it. `kind` tells cases of one blocker apart; values are ids, numbers and moments (ms)."""

    kind: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Spell:
    """A stretch of time in which one thing held the comment. `until` None: it still does."""

    blocker: Blocker
    since: int
    detail: Detail
    until: int | None = None
    winners: list[Insertion] = field(default_factory=list)
    """What was said before it, where it was outvalued."""


@dataclass(frozen=True, slots=True)
class Said:
    """What viewers heard about an intent × product: a reply, or a sentence of the script."""

    at: int
    by: Literal["reply", "line"]
    name: str


@dataclass(slots=True)
class Watch:
    """One comment. `see` every step of its room, in order, from its arrival or before."""

    room: str
    source: str
    id: str
    entry: CommentEntry | None = None
    arrived: int = 0
    verdict: VerdictLine | None = None
    arrival: Mapping[str, Value] = field(default_factory=dict)
    """How the room stood when it arrived, where that decided."""
    spells: list[Spell] = field(default_factory=list)
    insertions: dict[str, Insertion] = field(default_factory=dict)
    """That were to answer it, by id."""
    broken: dict[str, Withdraw | Stop | Playback] = field(default_factory=dict)
    """What stopped them, where something did."""
    aired: dict[str, Aired] = field(default_factory=dict)
    viewers: int = 0
    """The most viewers that ever waited for the same."""
    comments: int = 0
    """The most comments that did."""
    decision: Decision | None = None
    line: str | None = None
    """The sentence of the script that answered it."""
    judged: list[tuple[int, Approval, str]] = field(default_factory=list)
    """Verdicts of people on proposals that were to answer it: when, the verdict, the reply."""
    before: Said | None = None
    """What was said about the same before it came, where its cooldown held it."""
    repeats: int = 0
    now: int = 0
    """Up to when it was watched."""
    waiting: Waiting | None = None
    """As it waits in the room, or waited last."""
    _name: str = field(init=False)
    _said: dict[Key, Said] = field(default_factory=dict)
    _proposed: dict[str, str] = field(default_factory=dict)
    """Proposals for the same, by id: the reply."""
    _begun: bool = False

    def __post_init__(self) -> None:
        self._name, _ = identity(self.room, self.source, self.id)

    @property
    def over(self) -> bool:
        return self.decision is not None

    def see(self, step: Step) -> None:
        """The next step."""
        self.now = step.now
        event = step.entry.event if isinstance(step.entry, RoomEntry) else None
        if isinstance(event, Approval) and event.proposal in self._proposed and not self.over:
            self.judged.append((step.now, event, self._proposed[event.proposal]))
        if self.entry is None:
            self._hear(step)
        if isinstance(step.entry, CommentEntry) and (step.entry.source, step.entry.id) == (self.source, self.id):
            self._arrives(step, step.entry)
        if not self.over and step.room is not None:
            self._follow(step.room, step.now)
        for record in step.records:
            if isinstance(record, Decision) and record.id == self._name:
                self.decision = record
                self._end(step.now)
                self._answered_by_script(step)
            elif isinstance(record, Aired) and record.insertion in self.insertions:
                self.aired[record.insertion] = record
            elif isinstance(record, Withdraw | Stop) and record.insertion in self.insertions:
                self.broken[record.insertion] = record
        if isinstance(event, Playback) and event.kind in ("rejected", "aborted") and event.insertion in self.insertions:
            self.broken.setdefault(event.insertion, event)

    def _arrives(self, step: Step, entry: CommentEntry) -> None:
        if self.entry is not None:
            self.repeats += 1
            return
        self.entry, self.arrived = entry, step.now
        self.verdict = next((v for v in step.verdicts if (v.source, v.id) == (self.source, self.id)), None)
        room = step.room
        decision = next((r for r in step.records if isinstance(r, Decision) and r.id == self._name), None)
        if room is None or decision is None:
            return
        key = (decision.intent or "", decision.product)
        self.arrival = {"cooldown": room.cooldowns.get(key, 0), "demands": len(room.demands)}
        if decision.reason == "recently_answered":
            self.before = self._said.get(key)

    def _hear(self, step: Step) -> None:
        """Remember what is said before the comment comes."""
        for record in step.records:
            if isinstance(record, Aired) and not record.cut:
                self._said[record.intent, record.product] = Said(record.started, "reply", record.reply)
        event = step.entry.event if isinstance(step.entry, RoomEntry) else None
        lineup = step.room.clock.lineup if step.room is not None else None
        if not isinstance(event, Playback) or event.kind != "sentence_ended" or event.cursor is None or lineup is None:
            return
        number = lineup.index.get(event.cursor.sentence)
        for name in lineup.lines[number].answers if number is not None else ():
            said = Said(event.at, "line", event.cursor.sentence)
            self._said[name, lineup.lines[number or 0].product] = self._said[name, None] = said

    # ---- what holds it -----------------------------------------------------------------------------------------------

    def _follow(self, room: Room, now: int) -> None:
        if self.waiting is None and (self.entry is not None or not self._begun):  # it may wait since before the begin
            self.waiting = next((each for each in room.all_waiting() if each.decision == self._name), None)
        self._begun = True
        if self.waiting is None:
            return
        proposed = room.proposals.get((self.waiting.intent, self.waiting.product))
        if proposed is not None:
            self._proposed[proposed.id] = proposed.reply
        found = self._demand_of(room, self.waiting)
        if found is None:
            return
        demand, insertion = found
        self.viewers = max(self.viewers, len(demand.viewers))
        self.comments = max(self.comments, len(demand.comments))
        if insertion is not None:
            self.insertions.setdefault(insertion.id, insertion)
            self._held("in_flight", now, Detail("", {"insertion": insertion.id}))
            return
        if demand.blocker == "cooling" and self.before is None:
            self.before = self._said.get(demand.key)
        self._held(demand.blocker, now, detail_of(room, demand, demand.blocker, now))
        spell = self.spells[-1]
        winner = room.flight.insertion if room.flight is not None else None
        if spell.blocker != "outvalued" or winner is None or len(spell.winners) >= WINNERS:
            return
        if all(winner.id != each.id for each in spell.winners):
            spell.winners.append(winner)

    def _demand_of(self, room: Room, waiting: Waiting) -> tuple[Demand, Insertion | None] | None:
        if room.flight is not None and waiting in room.flight.demand.comments:
            return room.flight.demand, room.flight.insertion
        demand = room.demands.get((waiting.intent, waiting.product))
        return (demand, None) if demand is not None and waiting in demand.comments else None

    def _held(self, blocker: Blocker, now: int, detail: Detail) -> None:
        last = self.spells[-1] if self.spells else None
        if last is not None and last.until is None:
            if (last.blocker, last.detail.kind) == (blocker, detail.kind):
                if detail.kind == "boundary":
                    last.detail = replace(detail)  # the next one is told
                return
            last.until = now
        self.spells.append(Spell(blocker, now, detail))

    def _end(self, now: int) -> None:
        if self.spells and self.spells[-1].until is None:
            self.spells[-1].until = now

    def _answered_by_script(self, step: Step) -> None:
        event = step.entry.event if isinstance(step.entry, RoomEntry) else None
        by_script = self.decision is not None and self.decision.via == "script"
        if by_script and isinstance(event, Playback) and event.cursor is not None:
            self.line = event.cursor.sentence


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
    found = room.clock.answers(demand.intent, demand.product, demand.latest, now)
    return next(((at, line) for at, line in found if fresh(room, line.facts, now)), None)


def _no_opportunity(room: Room, demand: Demand, now: int) -> Detail:
    pause = room.last_end + room.limits.minimum_pause_ms if room.last_end else 0
    replies = [filled for filled in best(room, demand, now).replies if may_be_said(room, demand, filled)]
    remembered = [(room.heard_at(f.reply, f.product) or -FOREVER) + f.reply.memory_ms for f in replies]
    if replies and min(remembered) > demand.latest:
        return Detail("heard", {"reply": replies[0].reply.id, "count": len(replies), "until": min(remembered)})
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
