"""Metrics of a commit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from engine.events.handoffs import Handoff
from engine.events.outputs import CommentRef, Decision, VerdictLine
from engine.events.posts import Posted
from engine.metrics import LATENCY_S, Metrics
from engine.worker.metering import Tally, observe
from tests.unit.gateway.made import HASH, alert, insertion
from tests.unit.gateway.test_proposals import proposal, void


@given(st.lists(st.integers(0, 20_000)))
def test_many_observations_at_once_are_the_same_as_one_by_one(values: list[int]) -> None:
    """The short way fills the histogram exactly as the library's own does."""
    one = Histogram("h", "h", buckets=LATENCY_S, registry=CollectorRegistry())
    two = Histogram("h", "h", buckets=LATENCY_S, registry=CollectorRegistry())
    observe(one, values)
    for value in values:
        two.observe(value / 1_000)
    samples = [
        [
            (sample.name, sample.labels, round(sample.value, 6))
            for sample in metric.samples
            if not sample.name.endswith("created")
        ]
        for histogram in (one, two)
        for metric in histogram.collect()
    ]
    assert samples[0] == samples[1]


def test_lateness_is_that_of_comments_that_came_in_time() -> None:
    """One that had expired when it came is told by its reason; one that expired while it waited is late by that much."""

    def expired(comment: str, decided: int) -> Decision:
        return Decision(
            "d", "r", "tea", "s", comment, "v", "x", "x", "zh", "expired", 0, decided, 45_000, "p", "m"
        )  # fmt: skip

    tally = Tally()
    lines = {"r": [VerdictLine("s", "old", "expired", True), VerdictLine("s", "new", "no_opportunity", False)]}
    tally.count([expired("old", 600_000), expired("new", 45_100)], lines)
    assert tally.lateness == [100]
    assert tally.reasons["expired"] == 2


def test_a_commit_is_counted() -> None:
    """Comments, clamped times and dead letters."""
    metrics = Metrics()
    tally = Tally(logged=[1, 2], early=1, late=2)
    tally.letters["comments"] += 1
    tally.publish(metrics, 10)
    value = metrics.registry.get_sample_value
    assert value("livechat_comments_total") == 2
    assert value("livechat_clamped_times_total", {"direction": "past"}) == 2
    assert value("livechat_dead_letters_total", {"topic": "comments"}) == 1
    assert value("livechat_verdict_seconds_count") == 2


def test_proposals_are_counted_by_what_became_of_them() -> None:
    """Each opens once and ends once, however often it is told, and its insertion sent."""
    metrics = Metrics()
    tally = Tally()
    said = insertion(proposal=HASH)
    again = said.model_copy(update={"resend": True})
    tally.count([proposal(1), proposal(1, revision=1), proposal(2), void(2, "refused"), said, again, insertion()], {})
    tally.publish(metrics, 10)
    value = metrics.registry.get_sample_value
    counted = {event: value("livechat_proposals_total", {"event": event}) for event in ("opened", "said", "refused")}
    assert counted == {"opened": 2, "said": 1, "refused": 1}


def test_posts_and_handoffs_are_counted_by_what_became_of_them() -> None:
    """A handoff once when it opens, however many join, and once when it ends."""
    metrics, tally = Metrics(), Tally()
    post = Posted(
        id=HASH, room="r", shop="tea", source="s", chat_reply=HASH, reply="x", intent="a.b", language="zh", text="t",
        pool=HASH, posted=1, viewers=1,
    )  # fmt: skip
    handoff = Handoff(
        id=HASH, room="r", shop="tea", intent="a.b", text="t", created=1, answer_by=2,
        comments=(CommentRef(source="s", id="c"),),
    )  # fmt: skip
    joined = handoff.model_copy(update={"asked": 2})
    ended = joined.model_copy(update={"state": "expired"})
    tally.count([post, post.model_copy(update={"late_report": True}), handoff, joined, ended], {})
    tally.publish(metrics, 10)
    value = metrics.registry.get_sample_value
    assert value("livechat_posted_total", {"late": "no"}) == value("livechat_posted_total", {"late": "yes"}) == 1
    assert value("livechat_handoffs_total", {"state": "open"}) == 1
    assert value("livechat_handoffs_total", {"state": "expired"}) == 1


def test_alerts_of_rooms_are_counted_from_nought_on() -> None:
    """Each kind has its series before the first one, so that the first is an increase."""
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    assert value("livechat_room_alerts_total", {"kind": "stale_script_fact"}) == 0
    tally = Tally()
    tally.count([alert("player_lost"), alert("player_lost")], {})
    tally.publish(metrics, 10)
    assert value("livechat_room_alerts_total", {"kind": "player_lost"}) == 2
