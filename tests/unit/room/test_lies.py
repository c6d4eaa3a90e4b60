"""What a player tells late, twice, out of order, of the wrong thing, or falsely: each has a defined outcome."""

from __future__ import annotations

import pytest

from engine.events.inputs import Cursor, InsertionState, ModeSet, Playback, PlaybackKind, PlayerGone, PlayerSeen
from engine.events.outputs import Aired, Alert, Decision, Insertion
from engine.pool.model import Limits
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply


def emitted(name: str = "shipping.dispatch", **more: object) -> Scene:
    """A scene with one insertion on its way."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask(name, id="a", **more)
    scene.wait(3_000)
    assert scene.all(Insertion)
    return scene


def told(scene: Scene, kind: PlaybackKind, insertion: str, at: int) -> None:
    scene.event(Playback(room=ROOM, id="b", at=at, session="one", kind=kind, insertion=insertion))


def seen(scene: Scene, session: str = "one", *, identified: bool = False, **more: object) -> None:
    scene.event(
        PlayerSeen.model_validate(
            {"room": ROOM, "id": "p", "at": scene.now, "session": session, "identified": identified, **more}
        )
    )


def mode(scene: Scene, name: str) -> None:
    scene.event(ModeSet.model_validate({"room": ROOM, "id": "m", "at": scene.now, "mode": name}))


def lost(scene: Scene) -> str | None:
    return scene.rooms._rooms[ROOM].lost


def lose_silently(scene: Scene) -> None:
    """Neither presence nor playback for more than 30 s, while an insertion is on its way."""
    scene.wait(40_000)
    assert lost(scene) is not None


# ---- silence and what comes after it ------------------------------------------------------------------------------------


def test_a_report_after_the_player_was_lost_cannot_jam_the_room() -> None:
    """The insertion is on its way again, falls silent again, and is given up again: timers always make progress."""
    scene = emitted()
    first = scene.insertion.id
    lose_silently(scene)
    seen(scene, identified=True)
    scene.wait(31_000)
    assert lost(scene) == "silent"
    scene.report("accepted", first)
    scene.wait(60_000)
    due = scene.rooms.next_deadline()
    assert due is None or due > scene.now
    assert scene.rooms._rooms[ROOM].flight is None
    assert set(scene.decisions) == {"a"}


def test_any_playback_is_a_sign_of_life() -> None:
    """A player that was lost in silence is back with its next report."""
    scene = Scene()
    scene.play(seconds=100.0)
    scene.wait(31_000)
    assert lost(scene) == "silent"
    scene.sentence("sentence_started", "tgy-1")
    assert scene.ask("shipping.fee") == "no_opportunity"


def test_a_sentence_that_was_slow_brings_no_second_insertion_beside_the_first() -> None:
    """The end of an overdue sentence shows that the player lives, but its insertion may start right now: nothing else is emitted."""
    scene = emitted()
    first = scene.insertion
    scene.ask("shipping.fee", id="b")
    scene.wait(6_500)
    assert lost(scene) == "overdue"
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_900)
    assert {record.id for record in scene.all(Insertion)} == {first.id}
    scene.report("started", first.id)
    scene.wait(4_000)
    scene.report("ended", first.id)
    assert scene.decisions["a"] == "answered"
    assert lost(scene) is None
    scene.next_sentence("tgy-1", "tgy-2")
    scene.wait(3_900)
    assert scene.insertion.intent == "shipping.fee"


def test_an_unknown_outcome_blocks_no_longer_than_it_can_be_on_air() -> None:
    """Past `not_after` and its length it is over, said or not: a player that is there speaks again."""
    scene = emitted()
    first = scene.insertion
    scene.wait(6_500)
    assert lost(scene) == "overdue"
    scene.now = first.not_after + first.duration_ms + 1
    scene.sentence("sentence_started", "tgy-1")
    assert lost(scene) is None


def test_a_report_of_nothing_known_does_not_bring_a_player_back() -> None:
    """Only the outcome that was missing, or a new identification, ends `unreported`."""
    scene = emitted()
    first = scene.insertion.id
    scene.now = START + 8_000
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_900)
    scene.next_sentence("tgy-1", "tgy-2")
    scene.wait(3_900)
    scene.next_sentence("tgy-2", "puer-0")
    assert lost(scene) == "unreported"
    scene.report("ended", "ffffffffffff")
    assert lost(scene) == "unreported"
    scene.report("rejected", first)
    assert lost(scene) is None


def test_a_lost_insertion_told_while_another_flies_answers_its_comments() -> None:
    """Who still waits for it is answered; the one on its way goes on; the aired record is late."""
    scene = emitted()
    first = scene.insertion
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.wait(8_000)
    seen(scene, "two", identified=True)
    scene.ask("shipping.fee", id="b")
    second = scene.insertion
    assert second.id != first.id
    scene.report("started", first.id, session="two")
    assert not scene.rooms._rooms[ROOM].clock.still
    scene.report("ended", first.id, session="two")
    assert scene.decisions == {"a": "answered"}
    assert [aired.late_report for aired in scene.all(Aired)] == [True]
    scene.report("started", second.id, session="two")
    scene.wait(4_000)
    scene.report("ended", second.id, session="two")
    assert scene.decisions == {"a": "answered", "b": "answered"}


def test_a_lost_insertion_that_starts_after_all_is_awaited() -> None:
    """Its end is due anew; when that never comes, script time does not stand still for ever."""
    scene = emitted()
    first = scene.insertion.id
    lose_silently(scene)
    scene.report("started", first)
    assert scene.rooms._rooms[ROOM].clock.still
    scene.wait(30_000)
    assert not scene.rooms._rooms[ROOM].clock.still
    assert scene.rooms._rooms[ROOM].flight is None


def test_a_late_word_of_a_session_that_has_gone_does_not_bring_it_back() -> None:
    """Otherwise the next insertion would go to nobody."""
    scene = emitted()
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.sentence("sentence_ended", "tgy-0")
    seen(scene, "one")
    assert scene.ask("shipping.fee") == "player_lost"
    seen(scene, "one", identified=True)
    assert scene.ask("shipping.fee") != "player_lost"


# ---- times that cannot be -----------------------------------------------------------------------------------------------


def test_times_before_the_insertion_was_made_are_clamped() -> None:
    """A start in 1970 neither shortens the cooldown nor stands in the aired record."""
    scene = emitted()
    insertion = scene.insertion
    told(scene, "started", insertion.id, 0)
    told(scene, "ended", insertion.id, 0)
    (aired,) = scene.all(Aired)
    assert aired.started >= insertion.at
    assert aired.ended is not None
    assert aired.ended >= aired.started
    assert scene.ask("shipping.dispatch") == "recently_answered"


def test_times_of_a_lost_insertion_are_clamped_by_its_own() -> None:
    """Not by those of the one that flies now, and never to 1970."""
    scene = emitted()
    first = scene.insertion
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.wait(5_000)
    outcome = InsertionState(insertion=first.id, kind="ended", at=0)
    seen(scene, "two", identified=True, outcomes=[outcome.model_dump()])
    (aired,) = scene.all(Aired)
    assert aired.started == first.at


def test_times_in_the_future_count_as_now() -> None:
    """A player cannot make a cooldown longer than it is."""
    scene = emitted()
    told(scene, "started", scene.insertion.id, START + 10_000_000)
    told(scene, "ended", scene.insertion.id, START + 20_000_000)
    (aired,) = scene.all(Aired)
    assert aired.ended == scene.now
    scene.now += 90_001
    seen(scene)
    assert scene.ask("shipping.dispatch") == "no_opportunity"


def test_the_clock_of_sentences_never_runs_back() -> None:
    """A report with an old time counts from the last one: the next boundary stays ahead."""
    scene = Scene()
    scene.play()
    scene.wait(4_000)
    cursor = Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-1")
    scene.event(Playback(room=ROOM, id="b", at=START - 60_000, session="one", kind="sentence_started", cursor=cursor))
    clock = scene.rooms._rooms[ROOM].clock
    assert clock.sentence_end() >= START + 4_000
    assert clock.screens == sorted(clock.screens)


def test_a_start_that_was_overtaken_by_the_next_one_is_ignored() -> None:
    """Reordered reports do not set the script back."""
    scene = Scene()
    scene.play()
    scene.wait(8_000)
    scene.sentence("sentence_started", "tgy-2")
    cursor = Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-1")
    scene.event(Playback(room=ROOM, id="b", at=START + 4_000, session="one", kind="sentence_started", cursor=cursor))
    clock = scene.rooms._rooms[ROOM].clock
    assert clock.number == 2


def test_a_lap_at_its_limit_does_not_break_the_next() -> None:
    """Cursors are bounded; the lap of a lying player stays at the bound."""
    scene = Scene()
    scene.play()
    scene.sentence("sentence_started", "puer-2", lap=1_000_000)
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.resume is not None
    assert scene.insertion.resume.sentence == "tgy-0"


@pytest.mark.parametrize("lap", [1, 7, 999_999])
def test_a_sentence_end_of_another_lap_means_nothing(lap: int) -> None:
    """It neither moves the script nor answers anybody."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    scene.sentence("sentence_started", "tgy-2")
    scene.ask("shipping.fee", id="a")
    scene.sentence("sentence_ended", "tgy-2", lap)
    assert not scene.decisions
    scene.sentence("sentence_ended", "tgy-2")
    assert scene.decisions == {"a": "answered"}


