"""The ten checks of an arriving comment, each with its reason."""

from __future__ import annotations

import pytest

from engine.events.handoffs import Handoff
from engine.events.inputs import Cursor, PlayerGone, PlayerSeen
from engine.events.journal import CommentEntry
from engine.events.outputs import Decision
from engine.pool.model import Fact, Limits
from engine.room.demands import WAITING_BYTES_CAP
from tests.unit.room.scene import ROOM, SHOP, START, Scene, intent, pool, reply


def test_a_repeat_of_an_identity_is_a_duplicate_without_a_decision() -> None:
    """Check 1."""
    scene = Scene()
    scene.chat(id="a")
    assert scene.chat(id="a") == "duplicate"
    assert list(scene.decisions) == ["a"]


def test_an_identity_is_forgotten_after_ten_minutes_and_a_bit() -> None:
    """Check 1 remembers at least 10 minutes."""
    scene = Scene()
    scene.chat(id="a")
    scene.now += 600_000
    assert scene.chat(id="a") == "duplicate"
    scene.now += 10_001
    scene.put(CommentEntry(ROOM, "s", "a", "v", "x", scene.now, scene.now, SHOP, unread="shed"))
    assert scene.lines[-1].verdict == "shed"


def test_a_comment_older_than_its_deadline_is_expired() -> None:
    """Check 2, also for chatter."""
    scene = Scene()
    assert scene.ask("shipping.dispatch", age=45_001) == "expired"
    assert scene.chat(age=45_001) == "expired"
    assert scene.ask("shipping.dispatch", age=45_000) != "expired"


def test_a_claimed_time_is_clamped_to_the_log() -> None:
    """A comment from the future counts from the log's time; one from long ago from ten minutes before it."""
    scene = Scene()
    scene.chat(age=-3_600_000)
    scene.chat(age=86_400_000)
    first, second = scene.all(Decision)
    assert first.sent == START
    assert second.sent == START - 600_000
    assert second.reason == "expired"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("abuse", "abuse"),
        ("chatter", "chatter"),
        ("unsupported_language", "unsupported_language"),
        ("unknown", "unknown_intent"),
        ("low_confidence", "low_confidence"),
        ("ambiguous", "ambiguous"),
    ],
)
def test_what_was_not_understood_ends_with_its_reason(outcome: str, reason: str) -> None:
    """Checks 3 and 4."""
    scene = Scene()
    assert scene.ask("product.price", outcome=outcome) == reason


@pytest.mark.parametrize("outcome", ["chatter", "unknown", "unsupported_language"])
def test_an_intent_that_came_nowhere_near_is_not_recorded(outcome: str) -> None:
    """The best of all intents is only the least unlikely there; a late one is no question that was missed, either."""
    scene = Scene()
    scene.ask("product.price", outcome=outcome)
    scene.ask("product.price", outcome=outcome, age=60_000)
    for decision in scene.all(Decision):
        assert (decision.intent, decision.confidence, decision.runner_up, decision.margin) == (None, 0.0, None, 0.0)


@pytest.mark.parametrize("outcome", ["accepted", "low_confidence", "ambiguous", "abuse"])
def test_a_candidate_is_recorded(outcome: str) -> None:
    """Editors see what was nearly understood."""
    scene = Scene()
    scene.ask("shipping.fee", outcome=outcome)
    (decision,) = scene.all(Decision)
    assert decision.intent == "shipping.fee"
    assert decision.confidence > 0


def test_an_intent_that_asks_nothing_is_chatter() -> None:
    """Check 3 for an accepted intent of kind chatter."""
    assert Scene().ask("social.greeting") == "chatter"


def test_an_intent_that_the_pool_does_not_know_is_unknown() -> None:
    """A model may know intents that an edit has removed."""
    assert Scene().ask("gone.intent") == "unknown_intent"


def test_a_viewer_is_a_new_one_once_the_key_changed() -> None:
    """His hash is another: limits begin anew, what was counted of the old one goes by itself."""
    scene = Scene()
    old = [scene.ask("shipping.fee", viewer="0123456789abcdef") for _ in range(6)]
    new = [scene.ask("shipping.fee", viewer="fedcba9876543210") for _ in range(6)]
    assert old == new == ["shadowed"] * 5 + ["viewer_limit"]
    scene.wait(60_000)
    assert scene.ask("shipping.fee", viewer="fedcba9876543210") == "shadowed"


