"""What people and ops say: open and close, modes, take-over, the kill switch."""

from __future__ import annotations

from engine.events.inputs import ModeSet, RoomOpened, TakeOver
from engine.room.blockers import review
from engine.room.effects import Effects
from engine.room.ending import end_demand
from engine.room.playback import forbid, release_unknown, stop
from engine.room.room import Room
from engine.room.shop import Shop


def opened(room: Room, event: RoomOpened, shop: Shop | None) -> None:
    """A live begins, or begins again; the shop changes only while nobody waits."""
    room.closed = None
    if shop is not None and shop is not room.shop and not room.demands and room.flight is None:
        room.shop = shop
        room.language = shop.pool.default_language
    if event.language is not None:
        room.language = event.language


def closed(room: Room, fx: Effects) -> None:
    """A live ends: nothing more is said, and all who wait are told."""
    room.closed = fx.now
    forbid(room, "room_closed", fx, stop=True)
    release_unknown(room, fx)
    for demand in list(room.demands.values()):
        end_demand(room, demand, "room_closed", fx)
    room.session = None
    room.clock.idle()


def mode_set(room: Room, event: ModeSet, fx: Effects) -> None:
    """Another mode; what was on its way under the old one is withdrawn where the new one would not say it."""
    room.mode = event.mode
    if event.mode != "auto":
        forbid(room, event.mode, fx, stop=False)
    review(room, fx)


def take_over(room: Room, event: TakeOver, fx: Effects) -> None:
    """A person takes the room, now or when the sentence ends, or hands it back."""
    if event.who == "engine":
        room.person = room.person_waits = False
        room.rest(fx.now)
    elif event.at_boundary and room.clock.moving:
        room.person_waits = True
        forbid(room, "taken_over", fx, stop=False)
    else:
        room.person = True
        forbid(room, "taken_over", fx, stop=True)
        room.rest(fx.now)


def kill(room: Room, on: bool, hold_script: bool, fx: Effects) -> None:
    """The kill switch: withdraw and stop at once, silence until it is lifted."""
    if room.killed == on:
        return
    room.killed = on
    if not on:
        return
    before = len(fx.records)
    forbid(room, "killed", fx, stop=True)
    if hold_script or len(fx.records) == before:
        stop(room, None, "killed", fx, hold_script=hold_script)
