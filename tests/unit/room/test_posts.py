"""Replies that are posted into the chat: when, to whom, how often, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import pytest

from engine.events.inputs import Approval, ModeSet, PlayerGone, RoomClosed, TakeOver
from engine.events.outputs import Alert, ChatReply, ChatWithdraw, Decision, Insertion, Proposal
from engine.events.posts import Posted
from engine.pool.model import Fact, Limits, Pool, Product
from engine.room.chat import POSTS_CAP, VIEWERS_CAP
from engine.room.postable import LEAD_MS
from engine.room.posted import RETRY_MS, SILENT_MS
from engine.room.posts import GATHER_MS, REPORT_MS, WITHIN_MS
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, Scene, intent, pool, reply

GENEROUS = Limits(
    minimum_pause_ms=0, room_posts_per_minute=30, platform_posts_per_minute=30, viewer_posts_per_minute=5,
    post_cooldown_ms=0, handoff_repeats=0,
)  # fmt: skip


def chatty(limits: Limits = GENEROUS, products: Mapping[str, Product] | None = None) -> Pool:
    """Intents by channel: `a.voice`, `a.chat`, `a.both`, `a.either` (a reply of each), `a.price` (posted, with a fact)."""
    intents = [
        intent("a.voice", reply("a.voice", "v", "说的"), priority=60),
        intent("a.chat", reply("a.chat", "c", "发的", channel="chat"), reply("a.chat", "c-en", "posted", lang="en", channel="chat")),
        intent("a.both", reply("a.both", "b", "又说又发", channel="both")),
        intent("a.either", reply("a.either", "e-v", "说"), reply("a.either", "e-c", "发", channel="chat")),
        intent(
            "a.price",
            reply("a.price", "p", "{product}今天{price}", needs_product=True, channel="chat"),
            needs_product=True,
        ),
    ]  # fmt: skip
    known = pool(intents={item.id: item for item in intents}, limits=limits)
    return known if products is None else replace(known, products=products)


def quiet(limits: Limits = GENEROUS, products: Mapping[str, Product] | None = None) -> Scene:
    """A room in mode `auto` that never had a player."""
    scene = Scene(chatty(limits, products))
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    return scene


def on_air(limits: Limits = GENEROUS, **more: object) -> Scene:
    scene = Scene(chatty(limits))
    scene.play(**more)  # type: ignore[arg-type] # as play
    return scene


def via(scene: Scene, comment: str) -> str | None:
    (found,) = (decision for decision in scene.all(Decision) if decision.comment == comment)
    return found.via


# ---- when -----------------------------------------------------------------------------------------------------------


def test_a_room_without_a_player_answers_in_the_chat() -> None:
    """After a moment in which others may ask the same; the decision names the post, and what was posted is on record."""
    scene = quiet()
    assert scene.ask("a.chat", id="a") == "no_opportunity"
    assert not scene.all(ChatReply)
    scene.wait(GATHER_MS)
    post = scene.post
    assert (post.reply, post.source, post.text, post.language) == ("c", "s", "发的", "zh")
    assert not scene.decisions
    scene.told("posted")
    (decision,) = scene.all(Decision)
    assert (decision.reason, decision.via, decision.insertion, decision.reply, decision.spoken) == (
        "answered", "chat", post.id, "c", "zh",
    )  # fmt: skip
    (posted,) = scene.all(Posted)
    assert (posted.comments, posted.decisions, posted.approved_by) == (1, (decision.id,), "")
    assert (posted.chat_reply, posted.text, posted.viewers, posted.late_report) == (post.id, "发的", 1, False)


def test_a_room_without_a_player_stays_in_shadow_where_nothing_can_be_posted() -> None:
    """A voice reply needs a player; and in mode shadow nothing is posted either."""
    scene = quiet()
    assert scene.ask("a.voice") == "shadowed"
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="shadow"))
    assert scene.ask("a.chat") == "shadowed"
    scene.wait(60_000)
    assert not scene.all(ChatReply)


def test_voice_goes_first_where_an_opportunity_is_near() -> None:
    """Nobody is answered twice: what was said is not posted."""
    scene = on_air()
    scene.ask("a.either", id="a")
    scene.wait(3_000)
    assert scene.insertion.reply == "e-v"
    scene.report("started", scene.insertion.id)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    scene.wait(60_000)
    assert not scene.all(ChatReply)
    assert via(scene, "a") == "voice"


def test_a_demand_that_was_outvalued_is_posted() -> None:
    """The air went to another one, so the chat answers."""
    scene = on_air()
    scene.ask("a.voice", id="a")
    scene.ask("a.either", id="b")
    scene.wait(3_500)
    scene.report("accepted", scene.insertion.id)
    assert scene.insertion.intent == "a.voice"
    assert scene.post.intent == "a.either"
    assert scene.post.held == "outvalued"
    scene.told("posted")
    assert via(scene, "b") == "chat"


def test_a_demand_that_cools_down_is_posted() -> None:
    """What was just said is not said again, but who asks then reads it."""
    scene = on_air()
    scene.ask("a.either", id="a")
    scene.wait(3_000)
    first = scene.insertion.id
    scene.report("started", first)
    scene.wait(4_000)
    scene.report("ended", first)
    assert scene.ask("a.either", id="b") == "cooling"
    scene.wait(GATHER_MS)
    assert scene.post.held == "cooling"


def test_spent_airtime_is_a_reason_to_post() -> None:
    """The chat costs no airtime."""
    scene = on_air(replace(GENEROUS, airtime_share=0.001))
    scene.ask("a.either", id="a")
    scene.wait(4_000)
    assert scene.post.held == "airtime"
    assert not scene.all(Insertion)


def test_the_last_moment_for_a_post() -> None:
    """Where the air might still come, the post waits until a slow platform could just be in time."""
    scene = on_air(seconds=18.0)
    scene.ask("a.either", id="a", age=25_000)
    scene.wait(20_000 - LEAD_MS - 100)
    assert not scene.all(ChatReply)
    scene.wait(200)
    assert scene.post.held == "no_opportunity"
    assert scene.post.not_after <= scene.now + LEAD_MS


def test_no_opportunity_before_the_deadline_is_known_at_once() -> None:
    """The sentence ends too late, so nothing is waited for."""
    scene = on_air(seconds=100.0)
    scene.ask("a.either", id="a")
    scene.wait(GATHER_MS)
    assert scene.post.reply == "e-c"


def test_a_sentence_that_answers_goes_before_a_post() -> None:
    """Nothing is posted that the script is about to say."""
    scene = on_air(answers=("a.either",))
    scene.sentence("sentence_started", "tgy-2")
    assert scene.ask("a.either", id="a") == "script_ahead"
    scene.wait(3_900)
    scene.next_sentence("tgy-2", "puer-0")
    assert via(scene, "a") == "script"
    assert not scene.all(ChatReply)


def test_a_player_that_was_lost_leaves_the_chat() -> None:
    """After a moment in which it may come back."""
    scene = on_air(seconds=100.0)
    scene.ask("a.voice", id="v")
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.ask("a.either", id="a")
    scene.wait(9_000)
    assert not scene.all(ChatReply)
    scene.wait(1_500)
    assert scene.post.intent == "a.either"


def test_one_viewer_below_the_stricter_confidence_is_not_answered_by_a_post_either() -> None:
    """Unless a second one asks the same."""
    scene = quiet()
    assert scene.ask("a.chat", solo_ok=False, id="a") == "solo"
    scene.wait(10_000)
    assert not scene.all(ChatReply)
    scene.ask("a.chat", solo_ok=False, id="b")
    scene.wait(GATHER_MS)
    assert scene.post.viewers == 2


# ---- to whom --------------------------------------------------------------------------------------------------------


def test_one_post_answers_all_who_asked_on_its_platform_in_its_language() -> None:
    """Another platform and another language get posts of their own."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.ask("a.chat", id="b")
    scene.ask("a.chat", id="c", source="other")
    scene.ask("a.chat", id="d", language="en")
    scene.wait(GATHER_MS)
    told = {(post.source, post.language): [ref.id for ref in post.serves] for post in scene.all(ChatReply)}
    assert told == {("s", "zh"): ["a", "b"], ("other", "zh"): ["c"], ("s", "en"): ["d"]}
    for post in scene.all(ChatReply):
        scene.told("posted", post.id)
    assert set(scene.decisions.values()) == {"answered"}
    assert len(scene.all(Posted)) == 3


