"""Stories read well: each reason with what exactly decided it, and the edit that changes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import pytest

from engine.events.handoffs import Handoff
from engine.events.inputs import Approval, ChatReplyReport, ModeSet
from engine.events.outputs import ChatReply, Decision, Proposal, Reason
from engine.insight.explain.lookup import Sighting
from engine.insight.explain.places import Places
from engine.insight.explain.story import Story
from engine.insight.explain.telling import tell
from engine.insight.explain.watch import Watch
from engine.pool.load import load
from engine.pool.paths import base_pack, example_shop
from tests.unit.insight.logged import steps_of
from tests.unit.insight.made import decision
from tests.unit.room.scene import Scene, intent, pool, reply


def story(scene: Scene, comment: str) -> Story:
    """As it is gathered from a log."""
    watch = Watch(scene.room, "s", comment)
    for step in steps_of(scene):
        watch.see(step)
    sighting = Sighting(scene.room, "s", comment, 0, "原文", records=[(0, scene.now)], decision=watch.decision)
    live = scene.rooms.room(scene.room)
    found = Story(sighting, "waiting" if watch.decision is None else "decided", watch.decision, watch)
    found.pool = live.shop.pool if live is not None else None
    return found


def read(scene: Scene, comment: str, places: Places | None = None) -> str:
    """In English; every sentence is worded in Chinese, too."""
    told = tell(story(scene, comment), places or Places())
    assert all(each.text("zh") for each in (*told.happened, *told.advice))
    return "\n".join(each.text("en") for each in (*told.happened, *told.advice))


@pytest.mark.parametrize("reason", get_args(Reason))
@pytest.mark.parametrize("bare", [False, True])
def test_every_reason_is_told_whatever_is_known(reason: Reason, bare: bool) -> None:
    """From a decision alone: with intent, product and names, and without any of them."""
    one: Decision = decision(
        reason, wanted="price", product="tgy", reply="fee", insertion="ab" * 8, runner_up="product.price"
    )
    if bare:
        one = replace(one, intent=None, wanted=None, product=None, reply=None, insertion=None, runner_up=None)
    for found_pool in (None, pool()):
        found = Story(Sighting("r1", "s", "c1", 0, decision=one), "decided", one, pool=found_pool, gap="journal")
        told = tell(found, Places())
        assert told.advice
        for language in ("zh", "en"):
            assert all(each.text(language) for each in (*told.happened, *told.advice))


def test_no_reply_names_intent_and_product() -> None:
    """And the file where it has to be written."""
    scene = Scene()
    scene.play()
    scene.ask("promo.coupon", id="q")
    text = read(scene, "q", Places({"promo.coupon": "intents/promo.yaml:12:3"}))
    assert "Write a reply for `promo.coupon` (intents/promo.yaml:12:3)." in text


def test_facts_are_told_with_the_command_that_sets_them() -> None:
    """Of the product, or of the shop itself."""
    scene = Scene()
    scene.play()
    scene.fact("price", None, "tgy")
    scene.fact("hours", None)
    scene.ask("product.price", id="price", product="tgy")
    scene.ask("shipping.dispatch", id="hours")
    assert "`livechat fact set tea tgy price VALUE`" in read(scene, "price")
    assert "`livechat fact set tea - hours VALUE`" in read(scene, "hours")


def test_airtime_is_told_in_seconds_of_seconds() -> None:
    """With the share that is set."""
    base = pool()
    scene = Scene(pool(limits=replace(base.limits, airtime_share=0.01)))
    scene.play()
    scene.ask("shipping.fee", id="q")
    for number in range(12):
        scene.wait(4_000)
        names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
        scene.next_sentence(names[number % 6], names[(number + 1) % 6], number // 6 + (number % 6 == 5))
    text = read(scene, "q")
    assert "the airtime was spent: 0 s of 3 s, and the reply takes 4 s" in text
    assert "no answer, since replies had used up their airtime" in text
    assert "Raise `limits.airtime_share` (now 1%, 3 s of 300 s) (shop.yaml)" in text


def test_a_cooldown_is_told_with_its_end() -> None:
    """What was said before, when it could be said again, and the settings that decide it."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    for ended, started in (("tgy-0", "tgy-1"), ("tgy-1", "tgy-2"), ("tgy-2", "puer-0")):
        scene.wait(4_000)
        scene.next_sentence(ended, started)
    scene.ask("shipping.fee", id="q", age=40_000)
    text = read(scene, "q")
    assert "The same was said at 08:00:12, by the script's sentence `tgy-2`." in text
    assert "The cooldown ended 08:01:42, after its deadline at 08:00:17" in text
    assert "lower `cooldown` of `shipping.fee` (now 90 s)" in text