def test_a_viewer_may_ask_five_times_a_minute() -> None:
    """Check 5; the sixth is limited, a minute later it is not."""
    scene = Scene()
    verdicts = [scene.ask("shipping.fee", viewer="v") for _ in range(6)]
    assert verdicts == ["shadowed"] * 5 + ["viewer_limit"]
    scene.now += 60_000
    assert scene.ask("shipping.fee", viewer="v") == "shadowed"


def test_an_intent_of_people_is_handed_off() -> None:
    """Check 6, with the record that people work from."""
    scene = Scene()
    assert scene.ask("service.human", id="a") == "handed_off"
    (handoff,) = scene.all(Handoff)
    assert [ref.id for ref in handoff.comments] == ["a"]


def test_a_product_is_needed_and_none_is_clear() -> None:
    """Check 7 without a script."""
    scene = Scene()
    assert scene.ask("product.price") == "no_product"
    assert scene.ask("product.price", product="tgy") == "shadowed"


def test_the_product_is_the_one_the_viewer_saw() -> None:
    """On screen at the time of sending less the stream delay."""
    scene = Scene()
    scene.play(mode=False)
    scene.wait(30_000)
    scene.ask("product.price")
    assert scene.all(Decision)[-1].product == "tgy"


def test_a_link_that_no_product_has_is_not_taken_for_what_is_on_screen() -> None:
    """Where the answer depends on the product; elsewhere it does not matter."""
    scene = Scene()
    scene.play(mode=False)
    scene.wait(20_000)
    assert scene.ask("product.price", stranger=True) == "no_product"
    assert scene.ask("shipping.fee", stranger=True) == "shadowed"
    assert scene.ask("product.price") == "shadowed"


def test_nothing_is_on_screen_where_nobody_tells() -> None:
    """A script that has run out, or a player that is gone; what was sent before is still about what was seen."""
    scene = Scene()
    scene.play(mode=False)
    scene.wait(20_000)
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    assert scene.ask("product.price", age=10_000) == "shadowed"
    scene.now += 11_000
    assert scene.ask("product.price") == "no_product"


def test_a_short_break_of_the_connection_changes_nothing_on_screen() -> None:
    """The same product is back within ten seconds; another one, or a longer break, is a change."""
    for pause, back, verdict in (
        (4_000, "tgy-1", "shadowed"),
        (4_000, "puer-1", "no_product"),
        (12_000, "tgy-1", "no_product"),
    ):
        scene = Scene()
        scene.play(mode=False)
        scene.wait(20_000)
        scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
        scene.now += pause
        cursor = Cursor(version="v1", lap=0, segment=f"seg-{back[:-2]}", sentence=back)
        scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="two", identified=True, cursor=cursor))
        scene.now += 4_000
        assert scene.ask("product.price") == verdict


def test_after_a_change_of_product_only_a_majority_of_named_ones_decides() -> None:
    """Within one stream delay of the change an unnamed product is not clear."""
    scene = Scene()
    scene.play(mode=False)
    scene.wait(60_000)
    scene.sentence("sentence_started", "puer-0")
    scene.wait(6_000)
    assert scene.ask("product.price") == "no_product"
    scene.ask("product.price", product="puer")
    assert scene.ask("product.price") == "shadowed"
    assert scene.all(Decision)[-1].product == "puer"
    scene.ask("product.price", product="tgy")
    assert scene.ask("product.price") == "no_product"


def test_goods_that_the_shop_does_not_sell() -> None:
    """Check 7: a good outside the catalogue, and a product that is off sale."""
    scene = Scene()
    assert scene.ask("product.price", not_sold="咖啡") == "not_sold"
    assert scene.all(Decision)[-1].wanted == "咖啡"
    assert scene.ask("product.price", product="old") == "not_sold"


