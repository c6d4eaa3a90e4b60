"""The audit of disclosures: when each room told its viewers that the host is no person, and when it did not for too long.

It is worked out from what was aired, each record of which tells its own interval and what it follows, and from the events that say when a
room was on air: also of rooms that aired nothing, since they were paused, or their shop has no words for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.events.inputs import (
    Kill,
    Mode,
    ModeSet,
    Playback,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    ShopEvent,
    ShopModeSet,
    TakeOver,
)
from engine.events.outputs import Aired
from engine.room.notices import BEGIN_MS

SILENT_MS: Final = 60_000  # a player that showed no sign for so long is not on air
STEERING: Final = ("room_opened", "room_closed", "mode_set", "take_over")
"""Types of the room events whose effect lasts until the next, however long ago they were."""


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


@dataclass(frozen=True, slots=True)
class Missed:
    """A time on air that ended before the disclosure was said, ms UTC. `late_ms`: beyond what is allowed."""

    since: int
    until: int
    late_ms: int


@dataclass(slots=True)
class RoomAudit:
    """What one room told. `overdue_ms`: how long it has been missing on air by now; None where it is not."""

    room: str
    shop: str = ""
    said: list[Said] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    replies: int = 0
    """Replies that were aired."""
    told: bool = False
    """It was said in full."""
    on_air: bool = False
    """It is on air now."""
    overdue_ms: int | None = None
    every_ms: int | None = None

    @property
    def gaps(self) -> list[Said]:
        """The disclosures that came too late."""
        return [one for one in self.said if one.too_long]

    @property
    def never(self) -> bool:
        """Replies were heard, and no disclosure in full."""
        return self.replies > 0 and not self.told

    @property
    def good(self) -> bool:
        return not self.gaps and not self.missed and self.overdue_ms is None and not self.never


@dataclass(slots=True)
class _Air:
    """Whether a room is on air, and since when its viewers have not been told. Follows the events in order of their time."""

    found: RoomAudit
    mode: Mode | None
    """None: nobody told it; what the room aired shows then that it was not in shadow."""
    person: bool = False
    closed: bool = False
    holds: Mapping[str, bool] = field(default_factory=dict)
    """Whether the kill switch of each key holds the script."""
    player_at: int | None = None
    on: bool = False
    begun: int = 0
    """When the host began, or took over again from a person."""
    left: int | None = None
    """When the player went, or showed the last sign."""

    def take(self, at: int, event: RoomEvent | ShopEvent) -> None:
        if self.on and self.player_at is not None and at - self.player_at > SILENT_MS:
            self._over(self.player_at)
            self._away(self.player_at)
        match event:
            case RoomOpened():
                self.closed = False
            case RoomClosed():
                self.closed, self.left = True, None
            case ModeSet() | ShopModeSet():
                self.mode = event.mode
            case Kill():
                self.holds = {**self.holds, event.key(): event.on and event.hold_script}
            case TakeOver():
                self.person = event.who == "person"
            case PlayerSeen() | Playback():
                self.player_at = at
            case PlayerGone():
                self._away(at)
            case _:
                return
        played = self.player_at is not None and not self.closed and not self.person
        on = played and self.mode != "shadow" and not any(self.holds.values())
        if on and not self.on:
            comes = isinstance(event, PlayerSeen | Playback)
            left = (
                self.told(at) if self.left is None and not self.begun else self.left
            )  # these events begin in mid-live
            if not (comes and left is not None and at - left <= (self.found.every_ms or 0)):
                self.begun = at  # who was away for longer, or comes back from a person, begins anew
            self.left = None
        if self.on and not on:
            self._over(at)
        self.on = on

    def _away(self, at: int) -> None:
        if self.on:
            self._over(at)
        self.on, self.player_at, self.left = False, None, at

    def told(self, at: int) -> int | None:
        """When the last disclosure before `at` ended."""
        return max((one.ended for one in self.found.said if not one.cut and one.ended <= at), default=None)

    def late(self, at: int) -> tuple[int, int]:
        """(since when viewers had not been told, how much longer than allowed that was), as of `at`."""
        told = self.told(at)
        if told is not None and told >= self.begun:
            return told, at - told - (self.found.every_ms or BEGIN_MS)
        return self.begun, at - self.begun - BEGIN_MS

    def _over(self, at: int) -> None:
        """It leaves the air."""
        since, late = self.late(at)
        if late > 0:
            self.found.missed.append(Missed(since, at, late))

    def now(self, now: int) -> None:
        """What it is like at the end of all events."""
        if not self.on or self.player_at is None:
            return
        if now - self.player_at > SILENT_MS:
            self._over(self.player_at)
            return
        self.found.on_air = True
        late = self.late(now)[1]
        if late > 0:
            self.found.overdue_ms = late


def untold(aired: Iterable[Aired], events: Iterable[RoomEvent]) -> frozenset[str]:
    """Rooms that had a player, and of which neither what they aired nor these events tell the mode."""
    known = {one.room for one in aired}
    played: set[str] = set()
    for event in events:
        if isinstance(event, ModeSet):
            known.add(event.room)
        elif isinstance(event, PlayerSeen | Playback):
            played.add(event.room)
    return frozenset(played - known)


def audit(
    aired: Iterable[Aired],
    events: Iterable[RoomEvent],
    now: int,
    *,
    shop_events: Iterable[ShopEvent] = (),
    default_shop: str = "",
    since: int = 0,
) -> list[RoomAudit]:
    """Every room that aired something or was on air, by name.

    `shop_events`: modes of shops, and kill switches. `since`: what was over before it is left out; it only tells what later events follow.
    """
    rooms: dict[str, RoomAudit] = {}
    for one in aired:
        found = rooms.setdefault(one.room, RoomAudit(one.room))
        found.shop = one.shop
        if one.disclosure is None:
            found.replies += one.started >= since
            continue
        told = one.disclosure
        gap = max(0, one.started - told.since)
        found.every_ms = told.every_ms
        found.told = found.told or not one.cut
        found.said.append(
            Said(
                one.started, one.ended or one.started, one.language, told.first, gap,
                gap > (BEGIN_MS if told.first else told.every_ms), one.cut,
            )
        )  # fmt: skip
    steered = [event for event in shop_events if isinstance(event, ShopModeSet | Kill)]
    by_room: dict[str, list[RoomEvent]] = {}
    for event in events:
        by_room.setdefault(event.room, []).append(event)
    for name, own in by_room.items():
        silent = name not in rooms
        found = rooms[name] if not silent else RoomAudit(name)
        found.shop = found.shop or _shop(own) or default_shop
        air = _Air(found, "shadow" if silent else None)
        about: list[RoomEvent | ShopEvent] = [*(event for event in steered if _concerns(event, found)), *own]
        for happened in sorted(about, key=lambda event: event.at):  # stable: events of a room stay in the log's order
            air.take(happened.at, happened)
        air.now(now)
        rooms[name] = found
    for found in rooms.values():
        found.said = [one for one in found.said if one.ended >= since]
        found.missed = [one for one in found.missed if one.until >= since]
    listed = (found for found in rooms.values() if found.on_air or found.said or found.missed or found.replies)
    return sorted(listed, key=lambda found: found.room)


def _shop(events: list[RoomEvent]) -> str:
    """The shop that the room's events name last."""
    named = [event.shop for event in events if isinstance(event, RoomOpened | PlayerSeen) and event.shop is not None]
    return named[-1] if named else ""


def _concerns(event: ShopModeSet | Kill, found: RoomAudit) -> bool:
    if isinstance(event, ShopModeSet):
        return event.shop == found.shop
    return event.key() in ("kill/*", f"kill/shop/{found.shop}", f"kill/room/{found.room}")
