"""People and ops: taking the room over, handing it back, the kill switch, opening and closing."""

from __future__ import annotations

from dataclasses import replace

from engine.events.inputs import (
    AppliedShopEvent,
    Cursor,
    Kill,
    Playback,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomOpened,
    TakeOver,
)
from engine.events.journal import PoolEntry, ShopEntry
from engine.events.outputs import Alert, Decision, Insertion, Stop, Withdraw
from engine.pool.model import Limits
from engine.room.room import Room
from tests.unit.room.scene import ROOM, START, Scene, pool


def scene_of_one() -> Scene:
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    return scene


def take(scene: Scene, who: str, *, at_boundary: bool = True) -> None:
    scene.event(
        TakeOver.model_validate({"room": ROOM, "id": "t", "at": scene.now, "who": who, "at_boundary": at_boundary})
    )


def idle(scene: Scene) -> None:
    scene.event(Playback(room=ROOM, id="b", at=scene.now, session="one", kind="idle"))


def kill(scene: Scene, scope: str = "room", target: str = ROOM, *, on: bool = True, hold: bool = False) -> None:
    scene.offset += 1
    event = Kill.model_validate(
        {"id": "k", "at": scene.now, "scope": scope, "target": target, "on": on, "hold_script": hold}
    )
    scene.put(ShopEntry(AppliedShopEvent(offset=scene.offset, event=event)))


def opened(scene: Scene, shop: str, **more: object) -> None:
    scene.event(RoomOpened.model_validate({"room": ROOM, "id": "o", "at": scene.now, "shop": shop, **more}))


def here(scene: Scene) -> Room:
    return scene.rooms._rooms[ROOM]


# ---- a person ------------------------------------------------------------------------------------------------------------


def test_a_person_who_waits_for_the_boundary_finds_no_reply_there() -> None:
    """From the request on, nothing is emitted any more; comments wait for the hand-back."""
    scene = scene_of_one()
    take(scene, "person")
    assert scene.ask("shipping.fee") == "taken_over"
    scene.wait(3_900)
    assert not scene.all(Insertion)
    scene.sentence("sentence_ended", "tgy-0")
    assert here(scene).person
    assert here(scene).clock.still


def test_a_reply_that_is_spoken_ends_before_the_person_speaks() -> None:
    """At the boundary means after the reply, not in the middle of it."""
    scene = scene_of_one()
    scene.ask("shipping.fee", id="a")
    scene.wait(3_000)
    scene.report("started", scene.insertion.id)
    take(scene, "person")
    assert not scene.all(Stop)
    assert not here(scene).person
    scene.report("ended", scene.insertion.id)
    assert here(scene).person
    assert here(scene).clock.still
    assert scene.decisions == {"a": "answered"}


def test_a_room_handed_back_over_an_idle_script_speaks_again() -> None:
    """The script ran out while the person had the room: time does not stand still for ever."""
    scene = scene_of_one()
    take(scene, "person", at_boundary=False)
    idle(scene)
    take(scene, "engine")
    assert scene.ask("shipping.fee") == "no_opportunity"
    assert scene.insertion.when == "idle"


def test_a_player_that_comes_and_goes_does_not_take_the_room_from_a_person() -> None:
    """Script time stands still until the hand-back, whoever reports what."""
    scene = scene_of_one()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    take(scene, "person", at_boundary=False)
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    cursor = Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-1")
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="two", identified=True, cursor=cursor))
    assert here(scene).clock.still
    scene.wait(20_000)
    assert not [alert for alert in scene.all(Alert) if alert.detail == "overdue"]


def test_a_hand_back_while_a_reply_is_spoken_waits_for_its_end() -> None:
    """Script time goes on only when the voice is free."""
    scene = scene_of_one()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    scene.report("started", scene.insertion.id)
    take(scene, "person", at_boundary=False)
    take(scene, "engine")
    assert here(scene).clock.still
    scene.report("aborted", scene.insertion.id)
    assert not here(scene).clock.still


def test_a_player_that_may_not_have_heard_the_hand_back_is_told_again() -> None:
    """Its connection ended as it was told: the next session is told, too, until a sentence shows that the script goes on."""
    scene = scene_of_one()
    cursor = Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-1")

    def again(session: str) -> None:
        scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session=session, identified=True, cursor=cursor))

    def told() -> list[str | None]:
        return [stop.session for stop in scene.all(Stop) if stop.reason == "handed_back"]

    again("two")
    assert told() == []
    take(scene, "person", at_boundary=False)
    take(scene, "engine")
    again("two")  # it goes on with its session, and with what it was sent
    assert told() == ["two"]
    again("three")
    assert told() == ["two", "three"]
    scene.sentence("sentence_started", "tgy-1", session="three")
    again("four")
    assert told() == ["two", "three"]


