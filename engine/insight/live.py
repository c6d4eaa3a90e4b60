"""One live, looked back on: asked, answered and missing over time, against the script; what to write before the next one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.events.gaps import Gap
from engine.events.inputs import Playback, RoomClosed, RoomEvent, RoomOpened, Script
from engine.events.outputs import Aired, Decision
from engine.insight.board import Boards, ShopPool
from engine.insight.coverage import Counts, Label, Outcome, label_of, outcome
from engine.insight.window import STEPS, Window

BINS: Final = 60  # stretches of equal length that the plot has
LEAST: Final = 5  # comments that asked something, from which a segment can be among the best or the worst
MAX_GAPS: Final = 5_000
Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Bin:
    """A stretch of the live. `start`: ms."""

    start: int
    asked: int
    answered: int
    gaps: int


@dataclass(frozen=True, slots=True)
class Showing:
    """A segment of the script while it ran."""

    segment: str
    product: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SegmentCounts:
    """What was asked while a segment ran, all of its laps together."""

    segment: str
    product: str | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Live:
    """A live from `start` to `end` (ms)."""

    room: str
    shop: str
    start: int
    end: int
    counts: Counts
    bins: tuple[Bin, ...]
    showings: tuple[Showing, ...]
    segments: tuple[SegmentCounts, ...]
    """With `LEAST` comments or more that asked something, the best answered first."""
    waits: tuple[int, ...]
    """From a question to the end of its answer, ms, in order of size."""
    replies: int
    """That were said."""
    air_ms: int
    """That they took."""
    gaps: tuple[Gap, ...]
    """What to write, the most valuable first."""

    def wait(self, share: float) -> int | None:
        """So many of the answers came within this time, ms; None without answers."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))] if self.waits else None


def span_of(events: Iterable[RoomEvent], decisions: Sequence[Decision], since: int, now: int) -> tuple[int, int] | None:
    """When the last live of the room began and ended, ms: from its opening (else its first comment) to its closing (else now).

    None where nothing happened since `since`.
    """
    opened = closed = None
    for event in events:
        if isinstance(event, RoomOpened) and event.at >= since and (opened is None or closed is not None):
            opened, closed = event.at, None
        elif isinstance(event, RoomClosed) and event.at >= since:
            closed = event.at
    times = [decision.sent for decision in decisions if decision.sent >= since]
    if opened is None and not times:
        return None
    start = opened if opened is not None else min(times)
    end = closed if closed is not None and closed > start else max([now if opened is not None else start, *times])
    return start, max(end, start + 1)


def look_back(
    room: str,
    span: tuple[int, int],
    decisions: Sequence[Decision],
    events: Sequence[RoomEvent],
    aired: Sequence[Aired],
    pool: Callable[[str], ShopPool | None],
) -> Live:
    """All that is told of a live. `pool`: what is known of a shop's pool, None where it is not on the log any more."""
    start, end = span
    inside = [decision for decision in decisions if start <= decision.sent <= end]
    showings = _showings(events, start, end)
    said = [one for one in aired if start <= one.started <= end and one.disclosure is None]
    shops = Counter(decision.shop for decision in inside)
    shop = shops.most_common(1)[0][0] if shops else ""
    waits = sorted(max(0, one.decided - one.sent) for one in inside if one.reason == "answered")
    return Live(
        room, shop, start, end, _counts(inside), _bins(inside, start, end), showings, _segments(inside, showings),
        tuple(waits), len(said), sum(max(0, (one.ended or one.started) - one.started) for one in said),
        _gaps(shop, inside, start, end, pool(shop)),
    )  # fmt: skip


def _counts(decisions: Iterable[Decision]) -> Counts:
    return Counts(dict[Label, int](Counter(map(label_of, decisions))))


def _bins(decisions: Sequence[Decision], start: int, end: int) -> tuple[Bin, ...]:
    width = max(1, -(-(end - start + 1) // BINS))
    kinds: Counter[tuple[int, Outcome]] = Counter()
    for decision in decisions:
        kind = outcome(decision)
        if kind is not None and kind != "idle":
            kinds[(decision.sent - start) // width, kind] += 1
    asked: Counter[int] = Counter()
    for (at, _), count in kinds.items():
        asked[at] += count
    return tuple(
        Bin(start + at * width, asked[at], kinds[at, "answered"], kinds[at, "gap"])
        for at in range((end - start) // width + 1)
    )


def _showings(events: Iterable[RoomEvent], start: int, end: int) -> tuple[Showing, ...]:
    """The segments as they ran, one after the other; sentences of one segment in a row are one."""
    products: dict[str, str | None] = {}
    found: list[Showing] = []
    running: tuple[str, int] | None = None

    def close(until: int) -> None:
        if running is not None and until > start and running[1] < end:
            segment, since = running
            found.append(Showing(segment, products.get(segment), max(since, start), min(until, end)))

    for event in events:
        if isinstance(event, Script):
            products |= {segment.id: segment.product for segment in event.segments}
        elif isinstance(event, Playback) and event.kind == "sentence_started" and event.cursor is not None:
            if running is None or running[0] != event.cursor.segment:
                close(event.at)
                running = event.cursor.segment, event.at
        elif isinstance(event, RoomClosed) or (isinstance(event, Playback) and event.kind == "idle"):
            close(event.at)
            running = None
    close(end)
    return tuple(found)


def _segments(decisions: Sequence[Decision], showings: Sequence[Showing]) -> tuple[SegmentCounts, ...]:
    found: dict[Key, list[Decision]] = {}
    ordered = sorted(decisions, key=lambda decision: decision.sent)
    at = 0
    for decision in ordered:
        while at < len(showings) and showings[at].end <= decision.sent:
            at += 1
        if at < len(showings) and showings[at].start <= decision.sent:
            found.setdefault((showings[at].segment, showings[at].product), []).append(decision)
    segments = [SegmentCounts(segment, product, _counts(own)) for (segment, product), own in found.items()]
    worth = [segment for segment in segments if segment.counts.asked >= LEAST]
    return tuple(sorted(worth, key=lambda one: (-(one.counts.share_answered or 0.0), -one.counts.asked, one.segment)))


def _gaps(shop: str, decisions: Sequence[Decision], start: int, end: int, pool: ShopPool | None) -> tuple[Gap, ...]:
    """The board of the whole live. All of it counts alike: nobody asks any more who came last."""
    latest = max([end, *(decision.decided for decision in decisions)])
    boards = Boards(Window(max(STEPS, (latest - start + 1) * STEPS // (STEPS - 1) + STEPS)), MAX_GAPS)
    if pool is not None:
        boards.pooled(shop, pool)
    for decision in decisions:
        if decision.shop == shop:
            boards.decided(decision, latest)
    for _ in boards.changes(latest):
        pass
    found = boards.board(shop, latest)
    return tuple(sorted(found, key=lambda gap: (-gap.viewers * gap.value, -gap.comments, gap.id)))
