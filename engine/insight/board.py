"""The boards of all shops, and how they differ from what the `gaps` topic holds. Pure: records in, records to be written out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from engine.events.codec import encode
from engine.events.inputs import GapMark
from engine.events.outputs import GAP_REASONS, Decision, Gap, Reason
from engine.insight.coverage import Coverage, Idle, Ledger
from engine.insight.gaps import Cluster, Gaps
from engine.insight.remedy import remedy
from engine.insight.window import Window

BOARD: Final = 200  # gaps of a shop that are published: more than anybody reads
WRITE_EVERY: Final = 16  # gaps turned into records between two pauses: about a millisecond


@dataclass(frozen=True, slots=True)
class Change:
    """A gap as it should stand on the topic; `value` None: it fell off the board."""

    shop: str
    gap: str
    value: bytes | None
    revision: int
    newest: int
    """Time of its newest decision, ms; 0 for one that fell off."""

    @property
    def key(self) -> str:
        return f"{self.shop}/{self.gap}"


@dataclass(slots=True)
class _Published:
    """A gap as the topic holds it."""

    digest: bytes
    first_seen: int
    revision: int = -1
    """Revision of the cluster that it was written from; -1 where an earlier process wrote it."""


class Boards:
    """Coverage and gaps of every shop."""

    def __init__(self, window: Window, max_gaps: int) -> None:
        self._window = window
        self._max_gaps = max_gaps
        self._gaps: dict[str, Gaps] = {}
        self._published: dict[str, dict[str, _Published]] = {}
        self._ledger = Ledger()

    # ---- in ----------------------------------------------------------------------------------------------------------

    def decided(self, decision: Decision | Idle, now: int) -> None:
        """Count a decision. `now`: ms."""
        self._ledger.add(decision)
        if isinstance(decision, Decision) and decision.reason in GAP_REASONS:
            self._of(decision.shop).add(decision, now)

    def marked(self, mark: GapMark) -> None:
        """An editor's mark; the newest counts."""
        self._of(mark.shop).mark(mark.gap, mark.mark, mark.at)

    def found(self, gap: Gap, value: bytes) -> None:
        """What the topic holds, as an earlier process wrote it."""
        self._published.setdefault(gap.shop, {})[gap.id] = _Published(_digest(value), gap.first_seen)

    def settle(self) -> None:
        """All decisions of the window were read again: gaps keep the beginning that the topic tells of."""
        for shop, published in self._published.items():
            for gap, known in published.items():
                self._of(shop).since(gap, known.first_seen)

    # ---- out ---------------------------------------------------------------------------------------------------------

    def coverage(self, shop: str, now: int) -> Coverage:
        return self._ledger.coverage(shop, now)

    def board(self, shop: str, most: int = BOARD) -> list[Gap]:
        """The shop's gaps, ranked; empty for a shop that has none."""
        gaps = self._gaps.get(shop)
        return [record(gap, cluster) for gap, cluster in gaps.ranked(most)] if gaps is not None else []

    def shops(self) -> list[str]:
        """The shops that have decisions or gaps, sorted."""
        return sorted({*self._gaps, *self._ledger.shops()})

    def open(self) -> Mapping[Reason, int]:
        """How many gaps of each reason are on the boards."""
        found: Counter[Reason] = Counter(dict.fromkeys(GAP_REASONS, 0))
        for gaps in self._gaps.values():
            found.update(gaps.open())
        return found

    def dropped(self) -> int:
        """Gaps that full boards let go of, since the last call."""
        count = 0
        for gaps in self._gaps.values():
            count += gaps.dropped
            gaps.dropped = 0
        return count

    def changes(self, now: int) -> Iterator[Change | None]:
        """What has to be written so that the topic shows the boards as of `now`; None is a pause. Nothing may be added meanwhile."""
        for shop in sorted({*self._gaps, *self._published}):
            gaps, published = self._of(shop), self._published.get(shop, {})
            for _ in gaps.tidy(now):
                yield None
            ranked = gaps.ranked(BOARD)
            yield None
            for count, (gap, cluster) in enumerate(ranked, 1):
                change = _change(shop, gap, cluster, published.get(gap))
                if change is not None:
                    yield change
                if count % WRITE_EVERY == 0:
                    yield None
            shown = {gap for gap, _ in ranked}
            for gap in sorted(published):
                if gap not in shown:
                    yield Change(shop, gap, None, -1, 0)
            if gaps.idle:
                del self._gaps[shop]

    def confirm(self, changes: Iterable[Change]) -> None:
        """These changes are on the topic now."""
        for change in changes:
            published = self._published.setdefault(change.shop, {})
            if change.value is None:
                published.pop(change.gap, None)
                if not published:
                    del self._published[change.shop]
            else:
                published[change.gap] = _Published(_digest(change.value), 0, change.revision)

    def _of(self, shop: str) -> Gaps:
        gaps = self._gaps.get(shop)
        if gaps is None:
            gaps = self._gaps[shop] = Gaps(self._window, self._max_gaps)
        return gaps


def record(gap: str, cluster: Cluster) -> Gap:
    """A gap as editors get it."""
    sight = cluster.sight()
    closes = remedy(gap, sight)
    return Gap(
        id=gap,
        shop=sight.key.shop,
        reason=sight.key.reason,
        intent=sight.intent,
        product=sight.key.product,
        norm=sight.key.norm,
        wanted=sight.key.wanted,
        language_missing=sight.key.language_missing,
        viewers=sight.viewers,
        comments=sight.comments,
        first_seen=sight.first_seen,
        last_seen=sight.last_seen,
        rooms=sight.rooms,
        lines=sight.lines,
        remedy=closes.sentence,
        stub=closes.stub,
    )


def _change(shop: str, gap: str, cluster: Cluster, known: _Published | None) -> Change | None:
    """None where the topic holds the gap as it is."""
    if known is not None and known.revision == cluster.revision:
        return None
    value = encode(record(gap, cluster))
    if known is not None and known.digest == _digest(value):
        known.revision = cluster.revision
        return None
    return Change(shop, gap, value, cluster.revision, cluster.last_seen)


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()
