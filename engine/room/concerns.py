"""What people should know of rooms as they stand now; nothing of it is a record, and asking changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.room import notices
from engine.room.blockers import fresh
from engine.room.room import Room


@dataclass(frozen=True, slots=True)
class Concerns:
    """Numbers of rooms."""

    undisclosed: int
    """Their viewers were left without the disclosure for too long."""
    stale_scripts: int
    """Their host's script has sentences about facts that no longer hold."""
    missing_players: int
    """Viewers wait there for a reply, and the player is silent or gone."""


def concerns(rooms: Iterable[Room], now: int) -> Concerns:
    """Of these rooms."""
    undisclosed = stale = missing = 0
    for room in rooms:
        undisclosed += notices.overdue(room, now)
        stale += _is_stale(room, now)
        missing += _is_missing(room)
    return Concerns(undisclosed, stale, missing)


def _is_stale(room: Room, now: int) -> bool:
    lineup = room.clock.pending or room.clock.lineup
    if lineup is None or room.session is None or room.closed is not None:
        return False
    return not all(fresh(room, line.facts, now) for line in lineup.lines)


def _is_missing(room: Room) -> bool:
    is_away = room.session is None or room.lost is not None
    return is_away and room.had_player and room.closed is None and bool(room.demands)
