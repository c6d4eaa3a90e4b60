"""Playback closes the loop: what the player reports, and what its silence means."""

from __future__ import annotations

import pytest

from engine.events.inputs import InsertionState, ModeSet, PlayerGone, PlayerSeen, RoomClosed, TakeOver
from engine.events.outputs import Aired, Alert, Decision, Insertion, Stop, Withdraw
from engine.pool.model import Intent, Limits, Pool
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, Scene, intent, pool, reply


def emitted(scene: Scene | None = None, name: str = "shipping.dispatch", **more: object) -> Scene:
    """A scene with one insertion on its way."""
    scene = scene or Scene()
    scene.play()
    scene.ask(name, id="a", **more)
    scene.wait(3_000)
    assert scene.all(Insertion)
    return scene


def test_what_was_not_said_was_not_heard() -> None:
    """Neither about its product nor as a turn of phrase; what was said about another product is still remembered."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    room = scene.rooms._rooms[ROOM]
    scene.ask("product.price", product="puer", id="a")
    scene.wait(3_900)
    first = scene.insertion
    begun = scene.now
    scene.report("started", first.id)
    scene.wait(4_000)
    scene.report("ended", first.id)
    scene.next_sentence("tgy-0", "tgy-1")
    before = dict(room.heard)
    assert before == {"price-a": begun, "price-a/puer": begun}
    room.heard["price-b"] = begun + 1  # so that the first one's turn comes again
    scene.ask("product.price", product="tgy", id="b")
    scene.wait(3_900)
    second = scene.insertion
    assert (second.reply, second.product) == ("price-a", "tgy")
    assert room.heard["price-a"] == room.heard["price-a/tgy"] == second.start
    scene.report("rejected", second.id)
    assert room.heard == {**before, "price-b": begun + 1}


def test_what_was_said_later_than_foreseen_is_remembered_from_then_on() -> None:
    """The script was slow: within its memory nobody hears it again, however early it had been expected."""
    again = intent("a.b", reply("a.b", "v", "好的", memory_ms=20_000), cooldown_ms=0)
    scene = Scene(pool(intents={"a.b": again}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask("a.b", id="first")
    scene.wait(8_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    begun = scene.now
    assert begun - scene.insertion.start == 4_000
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    for ended, started in (("tgy-1", "tgy-2"), ("tgy-2", "puer-0"), ("puer-0", "puer-1"), ("puer-1", "puer-2")):
        scene.ask("a.b")
        scene.wait(4_000)
        scene.next_sentence(ended, started)
    assert len(scene.all(Insertion)) == 2
    assert scene.insertion.start >= begun + 20_000


def test_what_a_flight_replaced_survives_a_restore() -> None:
    """Its variant was heard before, its key cooled before: rejected after the restore, both are as they were."""
    again = intent("a.b", reply("a.b", "v", "好的", memory_ms=5_000), cooldown_ms=5_000)
    scene = Scene(pool(intents={"a.b": again}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask("a.b")
    scene.wait(4_000)
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    scene.next_sentence("tgy-0", "tgy-1")
    heard = dict(scene.rooms._rooms[ROOM].heard)
    scene.ask("a.b")
    scene.wait(3_900)
    scene.next_sentence("tgy-1", "tgy-2")
    scene.wait(3_900)
    second = scene.insertion
    assert len(scene.all(Insertion)) == 2
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    other.restore_room(saved)
    assert other.snapshot(ROOM, scene.seq) == saved
    scene.report("rejected", second.id)
    other.handle(*scene.log[-1])
    assert other._rooms[ROOM].heard == scene.rooms._rooms[ROOM].heard == heard


def test_a_cooldown_counts_from_the_end_of_the_reply() -> None:
    """As the player reports it, not from when it began or was expected to end."""
    scene = emitted(name="shipping.fee")
    scene.wait(1_000)
    scene.report("started", scene.insertion.id)
    scene.wait(6_000)
    scene.report("ended", scene.insertion.id)
    assert scene.rooms._rooms[ROOM].cooldowns == {("shipping.fee", None): scene.now + 90_000}


def test_a_comment_does_not_join_a_reply_that_was_withdrawn() -> None:
    """It waits for the next one."""
    scene = emitted(name="shipping.fee")
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="paused"))
    assert scene.all(Withdraw)
    assert scene.ask("shipping.fee", id="b") == "paused"


def test_rejected_returns_the_reservations_and_the_demand_waits_again() -> None:
    """The same demand is offered again, and not as a repeat."""
    scene = emitted()
    first = scene.insertion
    scene.report("rejected", first.id)
    scene.wait(1_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_000)
    again = scene.insertion
    assert again.id != first.id
    assert again.reply == first.reply
    assert not scene.decisions


def test_a_reply_that_the_player_refuses_three_times_is_given_up() -> None:
    """The comments end `player_failed`."""
    scene = emitted()
    for name, after in (("tgy-0", "tgy-1"), ("tgy-1", "tgy-2")):
        scene.report("rejected", scene.insertion.id)
        scene.wait(1_000)
        scene.next_sentence(name, after)
        scene.wait(3_000)
    scene.report("rejected", scene.insertion.id)
    assert scene.decisions == {"a": "player_failed"}


def test_aborted_before_it_started_is_like_rejected() -> None:
    """No aired record; the comment waits."""
    scene = emitted()
    scene.report("accepted", scene.insertion.id)
    scene.report("aborted", scene.insertion.id)
    assert not scene.all(Aired)
    assert not scene.decisions


def test_aborted_after_it_started_is_aired_with_a_cut() -> None:
    """Its comments wait again, without a cooldown; the variant counts as heard."""
    scene = emitted(name="product.price", product="tgy")
    first = scene.insertion
    scene.wait(1_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", first.id)
    scene.wait(1_000)
    scene.report("aborted", first.id)
    (aired,) = scene.all(Aired)
    assert aired.cut
    assert (aired.comments, aired.decisions) == (0, ())
    scene.sentence("sentence_started", "tgy-1")
    scene.wait(4_000)
    scene.next_sentence("tgy-1", "tgy-2")
    scene.wait(3_000)
    assert scene.insertion.id != first.id
    assert scene.insertion.reply != first.reply


def test_silence_is_resent_once_and_then_the_player_is_lost() -> None:
    """No report means outcome unknown: nothing else is emitted, the comments end `player_lost` at their deadline."""
    scene = emitted()
    first = scene.insertion
    scene.now = first.start + 4_000
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_900)
    again = scene.all(Insertion)[1]
    assert again.resend
    assert again.id == first.id
    scene.next_sentence("tgy-1", "tgy-2")
    scene.wait(6_000)
    assert [alert.kind for alert in scene.all(Alert)] == ["player_lost"]
    scene.wait(60_000)
    assert scene.decisions["a"] in ("player_lost", "recently_answered")
    assert len(scene.all(Insertion)) == 2


def test_a_late_report_is_still_aired_and_answers_who_still_waits() -> None:
    """The player identifies again and tells that the insertion had ended."""
    scene = emitted()
    first = scene.insertion
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.wait(8_000)
    told = (InsertionState(insertion=first.id, kind="ended", at=scene.now),)
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="two", identified=True, outcomes=told))
    (aired,) = scene.all(Aired)
    assert aired.late_report
    assert scene.decisions == {"a": "answered"}


def test_a_report_of_another_session_or_insertion_means_nothing() -> None:
    """A lying player changes nothing."""
    scene = emitted()
    scene.report("ended", scene.insertion.id, session="other")
    scene.report("ended", "ffffffffffff")
    assert not scene.all(Aired)
    assert not scene.decisions


def test_ended_twice_answers_once() -> None:
    """The second report is of an insertion that is no more."""
    scene = emitted()
    scene.report("started", scene.insertion.id)
    scene.report("ended", scene.insertion.id)
    scene.report("ended", scene.insertion.id)
    assert len(scene.all(Aired)) == 1
    assert scene.decisions == {"a": "answered"}


def test_a_comment_joins_the_reply_that_is_on_its_way() -> None:
    """Until it ends, the same question is served by the same insertion."""
    scene = emitted()
    assert scene.ask("shipping.dispatch", id="b") == "in_flight"
    scene.report("started", scene.insertion.id)
    assert scene.ask("shipping.dispatch", id="c") == "in_flight"
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"a": "answered", "b": "answered", "c": "answered"}


def test_what_was_aired_names_the_decisions_that_it_answered() -> None:
    """Those that joined later too, and not those that came too late; so an auditor finds them, by a hash that names no comment."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", id="late", age=41_500)
    scene.ask("shipping.dispatch", id="fine")
    scene.wait(4_200)
    scene.report("started", scene.insertion.id)
    scene.ask("shipping.dispatch", id="joined")
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    (aired,) = scene.all(Aired)
    answered = [decision.id for decision in scene.all(Decision) if decision.reason == "answered"]
    assert sorted(aired.decisions) == sorted(answered)
    assert aired.comments == 2
    assert (aired.proposal, aired.approved_by) == (None, "")


