"""What happened, told by the streams."""

from __future__ import annotations

from engine.cli.demo.story import Story
from engine.events.handoffs import Handoff
from engine.events.outputs import ChatReply, CommentRef, Disclosure
from engine.events.posts import Posted
from tests.unit.cli.demo.conftest import (
    START,
    TEXTS,
    TITLES,
    gap,
    insertion,
    reported,
    said,
    script,
    waits,
    whole_live,
)


def told() -> Story:
    story = Story(TEXTS, TITLES)
    for record in whole_live():
        story.take(record, START)
    return story


def test_a_live_is_summed_up() -> None:
    """Who asked, who was served, how long it took, what is missing."""
    story = told()
    assert [heard.text for heard in story.heard] == ["欢迎", "今天129元", "喝茶"]
    assert (story.begun, story.first_reply) == (START, START + 3_000)
    assert (story.aired, len(story.served), story.waiting) == (1, 2, 0)
    assert story.median_s == 2.0  # from sent to the reply's start
    assert (story.counts.comments, story.counts.asked, story.counts.of("answered"), story.counts.of("gap")) == (
        4,
        3,
        2,
        1,
    )
    assert list(story.chatter) == ["哈哈哈"]
    assert story.by_channel == {"voice": 2}
    assert story.sent["ab" * 8].state == "ended"
    assert story.sent["ab" * 8].questions == ("多少钱", "好多少")


def test_the_same_records_again_change_nothing() -> None:
    """After a reconnect a push may come twice."""
    story = told()
    counts = story.counts
    for record in whole_live():
        if type(record).__name__ in ("Decision", "Insertion", "Gap", "Verdicts"):
            assert story.take(record, START) == []
    assert story.counts == counts


def test_waiting_comment_moves_to_the_end_when_it_is_decided() -> None:
    """The newest news stand last."""
    story = Story(TEXTS, TITLES)
    for record in whole_live()[:4]:
        story.take(record, START)
    assert (list(story.asked), story.waiting) == (["c1", "c2"], 2)
    for record in whole_live()[4:]:
        story.take(record, START)
    assert list(story.asked) == ["c3", "c1", "c2"]


def test_reply_that_is_cut_is_marked() -> None:
    """Also where the script goes on before the report comes."""
    story = Story(TEXTS, TITLES)
    for record in (script(), said("s1", 0), insertion(), reported("started", 1_000), said("s2", 1_500)):
        story.take(record, START)
    (beat,) = story.take(reported("aborted", 1_500, "killed"), START)
    assert (beat.kind, beat.detail) == ("cut", "killed")
    assert [heard.cut for heard in story.heard] == [False, True, False]


def test_a_disclosure_is_told_as_one() -> None:
    """It serves nobody who asked."""
    said_to_all = Disclosure(every_ms=60_000, since=START, first=True)
    story = Story(TEXTS, TITLES)
    for record in (script(), said("s1", 0)):
        story.take(record, START)
    (beat,) = story.take(insertion().model_copy(update={"viewers": 0, "serves": (), "disclosure": said_to_all}), START)
    assert beat.detail == "the disclosure, for all"


def test_sentence_that_is_interrupted_is_marked_and_said_again() -> None:
    """By a reply for now; one at a boundary cuts nothing."""
    for when, cut in (("now", True), ("sentence", False)):
        story = Story(TEXTS, TITLES)
        for record in (script(), said("s1", 0), insertion().model_copy(update={"when": when})):
            story.take(record, START)
        beats = [beat.kind for beat in story.take(reported("started", 1_000), START)]
        assert beats == (["cut", "reply"] if cut else ["reply"])
        story.take(said("s1", 2_500), START)
        assert [heard.cut for heard in story.heard] == [cut, False, False]


def test_gaps_are_ranked_by_viewers() -> None:
    """The newest record of a gap counts."""
    story = Story(TEXTS, TITLES)
    for record in (gap(3, number=1), gap(2, number=2), gap(9, number=2)):
        story.take(record, START)
    assert [found.viewers for found in story.top_gaps(5)] == [9, 3]
    assert story.name_of(gap()) == "Can I return it"


def test_comment_of_another_source_is_named_by_its_id() -> None:
    """Only the recording's texts are known."""
    story = Story({}, TITLES)
    (beat,) = story.take(waits("c1"), START)
    assert beat.text == "c1"


def test_what_is_posted_and_what_people_are_asked_is_told() -> None:
    """A post when it is sent and when it is in the chat; a handoff when it opens and when it ends, not when others join."""
    story = Story(TEXTS, TITLES)
    post = ChatReply(
        id="bb" * 8, room="r", shop="tea", at=START, lease=1, seq=1, shop_offset=0, source="demo", reply="x", intent="a.b",
        language="zh", text="发的", not_after=START + 9_000, serves=(CommentRef(source="x", id="c1"),), viewers=1, pool="cd" * 8,
    )  # fmt: skip
    read = Posted(
        id="cc" * 8, room="r", shop="tea", source="demo", chat_reply=post.id, reply="x", intent="a.b", language="zh",
        text="发的", pool="cd" * 8, posted=START, viewers=1,
    )  # fmt: skip
    asked = Handoff(
        id="dd" * 8, room="r", shop="tea", intent="a.b", text="找客服", created=START, answer_by=START + 9_000,
        comments=(CommentRef(source="x", id="c2"),),
    )  # fmt: skip
    joined, ended = asked.model_copy(update={"asked": 2}), asked.model_copy(update={"state": "expired"})
    kinds = [[beat.kind for beat in story.take(one, START)] for one in (post, post, read, asked, joined, ended)]
    assert kinds == [["post"], [], ["posted"], ["handoff"], [], ["handoff"]]
    assert (story.sent[post.id].state, story.posted) == ("posted", 1)