def test_the_boundary_comes_also_when_the_script_runs_out_or_its_player_leaves() -> None:
    """A person who waits for it gets the room."""
    scene = scene_of_one()
    take(scene, "person")
    idle(scene)
    assert here(scene).person
    other = scene_of_one()
    take(other, "person")
    other.event(PlayerGone(room=ROOM, id="g", at=other.now, session="one"))
    assert here(other).person


# ---- the kill switch -----------------------------------------------------------------------------------------------------


def test_a_kill_that_holds_the_script_stops_script_time() -> None:
    """The player is not lost over a sentence that it was told to hold; lifted, the script goes on."""
    scene = scene_of_one()
    kill(scene, hold=True)
    assert [stop.hold_script for stop in scene.all(Stop)] == [True]
    scene.wait(20_000)
    assert not scene.all(Alert)
    kill(scene, on=False)
    assert scene.ask("shipping.fee") == "no_opportunity"
    scene.wait(3_900)
    assert scene.insertion.start >= START + 20_000


def test_a_kill_can_be_tightened_to_hold_the_script() -> None:
    """A second record with `hold_script` counts although the room is silent already; lifting the hold alone lets the script run."""
    scene = scene_of_one()
    kill(scene)
    kill(scene, hold=True)
    assert [stop.hold_script for stop in scene.all(Stop)] == [False, True]
    assert here(scene).clock.still
    kill(scene)
    assert not here(scene).clock.still
    assert here(scene).killed


def test_a_kill_of_another_room_or_shop_means_nothing_here() -> None:
    """Each scope reaches its own."""
    scene = scene_of_one()
    kill(scene, "room", "other", hold=True)
    kill(scene, "shop", "other", hold=True)
    assert not scene.all(Stop)
    kill(scene, "shop", "tea")
    kill(scene, "*", "*")
    kill(scene, "shop", "tea", on=False)
    assert here(scene).killed
    kill(scene, "*", "*", on=False)
    assert not here(scene).killed


def test_kill_and_lift_while_an_insertion_is_on_its_way_does_not_let_it_start() -> None:
    """What was withdrawn stays withdrawn; the comments wait for the next one."""
    scene = scene_of_one()
    scene.ask("shipping.fee", id="a")
    scene.wait(3_000)
    first = scene.insertion
    kill(scene)
    kill(scene, on=False)
    assert [withdraw.insertion for withdraw in scene.all(Withdraw)] == [first.id]
    scene.report("started", first.id)
    assert [stop.insertion for stop in scene.all(Stop)] == [first.id]
    scene.report("aborted", first.id)
    assert not scene.decisions


# ---- open and close ------------------------------------------------------------------------------------------------------


def test_a_room_moves_to_another_shop_only_while_nobody_waits() -> None:
    """And takes on that shop's language and kills."""
    scene = scene_of_one()
    other = replace(pool("0000000d", default_language="en"), shop="cafe")
    scene.pools[other.hash] = other
    scene.offset += 1
    scene.put(PoolEntry("cafe", other.hash, 1, scene.offset))
    kill(scene, "shop", "cafe")
    scene.ask("shipping.fee", id="a")
    opened(scene, "cafe")
    assert here(scene).shop.id == "tea"
    assert not here(scene).killed
    scene.wait(50_000)
    opened(scene, "cafe")
    assert (here(scene).shop.id, here(scene).language, here(scene).killed) == ("cafe", "en", True)
    opened(scene, "nobody-knows")
    assert here(scene).shop.id == "cafe"


def test_who_waits_for_an_insertion_when_the_room_closes_is_told_so() -> None:
    """Also those whose deadline passed meanwhile."""
    scene = scene_of_one()
    scene.ask("shipping.fee", id="late", age=41_800)
    scene.ask("shipping.fee", id="fine")
    scene.wait(3_000)
    scene.wait(1_500)
    scene.event(RoomClosed(room=ROOM, id="x", at=scene.now))
    assert scene.decisions == {"late": "room_closed", "fine": "room_closed"}


def test_a_closed_room_has_no_player_to_lose() -> None:
    """Silence after the end raises no alert."""
    scene = scene_of_one()
    scene.event(RoomClosed(room=ROOM, id="x", at=scene.now))
    scene.wait(120_000)
    assert not scene.all(Alert)


def test_a_closed_room_whose_player_goes_on_is_still_forgotten_without_spinning() -> None:
    """Each tick finds something to do, and the end comes."""
    scene = scene_of_one()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    first = scene.insertion.id
    scene.event(RoomClosed(room=ROOM, id="x", at=scene.now))
    scene.wait(655_000)
    scene.report("accepted", first)
    before = scene.seq
    scene.wait(30_000)
    assert scene.rooms.names() == []
    assert scene.seq - before < 20
    assert {decision.reason for decision in scene.all(Decision)} == {"room_closed"}
