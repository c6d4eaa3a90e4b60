"""What the player reports of the script: it loads, its sentences start and end, some of them answer what is waited for."""

from __future__ import annotations

from engine.events.inputs import Playback, Script
from engine.events.outputs import Alert
from engine.room import handoffs
from engine.room.blockers import fresh
from engine.room.effects import Effects
from engine.room.ending import end
from engine.room.lineup import Line, Lineup
from engine.room.room import Room


def loaded(room: Room, event: Script, fx: Effects) -> None:
    """A line-up was loaded. A sentence whose facts are stale already raises an alert."""
    room.clock.load(Lineup.of(event, room.shop.pool))
    alert_stale(room, fx)


def sentence(room: Room, event: Playback, fx: Effects) -> None:
    """A sentence started or ended."""
    assert event.cursor is not None
    at = min(event.at, fx.now)
    if event.kind == "sentence_started":
        room.let_go = None
        if not room.clock.begin(event.cursor, at):
            alert(
                room,
                "script_mismatch",
                f"sentence {event.cursor.sentence} of version {event.cursor.version} is not known",
                fx,
            )
            return
    else:
        line = room.clock.end(event.cursor, at)
        if line is not None:
            answered(room, line, at, fx)
            room.pause_comes(at)
    room.found(fx.now, "overdue")


def answered(room: Room, line: Line, at: int, fx: Effects) -> None:
    """An ended sentence answers the demands that it names, unless its facts changed meanwhile."""
    if not line.answers or not fresh(room, line.facts, fx.now):
        return
    for name in line.answers:
        intent = room.shop.pool.intents.get(name)
        if intent is None:
            continue
        keys = [key for key in room.demands if key[0] == name and (key[1] is None or key[1] == line.product)]
        for key in keys:
            demand = room.demands.pop(key)
            for comment in demand.comments:
                if comment.deadline < at:
                    end(room, comment, "expired", fx)
                else:
                    end(room, comment, "answered", fx, via="script", reply=None, spoken=room.language)
        key = (name, room.shop.about(intent, line.product))
        for product in dict.fromkeys((None, line.product)):
            handoffs.answered(room, name, product, fx)
        room.cool(key, max(room.cooldowns.get(key, 0), at + intent.cooldown_ms))


def alert_stale(room: Room, fx: Effects, place: str | None = None) -> None:
    """Tell once per change (of the fact at `place`, else of anything) which sentences speak of facts that no longer hold."""
    lineup = room.clock.pending or room.clock.lineup
    if lineup is None:
        return
    about = [line for line in lineup.lines if line.facts and (place is None or place in line.facts)]
    stale = [line.id for line in about if not fresh(room, line.facts, fx.now)]
    if stale:
        more = f" and {len(stale) - 3} more" if len(stale) > 3 else ""
        alert(room, "stale_script_fact", f"facts changed in {', '.join(stale[:3])}{more}: reload the script", fx)


def alert(room: Room, kind: str, detail: str, fx: Effects) -> None:
    """Something that a person should know."""
    fx.records.append(
        Alert.model_validate(
            {
                "id": fx.new_id(room.name), "room": room.name, "shop": room.shop.id, "at": fx.now, "lease": fx.lease,
                "seq": fx.seq, "shop_offset": fx.shop_offset, "kind": kind, "detail": detail[:300],
            }
        )
    )  # fmt: skip
