"""The script clock: what the room learns of the voice, what a sentence that overruns shifts, where a missed boundary leads."""

from __future__ import annotations

import pytest

from engine.events.inputs import Playback, TakeOver
from engine.events.outputs import Insertion
from engine.pool.model import Fact, Limits
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply


def spoken(scene: Scene, ms: int, *, sentences: int) -> None:
    """Let so many sentences be said, each in `ms`, from tgy-0 on."""
    names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
    for number in range(sentences):
        scene.wait(ms)
        following = number + 1
        scene.sentence("sentence_ended", names[number % 6], number // 6)
        scene.sentence("sentence_started", names[following % 6], following // 6)


def test_the_drift_of_a_voice_is_learned() -> None:
    """A voice that takes five seconds for four: boundaries are foreseen ever nearer to where they come."""
    scene = Scene()
    scene.play()
    clock = scene.rooms._rooms[ROOM].clock
    errors = []
    for number in range(12):
        errors.append(abs(clock.sentence_end() - (scene.now + 5_000)))
        scene.wait(5_000)
        names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
        scene.sentence("sentence_ended", names[number % 6], number // 6)
        scene.sentence("sentence_started", names[(number + 1) % 6], (number + 1) // 6)
    assert errors[0] == 1_000
    assert errors[-1] < 100
    assert errors == sorted(errors, reverse=True)
    scene.ask("shipping.fee")
    scene.wait(4_500)
    assert abs(scene.insertion.start - (START + 12 * 5_000 + 5_000)) < 100


@pytest.mark.parametrize("ms", [1_900, 8_100])
def test_a_stall_or_a_skip_teaches_nothing(ms: int) -> None:
    """Less than half, or more than twice of what the script says is no voice."""
    scene = Scene()
    scene.play()
    spoken(scene, ms, sentences=1)
    assert scene.rooms._rooms[ROOM].clock.drift == 1.0


def test_each_room_learns_its_own_voice() -> None:
    """Rooms of one shop do not share it."""
    scene = Scene()
    scene.play()
    scene.room = "r2"
    scene.play()
    spoken(scene, 5_000, sentences=3)
    rooms = scene.rooms._rooms
    assert rooms[ROOM].clock.drift == 1.0
    assert rooms["r2"].clock.drift > 1.1


def test_a_sentence_that_overruns_shifts_what_follows() -> None:
    """Its end may come at any time now, and nobody could be told of it before; the next one lies a whole sentence further."""
    scene = Scene()
    scene.play()
    scene.wait(6_000)
    scene.ask("shipping.fee")
    assert not scene.all(Insertion)
    scene.wait(500)
    clock = scene.rooms._rooms[ROOM].clock
    assert [boundary.at - START for boundary in clock.boundaries(2, scene.now)] == [6_500, 10_500]


def test_a_boundary_that_the_player_missed_moves_to_the_next_one_while_viewers_wait() -> None:
    """However often; the reply is not to blame, so its comments end by their deadline only."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="a")
    targets = []
    names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
    for number in range(11):
        scene.wait(3_700)
        said = scene.insertion
        assert said.after is not None
        targets.append(said.after.sentence)
        scene.event(
            Playback(room=ROOM, id="b", at=scene.now, session="one", kind="rejected", insertion=said.id, reason="late")
        )
        scene.wait(300)
        scene.sentence("sentence_ended", names[number % 6], number // 6)
        scene.sentence("sentence_started", names[(number + 1) % 6], (number + 1) // 6)
        assert scene.insertion.not_after == START + 45_000
    assert targets == [names[number % 6] for number in range(11)]
    assert scene.decisions == {}
    scene.wait(1_500)
    assert scene.decisions == {"a": "no_opportunity"}


def test_an_intent_that_waits_for_a_segment_waits_for_its_end() -> None:
    """Sentence ends before it are none of its opportunities."""
    slow = intent("a.b", reply("a.b", "v", "好的"), insert="segment")
    scene = Scene(pool(intents={"a.b": slow}))
    scene.play()
    scene.ask("a.b")
    spoken(scene, 4_000, sentences=2)
    assert not scene.all(Insertion)
    scene.wait(3_500)
    assert scene.insertion.when == "segment"
    assert scene.insertion.after is not None
    assert scene.insertion.after.sentence == "tgy-2"


# ---- blockers are looked at again --------------------------------------------------------------------------------------


def test_a_script_sentence_that_slips_past_the_deadline_is_waited_for_no_longer() -> None:
    """The voice is slow: what the script would have answered in time gets a reply, in time."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    assert scene.ask("shipping.fee", id="a", age=32_500) == "script_ahead"
    spoken(scene, 4_700, sentences=1)
    scene.wait(4_000)
    assert scene.insertion.intent == "shipping.fee"
    assert scene.insertion.start <= START + 12_500


def test_a_reply_on_its_way_puts_the_script_off() -> None:
    """The sentence that would answer in time comes a reply's length later: seen as soon as that reply is emitted."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play(answers=("shipping.fee",))
    assert scene.ask("shipping.fee", id="a", age=31_000) == "script_ahead"
    scene.ask("shipping.dispatch", id="b")
    scene.wait(3_000)
    assert scene.insertion.intent == "shipping.dispatch"
    room = scene.rooms._rooms[ROOM]
    scene.report("accepted", scene.insertion.id)
    assert room.demands["shipping.fee", None].blocker != "script_ahead"
    scene.wait(1_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    assert room.demands["shipping.fee", None].blocker != "script_ahead"


def test_a_fact_that_starts_in_time_is_said_at_the_first_boundary_behind_it() -> None:
    """Also where the choice is due before the fact holds: it is sure to hold once anything can be heard."""
    scene = Scene(pool(facts={"hours": Fact("hours", 24, start=START + 3_100)}))
    scene.play()
    assert scene.ask("shipping.dispatch") == "fact_pending"
    scene.wait(3_000)
    assert scene.insertion.start == START + 4_000
    later = Scene(pool(facts={"hours": Fact("hours", 24, start=START + 3_900)}))
    later.play()
    later.ask("shipping.dispatch")
    later.wait(3_900)
    assert not later.all(Insertion)


def test_a_cooldown_that_ends_in_time_costs_no_boundary() -> None:
    """The choice is due before its end, the reply begins behind it."""
    scene = Scene()
    scene.play()
    scene.rooms._rooms[ROOM].cool(("shipping.fee", None), START + 3_100)
    assert scene.ask("shipping.fee") == "cooling"
    scene.wait(3_000)
    assert scene.insertion.start == START + 4_000


def test_a_person_who_waits_for_the_end_of_a_sentence_has_the_room_already() -> None:
    """Who asks meanwhile waits for the person; a kill goes before both."""
    scene = Scene()
    scene.play()
    scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="person", at_boundary=True))
    assert scene.ask("shipping.fee") == "taken_over"
    scene.kill()
    assert scene.ask("shipping.dispatch") == "killed"
    scene.wait(3_900)
    assert not scene.all(Insertion)


def test_a_room_that_is_handed_back_answers_who_still_waits() -> None:
    """And tells the others that a person had it."""
    scene = Scene()
    scene.play()
    scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="person", at_boundary=False))
    assert scene.ask("shipping.fee", id="late", age=40_000) == "taken_over"
    assert scene.ask("shipping.dispatch", id="intime") == "taken_over"
    scene.wait(10_000)
    scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="engine"))
    scene.wait(3_500)
    assert scene.insertion.intent == "shipping.dispatch"
    assert scene.decisions == {"late": "taken_over"}
