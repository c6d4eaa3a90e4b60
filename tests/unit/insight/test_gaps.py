"""Gaps: what is one, what is merged, what is counted, how it ranks, what is bounded."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.inputs import GapMarkKind
from engine.events.outputs import GAP_REASONS, Decision, Reason
from engine.insight import cluster as module
from engine.insight.cluster import Sight, tidy_line
from engine.insight.gaps import Gaps, Marked
from engine.insight.keys import UNREAD, gap_key
from engine.insight.window import Window
from tests.unit.insight.made import NOW, decision

HOUR = Window(3_600_000)
MINUTE = 60_000

decisions = st.builds(
    decision,
    st.sampled_from(["no_reply", "no_reply", "unknown_intent", "fact_missing", "answered", "chatter"]),
    viewer=st.sampled_from([f"v{n}" for n in range(6)]),
    room=st.sampled_from(["r1", "r2"]),
    intent=st.sampled_from(["product.price", "order.coupon"]),
    norm=st.sampled_from(["a", "b", "c"]),
    text=st.sampled_from(["a", "a!", "bb", "c c"]),
    wanted=st.sampled_from([None, "stock"]),
    decided=st.integers(NOW - 5_400_000, NOW),
)


def board(found: list[Decision], *, now: int = NOW, window: Window = HOUR, most: int = 5_000) -> Gaps:
    made = Gaps("tea", window, most)
    for one in found:
        made.add(one, now)
    tidy(made, now)
    return made


def tidy(made: Gaps, now: int) -> None:
    for _ in made.arrange(now):
        pass


def sights(made: Gaps) -> list[Sight]:
    return [made.look(one) for one in made.ranked(1_000, NOW)]


def only(made: Gaps) -> Sight:
    (sight,) = sights(made)
    return sight


# ---- what is a gap ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [reason for reason in get_args(Reason) if reason not in GAP_REASONS])
def test_other_reasons_make_no_gap(reason: Reason) -> None:
    """Chatter, answers and what was missed for time never become a gap."""
    assert gap_key(decision(reason)) is None
    assert sights(board([decision(reason)])) == []


@pytest.mark.parametrize("reason", GAP_REASONS)
def test_every_gap_reason_makes_one(reason: Reason) -> None:
    """Each reason that says that a reply was missing makes a gap of its own."""
    key = gap_key(decision(reason, wanted="stock"))
    assert key is not None
    assert key.reason == ("unknown_intent" if reason in UNREAD else reason)


def test_no_product_counts_only_on_script() -> None:
    """Where no script runs, no edit could tell which product is meant."""
    assert gap_key(decision("no_product", on_script=False)) is None
    assert gap_key(decision("no_product", on_script=True)) is not None


@pytest.mark.parametrize(
    ("reason", "same", "other"),
    [
        ("no_reply", {"norm": "x", "text": "x"}, {"product": "tgy"}),
        ("no_reply", {"room": "r2"}, {"intent": "product.price"}),
        ("no_reply", {"viewer": "v2"}, {"language_missing": True}),
        ("unknown_intent", {"intent": "product.price"}, {"norm": "x"}),
        ("ambiguous", {"runner_up": "product.price"}, {"norm": "x"}),
        ("fact_missing", {"intent": "product.price"}, {"product": "tgy"}),
        ("fact_expired", {"norm": "x"}, {"wanted": "gift"}),
        ("not_sold", {"intent": "product.price"}, {"wanted": "coffee"}),
        ("no_product", {"norm": "x"}, {"intent": "product.price"}),
        ("unsupported_language", {"norm": "x"}, {"language": "other"}),
        ("guard_blocked", {"norm": "x"}, {"wanted": "another-reply"}),
    ],
)
def test_one_edit_one_gap(reason: Reason, same: dict[str, object], other: dict[str, object]) -> None:
    """Comments that one edit answers are one gap; what needs another edit is another gap."""
    first = decision(reason, wanted="stock")
    assert gap_key(first) == gap_key(replace(first, **same))  # type: ignore[arg-type]  # fields by name
    assert gap_key(first) != gap_key(replace(first, **other))  # type: ignore[arg-type]  # fields by name


def test_ids_are_stable() -> None:
    """A gap keeps its id over restarts and machines, so that an editor's mark finds it."""
    key = gap_key(decision("no_reply", product="tgy"))
    assert key is not None
    assert key.id == "cc41761e0bc164d892eb097a76b658a4"


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_a_spammer_is_one_viewer() -> None:
    """Distinct viewers rank a gap; a viewer who repeats stays one, and comments only break ties."""
    spam = [decision(viewer="v1", intent="product.price") for _ in range(20)]
    pair = [decision(viewer=name, intent="order.coupon") for name in ("v1", "v2")]
    shown = sights(board([*spam, *pair]))
    assert [(sight.intent, sight.viewers, sight.comments) for sight in shown] == [
        ("order.coupon", 2, 2),
        ("product.price", 1, 20),
    ]