def test_no_reply_and_no_reply_in_this_language() -> None:
    """Check 8 tells a missing reply from a missing language."""
    scene = Scene()
    assert scene.ask("promo.coupon") == "no_reply"
    assert not scene.all(Decision)[-1].language_missing
    assert scene.ask("shipping.area") == "no_reply"
    assert scene.all(Decision)[-1].language_missing
    assert scene.ask("shipping.area", language="en") == "shadowed"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (None, "fact_missing"),
        (Fact("hours", 24, until=START - 1), "fact_expired"),
        (Fact("hours", 24, ceiling=12), "fact_out_of_bounds"),
        (Fact("hours", 24, start=START + 100_000), "fact_missing"),
        (Fact("hours", {"zh": "最佳 24"}), "guard_blocked"),
        (Fact("hours", {"zh": "129元"}), "guard_blocked"),
    ],
)
def test_a_fact_that_cannot_be_said(fact: Fact | None, reason: str) -> None:
    """Check 8 by what is wrong with the fact, and the guard's word on it."""
    scene = Scene(pool(facts={"hours": fact} if fact else {}))
    assert scene.ask("shipping.dispatch") == reason


def test_a_fact_that_starts_before_the_deadline_is_waited_for() -> None:
    """Blocker `fact_pending`, answered once the fact holds."""
    scene = Scene(pool(facts={"hours": Fact("hours", 24, start=START + 10_000)}))
    scene.play()
    assert scene.ask("shipping.dispatch") == "fact_pending"


def test_said_lately_ends_at_once_only_where_the_cooldown_outlasts_the_deadline() -> None:
    """Check 9 and the blocker `cooling`."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    assert scene.ask("shipping.fee") == "recently_answered"
    scene.now += 60_000
    assert scene.ask("shipping.fee") == "cooling"


def test_when_the_books_are_full_the_least_valuable_demand_goes() -> None:
    """Check 10 compares priority × viewers."""
    scene = Scene(pool(limits=Limits(max_demands=2)))
    scene.play()
    scene.ask("shipping.fee", id="cheap")
    scene.ask("shipping.dispatch", id="dear")
    assert scene.ask("product.price", product="tgy", id="dearest") == "no_opportunity"
    assert scene.decisions == {"cheap": "shed"}
    assert scene.ask("shipping.fee", id="again") == "shed"


def test_waiting_comments_are_bounded_in_bytes() -> None:
    """A burst of one question cannot make the room's state grow without limit."""
    scene = Scene()
    scene.play()
    for number in range(500):
        scene.ask("shipping.dispatch", viewer=f"w{number}")
    waiting = next(iter(scene.rooms._rooms.values())).waiting_bytes
    assert waiting <= WAITING_BYTES_CAP
    assert set(scene.decisions.values()) == {"shed"}


@pytest.mark.parametrize(("unread", "reason"), [("expired", "expired"), ("shed", "shed")])
def test_what_was_not_read_ends_with_why(unread: str, reason: str) -> None:
    """Comments that the worker did not have understood; their text is not stored unmasked."""
    scene = Scene()
    scene.put(CommentEntry(ROOM, "s", "a", "v", "13812345678", scene.now, scene.now, SHOP, unread=unread))  # type: ignore[arg-type] # as Unread
    (decision,) = scene.all(Decision)
    assert decision.reason == reason
    assert decision.text == ""


def test_a_room_without_a_player_or_in_shadow_tells_what_it_would_have_said() -> None:
    """Connecting the comment stream alone already shows coverage."""
    scene = Scene()
    assert scene.ask("shipping.dispatch") == "shadowed"
    assert scene.all(Decision)[-1].reply == "dispatch"
    scene.play(mode=False)
    assert scene.ask("shipping.dispatch") == "shadowed"


def test_a_reply_may_be_in_another_language_than_the_comment() -> None:
    """A comment in English is served by the Chinese reply of a Chinese room."""
    scene = Scene(pool(intents={"a.b": intent("a.b", reply("a.b", "zh-only", "全场包邮"))}))
    assert scene.ask("a.b", language="en") == "shadowed"
    assert scene.all(Decision)[-1].reply == "zh-only"


def test_a_masked_text_that_grew_still_fits_its_handoff() -> None:
    """Masks may be longer than what they hide."""
    scene = Scene()
    assert scene.ask("service.human", masked="x" * 2_500) == "handed_off"
    assert len(scene.all(Handoff)[0].text) == 300
