"""Topics of a Kafka cluster: what they should be like, and what is told where they are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from engine.bus.kafka.layout import KAFKA_TOPICS, Layout
from engine.bus.kafka.topics import Found, Plan, Shape, differences, plans
from engine.bus.limits import RECORD_LIMIT_BYTES
from engine.errors import UsageError
from engine.retention import RetentionSettings

SHAPE = Shape(Layout("live.", 8))


def as_planned(wanted: list[Plan]) -> dict[str, Found]:
    return {plan.name: Found(plan.partitions, plan.replicas, plan.settings) for plan in wanted}


def named(name: str, brokers: int = 3) -> Plan:
    return next(plan for plan in plans(SHAPE, brokers) if plan.name == f"live.{name}")


def test_every_topic_has_a_plan() -> None:
    """All of the table, under the prefix: the rooms' topics with the inputs' partitions, the others with one."""
    wanted = plans(SHAPE, 3)
    assert [plan.name for plan in wanted] == [f"live.{name}" for name in KAFKA_TOPICS]
    for plan, topic in zip(wanted, KAFKA_TOPICS.values(), strict=True):
        assert plan.partitions == (8 if topic.layout == "rooms" else 1)
        assert plan.settings["message.timestamp.type"] == "LogAppendTime"
        assert int(plan.settings["max.message.bytes"]) > RECORD_LIMIT_BYTES


@pytest.mark.parametrize(("brokers", "replicas", "in_sync"), [(1, 1, "1"), (2, 2, "1"), (3, 3, "2"), (9, 3, "2")])
def test_replicas_are_as_many_as_the_cluster_carries(brokers: int, replicas: int, in_sync: str) -> None:
    """Up to three, of which two must be in sync: one broker may be away."""
    plan = named("journal", brokers)
    assert (plan.replicas, plan.settings["min.insync.replicas"]) == (replicas, in_sync)


def test_replicas_as_told() -> None:
    """Both numbers may be given; more in sync than there are is refused."""
    plan = plans(replace(SHAPE, replicas=4, min_isr=3), 9)[0]
    assert (plan.replicas, plan.settings["min.insync.replicas"]) == (4, "3")
    with pytest.raises(UsageError, match="cannot be in sync"):
        plans(replace(SHAPE, replicas=1, min_isr=2), 9)


def test_what_is_kept() -> None:
    """A compacted topic has no retention; another one rolls its segments early enough for its retention to mean something."""
    pools, verdicts, aired = named("pools").settings, named("verdicts").settings, named("aired").settings
    assert pools["cleanup.policy"] == "compact"
    assert "retention.ms" not in pools
    assert (verdicts["cleanup.policy"], verdicts["retention.ms"], verdicts["segment.ms"]) == (
        "delete",
        "3600000",
        "450000",
    )
    assert aired["segment.ms"] == str(7 * 86_400_000)


def test_nothing_is_told_where_all_is_right() -> None:
    """As planned is right; so are larger records and more replicas in sync than asked for."""
    wanted = plans(SHAPE, 3)
    found = as_planned(wanted)
    assert differences(wanted, found) == []
    more = {"max.message.bytes": "9999999", "min.insync.replicas": "3"}
    assert (
        differences(wanted, {name: replace(one, settings={**one.settings, **more}) for name, one in found.items()})
        == []
    )


@pytest.mark.parametrize(
    ("topic", "change", "what", "remedy"),
    [
        ("comments", {"partitions": 12}, "partitions", "set `bus.partitions` to 12"),
        ("pools", {"partitions": 8}, "partitions", "publish the shops again"),
        ("journal", {"replicas": 1}, "replicas", "kafka-reassign-partitions"),
        ("journal", {"settings": {"retention.ms": "60000"}}, "retention.ms", "--add-config retention.ms=604800000"),
        ("comments", {"settings": {"message.timestamp.type": "CreateTime"}}, "message.timestamp.type", "LogAppendTime"),
        ("aired", {"settings": {"max.message.bytes": "1000"}}, "max.message.bytes", "max.message.bytes=1048588"),
        ("aired", {"settings": {"min.insync.replicas": ""}}, "min.insync.replicas", "min.insync.replicas=2"),
    ],
)
def test_each_difference_has_its_remedy(topic: str, change: Mapping[str, object], what: str, remedy: str) -> None:
    """What is wanted, what is found, and what to do."""
    wanted = plans(SHAPE, 3)
    found = as_planned(wanted)
    right = found[f"live.{topic}"]
    settings = change.get("settings", {})
    assert isinstance(settings, dict)
    partitions, replicas = change.get("partitions", right.partitions), change.get("replicas", right.replicas)
    assert isinstance(partitions, int)
    assert isinstance(replicas, int)
    found[f"live.{topic}"] = Found(partitions, replicas, {**right.settings, **settings})
    (told,) = differences(wanted, found)
    assert (told.topic, told.what) == (f"live.{topic}", what)
    assert remedy in told.remedy


def test_a_missing_topic_is_one_difference() -> None:
    """Nothing more is told of a topic that is not there."""
    wanted = plans(SHAPE, 3)
    found = as_planned(wanted)
    del found["live.gaps"]
    (told,) = differences(wanted, found)
    assert (told.topic, told.found) == ("live.gaps", "missing")
    assert "topics create" in told.remedy


def test_the_page_tells_every_topic() -> None:
    """`docs/kafka.md` names each topic with what is kept of it."""
    page = (Path(__file__).parents[3] / "docs" / "kafka.md").read_text("utf-8")
    kept = {60 * 60: "1 hour", 7 * 86_400: "7 days", 30 * 86_400: "30 days", 3 * 366 * 86_400: "3 years"}
    for name, topic in KAFKA_TOPICS.items():
        row = next(line for line in page.splitlines() if line.startswith("|") and f"`{name}`" in line)
        assert ("compacted" if topic.retention_ms is None else kept[topic.retention_ms // 1_000]) in row
        assert ("`bus.partitions`" if topic.layout == "rooms" else "| 1 |") in row


def test_retention_is_that_of_the_settings() -> None:
    """A topic that is kept otherwise is told with the remedy."""
    shape = Shape(Layout("live.", 8), retention=RetentionSettings(comments="36h", aired="3650d"))
    wanted = {plan.name: plan.settings for plan in plans(shape, 1)}
    assert (wanted["live.comments"]["retention.ms"], wanted["live.comments"]["segment.ms"]) == ("129600000", "16200000")
    assert wanted["live.aired"]["retention.ms"] == str(3_650 * 86_400_000)
    before = {plan.name: Found(plan.partitions, plan.replicas, plan.settings) for plan in plans(SHAPE, 1)}
    told = differences(plans(shape, 1), before)
    assert {(one.topic, one.what, one.wanted) for one in told} == {
        ("live.comments", "retention.ms", "129600000"),
        ("live.comments", "segment.ms", "16200000"),
        ("live.aired", "retention.ms", str(3_650 * 86_400_000)),
    }
