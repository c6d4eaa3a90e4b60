"""One comment's way through a room, as the core goes it."""

from __future__ import annotations

from dataclasses import replace

from engine.insight.explain.watch import Spell, Watch
from engine.room.effects import Output
from tests.unit.insight.logged import steps_of
from tests.unit.room.scene import START, Scene, intent, pool, reply


def watched(scene: Scene, comment: str) -> Watch:
    watch = Watch(scene.room, "s", comment)
    for step in steps_of(scene):
        watch.see(step)
    return watch


def held(watch: Watch) -> list[str]:
    """Blockers with their kind, in order."""
    return [f"{spell.blocker}.{spell.detail.kind}".rstrip(".") for spell in watch.spells]


def spell(watch: Watch, blocker: str) -> Spell:
    return next(each for each in watch.spells if each.blocker == blocker)


def test_from_the_question_to_the_reply() -> None:
    """It waits for a boundary, is in flight, and is answered; spells follow each other without a gap."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q")
    scene.ask("shipping.fee")
    scene.wait(3_000)
    scene.report("accepted", scene.insertion.id)
    scene.wait(1_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    watch = watched(scene, "q")
    assert held(watch) == ["no_opportunity.boundary", "in_flight"]
    assert [each.until for each in watch.spells] == [watch.spells[1].since, scene.now]
    assert (watch.viewers, watch.comments) == (2, 2)
    assert watch.decision is not None
    assert watch.decision.reason == "answered"
    assert set(watch.heard) == set(watch.commands) == {scene.insertion.id}
    assert watch.arrived == START


def test_the_cooldown_is_told_with_its_end_and_what_was_said_before() -> None:
    """Both where it waits it out, and where it ends at once."""
    intents = {
        "shipping.fee": intent(
            "shipping.fee", reply("shipping.fee", "fee", "全场包邮", memory_ms=0), cooldown_ms=20_000
        )
    }
    scene = Scene(pool(intents=intents))
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(4_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    ended = scene.now
    scene.ask("shipping.fee", id="waits")
    assert scene.ask("shipping.fee", id="late", age=40_000) == "recently_answered"
    waits, late = watched(scene, "waits"), watched(scene, "late")
    assert held(waits) == ["cooling"]
    assert waits.spells[0].detail.values["until"] == ended + 20_000
    assert late.arrival["cooldown"] == ended + 20_000
    for watch in (waits, late):
        assert watch.before is not None
        assert (watch.before.by, watch.before.name) == ("reply", "fee")


def test_the_script_is_told_with_its_sentence() -> None:
    """Before it answers, and where it was."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    scene.ask("shipping.fee", id="q")
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(8_000)
    scene.next_sentence("tgy-1", "tgy-2")
    scene.wait(4_000)
    scene.sentence("sentence_ended", "tgy-2")
    watch = watched(scene, "q")
    assert held(watch) == ["script_ahead"]
    assert watch.spells[0].detail.values["line"] == "tgy-2"
    assert watch.line == "tgy-2"
    scene.ask("shipping.fee", id="again", age=40_000)
    again = watched(scene, "again")
    assert again.before is not None
    assert (again.before.by, again.before.name) == ("line", "tgy-2")


def test_people_and_the_player_are_told_apart() -> None:
    """Pause, kill switch, a player that goes away."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q")
    scene.kill()
    scene.wait(1_000)
    scene.kill(on=False)
    scene.wait(40_000)
    watch = watched(scene, "q")
    assert held(watch)[:3] == ["no_opportunity.boundary", "killed", "no_opportunity.boundary"]
    assert "player_lost.overdue" in held(watch)


def test_airtime_is_told_with_what_is_spent() -> None:
    """Of what, and what the reply needs."""
    base = pool()
    scene = Scene(pool(limits=replace(base.limits, airtime_share=0.01)))
    scene.play()
    scene.ask("shipping.fee", id="q")
    scene.wait(4_500)
    watch = watched(scene, "q")
    assert spell(watch, "airtime").detail.values == {"spent": 0, "budget": 3_000, "needs": 4_000}


def test_what_is_being_said_is_told() -> None:
    """The script stands still meanwhile, so that no boundary is in sight: that is not what a reader wants to hear."""
    base = pool()
    scene = Scene(replace(base, guard=replace(base.guard, disclosure={"zh": "主播是数字人"})))
    scene.play()
    scene.wait(3_000)
    disclosure = scene.insertion
    assert disclosure.disclosure is not None
    scene.wait(disclosure.start - scene.now)
    scene.report("started", disclosure.id)
    scene.ask("shipping.fee", id="q")
    scene.wait(1_000)
    scene.report("ended", disclosure.id)
    watch = watched(scene, "q")
    assert held(watch)[0] == "no_opportunity.said"
    assert watch.spells[0].detail.values == {"reply": "disclosure-zh"}


def test_who_went_before_is_told() -> None:
    """Where it was outvalued, by name."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q")
    for _ in range(3):
        scene.ask("shipping.dispatch")
    scene.wait(3_500)
    scene.report("accepted", scene.insertion.id)
    watch = watched(scene, "q")
    assert [each.intent for each in spell(watch, "outvalued").winners] == ["shipping.dispatch"]


def test_words_heard_lately_are_told() -> None:
    """Where every wording was heard, and none may be said again in time."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(4_000)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    scene.sentence("sentence_started", "tgy-1")
    for number in range(30):  # past the cooldown of 90 s
        scene.wait(4_000)
        names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
        scene.next_sentence(names[(number + 1) % 6], names[(number + 2) % 6], (number + 2) // 6)
    scene.ask("shipping.fee", id="q")
    watch = watched(scene, "q")
    assert held(watch) == ["no_opportunity.heard"]
    assert watch.spells[0].detail.values["count"] == 1


def test_one_viewer_alone_waits_for_a_second() -> None:
    """And a repeat of the same id is counted, not followed."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="q", solo_ok=False)
    scene.ask("shipping.fee", id="q", solo_ok=False)
    watch = watched(scene, "q")
    assert held(watch) == ["solo"]
    assert watch.repeats == 1
    assert watch.spells[0].until is None


def test_a_comment_that_is_final_at_once_has_no_spells() -> None:
    """Only its verdict and decision."""
    scene = Scene()
    scene.play()
    scene.ask("promo.coupon", id="q")
    watch = watched(scene, "q")
    assert watch.spells == []
    assert watch.verdict is not None
    assert watch.verdict.verdict == "no_reply"


def test_to_look_changes_nothing() -> None:
    """A room that is watched says the same, byte for byte, as one that is not."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    for number in range(4):
        scene.ask("shipping.dispatch", id=f"d{number}")
        scene.ask("product.price", id=f"p{number}", product="tgy")
        scene.wait(2_500)
    watches = [Watch(scene.room, "s", f"{kind}{number}") for kind in "dp" for number in range(4)]
    out: list[Output] = []
    for step in steps_of(scene):
        for watch in watches:
            watch.see(step)
        out += step.records
    assert out == scene.out
