"""What another pool would have made of a recorded live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.errors import UsageError
from engine.events.inputs import Approval, ModeSet, PlayerGone
from engine.events.outputs import Proposal
from engine.events.understanding import Understanding
from engine.insight.whatif import estimate
from engine.pool.model import Pool
from tests.unit.insight.played import Live, Recorded, evening
from tests.unit.room.scene import intent, pool, reply

COUPON = intent("promo.coupon", reply("promo.coupon", "coupon", "进店就能领券", seconds=2.0), priority=90)


def with_intents(name: str, **changed: object) -> Pool:
    base = pool(name)
    return replace(base, intents={**base.intents, **changed})  # type: ignore[dict-item] # intents by id


def test_the_same_pool_changes_nothing() -> None:
    """Whatever the model player does, it does it twice."""
    recorded = Recorded(evening())
    told = estimate(recorded.recording, pool("0000000b"), recorded.understand)
    assert told.changes == []
    assert told.before == told.after > 0
    assert told.comments == 30


def test_the_model_player_repeats_what_was_recorded() -> None:
    """It keeps the recorded time, so that nearly all is answered as it was."""
    recorded = Recorded(evening())
    told = estimate(recorded.recording, pool("0000000b"), recorded.understand)
    assert told.agreement is not None
    assert told.agreement >= 0.9
    assert told.recorded > 0


def test_a_reply_that_is_written_answers_newly() -> None:
    """What it costs the others in airtime and turns is told, too."""
    recorded = Recorded(evening())
    told = estimate(recorded.recording, with_intents("0000000b", **{"promo.coupon": COUPON}), recorded.understand)
    newly = told.by_intent()["promo.coupon"]["newly_answered"]
    assert newly
    assert {(change.before.reason, change.after.reply) for change in newly} == {("no_reply", "coupon")}
    assert told.after - told.before == told.count("newly_answered") - told.count("lost")
    assert next(iter(told.by_intent())) == "promo.coupon"


def test_a_reply_that_is_taken_away_is_lost() -> None:
    """With the reason that takes its place."""
    recorded = Recorded(evening())
    told = estimate(
        recorded.recording, with_intents("0000000b", **{"shipping.fee": intent("shipping.fee")}), recorded.understand
    )
    lost = [change for change in told.changes if change.kind == "lost"]
    assert lost
    assert {(change.before.intent, change.after.reason) for change in lost} == {("shipping.fee", "no_reply")}


def test_other_words_are_a_change() -> None:
    """Answered both times, by another reply."""
    recorded = Recorded(evening())
    other = intent("shipping.fee", reply("shipping.fee", "fee-new", "满一件就包邮"))
    told = estimate(recorded.recording, with_intents("0000000b", **{"shipping.fee": other}), recorded.understand)
    changed = [change for change in told.changes if change.kind == "changed"]
    assert {(change.before.reply, change.after.reply) for change in changed if change.after.reply} == {
        ("fee", "fee-new")
    }


def test_texts_are_understood_again() -> None:
    """What was not understood then may be now."""
    recorded = Recorded(evening())

    def anew(texts: list[str]) -> list[Understanding]:
        fee = recorded.meanings["原文 fee0"]
        return [fee if "chat" in text else recorded.meanings[text] for text in texts]

    told = estimate(recorded.recording, pool("0000000b"), anew)  # type: ignore[arg-type] # it gets a list
    assert {change.before.reason for change in told.changes if change.kind == "newly_answered"} == {"chatter"}


def test_comments_before_the_begin_are_played_and_not_counted() -> None:
    """They hold what they held, airtime and cooldowns."""
    recorded = Recorded(evening())
    middle = recorded.recording.entries[len(recorded.recording.entries) // 2][0]
    told = estimate(recorded.recording, pool("0000000b"), recorded.understand, middle)
    assert 0 < told.comments < 30
    assert told.begins >= middle


def test_the_folder_of_another_shop_is_refused() -> None:
    """With both names."""
    recorded = Recorded(evening())
    with pytest.raises(UsageError, match="is of the shop `tea`, and the folder holds `cafe`"):
        estimate(recorded.recording, replace(pool("0000000b"), shop="cafe"), recorded.understand)


def test_people_approve_what_they_approved() -> None:
    """In a room whose replies wait for a yes: the same reply gets it as soon; another one gets none."""
    scene = Live()
    scene.play(mode=False)
    scene.event(ModeSet(room=scene.room, id="m", at=scene.now, mode="approve"))
    for name in ("shipping.fee", "shipping.dispatch"):
        scene.ask(name, id=name)
        scene.wait(500)
        scene.event(
            Approval(room=scene.room, id="v", at=scene.now, proposal=scene.all(Proposal)[-1].id, verdict="approve")
        )
        scene.run(20)
    recorded = Recorded(scene)
    same = estimate(recorded.recording, pool("00000001"), recorded.understand)
    assert same.changes == []
    assert same.recorded == same.before == 2
    other = intent("shipping.fee", reply("shipping.fee", "fee-new", "满一件就包邮"))
    told = estimate(recorded.recording, with_intents("0000000b", **{"shipping.fee": other}), recorded.understand)
    assert [(change.kind, change.before.intent) for change in told.changes] == [("lost", "shipping.fee")]


@pytest.mark.parametrize("trouble", ["kill", "pause", "reload", "gone"])
def test_what_people_and_players_did_is_done_again(trouble: str) -> None:
    """Nothing stands still for ever, and the same pool changes nothing."""
    scene = evening()
    scene.ask("shipping.dispatch", id="x")
    if trouble == "kill":
        scene.kill()
        scene.run(10)
        scene.kill(on=False)
    elif trouble == "pause":
        scene.event(ModeSet(room=scene.room, id="m1", at=scene.now, mode="paused"))
        scene.run(10)
        scene.event(ModeSet(room=scene.room, id="m2", at=scene.now, mode="auto"))
    elif trouble == "reload":
        scene.play(seconds=5.0)
    else:
        scene.event(PlayerGone(room=scene.room, id="g", at=scene.now, session="one"))
        scene.wait(10_000)
        scene.play()
        scene.place = 0
    scene.run(30)
    scene.ask("shipping.dispatch", id="y")
    scene.run(60)
    recorded = Recorded(scene)
    told = estimate(recorded.recording, pool("0000000b"), recorded.understand)
    assert told.changes == []
    assert told.agreement is not None
    assert told.agreement >= 0.85
