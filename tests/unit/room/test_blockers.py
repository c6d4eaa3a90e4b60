"""What a demand waits for, and what that becomes at the deadline."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from engine.events.inputs import Cursor, ModeSet, PlayerGone, RoomOpened, Script, ScriptSegment, ScriptSentence
from engine.events.journal import TickEntry
from engine.events.outputs import Alert, Decision, Insertion
from engine.pool.model import Fact, Limits
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply


def script(scene: Scene, *segments: tuple[str, str | None, int], version: str = "v2", **more: object) -> None:
    """Load a line-up: (segment, product, sentences); `more` goes into the last sentence."""
    made = []
    for name, product, count in segments:
        sentences = [
            ScriptSentence.model_validate(
                {"id": f"{name}-{n}", "text": "话", "seconds": 4.0, **(more if n == count - 1 else {})}
            )
            for n in range(count)
        ]
        made.append(ScriptSegment(id=f"seg-{name}", product=product, sentences=tuple(sentences)))
    event = Script(
        room=ROOM, id="s", at=scene.now, session="one", script="evening", version=version, segments=tuple(made)
    )
    scene.event(event)


def mode(scene: Scene, name: str) -> None:
    scene.event(ModeSet.model_validate({"room": ROOM, "id": "m", "at": scene.now, "mode": name}))


def keep_alive(scene: Scene, times: int) -> None:
    """The same sentence again and again, every four seconds."""
    for _ in range(times):
        scene.wait(4_000)
        scene.sentence("sentence_started", "tgy-0")


def play_on(scene: Scene, *names: str) -> None:
    """Sentences end on time, one after another."""
    for ended, started in pairwise(names):
        scene.wait(4_000)
        scene.next_sentence(ended, started)


# ---- the script answers --------------------------------------------------------------------------------------------------


def test_what_the_script_will_answer_in_time_needs_no_reply_at_all() -> None:
    """Nobody wrote one, but the sentence is due: the comment waits for it and is answered by it."""
    scene = Scene()
    scene.play(answers=("promo.coupon",))
    assert scene.ask("promo.coupon", id="a") == "script_ahead"
    play_on(scene, "tgy-0", "tgy-1", "tgy-2", "puer-0")
    assert scene.decisions == {"a": "answered"}


def test_what_the_script_will_answer_in_time_is_not_recently_answered() -> None:
    """A cooldown that outlasts the deadline does not end a comment that a sentence will answer."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    play_on(scene, "tgy-0", "tgy-1", "tgy-2", "puer-0")
    scene.ask("shipping.fee", id="a")
    play_on(scene, "puer-0", "puer-1", "puer-2")
    assert scene.lines[-1].verdict == "script_ahead"
    scene.wait(4_000)
    scene.sentence("sentence_ended", "puer-2")
    assert scene.decisions == {"a": "answered"}


def test_a_reply_in_the_air_does_not_end_what_the_script_will_answer() -> None:
    """Script time stands still, but the sentence comes after it."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play(answers=("promo.coupon",))
    scene.ask("shipping.fee", id="said")
    scene.wait(3_000)
    scene.ask("promo.coupon", id="a")
    scene.report("started", scene.insertion.id)
    scene.fact("other", 1)
    assert "a" not in scene.decisions
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    play_on(scene, "tgy-0", "tgy-1", "tgy-2", "puer-0")
    assert scene.decisions == {"said": "answered", "a": "answered"}


def test_a_sentence_whose_fact_changed_gives_way_to_a_later_one_that_holds() -> None:
    """The first that answers with facts that count is waited for."""
    scene = Scene()
    scene.play()
    first = ScriptSentence(id="a", text="话", seconds=4.0, answers=("shipping.fee",), facts={"*/hours": "stale"})
    second = ScriptSentence(id="b", text="话", seconds=4.0, answers=("shipping.fee",))
    segment = ScriptSegment(id="seg-a", sentences=(first, second))
    scene.event(Script(room=ROOM, id="s", at=scene.now, session="one", script="e", version="v1", segments=(segment,)))
    scene.sentence("sentence_started", "a")
    assert scene.ask("shipping.fee", id="x") == "script_ahead"
    scene.sentence("sentence_ended", "a")
    assert not scene.decisions
    scene.sentence("sentence_ended", "b")
    assert scene.decisions == {"x": "answered"}


def test_what_was_skipped_by_the_script_ends_with_what_is_missing() -> None:
    """The sentence will not come in time any more: now there is no reply."""
    scene = Scene()
    scene.play(answers=("promo.coupon",))
    scene.ask("promo.coupon", id="a")
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    assert scene.decisions == {"a": "no_reply"}


def test_a_script_answer_does_not_shorten_a_cooldown() -> None:
    """A later end of the cooldown stays."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play(answers=("shipping.fee",))
    scene.sentence("sentence_started", "puer-0")
    room = scene.rooms._rooms[ROOM]
    room.cool(("shipping.fee", None), START + 500_000)
    scene.sentence("sentence_started", "puer-2")
    scene.sentence("sentence_ended", "puer-2")
    assert room.cooldowns["shipping.fee", None] == START + 500_000


