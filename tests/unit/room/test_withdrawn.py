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