def test_who_asks_while_a_post_is_on_its_way_joins_it() -> None:
    """On the same platform, in the same language."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    assert scene.ask("a.chat", id="b") == "in_flight"
    assert scene.ask("a.chat", id="c", source="other") != "in_flight"
    scene.told("posted")
    assert via(scene, "b") == "chat"
    assert scene.all(Posted)[0].viewers == 2


def test_a_reply_for_both_is_said_and_then_stands_in_the_chat() -> None:
    """Those who heard it read it, too: one decision each, by voice."""
    scene = on_air()
    scene.ask("a.both", id="a")
    scene.wait(3_000)
    said = scene.insertion
    scene.report("started", said.id)
    scene.wait(4_000)
    assert not scene.all(ChatReply)
    scene.report("ended", said.id)
    assert scene.post.text == said.text
    assert scene.post.held is None
    assert [ref.id for ref in scene.post.serves] == ["a"]
    scene.told("posted")
    assert via(scene, "a") == "voice"
    assert scene.all(Posted)[0].viewers == 1


def test_a_reply_for_both_is_posted_alone_where_the_air_comes_too_late() -> None:
    """And is not said afterwards to those whom it answered."""
    scene = quiet()
    scene.ask("a.both", id="a")
    scene.wait(GATHER_MS)
    scene.told("posted")
    assert via(scene, "a") == "chat"
    scene.play()
    scene.wait(30_000)
    assert not scene.all(Insertion)


def test_what_may_have_been_said_is_not_posted_as_well() -> None:
    """A player that fell silent with a reply may have said it."""
    scene = on_air()
    scene.ask("a.either", id="a")
    scene.wait(3_000)
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.wait(60_000)
    assert not scene.all(ChatReply)
    assert set(scene.decisions) == {"a"}


# ---- limits ---------------------------------------------------------------------------------------------------------


def asked_by_many(scene: Scene, number: int, **more: object) -> None:
    for turn in range(number):
        scene.ask("a.chat", id=f"{turn}-{scene.seq}", **more)
        scene.wait(GATHER_MS)
        if scene.all(ChatReply) and scene.rooms._rooms[ROOM].chat.posts:
            scene.told("posted")


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        (replace(GENEROUS, room_posts_per_minute=3), 3),
        (replace(GENEROUS, platform_posts_per_minute=2), 2),
        (replace(GENEROUS, room_posts_per_minute=0), 0),
        (replace(GENEROUS, post_cooldown_ms=15_000), 2),
    ],
)
def test_the_limits_of_room_platform_and_cooldown(limits: Limits, most: int) -> None:
    """Of ten questions in twenty seconds only so many are answered; the others wait."""
    scene = quiet(limits)
    asked_by_many(scene, 10)
    assert len(scene.all(ChatReply)) == most


def test_the_limit_of_a_viewer() -> None:
    """Who has been answered often enough waits, while others are answered."""
    scene = quiet(replace(GENEROUS, viewer_posts_per_minute=2, viewer_questions_per_minute=60))
    asked_by_many(scene, 5, viewer="eager")
    assert len(scene.all(ChatReply)) == 2
    asked_by_many(scene, 1)
    assert len(scene.all(ChatReply)) == 3
    scene.wait(120_000)
    assert set(scene.decisions.values()) <= {"answered", "no_opportunity", "chat_failed"}


def test_a_limit_that_is_over_lets_the_next_post_go() -> None:
    """The room looks again by itself, and tells what held it."""
    scene = quiet(replace(GENEROUS, platform_posts_per_minute=1))
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    scene.told("posted")
    assert scene.ask("a.both", id="b", age=0) == "chat_spent"
    scene.wait(46_000)
    assert scene.decisions["b"] == "chat_spent"
    scene.ask("a.both", id="c")
    scene.wait(15_000)
    assert len(scene.all(ChatReply)) == 2


def test_only_so_many_posts_are_on_their_way() -> None:
    """A connector that does not report gets no more."""
    scene = quiet(replace(GENEROUS, room_posts_per_minute=30))
    for number in range(POSTS_CAP + 4):
        scene.ask("a.chat", id=f"c{number}", source=f"s{number}")
    scene.wait(GATHER_MS)
    assert len(scene.all(ChatReply)) == POSTS_CAP


# ---- what becomes of it ---------------------------------------------------------------------------------------------


def test_a_failed_post_returns_its_reservation_and_is_tried_again() -> None:
    """After a pause; three times, then its comments end."""
    strict = replace(
        GENEROUS, post_cooldown_ms=120_000, room_posts_per_minute=1, platform_posts_per_minute=1, viewer_posts_per_minute=1
    )  # fmt: skip
    scene = quiet(strict)
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    for number in range(1, 3):
        scene.told("failed")
        room = scene.rooms._rooms[ROOM]
        assert not room.chat.ledger
        assert room.chat.viewers.encode() == []
        assert not scene.decisions
        scene.wait(RETRY_MS)
        assert len(scene.all(ChatReply)) == number + 1
    scene.told("failed")
    assert scene.decisions == {"a": "chat_failed"}
    assert not scene.all(Posted)


def test_a_failure_returns_what_viewers_were_counted_however_late_it_is_told() -> None:
    """Also where nobody waits for the post any more: its outcome was unknown, or it stood beside what was said."""
    scene = quiet()
    room = scene.rooms._rooms[ROOM]
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    scene.ask("a.chat", id="joins", viewer="x")
    assert [viewer for viewer, _ in room.chat.viewers.encode()] == ["v1", "x"]
    scene.wait(WITHIN_MS + REPORT_MS)
    assert room.chat.unknown
    assert room.chat.viewers.encode()
    scene.told("failed")
    assert room.chat.viewers.encode() == []

    spoken = on_air()
    spoken.ask("a.both", id="a")
    spoken.wait(3_000)
    spoken.report("started", spoken.insertion.id)
    spoken.wait(4_000)
    spoken.report("ended", spoken.insertion.id)
    assert spoken.post.held is None
    room = spoken.rooms._rooms[ROOM]
    assert room.chat.viewers.encode()
    spoken.told("failed")
    assert room.chat.viewers.encode() == []


def test_a_failure_returns_what_a_crowd_was_counted() -> None:
    """More viewers than a post remembers by itself: those who wait for it are known all the same."""
    scene = quiet()
    for number in range(VIEWERS_CAP + 5):
        scene.ask("a.chat", viewer=f"w{number}")
    scene.wait(GATHER_MS)
    room = scene.rooms._rooms[ROOM]
    assert len(room.chat.viewers.encode()) == VIEWERS_CAP + 5
    scene.told("failed")
    assert room.chat.viewers.encode() == []


def test_a_post_without_a_report_is_of_unknown_outcome() -> None:
    """Nothing is returned; the platform is left alone for a while, and people hear of it. A late report still counts."""
    scene = quiet(replace(GENEROUS, post_cooldown_ms=1_000))
    scene.ask("a.chat", id="a", age=5_000)
    scene.wait(GATHER_MS)
    first = scene.post
    assert first.not_after == first.at + WITHIN_MS
    scene.ask("a.chat", id="later", viewer="x", source="s")
    scene.wait(WITHIN_MS + REPORT_MS)
    assert [alert.kind for alert in scene.all(Alert)] == ["chat_lost"]
    assert scene.rooms._rooms[ROOM].chat.ledger
    assert scene.ask("a.chat", id="b") == "chat_lost"
    assert len(scene.all(ChatReply)) == 1
    scene.told("posted", first.id)
    assert {comment: via(scene, comment) for comment in scene.decisions} == {"a": "chat", "later": "chat"}
    assert scene.all(Posted)[0].late_report
    scene.wait(3_000)
    assert len(scene.all(ChatReply)) == 2, "the platform was heard of again"


def test_a_silent_platform_is_tried_again() -> None:
    """After a minute; until then its comments end with a reason."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS + WITHIN_MS + REPORT_MS)
    scene.ask("a.chat", id="b")
    scene.wait(46_000)
    assert scene.decisions == {"a": "chat_failed", "b": "chat_failed"}
    scene.wait(SILENT_MS)
    scene.ask("a.chat", id="c")
    scene.wait(GATHER_MS)
    assert len(scene.all(ChatReply)) == 2