# ---- a reloaded script ---------------------------------------------------------------------------------------------------


def test_a_reloaded_script_starts_at_the_next_segment_boundary() -> None:
    """No boundary of the old one lies behind it, and an insertion there resumes at the first sentence of the new one."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    script(scene, ("new", "tgy", 2), version="v2")
    scene.sentence("sentence_started", "tgy-2")
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.after is not None
    assert scene.insertion.resume is not None
    assert (scene.insertion.after.version, scene.insertion.after.sentence) == ("v1", "tgy-2")
    assert (scene.insertion.resume.version, scene.insertion.resume.sentence) == ("v2", "new-0")
    late = Scene()
    late.play(lead_ms=10_000)
    script(late, ("new", "tgy", 2), version="v2")
    late.sentence("sentence_started", "tgy-1")
    late.ask("shipping.fee")
    late.wait(3_900)
    assert not late.all(Insertion)


def test_a_reloaded_script_goes_on_with_the_segment_that_follows() -> None:
    """A changed fact sends nothing back to the opening; laps go on counting, and sentences of a segment that has passed answer nothing."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.sentence("sentence_started", "tgy-2", lap=3)
    for version in ("v2", "v3"):
        segments = (("tgy", "tgy", 3), ("puer", "puer", 3), ("long", None, 20))
        script(scene, *segments, version=version, answers=("product.price",))
    assert scene.ask("product.price", product="tgy") == "no_opportunity"  # its sentence is most of a lap away
    assert scene.ask("product.price", product="puer") == "script_ahead"
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.resume == Cursor(version="v3", lap=3, segment="seg-puer", sentence="puer-0")
    end = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    end.play()
    end.sentence("sentence_started", "puer-2", lap=3)
    script(end, ("tgy", "tgy", 3), ("puer", "puer", 3), version="v2")
    end.ask("shipping.fee")
    end.wait(3_000)
    assert end.insertion.resume == Cursor(version="v2", lap=4, segment="seg-tgy", sentence="tgy-0")


def test_a_waiting_script_is_not_taken_up_by_a_sentence_that_it_lacks() -> None:
    """A player that errs leaves the room where it was; the line-up that waits may be the shorter one."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.sentence("sentence_started", "puer-1")
    script(scene, ("new", "tgy", 1), version="v2")
    scene.sentence("sentence_started", "nobody-9", version="v2")
    assert scene.all(Alert)[-1].kind == "script_mismatch"
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.after is not None
    assert scene.insertion.after.version == "v1"


def test_answers_of_a_reloaded_script_count_from_the_segment_boundary_on() -> None:
    """Those of the old one behind the boundary do not."""
    scene = Scene()
    scene.play(answers=("shipping.fee",))
    scene.sentence("sentence_started", "puer-0")
    script(scene, ("new", "tgy", 2), version="v2", answers=("shipping.dispatch",))
    assert scene.ask("shipping.dispatch") == "script_ahead"
    assert scene.ask("shipping.fee") == "script_ahead"
    scene.sentence("sentence_ended", "puer-2")
    old = Scene()
    old.play(answers=("product.price",))
    assert old.ask("product.price", product="puer") == "script_ahead"
    script(old, ("new", "tgy", 2), version="v2")
    assert old.ask("product.price", product="puer") == "no_opportunity"
    assert old.ask("product.price", product="tgy") == "script_ahead"


def test_the_same_script_told_again_is_no_reload() -> None:
    """A player that reconnects repeats its script; it goes on where it was."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    script(scene, ("tgy", "tgy", 3), ("puer", "puer", 3), version="v1")
    scene.sentence("sentence_started", "tgy-2")
    script(scene, ("tgy", "tgy", 3), ("puer", "puer", 3), version="v1")
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.resume is not None
    assert scene.insertion.resume.sentence == "puer-0"


def test_two_segments_of_one_name_stay_two_in_a_snapshot() -> None:
    """Their products differ; a restored room knows so."""
    scene = Scene()
    scene.play()
    two = tuple(
        ScriptSegment(id="same", product=p, sentences=(ScriptSentence(id=p, text="话", seconds=4.0),))
        for p in ("tgy", "puer")
    )
    scene.event(Script(room=ROOM, id="s", at=scene.now, session="one", script="e", version="v9", segments=two))
    pending = scene.rooms._rooms[ROOM].clock.pending
    assert pending is not None
    assert type(pending).decode(pending.encode()).lines == pending.lines


def test_a_stale_sentence_is_told_once_per_change() -> None:
    """Facts that it does not speak of raise no alert; a pool that changes one does."""
    scene = Scene()
    scene.play()
    facts = {"*/hours": scene.rooms._rooms[ROOM].shop.version("*", "hours", START) or ""}
    script(scene, ("new", "tgy", 2), facts=facts)
    assert not scene.all(Alert)
    scene.fact("hours", 48)
    assert len(scene.all(Alert)) == 1
    scene.fact("price", 99, product="puer")
    assert len(scene.all(Alert)) == 1
    scene.fact("hours", None, until=START)
    scene.swap(pool("0000000a", facts={"hours": Fact("hours", 12)}))
    assert len(scene.all(Alert)) > 1


