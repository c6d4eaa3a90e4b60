"""Entries reach the rooms that they are for."""

from __future__ import annotations

import pytest

from engine.events.journal import NumberedEntry
from engine.journal.replay import Replay
from engine.room.rooms import Rooms
from tests.unit.room.scene import Scene


def played() -> Scene:
    scene = Scene()
    for room in ("r1", "r2", "r1"):
        scene.room = room
        scene.play()
        scene.ask("shipping.fee")
        scene.wait(1_000)
    return scene


@pytest.mark.parametrize("only", ["r1", "r2"])
def test_one_room_alone_says_what_it_said_among_others(only: str) -> None:
    """Byte for byte: no room hangs on another."""
    scene = played()
    rooms = Rooms(scene.pools.__getitem__)
    replay = Replay(rooms, None, (), others="born", only=only)
    fed = [replay.apply(NumberedEntry(*row)) for row in scene.log]
    assert not all(fed)
    assert rooms.names() == [only]
    assert rooms.take().records == [record for record in scene.out if record.room == only]


def test_a_room_without_a_snapshot_has_ended_or_begins() -> None:
    """As whoever reads the journal knows."""
    scene = played()
    rooms = Rooms(scene.pools.__getitem__)
    replay = Replay(rooms, None, (), others="ended")
    for row in scene.log:
        replay.apply(NumberedEntry(*row))
    assert rooms.names() == []