def test_typical_lines_are_the_most_repeated_wordings() -> None:
    """One line for each wording, the most repeated first, in its shortest spelling."""
    found = [decision(text="能放多久？？"), decision(text="能放多久"), decision(text="保质期多长", norm="保质期多长")]
    assert only(board(found)).lines == ("能放多久", "保质期多长")


def test_lines_are_short_and_visible() -> None:
    """What viewers type cannot break a line, hide in it, or be long."""
    assert tidy_line(" a\n b\u202e\u2028c\x00 ") == "a b c"
    assert len(tidy_line("长" * 500)) == module.MAX_LINE


def test_it_knows_what_it_was_taken_for() -> None:
    """An ambiguous gap tells the two intents, so that its remedy can name them."""
    sight = only(board([decision("ambiguous", intent="product.price", runner_up="promo.gift")]))
    assert (sight.intent, sight.runner_up, sight.language) == ("product.price", "promo.gift", "zh")


# ---- time ------------------------------------------------------------------------------------------------------------


def test_what_left_the_window_is_forgotten() -> None:
    """A gap loses the viewers that were last seen before the window, and goes when nothing is left."""
    made = board([decision(viewer="v1"), decision(viewer="v2", decided=NOW + 30 * MINUTE)], now=NOW + 30 * MINUTE)
    assert only(made).viewers == 2
    tidy(made, NOW + 60 * MINUTE)
    assert (only(made).viewers, only(made).comments) == (1, 1)
    tidy(made, NOW + 90 * MINUTE)
    assert len(made) == 0


def test_what_is_older_than_the_window_does_not_come_in() -> None:
    """A decision that is read late counts only while it is inside."""
    assert len(board([decision(decided=NOW - 60 * MINUTE)])) == 0


