"""The audit of disclosures: when each room told its viewers that the host is no person, and when it did not for too long.

It is worked out from what was aired, each record of which tells its own interval and what it follows, from the room events that say
whether a room is on air now, and from the rooms' own alerts: a room that aired nothing at all has nothing else to tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from engine.events.inputs import (
    ModeSet,
    Playback,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    TakeOver,
)
from engine.events.outputs import Aired, Alert
from engine.room.notices import BEGIN_MS

SILENT_MS: Final = 60_000  # a player that showed no sign for so long is not on air


@dataclass(frozen=True, slots=True)
class Said:
    """One disclosure, ms UTC. `gap_ms`: how long viewers were without one before it; `too_long`: longer than the interval."""

    started: int
    ended: int
    language: str
    first: bool
    gap_ms: int
    too_long: bool
    cut: bool


@dataclass(slots=True)
class RoomAudit:
    """What one room told. `overdue_ms`: how long it has been missing on air by now; None where it is not."""

    room: str
    shop: str = ""
    said: list[Said] = field(default_factory=list)
    replies: int = 0
    """Replies that were aired."""
    overdue_ms: int | None = None
    every_ms: int | None = None
    warned: list[int] = field(default_factory=list)
    """When the room told people that it was overdue, ms UTC."""

    @property
    def gaps(self) -> list[Said]:
        """The disclosures that came too late."""
        return [one for one in self.said if one.too_long]

    @property
    def never(self) -> bool:
        """Replies were heard, or the room told that it was overdue, and no disclosure was heard in full."""
        return (self.replies > 0 or bool(self.warned)) and all(one.cut for one in self.said)

    @property
    def good(self) -> bool:
        return not self.gaps and self.overdue_ms is None and not self.never


@dataclass(slots=True)
class _Air:
    """Whether a room is on air."""

    mode: str = ""
    person: bool = False
    closed: bool = False
    player_at: int = -1
    gone: bool = False

    def take(self, event: RoomEvent) -> None:
        match event:
            case RoomOpened():
                self.closed = False
            case RoomClosed():
                self.closed = True
            case ModeSet():
                self.mode = event.mode
            case TakeOver():
                self.person = event.who == "person"
            case PlayerSeen() | Playback():
                self.player_at, self.gone = event.at, False
            case PlayerGone():
                self.gone = True

    def on(self, now: int) -> bool:
        played = not self.gone and now - self.player_at <= SILENT_MS
        return played and not self.closed and not self.person and self.mode != "shadow"


def audit(
    aired: Iterable[Aired], events: Iterable[RoomEvent], now: int, alerts: Iterable[Alert] = ()
) -> list[RoomAudit]:
    """Every room that aired something, or told people that its disclosure was overdue, by name.

    All inputs in the order of the log within a room.
    """
    rooms: dict[str, RoomAudit] = {}
    for one in aired:
        found = rooms.setdefault(one.room, RoomAudit(one.room))
        found.shop = one.shop
        if one.disclosure is None:
            found.replies += 1
            continue
        told = one.disclosure
        gap = max(0, one.started - told.since)
        found.every_ms = told.every_ms
        found.said.append(
            Said(
                one.started, one.ended or one.started, one.language, told.first, gap,
                gap > (BEGIN_MS if told.first else told.every_ms), one.cut,
            )
        )  # fmt: skip
    for alert in alerts:
        if alert.kind == "disclosure_overdue":
            warned = rooms.setdefault(alert.room, RoomAudit(alert.room, alert.shop))
            warned.warned.append(alert.at)
    air: dict[str, _Air] = {}
    for event in events:
        if event.room in rooms:
            air.setdefault(event.room, _Air()).take(event)
    for name, state in air.items():
        whole = [one for one in rooms[name].said if not one.cut]
        every, alerts_at = rooms[name].every_ms, rooms[name].warned
        if not whole and alerts_at and state.on(now):
            rooms[name].overdue_ms = (
                now - alerts_at[-1]
            )  # by so much at least: what nobody heard says nothing of its interval
        if whole and every is not None and state.on(now) and now - whole[-1].ended > every:
            rooms[name].overdue_ms = now - whole[-1].ended - every
    return [rooms[name] for name in sorted(rooms)]
