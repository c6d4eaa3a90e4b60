"""What is forbidden and yet not answered: withdrawals and stops that meet silence, races and other sessions."""

from __future__ import annotations

from engine.events.inputs import InsertionState
from engine.events.outputs import Aired, Insertion, Stop, Withdraw
from tests.unit.room.test_lies import emitted, mode, seen


def test_a_withdrawn_insertion_is_never_sent_again() -> None:
    """Where the player does not answer the withdrawal, the withdrawal is repeated."""
    scene = emitted()
    mode(scene, "paused")
    scene.sentence("sentence_started", "tgy-0")
    scene.wait(9_000)
    assert len(scene.all(Insertion)) == 1
    assert len(scene.all(Withdraw)) == 2


def test_a_stop_that_nobody_answers_is_repeated() -> None:
    """Not the insertion."""
    scene = emitted(name="product.price", product="tgy")
    scene.report("started", scene.insertion.id)
    scene.fact("price", 119, product="tgy")
    scene.wait(6_000)
    assert len(scene.all(Insertion)) == 1
    assert len(scene.all(Stop)) == 2


def test_what_starts_against_its_withdrawal_is_cut_only_where_it_must_be() -> None:
    """Hours that changed may be finished; a price or a kill may not."""
    scene = emitted()
    scene.fact("hours", 48)
    scene.report("started", scene.insertion.id)
    assert not scene.all(Stop)
    scene.kill()
    assert [stop.insertion for stop in scene.all(Stop)] == [scene.insertion.id]
    price = emitted(name="product.price", product="tgy")
    price.fact("price", 119, product="tgy")
    price.report("started", price.insertion.id)
    assert [stop.insertion for stop in price.all(Stop)] == [price.insertion.id]


def test_a_price_that_changes_before_the_reply_is_over_stops_it() -> None:
    """Told while it is said: one that begins after its end changes nothing. Told before: where the reply starts all the same."""
    scene = emitted(name="product.price", product="tgy")
    scene.report("started", scene.insertion.id)
    scene.fact("price", 119, product="tgy", start=scene.now + 4_001)
    assert not scene.all(Stop)
    scene.fact("price", 119, product="tgy", start=scene.now + 3_000)
    assert [stop.insertion for stop in scene.all(Stop)] == [scene.insertion.id]
    for starts, stopped in ((2_000, True), (30_000, False)):
        raced = emitted(name="product.price", product="tgy")
        raced.fact("price", 119, product="tgy", start=raced.now + starts)
        assert len(raced.all(Withdraw)) == 1
        raced.report("started", raced.insertion.id)
        assert bool(raced.all(Stop)) == stopped


def test_a_price_that_is_over_when_the_reply_starts_is_stopped() -> None:
    """A player that starts after `not_after` says what holds no more."""
    scene = emitted(name="product.price", product="tgy")
    scene.fact("price", 119, product="tgy", until=scene.now + 8_000)
    scene.report("rejected", scene.insertion.id)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_500)
    latest = scene.insertion
    assert latest.text == "铁观音今天119元"
    assert latest.not_after <= scene.now + 8_000
    scene.now = latest.not_after + 1_000
    scene.report("started", latest.id)
    assert [stop.insertion for stop in scene.all(Stop)] == [latest.id]


def test_a_kill_cuts_what_was_only_withdrawn_before() -> None:
    """A pause lets a reply that started against it end; a kill that follows does not."""
    scene = emitted()
    mode(scene, "paused")
    scene.report("started", scene.insertion.id)
    assert not scene.all(Stop)
    scene.kill()
    assert [stop.insertion for stop in scene.all(Stop)] == [scene.insertion.id]
    scene.report("aborted", scene.insertion.id)
    assert scene.all(Aired)[0].cause == "killed"


def test_an_ended_without_a_start_is_not_stopped_any_more() -> None:
    """It is over: what was said is told, and nothing is cut."""
    scene = emitted(name="product.price", product="tgy")
    scene.fact("price", 119, product="tgy")
    scene.report("ended", scene.insertion.id)
    assert not scene.all(Stop)
    assert len(scene.all(Aired)) == 1


def test_commands_go_to_the_session_that_holds_the_insertion_now() -> None:
    """A player that reconnects and says that it holds it gets the withdrawal and the resend."""
    scene = emitted()
    outcome = InsertionState(insertion=scene.insertion.id, kind="accepted", at=scene.now)
    seen(scene, "two", identified=True, outcomes=[outcome.model_dump()])
    scene.wait(6_500)
    assert scene.all(Insertion)[-1].resend
    assert scene.all(Insertion)[-1].session == "two"
    mode(scene, "paused")
    assert scene.all(Withdraw)[-1].session == "two"


def test_a_resend_carries_what_the_room_has_applied_by_now() -> None:
    """It was checked against every event since: an old fence must not hold it back."""
    scene = emitted()
    scene.fact("other", 1)
    scene.wait(6_500)
    again = scene.all(Insertion)[-1]
    assert again.resend
    assert again.shop_offset == 1