@given(st.lists(decisions, max_size=30), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(found: list[Decision], random: Random) -> None:
    """Whatever order partitions are read in, the board is the same."""
    mixed = list(found)
    random.shuffle(mixed)
    assert sights(board(found)) == sights(board(mixed))


@given(st.lists(decisions, max_size=30), st.integers(0, 90))
def test_sliding_and_reading_again_agree(found: list[Decision], minutes: int) -> None:
    """A board that ran on shows what a new one would that reads only the window (its beginnings may lie further back)."""
    later = NOW + minutes * MINUTE
    running = board(found)
    tidy(running, later)
    anew = board(found, now=later)
    assert [replace(sight, first_seen=0) for sight in sights(running)] == [
        replace(sight, first_seen=0) for sight in sights(anew)
    ]


@given(st.lists(decisions, max_size=40))
def test_counts_add_up(found: list[Decision]) -> None:
    """Every decision inside the window that makes a gap is in exactly one."""
    inside = [one for one in found if HOUR.step(one.decided) >= HOUR.first(NOW) and gap_key(one) is not None]
    shown = sights(board(found))
    assert sum(sight.comments for sight in shown) == len(inside)
    for sight in shown:
        own = [one for one in inside if gap_key(one) == sight.key]
        assert sight.viewers == len({one.viewer for one in own})
        assert (sight.first_seen, sight.last_seen) == (min(o.decided for o in own), max(o.decided for o in own))
        assert set(sight.rooms) == {one.room for one in own}


# ---- marks -----------------------------------------------------------------------------------------------------------


def gap_id(one: Decision) -> str:
    key = gap_key(one)
    assert key is not None
    return key.id


def mark(made: Gaps, gap: str, kind: GapMarkKind, at: int) -> None:
    made.mark(gap, Marked(kind, at))


def test_a_closed_gap_goes_and_comes_back() -> None:
    """Closing clears it; who asks after that minute reopens it, counted anew; stragglers of the minute do not."""
    first = decision(viewer="v1")
    made = board([first])
    mark(made, gap_id(first), "closed", NOW + 10)
    assert sights(made) == []
    made.add(decision(viewer="v2", decided=NOW + 20), NOW + 20)
    assert sights(made) == []
    made.add(decision(viewer="v3", decided=NOW + MINUTE), NOW + MINUTE)
    assert (only(made).viewers, only(made).first_seen) == (1, NOW + MINUTE)


def test_a_closing_that_is_read_late_spares_what_came_after() -> None:
    """Decisions after the mark count, whether the mark was read before or after them."""
    found = [decision(viewer="v1"), decision(viewer="v2", decided=NOW + 2 * MINUTE)]
    late = board(found, now=NOW + 2 * MINUTE)
    mark(late, gap_id(found[0]), "closed", NOW)
    early = Gaps("tea", HOUR, 100)
    mark(early, gap_id(found[0]), "closed", NOW)
    for one in found:
        early.add(one, NOW + 2 * MINUTE)
    assert only(late) == only(early)


def test_not_ours_hides_until_opened() -> None:
    """A gap that is not ours stays away, though viewers go on asking."""
    one = decision()
    made = board([one])
    mark(made, gap_id(one), "not_ours", NOW)
    made.add(decision(viewer="v2", decided=NOW + 5 * MINUTE), NOW + 5 * MINUTE)
    assert sights(made) == []
    assert sum(made.open().values()) == 0
    mark(made, gap_id(one), "open", NOW)
    assert only(made).viewers == 2
    assert made.open()["no_reply"] == 1


def test_what_lacks_only_a_translation_is_counted_apart() -> None:
    """Another language has a reply: that is another edit than writing one."""
    made = board([decision(), decision(viewer="v2", language_missing=True)])
    assert (made.open()["no_reply"], made.open()["language_missing"]) == (1, 1)


def test_later_ranks_behind() -> None:
    """A gap for later stands behind all others."""
    big, small = decision(intent="product.price"), decision(intent="order.coupon")
    made = board([big, replace(big, viewer="v2"), small])
    mark(made, gap_id(big), "later", NOW)
    assert [sight.intent for sight in sights(made)] == ["order.coupon", "product.price"]


# ---- bounds ----------------------------------------------------------------------------------------------------------


def test_a_full_board_drops_the_least_then_the_oldest() -> None:
    """Where a gap more comes than are held, those with the fewest viewers go, the oldest of them first; they are counted."""
    found = [decision("unknown_intent", norm=f"n{n}", decided=NOW + n) for n in range(20)]
    found.insert(0, decision("unknown_intent", norm="n0", viewer="v2"))
    made = board(found, most=20)
    made.add(decision("unknown_intent", norm="new", decided=NOW + 30), NOW)
    tidy(made, NOW)
    norms = {sight.key.norm for sight in sights(made)}
    assert (len(made), made.dropped) == (20, 1)
    assert "n0" in norms
    assert "n1" not in norms
    assert "new" in norms


def test_viewers_wordings_and_rooms_are_bounded() -> None:
    """However many ask, in however many ways, a gap's memory has an end; its viewers stay at the bound."""
    many = 5 * module.MAX_VIEWERS
    found = [decision(viewer=f"v{n}", norm=f"n{n}", text=f"t{n}", room=f"r{n}", decided=NOW + n) for n in range(many)]
    made = board(found, now=NOW + many)
    (one,) = made.ranked(1, NOW)
    (cluster,), sight = one.clusters, made.look(one)
    assert (sight.viewers, sight.comments) == (module.MAX_VIEWERS, many)
    assert len(sight.rooms) == module.MAX_NAMES
    assert len(sight.lines) == module.MAX_LINES
    assert len(cluster.viewers) <= 2 * module.MAX_VIEWERS
    assert len(cluster.forms) <= 2 * module.MAX_FORMS
    assert len(cluster.rooms) <= 2 * module.MAX_NAMES


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 7_200)), max_size=60), st.integers(1, 4))
def test_capped_viewers_are_those_of_the_window(seen: list[tuple[int, int]], cap: int) -> None:
    """The bound takes nothing away below it: inside the window the count is the true one, or the cap."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_VIEWERS", cap)
        times = [(f"v{viewer}", NOW + second * 1_000) for viewer, second in seen]
        made = Gaps("tea", HOUR, 10)
        for viewer, time in times:
            made.add(decision(viewer=viewer, decided=time), NOW)
        end = NOW + 7_200_000
        tidy(made, end)
        inside = {viewer for viewer, time in times if time >= HOUR.begins(end)}
        assert [sight.viewers for sight in sights(made)] == ([min(cap, len(inside))] if inside else [])
