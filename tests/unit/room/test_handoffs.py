"""Questions that pass to people: why, who joins, who closes them, and that they expire in sight."""

from __future__ import annotations

from typing import Literal

import pytest

from engine.events.handoffs import Handoff
from engine.events.inputs import HandoffState, ModeSet, PlayerSeen, RoomClosed
from engine.events.outputs import Decision
from engine.pool.model import Limits, Pool
from engine.room import handoffs
from engine.room.effects import Effects
from engine.room.handoffs import OPEN_MS
from engine.room.people import COMMENTS_CAP, OPEN_BYTES_CAP, OPEN_CAP, REPEAT_MS, REPEATED_CAP, REPEATS_CAP
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, Scene, intent, pool, reply


def staffed(**limits: object) -> Pool:
    known = pool()
    stakes = intent("refund.ask", reply("refund.ask", "r", "七天可退"), stakes="high")
    fields: dict[str, object] = {"viewer_questions_per_minute": 60, **limits}
    return pool(
        intents={**known.intents, stakes.id: stakes},
        limits=Limits(**fields),  # type: ignore[arg-type] # as Limits
    )


def on_air(**limits: object) -> Scene:
    scene = Scene(staffed(**limits))
    scene.play()
    return scene


def close(scene: Scene, handoff: str, state: Literal["answered", "dismissed"], by: str = "li") -> None:
    scene.event(HandoffState(room=ROOM, id="h", at=scene.now, by=by, handoff=handoff, state=state))


def last(scene: Scene) -> Handoff:
    return scene.all(Handoff)[-1]


# ---- why ------------------------------------------------------------------------------------------------------------


def test_high_stakes_below_the_stricter_confidence_are_for_people() -> None:
    """At the bound and above it the engine answers."""
    scene = on_air()
    assert scene.ask("refund.ask", confidence=0.89, id="a") == "handed_off"
    assert scene.ask("refund.ask", confidence=0.9, id="b") != "handed_off"
    assert last(scene).cause == "stakes"
    assert scene.all(Decision)[0].handoff == last(scene).id


def test_who_asks_the_same_without_an_answer_is_passed_to_people() -> None:
    """The third time; the comments that wait already go on waiting."""
    scene = on_air()
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="paused"))
    assert scene.ask("shipping.fee", viewer="v", id="a") == "paused"
    assert scene.ask("shipping.dispatch", viewer="v", id="other") == "paused"
    assert scene.ask("shipping.fee", viewer="w", id="b") == "paused"
    assert scene.ask("shipping.fee", viewer="v", id="c") == "paused"
    assert scene.ask("shipping.fee", viewer="v", id="d") == "handed_off"
    told = last(scene)
    assert (told.cause, told.intent, [ref.id for ref in told.comments]) == ("repeated", "shipping.fee", ["d"])
    scene.wait(60_000)
    assert scene.decisions == {"a": "paused", "other": "paused", "b": "paused", "c": "paused", "d": "handed_off"}


@pytest.mark.parametrize("reason", ["no_reply", "no_product", "not_sold", "unknown_intent", "ambiguous"])
def test_what_ends_without_an_answer_counts_too(reason: str) -> None:
    """Whatever is missing; a question that nobody understands goes by its words."""
    asks = {
        "no_reply": lambda scene: scene.ask("promo.coupon", viewer="v"),
        "no_product": lambda scene: scene.ask("product.price", viewer="v"),
        "not_sold": lambda scene: scene.ask("product.price", viewer="v", not_sold="咖啡"),
        "unknown_intent": lambda scene: scene.ask(None, outcome="unknown", viewer="v"),
        "ambiguous": lambda scene: scene.ask("shipping.fee", outcome="ambiguous", viewer="v"),
    }
    scene = Scene(staffed())
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    assert [asks[reason](scene) for _ in range(3)] == [reason, reason, "handed_off"]
    assert last(scene).cause == "repeated"
    assert (last(scene).intent is None) == (reason in ("unknown_intent", "ambiguous"))
    assert last(scene).text == "原文"


def test_an_answer_begins_the_count_anew() -> None:
    """So does the time: who asks again much later has another question."""
    scene = on_air()
    scene.ask("shipping.fee", viewer="v")
    scene.ask("shipping.fee", viewer="v")
    scene.wait(3_000)
    scene.report("ended", scene.insertion.id)
    scene.rooms._rooms[ROOM].cooldowns.clear()
    assert scene.ask("shipping.fee", viewer="v") != "handed_off"
    assert scene.ask("promo.coupon", viewer="v") == "no_reply"
    assert scene.ask("promo.coupon", viewer="v") == "no_reply"
    scene.now += REPEAT_MS
    assert scene.ask("promo.coupon", viewer="v") == "no_reply"