# ---- what held it longest ------------------------------------------------------------------------------------------------


def test_time_in_flight_counts_for_the_reason() -> None:
    """A comment whose reply was under way most of its time ends `expired`, not with what came last."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", id="a", age=36_000)
    scene.wait(3_000)
    first = scene.insertion
    scene.wait(5_000)
    scene.report("rejected", first.id)
    mode(scene, "paused")
    scene.wait(3_000)
    assert scene.decisions == {"a": "expired"}


def test_what_held_it_before_the_flight_counts_too() -> None:
    """The record of blockers outlives a rejected insertion."""
    scene = Scene()
    scene.play()
    mode(scene, "paused")
    scene.ask("shipping.dispatch", id="a")
    keep_alive(scene, 6)
    mode(scene, "auto")
    scene.wait(3_000)
    scene.report("rejected", scene.insertion.id)
    scene.fact("hours", 24, start=START + 600_000)
    scene.swap(pool("0000000a", facts={"hours": Fact("hours", 24, start=START + 44_000)}))
    keep_alive(scene, 6)
    assert scene.decisions == {"a": "paused"}


def test_a_cut_reply_does_not_wait_for_its_cooldown_because_somebody_joined() -> None:
    """One more viewer strengthens the demand."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask("product.price", product="tgy", id="a")
    scene.wait(3_000)
    first = scene.insertion
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", first.id)
    scene.wait(1_000)
    scene.report("aborted", first.id)
    assert scene.ask("product.price", product="tgy", id="b") == "no_opportunity"
    scene.sentence("sentence_started", "tgy-1")
    scene.wait(3_900)
    assert scene.insertion.id != first.id
    assert {ref.id for ref in scene.insertion.serves} == {"a", "b"}


# ---- verdicts and decisions agree ----------------------------------------------------------------------------------------


def test_a_comment_that_ends_with_its_demand_gets_a_final_verdict() -> None:
    """Its demand turned out hopeless in the same moment: acknowledged as final, decided once."""
    both = intent("a.b", reply("a.b", "zh", "{hours}"), reply("a.b", "en", "yes", lang="en"))
    scene = Scene(pool(intents={"a.b": both}, facts={"hours": Fact("hours", 1, until=START + 2_000)}))
    scene.play()
    for number in range(3):
        scene.ask("a.b", id=f"z{number}")
    scene.now += 2_100
    verdict = scene.ask("a.b", id="e", language="en")
    assert scene.lines[-1].final == ("e" in scene.decisions)
    assert verdict == scene.decisions.get("e", verdict)


def test_a_demand_that_loses_its_language_says_so() -> None:
    """The gap is a missing language, also where a pool took the reply away."""
    both = intent("a.b", reply("a.b", "zh", "好"), reply("a.b", "en", "yes", lang="en"))
    scene = Scene(pool(intents={"a.b": both}))
    scene.play()
    scene.ask("a.b", id="a")
    scene.swap(pool("0000000a", intents={"a.b": replace(both, replies=both.replies[1:])}))
    (decision,) = scene.all(Decision)
    assert (decision.reason, decision.language_missing) == ("no_reply", True)


def test_a_room_that_changes_its_language_looks_again() -> None:
    """Who waits for a reply in the old language is told that there is none."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="a", language="mixed")
    scene.event(RoomOpened(room=ROOM, id="o", at=scene.now, shop="tea", language="en"))
    (decision,) = scene.all(Decision)
    assert (decision.reason, decision.language_missing) == ("no_reply", True)


def test_shadow_tells_the_reply_also_to_those_who_waited() -> None:
    """As to those who come later."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", id="a")
    mode(scene, "shadow")
    (decision,) = scene.all(Decision)
    assert (decision.reason, decision.reply) == ("shadowed", "fee")


def test_a_fact_that_never_came_is_named() -> None:
    """The gap says which."""
    scene = Scene(pool(facts={"hours": Fact("hours", 24, start=START + 44_900)}))
    scene.play()
    scene.ask("shipping.dispatch", id="a")
    scene.fact("hours", 24, start=START + 44_950)
    keep_alive(scene, 12)
    (decision,) = scene.all(Decision)
    assert (decision.reason, decision.wanted) == ("fact_missing", "hours")


def test_a_comment_waits_until_its_deadline_is_over() -> None:
    """At the very millisecond it could still be answered."""
    scene = Scene()
    scene.play()
    scene.kill()
    scene.ask("shipping.dispatch", id="first", age=1)
    scene.ask("shipping.dispatch", id="second")
    scene.now += scene.rooms._rooms[ROOM].shop.pool.intents["shipping.dispatch"].answer_within_ms
    scene.put(TickEntry())
    assert scene.decisions == {"first": "killed"}
    scene.now += 1
    scene.put(TickEntry())
    assert scene.decisions == {"first": "killed", "second": "killed"}
