"""Who plays the room."""

from __future__ import annotations

import pytest

from engine.events.inputs import Cursor, PlayerSeen
from tests.unit.room.scene import ROOM, Scene


def connects_again(scene: Scene, cursor: Cursor) -> None:
    scene.event(PlayerSeen(room=ROOM, id="again", at=scene.now, session="two", identified=True, cursor=cursor))


@pytest.mark.parametrize(("lap", "starts_anew"), [(0, False), (1, True)])
def test_a_player_that_connects_again_within_a_sentence_does_not_start_it_anew(lap: int, starts_anew: bool) -> None:
    """It tells where it stands; when that began is known already, and a boundary must not move for it."""
    scene = Scene()
    scene.play()
    clock = scene.rooms._rooms[ROOM].clock
    before = clock.started
    assert clock.running
    assert clock.lineup is not None
    sentence = clock.lineup.lines[clock.number]
    scene.wait(1_000)
    connects_again(scene, Cursor(version=clock.lineup.version, lap=lap, segment=sentence.segment, sentence=sentence.id))
    assert scene.rooms._rooms[ROOM].session == "two"
    assert clock.running
    assert clock.started == (scene.now if starts_anew else before)
