"""Who plays the room: the newest session wins, silence loses it."""

from __future__ import annotations

from typing import Final

from engine.events.inputs import Cursor, PlayerGone, PlayerSeen
from engine.room import notices
from engine.room.effects import Effects
from engine.room.playback import lose, outcomes, release_unknown
from engine.room.room import Room
from engine.room.script import ScriptClock
from engine.room.shop import FOREVER

SILENT_MS: Final = 30_000  # three missed signs of presence
OVERDUE_MS: Final = 5_000  # past the predicted end of a sentence


def adopt(room: Room, session: str, at: int) -> None:
    """A player that nobody knew begins to report: its session is the current one."""
    notices.joins(room, at)
    room.session, room.had_player, room.player_at, room.lost = session, True, at, None


def current(room: Room, session: str, fx: Effects) -> bool:
    """Whether this session plays the room; where none does, one that speaks up is taken, unless it has just left."""
    if room.session is None and session != room.gone:
        adopt(room, session, fx.now)
    return room.session == session


def seen(room: Room, event: PlayerSeen, fx: Effects) -> None:
    """A player identified, or showed that it is still there."""
    if event.identified:
        if event.cursor is None:
            room.clock.idle(fx.now)
        elif not _runs(room.clock, event.cursor):
            if room.session != event.session:
                room.clock.idle(fx.now)
            room.clock.begin(event.cursor, min(event.at, fx.now))
        unheard = room.let_go is not None and room.let_go != event.session  # its connection may have ended before
        room.holding = (
            room.holding or unheard
        ) and not room.person  # who comes while a person has the room is told to hold
        adopt(room, event.session, fx.now)
        outcomes(room, event.outcomes, event.session, fx)
    elif room.session is None and event.session != room.gone:
        adopt(room, event.session, fx.now)
    elif event.session == room.session:
        room.player_at = fx.now
        room.found(fx.now, "silent")
    else:
        return
    room.lead_ms = event.lead_ms
    if event.stream_delay_ms is not None:
        room.stream_delay_ms = event.stream_delay_ms


def _runs(clock: ScriptClock, cursor: Cursor) -> bool:
    """Whether this very sentence is running: who connects again tells where it stands, not when that began."""
    lineup = clock.lineup
    if lineup is None or not clock.running or clock.pending is not None:
        return False
    return (cursor.version, cursor.lap, lineup.index.get(cursor.sentence)) == (lineup.version, clock.lap, clock.number)


def gone(room: Room, event: PlayerGone, fx: Effects) -> None:
    """The current session's connection ended; of another session it means nothing."""
    if event.session == room.session:
        room.session, room.gone = None, event.session
        room.lost = None
        room.clock.idle(fx.now)
        release_unknown(room, fx)
        room.pause_comes(fx.now)


def check(room: Room, fx: Effects) -> None:
    """No sign of presence, or a sentence that does not end: the player is lost."""
    if room.session is None or room.lost is not None:
        return
    if fx.now >= room.player_at + SILENT_MS:
        lose(room, "silent", fx)
    elif room.clock.moving and fx.now >= room.clock.sentence_end() + OVERDUE_MS:
        lose(room, "overdue", fx)


def next_check(room: Room) -> int:
    """When silence would be noticed."""
    if room.session is None or room.lost is not None:
        return FOREVER
    silent = room.player_at + SILENT_MS
    return min(silent, room.clock.sentence_end() + OVERDUE_MS) if room.clock.moving else silent


def skip(room: Room, paused_ms: int) -> None:
    """Nobody listened for so long: reports may be late by it."""
    room.player_at += paused_ms
    if room.flight is not None:
        room.flight.due += paused_ms
    room.chat.skip(paused_ms)
    if room.clock.running:
        room.clock.started += paused_ms
