"""A player that never was: it says what the core tells it, in the time that a recorded one took. Pure.

It has no script of its own: it reads where the room's script clock stands, and does what that expects, in the recorded time.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.events.inputs import (
    Approval,
    ChatReplyReport,
    Cursor,
    InsertionState,
    Playback,
    PlaybackKind,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomEvent,
)
from engine.events.outputs import ChatReply, ChatWithdraw, Insertion, Proposal, Stop, Withdraw
from engine.insight.timing import Timing
from engine.room.effects import Output
from engine.room.room import Room

FOREVER: Final = 1 << 62


@dataclass(slots=True)
class _Held:
    """An insertion that it has: it can be voiced from `ready` on, is said from `begun` on (None: not yet) until `ends`."""

    insertion: Insertion
    ready: int
    begun: int | None = None
    ends: int = 0


@dataclass(slots=True)
class ModelPlayer:
    """The player of one room, its connector and the people who judge proposals. `due` says when `act` has something to tell."""

    timing: Timing
    _held: _Held | None = None
    _told: list[tuple[int, int, RoomEvent]] = field(default_factory=list)
    _count: int = 0

    # ---- what the core says ------------------------------------------------------------------------------------------

    def hear(self, room: Room, records: Sequence[Output], now: int) -> None:
        """What the core put out at `now`."""
        for record in records:
            if isinstance(record, Insertion) and not record.resend:
                self._insert(room, record, now)
            elif isinstance(record, Withdraw):
                self._withdraw(record, now + self.timing.heard_ms)
            elif isinstance(record, Stop):
                self._stop(room, record, now + self.timing.heard_ms)
            elif isinstance(record, Proposal):
                verdict = self.timing.verdicts.get((record.reply, record.product))
                if verdict is not None and not record.revision:  # told again, it was judged before
                    event = Approval(room=room.name, id=self._id(), at=now, proposal=record.id, verdict=verdict)
                    self._push(now + self.timing.judged_ms, event)
            elif isinstance(record, ChatReply) and self.timing.posted_ms is not None:
                self._posts(record, "posted", now + self.timing.posted_ms)
            elif isinstance(record, ChatWithdraw) and self._is_unposted(record.reply):
                self._posts(record, "failed", now + self.timing.heard_ms)

    def take_over(self, room: Room) -> None:
        """What was on its way when this player began."""
        flight = room.flight
        if flight is None:
            return
        self._held = _Held(flight.insertion, flight.emitted + self._needs(room))
        if flight.state == "started":
            self._held.begun = flight.started
            self._held.ends = flight.started + self._length(flight.insertion)

    def _needs(self, room: Room) -> int:
        """From a command to its voice, at least: as the player says, or as it was seen to do in less."""
        claimed, seen = self.timing.heard_ms + room.lead_ms, self.timing.needed_ms
        return claimed if seen is None else min(claimed, seen)

    def _insert(self, room: Room, insertion: Insertion, now: int) -> None:
        at, ready = now + self.timing.heard_ms, now + self._needs(room)
        if not _cuts_in(insertion) and not self._is_ahead(room, insertion, ready):
            self._report(insertion, "rejected", at, insertion.id, "late")
            return
        self._held = _Held(insertion, ready)
        self._report(insertion, "accepted", at, insertion.id)

    def _is_ahead(self, room: Room, insertion: Insertion, ready: int) -> bool:
        """Whether its boundary comes when it can be voiced."""
        clock, after = room.clock, insertion.after
        assert after is not None
        if not clock.running or clock.lineup is None or after.version != clock.lineup.version:
            return False
        number = clock.lineup.index.get(after.sentence)
        if number is None or (after.lap, number) < (clock.lap, clock.number):
            return False
        return (after.lap, number) != (clock.lap, clock.number) or self._sentence_end(room) >= ready

    def _withdraw(self, command: Withdraw, at: int) -> None:
        held = self._held
        if held is not None and held.insertion.id == command.insertion and held.begun is None:
            self._held = None
            self._report(command, "rejected", at, command.insertion, command.reason)

    def _stop(self, room: Room, command: Stop, at: int) -> None:
        held = self._held
        if held is None or command.insertion not in (None, held.insertion.id):
            return
        self._held = None
        kind: PlaybackKind = "aborted" if held.begun is not None else "rejected"
        self._report(command, kind, at, held.insertion.id, command.reason)
        if held.begun is not None and held.insertion.resume is not None and not command.hold_script:
            self._sentence(room, "sentence_started", at, held.insertion.resume)

    def _posts(self, record: ChatReply | ChatWithdraw, status: Literal["posted", "failed"], at: int) -> None:
        """The connector's word on a chat reply."""
        reply = record.id if isinstance(record, ChatReply) else record.reply
        self._push(at, ChatReplyReport(room=record.room, id=self._id(), at=at, reply=reply, status=status))

    def _is_unposted(self, reply: str) -> bool:
        """Whether it was not posted yet; then it will not be."""
        left = [row for row in self._told if not (isinstance(row[2], ChatReplyReport) and row[2].reply == reply)]
        found = len(left) < len(self._told)
        self._told = left
        heapq.heapify(self._told)
        return found

    # ---- what it tells -----------------------------------------------------------------------------------------------

    def due(self, room: Room | None) -> int:
        """When `act` has something to tell; far away where it has not."""
        told = self._told[0][0] if self._told else FOREVER
        if room is None or room.session is None:
            return told
        return min(told, self._next(room) + self.timing.reported_ms)

    def _next(self, room: Room) -> int:
        """When something happens by itself."""
        held = self._held
        if held is not None and held.begun is not None:
            return held.ends
        at = self._sentence_end(room) if room.clock.moving else FOREVER
        if held is not None and _cuts_in(held.insertion):
            at = min(at, held.ready)
        return at

    def act(self, room: Room | None) -> list[RoomEvent]:
        """What is told at `due`, in order."""
        if self._told and (room is None or self._told[0][0] <= self.due(room)):
            return [heapq.heappop(self._told)[2]]
        if room is None:
            return []
        held, at = self._held, self._next(room)
        if held is not None and held.begun is not None:
            self._held = None
            events: list[RoomEvent] = [self._played(room, "ended", at, held.insertion.id)]
            resume = held.insertion.resume
            return [*events, self._script(room, "sentence_started", at, resume)] if resume is not None else events
        if held is not None and _cuts_in(held.insertion) and held.ready <= at:
            return [self._begin(room, held, at)]
        return self._boundary(room, at)

    def _boundary(self, room: Room, at: int) -> list[RoomEvent]:
        clock, held = room.clock, self._held
        ended, following = clock.cursor(clock.lap, clock.number), clock.after(clock.lap, clock.number)
        events = [self._script(room, "sentence_ended", at, ended)]
        if held is not None and held.insertion.after == ended:
            if at <= held.insertion.not_after:
                return [*events, self._begin(room, held, at)]
            self._held = None
            events.append(self._played(room, "rejected", at, held.insertion.id, "late"))
        if following is None:
            return [*events, self._playback(room, "idle", at)]
        return [*events, self._script(room, "sentence_started", at, following)]

    def _begin(self, room: Room, held: _Held, at: int) -> RoomEvent:
        if at > held.insertion.not_after:
            self._held = None
            return self._played(room, "rejected", at, held.insertion.id, "late")
        held.begun, held.ends = at, at + self._length(held.insertion)
        return self._played(room, "started", at, held.insertion.id)

    # ---- what was recorded of the player -----------------------------------------------------------------------------

    def instead(self, room: Room | None, event: RoomEvent) -> RoomEvent | None:
        """What a recorded event comes to here; None: this player tells that itself, or it is about what never was."""
        match event:
            case Approval() | ChatReplyReport():
                return None
            case Playback():
                starts = event.kind == "sentence_started" and self._held is None
                return event if starts and room is not None and not room.clock.running else None
            case PlayerSeen():
                return self._seen(room, event)
            case PlayerGone():
                if room is not None and event.session == room.session:
                    self._held = None
                return event
            case RoomClosed():
                self._held = None
                return event
            case _:
                return event

    def _seen(self, room: Room | None, event: PlayerSeen) -> PlayerSeen:
        if not event.identified:
            return event
        states: tuple[InsertionState, ...] = ()
        if (held := self._held) is not None:
            begun = held.begun
            told = ("accepted", held.insertion.at) if begun is None else ("started", begun)
            states = (InsertionState(insertion=held.insertion.id, kind=told[0], at=told[1]),)
        cursor = event.cursor
        if room is not None and room.clock.running and room.clock.lineup is not None and cursor is not None:
            cursor = room.clock.cursor(room.clock.lap, room.clock.number)
        return event.model_copy(update={"outcomes": states, "cursor": cursor})

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _sentence_end(self, room: Room) -> int:
        clock = room.clock
        assert clock.lineup is not None
        line = clock.lineup.lines[clock.number]
        took = self.timing.sentences.get((clock.lineup.version, line.id))
        return clock.started + (took if took is not None else line.ms)

    def _length(self, insertion: Insertion) -> int:
        return max(1, round(insertion.duration_ms * self.timing.voice))

    def _id(self) -> str:
        self._count += 1
        return f"model-{self._count}"

    def _push(self, at: int, event: RoomEvent) -> None:
        self._count += 1
        heapq.heappush(self._told, (at, self._count, event))

    def _report(
        self, to: Insertion | Withdraw | Stop, kind: PlaybackKind, at: int, insertion: str, reason: str = ""
    ) -> None:
        told = Playback(
            room=to.room, id=self._id(), at=at, session=to.session, kind=kind, insertion=insertion, reason=reason
        )
        self._push(at + self.timing.reported_ms, told)

    def _sentence(self, room: Room, kind: PlaybackKind, at: int, cursor: Cursor) -> None:
        self._push(at + self.timing.reported_ms, self._script(room, kind, at, cursor))

    def _script(self, room: Room, kind: PlaybackKind, at: int, cursor: Cursor) -> Playback:
        return self._playback(room, kind, at, cursor=cursor)

    def _played(self, room: Room, kind: PlaybackKind, at: int, insertion: str, reason: str = "") -> Playback:
        return self._playback(room, kind, at, insertion=insertion, reason=reason)

    def _playback(
        self,
        room: Room,
        kind: PlaybackKind,
        at: int,
        *,
        cursor: Cursor | None = None,
        insertion: str | None = None,
        reason: str = "",
    ) -> Playback:
        assert room.session is not None
        return Playback(
            room=room.name, id=self._id(), at=at, session=room.session, kind=kind, cursor=cursor, insertion=insertion,
            reason=reason,
        )  # fmt: skip


def _cuts_in(insertion: Insertion) -> bool:
    """Whether it waits for no boundary."""
    return insertion.when == "now" or insertion.after is None