def test_only_the_first_report_counts() -> None:
    """Twice, contradicting, or of nothing that was posted: no second decision, no second record."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    scene.told("posted", "00000000000000ee")
    assert not scene.decisions
    scene.told("posted")
    scene.told("posted")
    scene.told("failed")
    assert scene.decisions == {"a": "answered"}
    assert len(scene.all(Posted)) == 1


def test_a_post_that_failed_late_frees_its_comments() -> None:
    """What was unknown is known: they may be answered by another post."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    scene.ask("a.chat", id="b")
    scene.wait(WITHIN_MS + REPORT_MS)
    scene.told("failed")
    scene.wait(RETRY_MS)
    assert len(scene.all(ChatReply)) == 2
    scene.told("posted")
    assert set(scene.decisions.values()) == {"answered"}


# ---- what forbids it ------------------------------------------------------------------------------------------------

FORBIDDEN: dict[str, Callable[[Scene], None]] = {
    "killed": lambda scene: scene.kill(),
    "paused": lambda scene: scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="paused")),
    "approve": lambda scene: scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="approve")),
    "shadow": lambda scene: scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="shadow")),
    "taken_over": lambda scene: scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="person", at_boundary=False)),
    "room_closed": lambda scene: scene.event(RoomClosed(room=ROOM, id="t", at=scene.now)),
}