def test_what_was_aired_names_fifty_decisions_at_most() -> None:
    """And counts all."""
    scene = emitted()
    for number in range(60):
        scene.ask("shipping.dispatch", id=f"n{number}", viewer=f"v{number}")
    scene.report("started", scene.insertion.id)
    scene.report("ended", scene.insertion.id)
    (aired,) = scene.all(Aired)
    assert (aired.comments, len(aired.decisions)) == (61, 50)


def test_comments_past_their_deadline_at_the_start_are_expired() -> None:
    """A reply that starts late serves only those for whom it is in time."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", id="late", age=41_500)
    scene.ask("shipping.dispatch", id="fine")
    scene.wait(3_000)
    scene.wait(1_200)
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"late": "expired", "fine": "answered"}


# ---- what forbids an insertion -----------------------------------------------------------------------------------------


def test_a_changed_price_withdraws_what_has_not_started() -> None:
    """The comments wait again and hear the new price."""
    scene = emitted(name="product.price", product="tgy")
    first = scene.insertion
    assert "129元" in first.text
    scene.fact("price", 119, product="tgy")
    (withdraw,) = scene.all(Withdraw)
    assert withdraw.insertion == first.id
    scene.report("aborted", first.id)
    scene.wait(1_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_000)
    assert "119元" in scene.insertion.text


def test_a_changed_price_stops_what_is_being_said() -> None:
    """A wrong price is cut; a wrong number of hours is not."""
    scene = emitted(name="product.price", product="tgy")
    scene.report("started", scene.insertion.id)
    scene.fact("price", 119, product="tgy")
    assert [stop.insertion for stop in scene.all(Stop)] == [scene.insertion.id]
    hours = emitted()
    hours.report("started", hours.insertion.id)
    hours.fact("hours", 48)
    assert not hours.all(Stop)


def test_a_fact_that_says_the_same_from_elsewhere_still_withdraws() -> None:
    """Versions count, not texts: what was approved for air must name the fact that holds."""
    scene = emitted(name="product.price", product="tgy")
    scene.fact("price", 129, product="tgy")
    assert len(scene.all(Withdraw)) == 1


def test_the_kill_switch_withdraws_stops_and_silences() -> None:
    """Waiting comments end `killed`; lifting it lets the room speak again."""
    scene = emitted()
    scene.report("started", scene.insertion.id)
    scene.kill()
    assert [stop.insertion for stop in scene.all(Stop)] == [scene.insertion.id]
    scene.report("aborted", scene.insertion.id)
    assert scene.ask("shipping.fee", id="b") == "killed"
    scene.wait(50_000)
    assert scene.decisions == {"a": "killed", "b": "killed"}
    scene.kill(on=False)
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one", identified=True))
    assert scene.ask("shipping.fee") != "killed"


def test_a_pool_without_the_reply_withdraws_it() -> None:
    """An edit that removes a reply reaches the insertion on its way; its comments end with what is missing now."""
    scene = emitted()
    live = pool()
    without: dict[str, Intent] = {**live.intents, "shipping.dispatch": intent("shipping.dispatch")}
    scene.swap(pool("0000000a", intents=without))
    assert len(scene.all(Withdraw)) == 1
    scene.report("aborted", scene.insertion.id)
    assert scene.decisions == {"a": "no_reply"}


def test_a_pool_that_only_adds_leaves_the_insertion_alone() -> None:
    """The same reply with the same facts is still approved."""
    scene = emitted()
    live = pool()
    more = {**live.intents, "a.b": intent("a.b", reply("a.b", "x", "好"))}
    scene.swap(pool("0000000a", intents=more))
    assert not scene.all(Withdraw)


@pytest.mark.parametrize("mode", ["paused", "shadow"])
def test_a_mode_that_does_not_speak_withdraws(mode: str) -> None:
    """What was being said ends; what had not started is withdrawn."""
    scene = emitted()
    scene.event(ModeSet.model_validate({"room": ROOM, "id": "m", "at": scene.now, "mode": mode}))
    assert len(scene.all(Withdraw)) == 1


def test_a_person_takes_the_room_and_hands_it_back() -> None:
    """Now: what is said is cut; script time stands still; afterwards the engine speaks again."""
    scene = emitted()
    scene.report("started", scene.insertion.id)
    scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="person", at_boundary=False))
    assert [(stop.insertion, stop.hold_script) for stop in scene.all(Stop)] == [
        (scene.insertion.id, False),
        (None, True),
    ]
    scene.report("aborted", scene.insertion.id)
    assert scene.ask("shipping.fee", id="b") == "taken_over"
    scene.event(TakeOver(room=ROOM, id="t2", at=scene.now, who="engine"))
    assert scene.ask("shipping.fee", id="c") == "no_opportunity"


def test_closing_a_room_ends_all_who_wait() -> None:
    """And a comment that comes later is told so."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="a")
    scene.event(RoomClosed(room=ROOM, id="x", at=scene.now))
    assert scene.decisions == {"a": "room_closed"}
    assert scene.ask("shipping.fee", id="b") == "room_closed"


def test_a_closed_room_is_forgotten_in_time() -> None:
    """State of rooms that ended does not pile up."""
    scene = Scene()
    scene.chat()
    scene.event(RoomClosed(room=ROOM, id="x", at=scene.now))
    scene.wait(700_000)
    assert scene.rooms.names() == []
    assert scene.rooms.snapshot(ROOM, scene.seq) is None


def test_silence_of_thirty_seconds_loses_the_player() -> None:
    """Waiting comments then wait for the player; a sign of presence brings it back."""
    scene = Scene()
    scene.play(seconds=100.0)
    scene.wait(31_000)
    assert [alert.detail for alert in scene.all(Alert)] == ["silent"]
    assert scene.ask("shipping.fee") == "player_lost"
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one"))
    assert scene.ask("shipping.fee") == "no_opportunity"


def test_decisions_name_pool_and_model() -> None:
    """Each decision can be replayed with what was in force."""
    scene = Scene()
    scene.chat()
    decision = scene.all(Decision)[0]
    live: Pool = scene.pools[decision.pool]
    assert decision.model == live.model
