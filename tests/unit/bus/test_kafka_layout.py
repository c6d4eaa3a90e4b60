"""What the bus insists on before it touches a record."""

from __future__ import annotations

import pytest

from engine.bus.kafka.layout import KAFKA_TOPICS, LEASES, Layout
from engine.errors import UsageError

LAYOUT = Layout("x.", 4)
RIGHT = {LAYOUT.name(topic): LAYOUT.count(topic) for topic in KAFKA_TOPICS}


def test_topics_as_they_must_be_pass() -> None:
    """Every topic of the engine and the bus's own, with the set count or one."""
    LAYOUT.check(RIGHT)
    assert (LAYOUT.count("comments"), LAYOUT.count(LEASES.name), LAYOUT.count("pools")) == (4, 4, 1)
    assert set(LAYOUT.names()) == set(RIGHT)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"x.gaps": 0}, r"have no topic `x.gaps`: .*livechat topics create"),
        (dict.fromkeys(RIGHT, 0), r"have no topic `x.comments`, .* and 12 more: "),
        ({"x.comments": 5}, r"`x.comments` has 5 partitions and `x.room-events` 4: .*start on a new log"),
        ({"x.journal": 5}, r"`x.journal` has 5 partitions, the settings say 4: .*start on a new log"),
        ({"x.pools": 2}, r"`x.pools` has 2 partitions, the settings say 1: .*start on a new log"),
        ({name: 8 for name, count in RIGHT.items() if count == 4}, r"has 8 .* say 4: .*set `bus.partitions` to 8"),
    ],
)
def test_anything_else_is_told_with_a_remedy(changed: dict[str, int], said: str) -> None:
    """Missing topics, inputs that do not belong together, another count than the settings'."""
    with pytest.raises(UsageError, match=said):
        LAYOUT.check(RIGHT | changed)


@pytest.mark.parametrize(("topic", "partition"), [("comments", 4), ("comments", -1), ("pools", 1), ("none", 0)])
def test_there_is_no_such_partition(topic: str, partition: int) -> None:
    """A slot outside of the log is a mistake of the caller."""
    with pytest.raises(UsageError, match=f"no partition {partition} of a topic `{topic}`"):
        LAYOUT.slot(topic, partition)
