"""The boards of all shops, and how they differ from what the `gaps` topic holds. Pure: records in, records to be written out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from engine.events.codec import encode
from engine.events.gaps import Gap, GapActivity
from engine.events.inputs import GapMark, Playback, Script
from engine.events.outputs import GAP_REASONS, Decision
from engine.insight import rank
from engine.insight.coverage import Coverage, Idle, Ledger
from engine.insight.features import Rarity
from engine.insight.gaps import RESTING, Gaps, Marked, Standing
from engine.insight.keys import LANGUAGE_MISSING
from engine.insight.remedy import remedy
from engine.insight.screens import Screens
from engine.insight.window import Window

BOARD: Final = 200  # gaps of a shop that are published: more than anybody reads
WRITE_EVERY: Final = 16  # gaps turned into records between two pauses: about a millisecond

Ending = Literal["closed", "faded"]
"""How a gap ended: an editor closed it; nobody asked for it any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """A gap as it should stand on the topic; `gap` None: it fell off the board."""

    shop: str
    id: str
    gap: Gap | None
    value: bytes | None
    stamp: int

    @property
    def key(self) -> str:
        return f"{self.shop}/{self.id}"


@dataclass(slots=True)
class _Published:
    """A gap as the topic holds it."""

    digest: bytes
    first_seen: int
    last_seen: int
    viewers: int
    stamp: int | None = None
    """Of what it was written from; None where an earlier process wrote it."""


@dataclass(frozen=True, slots=True)
class ShopPool:
    """What insight has to know of a shop's pool."""

    priorities: Mapping[str, int]
    rarity: Rarity


@dataclass(slots=True)
class _Shop:
    gaps: Gaps
    published: dict[str, _Published] = field(default_factory=dict)
    kept: dict[str, Gap] = field(default_factory=dict)
    """Marked gaps as they were last, so that they stay on the topic when nobody asks for them."""