@pytest.mark.parametrize(("mode", "repeats"), [("auto", 0), ("shadow", 3)])
def test_nobody_is_passed_on_where_that_is_turned_off(mode: Literal["auto", "shadow"], repeats: int) -> None:
    """By the setting, or since the room only watches."""
    scene = Scene(staffed(handoff_repeats=repeats))
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode=mode))
    assert {scene.ask("promo.coupon", viewer="v") for _ in range(6)} == {"no_reply"}
    assert not scene.all(Handoff)


def test_asking_again_while_the_reply_is_on_its_way_is_not_insisting() -> None:
    """Only what ended without an answer counts; the third such question is passed on."""
    scene = on_air()
    assert "handed_off" not in [scene.ask("shipping.fee", viewer="v") for _ in range(6)]
    assert not scene.all(Handoff)
    scene = on_air()
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="approve"))
    names = [f"{product}-{number}" for product in ("tgy", "puer") for number in range(3)]
    verdicts = []
    for step in range(36):  # nobody approves it
        if step % 12 == 0:
            verdicts += [scene.ask("shipping.fee", viewer="v"), scene.ask("shipping.fee", viewer="v")]
        scene.wait(4_000)
        scene.next_sentence(names[step % 6], names[(step + 1) % 6], lap=step // 6)
        if step % 6 == 5:
            scene.sentence("sentence_started", names[0], lap=step // 6 + 1)
        scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one"))
    assert [verdict == "handed_off" for verdict in verdicts] == [False, False, False, False, True, True]


def insisted(scene: Scene, source: str = "s") -> Handoff:
    """A handoff that a viewer's insisting opened while the room was paused; it speaks again."""
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="paused"))
    for _ in range(3):
        scene.ask("shipping.fee", viewer="v", source=source)
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    assert last(scene).state == "open"
    return last(scene)


def test_a_reply_that_is_heard_closes_what_was_insisted_on() -> None:
    """By the engine; not one that was cut, nor what belongs to people."""
    scene = on_air()
    scene.ask("service.human", id="a")
    opened = insisted(scene)
    scene.wait(3_000)
    scene.report("started", scene.insertion.id)
    assert last(scene).state == "open"
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    assert (last(scene).id, last(scene).state, last(scene).by) == (opened.id, "answered", "engine")
    assert len(scene.rooms._rooms[ROOM].people.open) == 1


def test_a_post_closes_what_was_insisted_on() -> None:
    """So does a post, where all that it names asked on its platform."""
    scene = on_air()
    insisted(scene)
    room = scene.rooms._rooms[ROOM]
    effects = Effects(now=scene.now)
    handoffs.answered(room, "shipping.fee", None, effects, "elsewhere")
    assert effects.records == []  # a post of another platform is not read here
    handoffs.answered(room, "shipping.fee", None, effects, "s")
    assert [record.state for record in effects.records if isinstance(record, Handoff)] == ["answered"]


def test_who_insists_leaves_places_for_what_belongs_to_people() -> None:
    """Where none is left for the one, the comment goes its usual way."""
    many = {f"gap.q{n}": intent(f"gap.q{n}") for n in range(OPEN_CAP)}
    mine = {f"people.q{n}": intent(f"people.q{n}", owner="people") for n in range(OPEN_CAP - REPEATED_CAP)}
    scene = Scene(pool(intents={**many, **mine}, limits=Limits(viewer_questions_per_minute=60)))
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    ends = [[scene.ask(name, viewer=f"v{name}") for _ in range(3)][-1] for name in many]
    assert ends == ["handed_off"] * REPEATED_CAP + ["no_reply"] * (OPEN_CAP - REPEATED_CAP)
    assert {scene.ask(name) for name in mine} == {"handed_off"}


def test_chatter_and_insults_are_never_passed_on() -> None:
    """However often they come."""
    scene = on_air()
    for _ in range(5):
        scene.chat(viewer="v")
        scene.chat("abuse", viewer="v")
        scene.ask("social.greeting", viewer="v")
    assert not scene.all(Handoff)


# ---- who joins ------------------------------------------------------------------------------------------------------


def test_viewers_of_the_same_thing_join_one_handoff() -> None:
    """Each comment that joins is told; the time to answer grows with the last who asked."""
    scene = on_air()
    scene.ask("service.human", id="a")
    scene.wait(10_000)
    scene.ask("service.human", id="b")
    first, second = scene.all(Handoff)
    assert first.id == second.id
    assert ([ref.id for ref in second.comments], second.asked) == (["a", "b"], 2)
    assert second.answer_by == first.answer_by + 10_000
    assert [decision.handoff for decision in scene.all(Decision)] == [first.id, first.id]


