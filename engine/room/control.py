"""What people and ops say: open and close, modes, take-over, the kill switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.events.inputs import Kill, Mode, RoomOpened, TakeOver
from engine.room import handoffs, notices, posted
from engine.room.approval import unasked
from engine.room.blockers import review
from engine.room.effects import Effects
from engine.room.ending import end_demand
from engine.room.playback import forbid, release_unknown, stop
from engine.room.room import Room
from engine.room.shop import Shop

CLOSED_MS: Final = 660_000  # a closed room is remembered until every comment sent before its end would be expired
IDLE_MS: Final = 86_400_000  # a room that nobody closed is forgotten after a day of silence


def opened(room: Room, event: RoomOpened, shop: Shop | None, mode: Mode) -> None:
    """A live begins, or begins again; the shop changes only while nobody waits. `mode`: of that shop's rooms."""
    if room.closed is not None:
        notices.begins(room, room.active)
    room.closed = None
    if shop is not None and shop is not room.shop and not room.demands and room.flight is None and not room.chat.posts:
        room.shop = shop
        room.language = shop.pool.default_language
        if not room.own_mode:
            room.mode = mode
    if event.language is not None:
        room.language = event.language


def closed(room: Room, fx: Effects) -> None:
    """A live ends: nothing more is said, and all who wait are told."""
    room.closed = fx.now
    forbid(room, "room_closed", fx, stop=True)
    release_unknown(room, fx, "room_closed")
    posted.close(room, fx)
    handoffs.expire(room, fx, all_of_them=True)
    for demand in list(room.demands.values()):
        end_demand(room, demand, "room_closed", fx)
    room.session = None
    room.clock.idle(fx.now)


def mode_set(room: Room, mode: Mode, fx: Effects, *, own: bool) -> None:
    """Another mode; what was on its way under the old one is withdrawn where the new one would not say it. `own`: not as its shop's."""
    if room.mode == "shadow" and mode != "shadow":
        notices.begins(room, fx.now)
    room.mode, room.own_mode = mode, own
    for demand in room.demands.values():
        demand.missed = None  # who must be asked is another question now
    if mode in ("shadow", "paused") or (room.flight is not None and unasked(room, room.flight)):
        forbid(room, mode, fx, stop=False)
    posted.mode_set(room, fx)
    review(room, fx)


def take_over(room: Room, event: TakeOver, fx: Effects) -> None:
    """A person takes the room, now or when what is said ends, or hands it back."""
    if event.who == "person":
        posted.forbid(room, "taken_over", fx)
    talking = room.clock.moving or (room.flight is not None and room.flight.state == "started")
    if event.who == "engine":
        if room.person:
            notices.begins(room, fx.now)
        room.person = room.person_waits = False
    elif event.at_boundary and talking and not room.person:
        room.person_waits = True
        forbid(room, "taken_over", fx, stop=False)
    else:
        room.person, room.person_waits = True, False
        forbid(room, "taken_over", fx, stop=True)
    room.rest(fx.now)


def give_way(room: Room, fx: Effects) -> None:
    """The player holds its script while a person has the room, and goes on with it afterwards, unless a kill switch holds it, too."""
    if room.session is None or room.person == room.holding:
        return
    room.holding, room.let_go = room.person, None
    if room.person:
        stop(room, None, "taken_over", fx, hold_script=True)
    elif not room.held:  # else lifting that kill releases the script
        stop(room, None, "handed_back", fx)
        room.let_go = room.session


def kill(room: Room, on: bool, held: bool, fx: Effects) -> None:
    """The kill switches of the room as they stand now: withdraw and stop at once, hold the script, silence until they are lifted."""
    begins, holds, released = on and not room.killed, held and not room.held, room.held and not held
    if released:
        notices.begins(room, fx.now)
    room.killed, room.held = on, held
    before = len(fx.records)
    if begins:
        forbid(room, "killed", fx, stop=True)
    if holds or (begins and len(fx.records) == before):
        stop(room, None, "killed", fx, hold_script=held)
    if released:
        room.holding = (
            False  # the gateway lets a script go that a kill held: a person who has the room needs it held again
        )
    if begins:
        posted.forbid(room, "killed", fx)
    room.rest(fx.now)


def killed(room: Room, kills: Mapping[str, Kill]) -> tuple[bool, bool]:
    """(whether a kill switch silences the room, whether one holds its script too). `kills`: the latest of each key."""
    keys = ("kill/*", f"kill/shop/{room.shop.id}", f"kill/room/{room.name}")
    on = [kill for kill in map(kills.get, keys) if kill is not None and kill.on]
    return bool(on), any(kill.hold_script for kill in on)


def forget_at(room: Room) -> int:
    """When nothing can come any more that has to be understood of this room."""
    return room.closed + CLOSED_MS if room.closed is not None else room.active + IDLE_MS


def forgotten(room: Room, now: int) -> bool:
    """Whether the room may go."""
    return now >= forget_at(room) and not room.busy and not room.demands
