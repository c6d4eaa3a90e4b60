"""For how long records wait."""

from __future__ import annotations

from engine.bus.port import Stored
from engine.worker.waiting import Waiting


def stored(time: int, topic: str = "comments") -> Stored:
    return Stored(topic, partition=0, offset=0, time=time, key="r", value=b"{}")


def test_a_wait_begins_where_the_last_record_was_taken_or_nothing_waited() -> None:
    """A room that was silent for an hour has not waited for one; a reader that falls behind has, since what it took last."""
    waiting = Waiting()
    assert waiting.ages_ms({0: {"comments": 0, "room-events": 2}}, 1_000) == {"comments": 0, "room-events": 0}
    assert waiting.ages_ms({0: {"comments": 0, "room-events": 2}}, 3_602_000) == {
        "comments": 0,
        "room-events": 3_601_000,
    }
    assert waiting.ages_ms({0: {"comments": 3}}, 3_602_500) == {"comments": 500}
    waiting.took({0: (stored(3_602_100), stored(3_602_300))})
    assert waiting.ages_ms({0: {"comments": 1}}, 3_603_000) == {"comments": 700}


def test_the_longest_of_all_partitions_is_told() -> None:
    """And one that went to another owner is forgotten."""
    waiting = Waiting()
    waiting.took({0: (stored(100),), 1: (stored(900),)})
    assert waiting.ages_ms({0: {"comments": 1}, 1: {"comments": 1}}, 1_000) == {"comments": 900}
    assert waiting.ages_ms({1: {"comments": 1}}, 1_000) == {"comments": 100}
    assert waiting.ages_ms({0: {"comments": 1}, 1: {"comments": 0}}, 2_000) == {"comments": 0}