def test_who_repeats_after_the_handoff_joins_it() -> None:
    """As long as it is open; afterwards it takes as many questions again."""
    scene = on_air()
    asked = [scene.ask("promo.coupon", viewer="v") for _ in range(4)]
    assert asked == ["no_reply", "no_reply", "handed_off", "handed_off"]
    close(scene, last(scene).id, "dismissed")
    assert [scene.ask("promo.coupon", viewer="v") for _ in range(3)] == ["no_reply", "no_reply", "handed_off"]
    assert len({handoff.id for handoff in scene.all(Handoff)}) == 2


def test_a_crowd_is_counted() -> None:
    """The first comments are named; how many asked in all is told with the end."""
    scene = on_air()
    for number in range(COMMENTS_CAP + 30):
        assert scene.ask("service.human", id=f"c{number}") == "handed_off"
    assert len(scene.all(Handoff)) == COMMENTS_CAP
    close(scene, last(scene).id, "answered")
    assert (last(scene).asked, len(last(scene).comments)) == (COMMENTS_CAP + 30, COMMENTS_CAP)


def test_only_so_many_are_open() -> None:
    """What a room cannot hold ends as shed, and is counted so."""
    many = {f"people.q{n}": intent(f"people.q{n}", owner="people") for n in range(OPEN_CAP + 2)}
    scene = Scene(pool(intents=many))
    verdicts = [scene.ask(name) for name in many]
    assert verdicts == ["handed_off"] * OPEN_CAP + ["shed"] * 2


def test_long_comments_fill_the_space_earlier() -> None:
    """Open handoffs take a bounded part of a snapshot."""
    many = {f"people.q{n}": intent(f"people.q{n}", owner="people") for n in range(OPEN_CAP)}
    scene = Scene(pool(intents=many))
    verdicts = [scene.ask(name, text="茶" * 300, id="x" * 100 + name) for name in many]
    assert "shed" in verdicts
    assert scene.rooms._rooms[ROOM].people.size <= OPEN_BYTES_CAP


def test_repeats_are_bounded() -> None:
    """The pair that was asked longest ago is forgotten first."""
    scene = on_air()
    scene.ask("promo.coupon", viewer="first")
    scene.ask("promo.coupon", viewer="first")
    for number in range(REPEATS_CAP):
        scene.ask("promo.coupon", viewer=f"x{number}")
    assert len(scene.rooms._rooms[ROOM].people.repeats.encode()) == REPEATS_CAP
    assert scene.ask("promo.coupon", viewer="first") == "no_reply"


# ---- how it ends ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["answered", "dismissed"])
def test_an_operator_closes_it(state: Literal["answered", "dismissed"]) -> None:
    """Once: who comes second changes nothing, nor does a state of what never was."""
    scene = on_air()
    scene.ask("service.human", id="a")
    name = last(scene).id
    close(scene, "00000000000000ee", state)
    close(scene, name, state, by="li")
    close(scene, name, "answered", by="wang")
    assert [(one.state, one.by) for one in scene.all(Handoff)] == [("open", ""), (state, "li")]
    assert last(scene).closed == scene.now
    assert scene.decisions == {"a": "handed_off"}
    scene.ask("service.human", id="b")
    assert last(scene).id != name


def test_what_nobody_answers_expires_in_sight() -> None:
    """At its time, by itself; a state that comes later means nothing."""
    scene = on_air()
    scene.ask("service.human", id="a")
    told = last(scene)
    scene.wait(told.answer_by - scene.now)
    assert last(scene).state == "open"
    scene.wait(200)
    assert (last(scene).id, last(scene).state) == (told.id, "expired")
    close(scene, told.id, "answered")
    assert last(scene).state == "expired"


def test_a_handoff_does_not_stay_open_for_ever() -> None:
    """However many join it one after the other."""
    slow = intent("service.human", owner="people", answer_within_ms=600_000)
    scene = Scene(pool(intents={slow.id: slow}))
    for number in range(6):
        scene.ask("service.human", id=f"c{number}")
        scene.wait(400_000)
    first = scene.all(Handoff)[0]
    ends = [one for one in scene.all(Handoff) if one.id == first.id and one.state == "expired"]
    assert len(ends) == 1
    assert ends[0].answer_by == first.created + OPEN_MS


def test_the_end_of_a_live_ends_its_handoffs() -> None:
    """They expire at once, and the room can be forgotten."""
    scene = on_air()
    scene.ask("service.human", id="a")
    scene.event(RoomClosed(room=ROOM, id="c", at=scene.now))
    assert last(scene).state == "expired"
    assert [scene.ask(None, outcome="unknown", viewer="v") for _ in range(4)] == ["unknown_intent"] * 4


def test_a_restored_room_holds_its_handoffs() -> None:
    """Open ones, and who asked how often."""
    scene = on_air()
    scene.ask("service.human", id="a")
    scene.ask("promo.coupon", viewer="v")
    scene.ask(None, outcome="unknown", viewer="v")
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    other.restore_room(saved)
    assert other.snapshot(ROOM, scene.seq) == saved
    assert other.next_deadline() == scene.rooms.next_deadline()
