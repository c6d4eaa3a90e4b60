"""A live, looked back on."""

from __future__ import annotations

from itertools import pairwise

from engine.events.inputs import (
    Cursor,
    Playback,
    PlaybackKind,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    Script,
    ScriptSegment,
    ScriptSentence,
)
from engine.events.outputs import Aired, Decision, Reason
from engine.insight.live import BINS, Live, look_back, span_of
from tests.unit.insight.made import HASH, NOW, decision

MINUTE = 60_000
END = NOW + 60 * MINUTE


def opened(at: int) -> RoomOpened:
    return RoomOpened(room="r1", id="o", at=at, shop="tea")


def closed(at: int) -> RoomClosed:
    return RoomClosed(room="r1", id="c", at=at)


def script() -> Script:
    segments = tuple(
        ScriptSegment(id=name, product=product, sentences=(ScriptSentence(id=name, text="x", seconds=5),))
        for name, product in (("first", "tgy"), ("second", "puer"))
    )
    return Script(room="r1", id="s", at=NOW, session="p", script="e", version="v", segments=segments)


def played(kind: PlaybackKind, at: int, segment: str | None = None) -> Playback:
    cursor = Cursor(version="v", lap=0, segment=segment, sentence=segment) if segment else None
    return Playback(room="r1", id="b", at=at, session="p", kind=kind, cursor=cursor)


def asked(reason: Reason, minute: float, viewer: str, wait: int = 20_000, **fields: object) -> Decision:
    at = NOW + round(minute * MINUTE)
    return decision(reason, viewer=viewer, sent=at, decided=at + wait, **fields)


EVENTS: list[RoomEvent] = [
    opened(NOW), script(), played("sentence_started", NOW + MINUTE, "first"), played("sentence_started", NOW + 2 * MINUTE, "first"),
    played("sentence_started", NOW + 20 * MINUTE, "second"), played("idle", NOW + 50 * MINUTE), closed(END),
]  # fmt: skip
DECISIONS = [
    *(asked("answered", 5 + n, f"v{n}", wait=10_000 * (n + 1)) for n in range(4)),
    asked("expired", 9, "v9"),
    *(asked("no_reply", 25 + n, f"w{n}", product="puer") for n in range(5)),
    asked("unknown_intent", 55, "w9", norm="x", intent=None),
    *(asked("chatter", 30, f"c{n}") for n in range(20)),
    asked("no_reply", -30, "before"),
]


def aired(minute: int, **fields: object) -> Aired:
    base = {
        "id": HASH, "room": "r1", "shop": "tea", "insertion": HASH, "reply": "x", "intent": "y", "language": "zh", "text": "t",
        "pool": HASH, "started": NOW + minute * MINUTE, "ended": NOW + minute * MINUTE + 6_000, "viewers": 1,
    }  # fmt: skip
    return Aired.model_validate({**base, **fields})


def live() -> Live:
    return look_back("r1", (NOW, END), DECISIONS, EVENTS, [aired(6), aired(8), aired(-10)], lambda _: None)


def test_the_last_live_is_from_its_opening_to_its_closing() -> None:
    """Without an opening from the first comment, without a closing until now; a live before it is another one."""
    early: list[RoomEvent] = [opened(NOW - 90 * MINUTE), closed(NOW - 80 * MINUTE)]
    assert span_of([*early, *EVENTS], DECISIONS, NOW - 100 * MINUTE, END + MINUTE) == (NOW, END)
    assert span_of(EVENTS[:-1], DECISIONS, NOW, END + MINUTE) == (NOW, END + MINUTE)
    assert span_of([], [asked("answered", 3, "v")], NOW, END) == (NOW + 3 * MINUTE, NOW + 3 * MINUTE + 1)
    assert span_of([opened(NOW), opened(NOW + MINUTE)], [], NOW, END) == (NOW, END)
    assert span_of(early, [], NOW, END) is None


def test_counts_are_those_of_coverage() -> None:
    """Of the live alone: what was asked before it does not count."""
    found = live()
    assert (found.counts.asked, found.counts.of("answered"), found.counts.of("gap"), found.counts.of("idle")) == (
        11,
        4,
        6,
        20,
    )
    assert (found.shop, found.replies, found.air_ms) == ("tea", 2, 12_000)
    assert (found.wait(0.5), found.wait(0.9), found.waits) == (30_000, 40_000, (10_000, 20_000, 30_000, 40_000))


def test_the_timeline_holds_every_comment_once() -> None:
    """In stretches of equal length, over the whole live."""
    bins = live().bins
    assert len(bins) <= BINS
    assert (sum(one.asked for one in bins), sum(one.answered for one in bins), sum(one.gaps for one in bins)) == (
        11,
        4,
        6,
    )
    assert (bins[0].start, {later.start - one.start for one, later in pairwise(bins)}) == (
        NOW,
        {MINUTE + 1},
    )


def test_segments_are_told_as_they_ran() -> None:
    """Sentences of one segment in a row are one showing; what was asked while nothing ran belongs to none."""
    found = live()
    assert [(one.segment, one.product, one.start - NOW, one.end - NOW) for one in found.showings] == [
        ("first", "tgy", MINUTE, 20 * MINUTE),
        ("second", "puer", 20 * MINUTE, 50 * MINUTE),
    ]
    assert [(one.segment, one.counts.asked, one.counts.share_answered) for one in found.segments] == [
        ("first", 5, 0.8),
        ("second", 5, 0.0),
    ]


def test_what_to_write_is_the_board_of_the_whole_live() -> None:
    """The gap that most viewers asked first, with the edit that closes it."""
    first, second = live().gaps
    assert (first.reason, first.product, first.viewers) == ("no_reply", "puer", 5)
    assert (second.reason, second.viewers) == ("unknown_intent", 1)
    assert "text:" in first.stub


def test_a_live_in_which_nothing_was_asked() -> None:
    """Has no shares, no waits, no gaps."""
    found = look_back("r1", (NOW, END), [], EVENTS, [], lambda _: None)
    assert (found.counts.share_answered, found.wait(0.5), found.gaps, found.segments) == (None, None, (), ())
    assert sum(one.asked for one in found.bins) == 0