@pytest.mark.parametrize("cause", FORBIDDEN)
def test_what_silences_the_room_withdraws_its_posts(cause: str) -> None:
    """Nothing more is posted; what the connector then reports is the truth about what was on its way."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.ask("a.chat", id="o", source="other")
    scene.wait(GATHER_MS)
    first, second = scene.all(ChatReply)
    FORBIDDEN[cause](scene)
    assert [(one.reply, one.reason) for one in scene.all(ChatWithdraw)] == [(first.id, cause), (second.id, cause)]
    scene.ask("a.both", id="b")
    scene.told("posted", first.id)
    scene.told("failed", second.id)
    scene.wait(60_000)
    assert len(scene.all(ChatReply)) == 2
    assert [(posted.chat_reply, posted.withdrawn) for posted in scene.all(Posted)] == [(first.id, cause)]
    assert set(scene.decisions) == {"a", "o", "b"}
    if cause != "room_closed":
        assert via(scene, "a") == "chat"


def priced() -> Scene:
    scene = quiet()
    scene.ask("a.price", id="a", product="tgy")
    scene.wait(GATHER_MS)
    assert scene.post.text == "铁观音今天129元"
    return scene


def test_a_price_that_changes_withdraws_the_post() -> None:
    """Facts are read again: the next one says the new price."""
    scene = priced()
    scene.fact("price", 119, product="tgy")
    (withdrawn,) = scene.all(ChatWithdraw)
    assert withdrawn.reason == "fact_expired"
    scene.told("failed")
    scene.wait(1_000)
    assert scene.post.text == "铁观音今天119元"


def test_a_price_out_of_its_bounds_is_not_posted() -> None:
    """Floor and ceiling hold for posts as for speech."""
    scene = priced()
    scene.fact("price", 1, product="tgy")
    scene.told("failed")
    scene.wait(60_000)
    assert len(scene.all(ChatReply)) == 1
    assert scene.decisions == {"a": "fact_out_of_bounds"}


def test_a_post_never_outlives_its_facts() -> None:
    """`not_after` lies before the fact's end."""
    price = Fact("price", 129, "CNY", until=Scene().now + 6_000)
    scene = quiet(products={"tgy": Product("tgy", {"zh": "铁观音"}, facts={"price": price})})
    scene.ask("a.price", id="a", product="tgy")
    scene.wait(GATHER_MS)
    assert scene.post.not_after == price.until


