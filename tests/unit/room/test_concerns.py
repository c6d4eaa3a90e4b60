"""What people should know of rooms as they stand."""

from __future__ import annotations

from engine.events.inputs import PlayerGone, PlayerSeen, RoomClosed, Script, ScriptSegment, ScriptSentence
from engine.room.concerns import Concerns
from tests.unit.room.scene import ROOM, SHOP, Scene

NONE = Concerns(0, 0, 0)


def load(scene: Scene, version: str) -> None:
    """The player loads its script, whose one sentence speaks of the dispatch time of this version."""
    line = ScriptSentence(id="tgy-0", text="话", seconds=4.0, facts={"*/hours": version})
    segment = ScriptSegment(id="seg-tgy", product="tgy", sentences=(line,))
    scene.event(
        Script(room=ROOM, id="s2", at=scene.now, session="one", script="e", version=version, segments=(segment,))
    )


def test_a_script_is_stale_until_it_is_loaded_again() -> None:
    """From the change of a fact on that one of its sentences speaks of."""
    scene = Scene()
    scene.play()
    shop = scene.rooms._shops[SHOP]
    load(scene, shop.version("*", "hours", scene.now) or "")
    assert scene.rooms.concerns() == NONE
    scene.fact("hours", 48)
    assert scene.rooms.concerns() == Concerns(0, 1, 0)
    load(scene, shop.version("*", "hours", scene.now) or "")
    assert scene.rooms.concerns() == NONE


def test_a_player_is_missing_where_viewers_wait_for_it() -> None:
    """Gone or silent, as long as somebody waits; not once the room is closed, nor where nobody ever played it."""
    scene = Scene()
    scene.ask("shipping.fee")
    assert scene.rooms.concerns() == NONE
    scene.play()
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    assert scene.rooms.concerns() == NONE
    scene.ask("shipping.fee")
    assert scene.rooms.concerns() == Concerns(0, 0, 1)
    scene.event(PlayerSeen(room=ROOM, id="p2", at=scene.now, session="two", identified=True, lead_ms=800))
    assert scene.rooms.concerns() == NONE
    scene.wait(31_000)
    scene.ask("shipping.dispatch")
    assert scene.rooms.concerns() == Concerns(0, 0, 1)
    scene.event(RoomClosed(room=ROOM, id="c", at=scene.now))
    assert scene.rooms.concerns() == NONE
