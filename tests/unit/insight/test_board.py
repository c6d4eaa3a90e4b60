"""The boards of all shops: what has to be written to the topic, and only that."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.codec import decode
from engine.events.gaps import Gap
from engine.events.inputs import GapMark
from engine.events.outputs import Decision
from engine.insight import board as module
from engine.insight.board import Boards, Change
from engine.insight.window import Window
from tests.unit.insight.made import NOW, decision

HOUR = Window(3_600_000)
MINUTE = 60_000

decisions = st.builds(
    decision,
    st.sampled_from(["no_reply", "unknown_intent", "answered"]),
    shop=st.sampled_from(["tea", "silk"]),
    viewer=st.sampled_from(["v1", "v2", "v3"]),
    norm=st.sampled_from(["a", "b", "c"]),
    decided=st.integers(NOW - 30 * MINUTE, NOW),
)


def boards(found: Iterable[Decision] = (), *, now: int = NOW) -> Boards:
    made = Boards(HOUR, 100)
    for one in found:
        made.decided(one, now)
    return made


def write(made: Boards, topic: dict[str, bytes], now: int = NOW) -> list[Change]:
    """Write what changed to the topic."""
    changes = [change for change in made.changes(now) if change is not None]
    for change in changes:
        if change.value is None:
            del topic[change.key]
        else:
            topic[change.key] = change.value
    made.confirm(changes)
    return changes


def test_only_what_changed_is_written() -> None:
    """A board that stands still writes nothing; one more comment writes its gap again."""
    topic: dict[str, bytes] = {}
    made = boards([decision(), decision("unknown_intent")])
    assert len(write(made, topic)) == 2
    assert write(made, topic) == []
    made.decided(decision(viewer="v2"), NOW)
    (change,) = write(made, topic)
    gap: Gap = decode("gaps", change.value)
    assert (gap.reason, gap.viewers, gap.key()) == ("no_reply", 2, change.key)


def test_a_gap_that_left_gets_a_tombstone() -> None:
    """Out of the window: the topic forgets it. Closed: it is on the topic with its mark, and on no board."""
    topic: dict[str, bytes] = {}
    made = boards([decision(), decision("unknown_intent", decided=NOW - 50 * MINUTE)])
    write(made, topic)
    write(made, topic, NOW + 20 * MINUTE)
    (gap,) = [decode("gaps", value) for value in topic.values()]
    assert gap.reason == "no_reply"
    made.marked(GapMark(id="m1", at=NOW + MINUTE, shop="tea", gap=gap.id, mark="closed"))
    write(made, topic, NOW + 20 * MINUTE)
    (gap,) = [decode("gaps", value) for value in topic.values()]
    assert (gap.mark, gap.viewers, gap.lines) == ("closed", 0, ("能放多久",))
    assert made.board("tea", NOW) == []


def test_only_the_leading_gaps_are_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """What falls below the last place gets a tombstone, and comes back when it rises."""
    monkeypatch.setattr(module, "BOARD", 1)
    topic: dict[str, bytes] = {}
    made = boards([decision()])
    write(made, topic)
    for viewer in ("v1", "v2"):
        made.decided(decision("unknown_intent", viewer=viewer), NOW)
    write(made, topic)
    assert [decode("gaps", value).reason for value in topic.values()] == ["unknown_intent"]


def restarted(found: Iterable[Decision], topic: dict[str, bytes], now: int = NOW) -> Boards:
    made = Boards(HOUR, 100)
    for value in topic.values():
        made.found(decode("gaps", value), value)
    for one in found:
        made.decided(one, now)
    made.settle()
    return made


@given(st.lists(decisions, max_size=25))
def test_a_restart_gives_the_same_board(found: list[Decision]) -> None:
    """A new process that reads the window again, in any order, finds every gap as it was and writes nothing."""
    topic: dict[str, bytes] = {}
    made = boards(found)
    write(made, topic)
    anew = restarted(reversed(found), topic)
    assert write(anew, topic) == []
    assert [anew.board(shop, NOW) for shop in ("tea", "silk")] == [made.board(shop, NOW) for shop in ("tea", "silk")]
    assert [anew.coverage(shop, NOW) for shop in ("tea", "silk")] == [
        made.coverage(shop, NOW) for shop in ("tea", "silk")
    ]


def test_first_seen_outlives_the_window_and_a_restart() -> None:
    """A gap that goes on for longer than the window keeps its beginning, since the topic tells it."""
    topic: dict[str, bytes] = {}
    found = [decision(), decision(viewer="v2", decided=NOW + 50 * MINUTE)]
    made = boards(found, now=NOW + 50 * MINUTE)
    write(made, topic, NOW + 50 * MINUTE)
    later = NOW + 70 * MINUTE
    write(made, topic, later)
    anew = restarted(found, topic, later)
    assert write(anew, topic, later) == []
    (gap,) = anew.board("tea", later)
    assert (gap.viewers, gap.first_seen) == (1, NOW)


def test_counts_by_reason_and_of_the_dropped() -> None:
    """The gauges of the boards: gaps by reason, and how many a full board let go of."""
    made = Boards(HOUR, 10)
    for n in range(11):
        made.decided(decision("unknown_intent", norm=f"n{n}"), NOW)
    write(made, {})
    assert made.open()["unknown_intent"] == 10
    assert (made.dropped(), made.dropped()) == (1, 0)
    assert made.shops() == ["tea"]