def test_one_viewer_alone_is_told() -> None:
    """That a second one would have sufficed."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q", solo_ok=False)
    scene.wait(3_000)
    for number in range(12):
        scene.wait(4_000)
        names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
        scene.next_sentence(names[number % 6], names[(number + 1) % 6], number // 6 + (number % 6 == 5))
    text = read(scene, "q")
    assert "it waited for a second viewer" in text
    assert "A second viewer who asks the same would have sufficed" in text


def test_an_answer_is_told_from_choice_to_end() -> None:
    """With what it was worth, and who was next."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", id="q")
    scene.ask("shipping.dispatch")
    scene.ask("shipping.fee")
    scene.wait(4_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    text = read(scene, "q")
    assert "up to 2 comments of 2 viewers waited for the same" in text
    assert "the reply `dispatch` was chosen, to start at 08:00:04" in text
    assert "“24小时内发出”" in text
    assert "the next best, `shipping.fee`, had" in text
    assert f"It was said from 08:00:04 to 08:00:08 (insertion {scene.insertion.id[:8]})." in text
    assert "08:00:08: answered by the reply `dispatch`." in text


def test_a_reply_that_the_player_refused_is_told() -> None:
    """With its reason, each time."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q")
    scene.wait(3_000)
    scene.report("rejected", scene.insertion.id)
    assert f"Insertion {scene.insertion.id[:8]} was stopped" in read(scene, "q")


def test_several_wordings_that_were_heard_are_told() -> None:
    """With the edit: another wording."""
    intents = {"shipping.fee": intent("shipping.fee", reply("shipping.fee", "fee", "全场包邮"), cooldown_ms=0)}
    scene = Scene(pool(intents=intents))
    scene.play(seconds=60.0)
    scene.ask("shipping.fee")
    scene.wait(60_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.play(seconds=4.0)
    scene.ask("shipping.fee")
    scene.wait(4_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    scene.sentence("sentence_started", "tgy-1")
    scene.ask("shipping.fee", id="q")
    text = read(scene, "q")
    assert "viewers had heard every wording of the reply (1) lately, until after its deadline" in text


def judged(verdict: Literal["approve", "refuse"]) -> Scene:
    """A room in `approve`, where somebody judges the proposal after two seconds."""
    scene = Scene()
    scene.play(mode=False)
    scene.event(ModeSet(room=scene.room, id="m", at=scene.now, mode="approve"))
    scene.ask("shipping.fee", id="q")
    scene.wait(2_000)
    proposal = scene.all(Proposal)[-1].id
    scene.event(Approval(room=scene.room, id="v", at=scene.now, by="Li", proposal=proposal, verdict=verdict))
    return scene


def test_people_s_verdicts_are_told_with_their_names() -> None:
    """What was proposed, until when it could be approved, and who said what."""
    text = read(judged("approve"), "q")
    assert "the reply `fee` was proposed, and waited for a person's approval; decide-by is 08:00:" in text
    assert "08:00:02: Li approved the reply `fee`." in text
    text = read(judged("refuse"), "q")
    assert "08:00:02: Li refused the reply `fee`." in text
    assert "no answer, since a person refused the reply" in text
    scene = judged("refuse")
    scene.ask("shipping.fee", id="later")
    assert "a person refused the reply" in read(scene, "later")


def test_nobody_judged_is_told_with_the_command_that_lists_it() -> None:
    """At the deadline."""
    scene = Scene()
    scene.play(mode=False)
    scene.event(ModeSet(room=scene.room, id="m", at=scene.now, mode="approve"))
    scene.ask("shipping.fee", id="q")
    for number in range(12):
        scene.wait(4_000)
        names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
        scene.next_sentence(names[number % 6], names[(number + 1) % 6], number // 6 + (number % 6 == 5))
    text = read(scene, "q")
    assert "nobody had approved the reply by then" in text
    assert "`livechat room proposals r1`" in text


def chatting(**limits: object) -> Scene:
    """A room whose reply on fees can only be posted."""
    base = pool()
    fee = intent("shipping.fee", reply("shipping.fee", "fee", "全场包邮", channel="chat", seconds=None))
    live = pool(intents={**base.intents, "shipping.fee": fee}, limits=replace(base.limits, **limits))  # type: ignore[arg-type] # its fields
    scene = Scene(live)
    scene.play()
    scene.ask("shipping.fee", id="q")
    return scene


def test_a_post_is_told_from_the_connector_s_word() -> None:
    """What was sent where, and that it was posted."""
    scene = chatting()
    assert "it could only be posted into the chat" in read(scene, "q")
    scene.wait(3_000)
    post = scene.all(ChatReply)[-1]
    assert "its reply was on its way" in read(scene, "q")
    scene.event(ChatReplyReport(room=scene.room, id="r", at=scene.now, reply=post.id, status="posted"))
    text = read(scene, "q")
    assert "the reply `fee` was sent to `s` to be posted" in text
    assert "It was posted; the report came at 08:00:03" in text
    assert "08:00:03: answered in the chat, by the reply `fee`." in text


def test_a_post_that_failed_is_told_with_its_error() -> None:
    """And what held it then."""
    scene = chatting()
    scene.wait(3_000)
    post = scene.all(ChatReply)[-1]
    scene.event(
        ChatReplyReport(room=scene.room, id="r", at=scene.now, reply=post.id, status="failed", error="rate limited")
    )
    text = read(scene, "q")
    assert f"Chat reply {post.id[:8]} was not posted: rate limited." in text
    assert "its platform was left alone until 08:00:08" in text


def test_a_connector_that_keeps_silent_is_told() -> None:
    """Nobody knows what became of the post; the comment waits for something else."""
    scene = chatting()
    scene.wait(41_000)
    assert "The connector has not said what became of chat reply" in read(scene, "q")


def test_a_question_passed_to_people_is_told_with_its_cause() -> None:
    """And with the setting that passes it."""
    scene = Scene()
    scene.play()
    scene.ask("service.human", id="q")
    assert "passed to people" in read(scene, "q")
    found = story(scene, "q")
    for handoff in scene.all(Handoff):
        for cause, words in (
            ("stakes", "below a confidence of 0.90"),
            ("repeated", "asked it 3 times"),
            ("owner", "set `owner: engine`"),
        ):
            for state in ("open", "answered", "dismissed", "expired"):
                found.handoff = handoff.model_copy(update={"cause": cause, "state": state, "by": "Li"})
                told = tell(found, Places())
                assert words in told.advice[0].text("en")
                assert all(each.text("zh") for each in told.happened)
    assert "Nobody had closed it" in told.happened[-1].text("en")


def test_personal_data_stays_masked() -> None:
    """In what still waits, too."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q", masked="***")
    text = read(scene, "q")
    assert "“***”" in text
    assert "原文" not in text


def test_places_are_those_of_the_files() -> None:
    """Of the example shop, file and line."""
    places = Places.of(load(base_pack(), example_shop()))
    file, line, _ = places.intent("shipping.dispatch").rsplit(":", 2)
    with open(file, encoding="utf-8") as lines:  # noqa: PTH123 - the place as it is told
        assert "shipping.dispatch" in lines.readlines()[int(line) - 2]
    assert places.product("nothing") == "catalogue.yaml"
    assert places.intent(None) == "intents/"