class Boards:
    """Coverage and gaps of every shop."""

    def __init__(self, window: Window, max_gaps: int) -> None:
        self._window = window
        self._max_gaps = max_gaps
        self._shops: dict[str, _Shop] = {}
        self._ledger = Ledger()
        self._screens = Screens()
        self._pools: dict[str, ShopPool] = {}
        self._ended: list[tuple[Ending, int]] = []

    # ---- in ----------------------------------------------------------------------------------------------------------

    def decided(self, decision: Decision | Idle, now: int) -> None:
        """Count a decision. `now`: ms."""
        self._ledger.add(decision)
        if isinstance(decision, Decision) and decision.reason in GAP_REASONS:
            self._of(decision.shop).gaps.add(decision, now)

    def marked(self, mark: GapMark) -> None:
        """An editor's mark; the newest counts."""
        shop = self._of(mark.shop)
        standing = shop.gaps.find(mark.gap)
        if mark.mark == "open":
            shop.kept.pop(mark.gap, None)
        elif standing is not None:
            shop.kept[mark.gap] = record(standing, shop.gaps)
        age = shop.gaps.mark(mark.gap, Marked(mark.mark, mark.at, mark.version))
        if age is not None:
            self._ended.append(("closed", age))

    def played(self, event: Script | Playback) -> None:
        """What a player runs: which product is on screen."""
        self._screens.apply(event)

    def pooled(self, shop: str, pool: ShopPool) -> None:
        """This pool is live in the shop."""
        before = self._pools.get(shop)
        self._pools[shop] = pool
        if shop in self._shops and (before is None or before.rarity is not pool.rarity):
            self._shops[shop].gaps.weigh(pool.rarity)

    def found(self, gap: Gap, value: bytes) -> None:
        """What the topic holds, as an earlier process wrote it."""
        shop = self._of(gap.shop)
        shop.published[gap.id] = _Published(_digest(value), gap.first_seen, gap.last_seen, gap.viewers)
        if gap.mark is not None or gap.reopened is not None:
            shop.kept[gap.id] = gap
        shop.gaps.recall(gap)

    def settle(self) -> None:
        """All decisions of the window were read again: gaps keep the beginning that the topic tells of."""
        for shop in self._shops.values():
            for gap, known in shop.published.items():
                shop.gaps.since(gap, known.first_seen)

    # ---- out ---------------------------------------------------------------------------------------------------------

    def coverage(self, shop: str, now: int) -> Coverage:
        return self._ledger.coverage(shop, now)

    def board(self, shop: str, now: int, most: int = BOARD) -> list[Gap]:
        """The shop's gaps, ranked; empty for a shop that has none."""
        known = self._shops.get(shop)
        if known is None:
            return []
        return [record(standing, known.gaps) for standing in known.gaps.ranked(most, now)]

    def shops(self) -> list[str]:
        """The shops that have decisions or gaps, sorted."""
        return sorted({*(name for name, shop in self._shops.items() if not shop.gaps.idle), *self._ledger.shops()})

    def open(self) -> Mapping[str, int]:
        """How many gaps of each reason are on the boards, those that lack only a language apart (`language_missing`)."""
        found: Counter[str] = Counter(dict.fromkeys((*GAP_REASONS, LANGUAGE_MISSING), 0))
        for shop in self._shops.values():
            found.update(shop.gaps.open())
        return found

    def dropped(self) -> int:
        """Keys that full boards let go of, since the last call."""
        count = 0
        for shop in self._shops.values():
            count += shop.gaps.dropped
            shop.gaps.dropped = 0
        return count

    def reopened(self) -> int:
        """Closed gaps that were asked for again, since the last call."""
        count = 0
        for shop in self._shops.values():
            count += shop.gaps.reopened
            shop.gaps.reopened = 0
        return count

    def ended(self) -> Sequence[tuple[Ending, int]]:
        """How gaps ended, and after how long (ms), since the last call."""
        found, self._ended = self._ended, []
        return found

    def changes(self, now: int) -> Iterator[Change | None]:
        """What has to be written so that the topic shows the boards as of `now`; None is a pause. Nothing may be added meanwhile."""
        for name, shop in sorted(self._shops.items()):
            for _ in shop.gaps.arrange(now):
                yield None
            shown: set[str] = set()
            ranked = [*shop.gaps.ranked(BOARD, now), *shop.gaps.hidden()[:RESTING]]
            yield None
            for count, standing in enumerate(ranked, 1):
                shown.add(standing.id)
                change = _change(name, shop, standing)
                if change is not None:
                    yield change
                if count % WRITE_EVERY == 0:
                    yield None
            yield from self._resting(name, shop, shown)
            merged = shop.gaps.merged()
            for gap in sorted(shop.published.keys() - shown):
                known = shop.published[gap]
                if not shop.gaps.holds(gap) and gap not in merged and known.viewers > 1:
                    self._ended.append(("faded", max(0, known.last_seen - known.first_seen)))
                yield Change(name, gap, None, None, 0)
            if shop.gaps.idle and not shop.published:
                del self._shops[name]

    def _resting(self, name: str, shop: _Shop, shown: set[str]) -> Iterator[Change]:
        """Marked gaps that nobody asks for now stay on the topic, so that their marks can be seen and taken back."""
        marks = shop.gaps.resting()
        kept = sorted(marks.keys() & shop.kept.keys(), key=lambda gap: (-shop.kept[gap].last_seen, gap))
        for gap in kept[RESTING:]:
            del shop.kept[gap]
        for gap in kept[:RESTING]:
            shown.add(gap)
            mark = marks[gap].mark
            told = shop.kept[gap].model_copy(
                update={
                    "mark": mark if mark != "open" else None, "viewers": 0, "comments": 0, "reopened": None,
                    "activity": GapActivity(),
                }
            )  # fmt: skip
            change = _unless_known(Change(name, gap, told, encode(told), hash(told.mark)), shop.published.get(gap))
            if change is not None:
                yield change

    def confirm(self, changes: Iterable[Change]) -> None:
        """These changes are on the topic now."""
        for change in changes:
            shop = self._of(change.shop)
            if change.gap is None or change.value is None:
                shop.published.pop(change.id, None)
                continue
            gap = change.gap
            shop.published[change.id] = _Published(
                _digest(change.value), gap.first_seen, gap.last_seen, gap.viewers, change.stamp
            )

    def _of(self, name: str) -> _Shop:
        shop = self._shops.get(name)
        if shop is None:
            shop = self._shops[name] = _Shop(Gaps(name, self._window, self._max_gaps))
            if name in self._pools:
                shop.gaps.weigh(self._pools[name].rarity)

            def value(intent: str | None, products: Sequence[str], rooms: Sequence[str]) -> float:
                priorities = self._pools[name].priorities if name in self._pools else {}
                return rank.worth(priorities.get(intent or ""), on_screen=self._screens.shows(products, rooms))

            shop.gaps.value = value
        return shop


def record(standing: Standing, gaps: Gaps) -> Gap:
    """A gap as editors get it."""
    sight = gaps.look(standing)
    closes = remedy(standing.id, sight)
    return Gap(
        id=standing.id,
        shop=sight.key.shop,
        reason=sight.reason,
        reasons=dict(sight.reasons),
        intent=sight.intent,
        product=sight.key.product,
        norm=sight.key.norm,
        wanted=sight.key.wanted,
        language_missing=sight.key.language_missing,
        viewers=sight.viewers,
        comments=sight.comments,
        first_seen=standing.born,
        last_seen=sight.last_seen,
        activity=standing.activity,
        value=standing.value,
        rooms=sight.rooms,
        products=sight.products,
        languages=dict(sight.languages),
        lines=sight.lines,
        remedy=closes.sentence,
        stub=closes.stub,
        mark=standing.mark if standing.mark != "open" else None,
        reopened=standing.reopened,
    )


def _change(name: str, shop: _Shop, standing: Standing) -> Change | None:
    """None where the topic holds the gap as it is."""
    known = shop.published.get(standing.id)
    if known is not None and known.stamp == standing.stamp:
        return None
    gap = record(standing, shop.gaps)
    if gap.mark is not None or gap.reopened is not None:
        shop.kept[gap.id] = gap
    return _unless_known(Change(name, gap.id, gap, encode(gap), standing.stamp), known)


def _unless_known(change: Change, known: _Published | None) -> Change | None:
    if known is not None and change.value is not None and known.digest == _digest(change.value):
        known.stamp = change.stamp
        return None
    return change


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()
