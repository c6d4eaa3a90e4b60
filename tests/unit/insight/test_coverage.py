"""Coverage: every reason has its place, counts add up, time slides, memory is bounded."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.outputs import GAP_REASONS, Decision, Reason
from engine.insight import coverage
from engine.insight.coverage import KINDS, REST, Idle, Ledger, Outcome, outcome
from tests.unit.insight.made import NOW, decision

REASONS: tuple[Reason, ...] = get_args(Reason)
DOC = Path(__file__).resolve().parents[3] / "docs" / "coverage.md"

decisions = st.builds(
    decision,
    st.sampled_from(REASONS),
    room=st.sampled_from(["r1", "r2"]),
    intent=st.sampled_from([None, "product.price", "order.coupon"]),
    product=st.sampled_from([None, "tgy"]),
    language=st.sampled_from(["zh", "en"]),
    decided=st.integers(NOW - 7_200_000, NOW),
)


def ledger(found: list[Decision]) -> Ledger:
    made = Ledger()
    for one in found:
        made.add(one)
    return made


def test_every_reason_has_a_place() -> None:
    """The table is complete: a new reason cannot be forgotten."""
    assert set(KINDS) == set(REASONS)


def test_gap_reasons_are_the_gap_outcome() -> None:
    """What makes gaps counts as a gap, nothing else does, and no gap counts as answerable."""
    assert {reason for reason, kind in KINDS.items() if kind.outcome == "gap"} == set(GAP_REASONS)
    assert not any(KINDS[reason].answerable for reason in GAP_REASONS)


def test_the_page_names_every_reason_under_its_outcome() -> None:
    """`docs/coverage.md` says the same as the table."""
    rows = [line for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {cells[1].strip(" `"): cells[2] for cells in (row.split("|") for row in rows)}
    for reason, kind in KINDS.items():
        assert f"`{reason}`" in told[kind.outcome], reason


def test_what_was_never_understood_is_not_counted_as_asked() -> None:
    """A comment that was late or shed before its intent was known is unread, neither asked nor idle."""
    unread = decision("expired", intent=None)
    total = ledger([unread, decision("shed", intent=None), decision("expired")]).coverage("tea", NOW).whole.total
    assert (total.comments, total.unread, total.asked) == (3, 2, 1)
    assert outcome(unread) is None


def test_shares_are_of_what_was_asked() -> None:
    """Chatter changes no share; without questions there is none."""
    total = ledger(
        [decision("answered"), decision("airtime_spent"), decision("no_reply"), decision("paused")]
    ).coverage("tea", NOW)
    assert total.whole.total.share_answered == 0.25
    assert total.whole.total.share_answerable == 0.75
    assert ledger([decision("chatter")]).coverage("tea", NOW).whole.total.share_answered is None


def test_an_idle_decision_counts_the_same_read_in_short() -> None:
    """Whether a chatter decision was read as a whole or in short makes no difference."""
    short = Ledger()
    short.add(Idle("tea", "chatter", NOW))
    assert short.coverage("tea", NOW) == ledger([decision("chatter")]).coverage("tea", NOW)


def test_the_last_five_minutes_slide() -> None:
    """What is older leaves the short span, then the hour, and stays in the whole."""
    made = ledger([decision("answered")])
    five, hour = 300_000, 3_600_000

    def asked(now: int) -> list[int]:
        found = made.coverage("tea", now)
        return [found.recent.total.asked, found.hour.total.asked, found.whole.total.asked]

    assert asked(NOW) == [1, 1, 1]
    assert asked(NOW + five - 5_001) == [1, 1, 1]
    assert asked(NOW + five) == [0, 1, 1]
    assert asked(NOW + hour) == [0, 0, 1]


@given(st.lists(decisions, max_size=40))
def test_counts_add_up(found: list[Decision]) -> None:
    """Outcomes make up all comments; rooms and languages make up all that was asked; spans only grow."""
    shown = ledger(found).coverage("tea", NOW)
    total = shown.whole.total
    outcomes: tuple[Outcome, ...] = get_args(Outcome)
    assert total.comments == len(found) == total.unread + sum(total.of(name) for name in outcomes)
    assert total.asked == sum(total.of(name) for name in outcomes if name != "idle")
    assert total.of("answered") <= total.answerable <= total.asked
    for span in (shown.recent, shown.hour, shown.whole):
        for dimension in ("room", "language"):
            assert sum(counts.asked for counts in span.by.get(dimension, {}).values()) == span.total.asked
    assert shown.recent.total.comments <= shown.hour.total.comments <= total.comments


@given(st.lists(decisions, max_size=30), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(found: list[Decision], random: Random) -> None:
    """Partitions may be read one after the other."""
    mixed = list(found)
    random.shuffle(mixed)
    assert ledger(found).coverage("tea", NOW) == ledger(mixed).coverage("tea", NOW)


def test_values_are_told_apart_up_to_a_bound() -> None:
    """Any number of rooms takes bounded memory, and none is lost from the sums."""
    count = coverage.MAX_VALUES + 50
    whole = ledger([decision("answered", room=f"r{n}") for n in range(count)]).coverage("tea", NOW).whole
    assert len(whole.by["room"]) == coverage.MAX_VALUES + 1
    assert whole.by["room"][REST].asked == 50
    assert whole.total.asked == count


def test_shops_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop that was silent longest makes room."""
    monkeypatch.setattr(coverage, "MAX_SHOPS", 2)
    assert ledger([decision("answered", shop=f"s{n}") for n in (1, 2, 3)]).shops() == ["s2", "s3"]