def test_a_pool_without_the_reply_withdraws_the_post() -> None:
    """What editors took back is not posted."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.wait(GATHER_MS)
    new = replace(chatty(), hash="0000000b")
    scene.swap(
        replace(new, intents={**new.intents, "a.chat": intent("a.chat", reply("a.chat", "c", "别的", channel="chat"))})
    )
    assert [one.reason for one in scene.all(ChatWithdraw)] == ["pool_changed"]


def test_replies_by_approval() -> None:
    """`ask` is never posted unasked; in mode `approve` only what nobody need approve is; the others are proposed."""
    intents = {
        f"b.{rule}": intent(f"b.{rule}", reply(f"b.{rule}", rule, rule, channel="chat", approval=rule))
        for rule in ("ask", "standing", "inherit")
    }
    scene = Scene(pool(intents=intents, limits=GENEROUS))
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    for name in intents:
        scene.ask(name)
    scene.wait(GATHER_MS)
    assert {post.reply for post in scene.all(ChatReply)} == {"standing", "inherit"}
    for post in scene.all(ChatReply):
        scene.told("posted", post.id)
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="approve"))
    for name in intents:
        scene.ask(name)
    scene.wait(GATHER_MS)
    assert [post.reply for post in scene.all(ChatReply)[2:]] == ["standing"]
    assert {(told.reply, told.channel) for told in scene.all(Proposal)} == {("ask", "chat"), ("inherit", "chat")}


def approving() -> Scene:
    """A room without a player in mode `approve`, with one proposal for viewers of two platforms."""
    scene = Scene(chatty())
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="approve"))
    assert scene.ask("a.chat", id="a") == "approval"
    scene.ask("a.chat", id="b", source="other")
    scene.wait(GATHER_MS)
    assert not scene.all(ChatReply)
    return scene


def verdict(scene: Scene, said: Literal["approve", "refuse"]) -> str:
    proposal = scene.all(Proposal)[-1].id
    scene.event(Approval(room=ROOM, id="y", at=scene.now, by="li", proposal=proposal, verdict=said))
    return proposal


def test_one_approval_posts_on_all_platforms() -> None:
    """Exactly the text that was shown; the posts name it."""
    scene = approving()
    name = verdict(scene, "approve")
    assert [(post.source, post.text, post.proposal) for post in scene.all(ChatReply)] == [
        ("s", "发的", name), ("other", "发的", name),
    ]  # fmt: skip
    for post in scene.all(ChatReply):
        scene.told("posted", post.id)
    assert scene.decisions == {"a": "answered", "b": "answered"}
    assert not scene.rooms._rooms[ROOM].proposals


def test_a_failed_post_gives_its_approval_back() -> None:
    """It is tried again without asking again."""
    scene = approving()
    name = verdict(scene, "approve")
    scene.told("failed", scene.all(ChatReply)[0].id)
    assert (scene.all(Proposal)[-1].id, scene.all(Proposal)[-1].state) == (name, "approved")
    scene.wait(RETRY_MS)
    assert [(post.source, post.proposal) for post in scene.all(ChatReply)[2:]] == [("s", name)]


def test_what_was_refused_is_not_posted() -> None:
    """Nor what nobody decided."""
    scene = approving()
    verdict(scene, "refuse")
    assert scene.decisions == {"a": "refused", "b": "refused"}
    other = approving()
    other.wait(60_000)
    assert set(other.decisions.values()) == {"not_approved"}
    assert not scene.all(ChatReply) + other.all(ChatReply)


def test_the_guard_looks_at_posts() -> None:
    """A banned term, also one that a fact brings, is never posted."""
    intents = {"b.a": intent("b.a", reply("b.a", "x", "我们是最 佳", channel="chat"))}
    scene = Scene(pool(intents=intents, limits=GENEROUS))
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    assert scene.ask("b.a") == "guard_blocked"


def test_a_restored_room_goes_on_with_its_posts() -> None:
    """What is on its way, what was posted, who is silent: all of it comes back."""
    scene = quiet()
    scene.ask("a.chat", id="a")
    scene.ask("a.both", id="b", source="other")
    scene.wait(GATHER_MS)
    scene.told("failed")
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    other.restore_room(saved)
    assert other.snapshot(ROOM, scene.seq) == saved
    assert other.next_deadline() == scene.rooms.next_deadline()