# ---- contradictions -----------------------------------------------------------------------------------------------------


def test_started_twice_is_started_once() -> None:
    """The second report changes neither times nor airtime."""
    scene = emitted()
    scene.report("started", scene.insertion.id)
    before = scene.rooms.snapshot(ROOM, 0)
    scene.report("started", scene.insertion.id)
    after = scene.rooms.snapshot(ROOM, 0)
    assert before == after


def test_rejected_after_it_started_means_nothing() -> None:
    """It was heard: only its end or its abortion counts."""
    scene = emitted()
    scene.report("started", scene.insertion.id)
    scene.report("rejected", scene.insertion.id)
    assert scene.rooms._rooms[ROOM].flight is not None
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"a": "answered"}


def test_aborted_after_it_ended_means_nothing() -> None:
    """Decisions are never rewritten."""
    scene = emitted()
    scene.report("ended", scene.insertion.id)
    scene.report("aborted", scene.insertion.id)
    assert scene.decisions == {"a": "answered"}
    assert len(scene.all(Aired)) == 1


def test_reservations_that_another_insertion_renewed_are_not_returned() -> None:
    """The late *not started* of a lost insertion takes away only what it reserved itself."""
    said = intent("a.b", reply("a.b", "x", "好", memory_ms=0), cooldown_ms=0)
    scene = Scene(pool(intents={"a.b": said}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask("a.b", id="a")
    scene.wait(3_000)
    first = scene.insertion
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.wait(8_000)
    seen(scene, "two", identified=True)
    second = scene.insertion
    assert second.id != first.id
    room = scene.rooms._rooms[ROOM]
    heard, cooled = dict(room.heard), dict(room.cooldowns)
    scene.report("rejected", first.id, session="two")
    assert room.heard == heard
    assert room.cooldowns == cooled


def test_a_report_resolves_silence_too() -> None:
    """Silent while its insertion was on its way, then heard of: the player is back, and what it does next is awaited."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.rooms._rooms[ROOM].clock.idle(scene.now)
    scene.wait(25_000)
    scene.ask("shipping.fee", id="a")
    scene.wait(5_200)
    assert lost(scene) == "silent"
    scene.report("started", scene.insertion.id)
    assert lost(scene) is None
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"a": "answered"}


def test_one_of_two_lost_insertions_that_is_told_and_lost_again_is_given_up() -> None:
    """While the other may still be said the player stays lost; no timer spins."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.rooms._rooms[ROOM].clock.idle(scene.now)
    scene.ask("shipping.fee", id="a")
    scene.wait(11_500)
    seen(scene, identified=True)
    scene.ask("shipping.dispatch", id="b")
    scene.wait(11_500)
    assert len(scene.rooms._rooms[ROOM].lost_flights) == 2
    scene.report("accepted", scene.insertion.id)
    assert lost(scene) == "unreported"
    before = scene.seq
    scene.wait(60_000)
    assert scene.rooms._rooms[ROOM].flight is None
    assert scene.seq - before < 20


def test_a_session_that_is_replaced_while_its_reply_is_spoken_leaves_no_silence() -> None:
    """The new session starts with a running clock, and the old one's words mean nothing."""
    scene = emitted()
    first = scene.insertion.id
    scene.report("started", first)
    cursor = Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-1")
    seen(scene, "two", identified=True, cursor=cursor.model_dump())
    assert not scene.rooms._rooms[ROOM].clock.still
    scene.report("ended", first)
    assert not scene.all(Aired)
    scene.wait(120_000)
    assert set(scene.decisions) == {"a"}


def test_alerts_are_no_flood() -> None:
    """A player is lost once, however long it stays away."""
    scene = emitted()
    scene.wait(600_000)
    assert len(scene.all(Alert)) == 1
    assert {decision.reason for decision in scene.all(Decision)} <= {"player_lost", "recently_answered", "expired"}
