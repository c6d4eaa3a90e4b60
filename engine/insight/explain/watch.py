"""Follows one comment through a room's course, computed again: what held it, from when to when. Looks only; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from engine.events.inputs import Approval, ChatReplyReport, Playback
from engine.events.journal import CommentEntry, RoomEntry
from engine.events.outputs import (
    Aired,
    Blocker,
    ChatReply,
    ChatWithdraw,
    Decision,
    Insertion,
    Stop,
    VerdictLine,
    Withdraw,
)
from engine.events.posts import Posted
from engine.insight.explain.details import Detail, Value, detail_of
from engine.insight.rerun import Step
from engine.room.arrival import identity
from engine.room.demands import Demand, Key, Waiting
from engine.room.effects import Output
from engine.room.room import Room

WINNERS: Final = 5  # demands that went before it, told by name

Command = Insertion | ChatReply
"""What is to answer it: said by the player, or posted by the platform's connector."""


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
    commands: dict[str, Command] = field(default_factory=dict)
    """That were to answer it, by id."""
    broken: dict[str, str] = field(default_factory=dict)
    """Why they came to nothing, where they did."""
    heard: dict[str, Aired | Posted] = field(default_factory=dict)
    """What viewers heard or read of them."""
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
            else:
                self._take(record)
        if isinstance(event, Playback) and event.kind in ("rejected", "aborted") and event.insertion in self.commands:
            self.broken.setdefault(event.insertion, event.reason)
        elif isinstance(event, ChatReplyReport) and event.status == "failed" and event.reply in self.commands:
            self.broken.setdefault(event.reply, event.error)

    def _take(self, record: Output) -> None:
        """What became of a command that was to answer it."""
        match record:
            case Aired() if record.insertion in self.commands:
                self.heard[record.insertion] = record
            case Posted() if record.chat_reply in self.commands:
                self.heard[record.chat_reply] = record
            case Withdraw() | Stop() if record.insertion in self.commands:
                self.broken[record.insertion] = record.reason
            case ChatWithdraw() if record.reply in self.commands:
                self.broken[record.reply] = record.reason
            case _:
                pass

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
        demand, command = found
        self.viewers = max(self.viewers, len(demand.viewers))
        self.comments = max(self.comments, len(demand.comments))
        if command is not None:
            self.commands.setdefault(command.id, command)
            self._held("in_flight", now, Detail("", {"command": command.id}))
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

    def _demand_of(self, room: Room, waiting: Waiting) -> tuple[Demand, Command | None] | None:
        if room.flight is not None and waiting in room.flight.demand.comments:
            return room.flight.demand, room.flight.insertion
        for post in room.chat.posts.values():
            if waiting in post.demand.comments:
                return post.demand, post.record
        demand = room.demands.get((waiting.intent, waiting.product))
        return (demand, None) if demand is not None and waiting in demand.comments else None

    def _held(self, blocker: Blocker, now: int, detail: Detail) -> None:
        last = self.spells[-1] if self.spells else None
        if last is not None and last.until is None:
            same = (last.detail.kind, last.detail.values.get("command")) == (detail.kind, detail.values.get("command"))
            if last.blocker == blocker and same:
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
