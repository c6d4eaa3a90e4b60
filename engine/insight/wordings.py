"""Wordings of what was not understood → gaps by meaning, with names that last.

Pure. How the wordings of a window are grouped depends only on them and on the pool's lines, never on the order in which they came: once in
each step of the window all of them are grouped anew (so gaps merge and split as the words do); in between, new wordings join what stands.
A gap keeps its id, and with it an editor's mark, as long as most of its viewers' wordings stay together: a restart knows the gaps that the
topic holds by their lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from engine.insight.cluster import Cluster
from engine.insight.features import Rarity, Rows
from engine.insight.grouping import Labels, group, lead
from engine.insight.keys import wording_key

REMEMBERED: Final = (
    8  # wordings by which a marked gap is known again that nobody asks for now; as many as its record has lines
)
CHUNK: Final = 64  # wordings whose vectors are made between two pauses: some milliseconds
SMALL: Final = 300  # wordings up to which all are grouped whenever a new one comes: some tens of milliseconds


@dataclass(slots=True)
class Known:
    """A gap by meaning, as it was last. `norms`: its wordings, most viewers first."""

    norms: tuple[str, ...]
    born: int
    """When it was first seen, ms."""


class Wordings:
    """The gaps by meaning of one shop. `clusters`: what is remembered of each wording, by normal form; kept by the owner."""

    def __init__(self, shop: str) -> None:
        self._shop = shop
        self._rarity: Rarity | None = None
        self._norms: list[str] = []
        self._rows: Rows | None = None
        self._labels: Labels = np.empty(0, dtype=np.int64)
        self.gaps: dict[str, Known] = {}
        """The gaps that stand, by id."""
        self.resting: dict[str, Known] = {}
        """Gaps that nobody asks for now, and that are known again when somebody does: an editor marked them."""
        self.merged: set[str] = set()
        """Gaps that became part of others, since the owner cleared it."""

    def weigh(self, rarity: Rarity) -> None:
        """The pool's lines are others now: everything is grouped anew."""
        self._rarity = rarity
        self._norms = []

    def recall(self, gap: str, norms: Sequence[str], born: int, *, marked: bool) -> None:
        """The topic holds this gap, as an earlier process wrote it."""
        known = Known(tuple(norms[:REMEMBERED]), born)
        self.gaps.setdefault(gap, known)
        if marked:
            self.resting[gap] = known

    def arrange(self, clusters: Mapping[str, Cluster], marked: Callable[[str], bool], *, anew: bool) -> Iterator[None]:
        """Group the wordings. `marked`: whether an editor marked the gap with this id. `anew`: all of them, not only new ones."""
        weight = {norm: len(cluster.viewers) for norm, cluster in clusters.items()}
        for gap, known in (self.resting | self.gaps).items():
            if marked(gap):  # its wordings are there though nobody uses them now, so that others find to them
                weight |= dict.fromkeys((norm for norm in known.norms[:REMEMBERED] if norm not in clusters), 0)
        held = set(self._norms)
        fresh = sorted(weight.keys() - held, key=lambda norm: (-weight[norm], norm))
        if held == weight.keys() and not anew:
            return
        yield
        if self._rarity is None:  # the pool was not read yet
            groups = [[norm] for norm in weight]
        else:
            if anew or len(weight) <= SMALL or self._rows is None or not self._norms:
                yield from self._group(self._rarity, sorted(weight, key=lambda norm: (-weight[norm], norm)))
            elif fresh:
                yield from self._join(self._rarity, self._rows, fresh)
            together: dict[int, list[str]] = {}
            for norm, label in zip(self._norms, self._labels.tolist(), strict=True):
                if norm in weight:
                    together.setdefault(label, []).append(norm)
            groups = list(together.values())
        yield
        self._name(groups, clusters, weight, marked)

    def _group(self, rarity: Rarity, norms: list[str]) -> Iterator[None]:
        held = {norm: at for at, norm in enumerate(self._norms)}
        fresh = [norm for norm in norms if norm not in held]
        for norm in fresh:
            held[norm] = len(held)
        parts = [] if self._rows is None or not self._norms else [self._rows]
        yield from _read(rarity, fresh, parts)
        labels = np.full(len(norms), -1, dtype=np.int64)
        rows = None
        if parts:
            stacked = _stacked(parts)
            yield
            rows = sparse.csr_array(stacked[[held[norm] for norm in norms]])
            yield
            yield from group(rows, labels)
        self._norms, self._rows, self._labels = norms, rows, labels

    def _join(self, rarity: Rarity, held: Rows, fresh: list[str]) -> Iterator[None]:
        parts = [held]
        yield from _read(rarity, fresh, parts)
        rows = _stacked(parts)
        labels = np.concatenate([self._labels, np.full(len(fresh), -1, dtype=np.int64)])
        yield from lead(rows, labels, len(self._norms))
        self._norms, self._rows, self._labels = [*self._norms, *fresh], rows, labels

    # ---- names -------------------------------------------------------------------------------------------------------

    def _name(
        self,
        groups: list[list[str]],
        clusters: Mapping[str, Cluster],
        weight: Mapping[str, int],
        marked: Callable[[str], bool],
    ) -> None:
        """Each group takes the id of the gap that most of its viewers' wordings were in; else one of its own."""
        for norms in groups:
            norms.sort(key=lambda norm: (-weight[norm], norm))
        place = {norm: at for at, norms in enumerate(groups) for norm in norms}
        before = self.resting | self.gaps
        shared: dict[tuple[str, int], int] = {}
        for gap, known in before.items():
            for norm in known.norms:
                if norm in place:
                    claim = gap, place[norm]
                    shared[claim] = shared.get(claim, 0) + max(1, weight[norm])
        named: dict[int, str] = {}
        taken: set[str] = set()
        for gap, at in sorted(shared, key=lambda claim: (-shared[claim], before[claim[0]].born, *claim)):
            if at not in named and gap not in taken:
                named[at] = gap
                taken.add(gap)
        self.merged |= {gap for gap, _ in shared if gap not in taken}
        self.gaps = {}
        for at, norms in enumerate(groups):
            live = [norm for norm in norms if norm in clusters]
            if not live:
                continue
            if at not in named:
                own = (wording_key(self._shop, norm).id for norm in norms)
                # Where all of its wordings once named gaps that stand elsewhere now, it takes a name of all of them.
                fallback = wording_key(self._shop, "\n".join(norms)).id
                named[at] = next((gap for gap in own if gap not in taken and gap not in before), fallback)
                taken.add(named[at])
            gap, born = named[at], min(clusters[norm].first_seen for norm in live)
            self.gaps[gap] = Known(tuple(norms), min(born, before[gap].born) if gap in before else born)
        self.resting = {
            gap: Known(known.norms[:REMEMBERED], known.born)
            for gap, known in before.items()
            if gap not in self.gaps and marked(gap)
        }

    def rest(self, gap: str) -> None:
        """Nobody asks for this gap any more, and an editor marked it."""
        known = self.gaps.pop(gap, None)
        if known is not None:
            self.resting[gap] = Known(known.norms[:REMEMBERED], known.born)


def _read(rarity: Rarity, norms: Sequence[str], into: list[Rows]) -> Iterator[None]:
    """The vectors of these wordings, some at a time."""
    for start in range(0, len(norms), CHUNK):
        into.append(rarity.rows(norms[start : start + CHUNK]))
        yield


def _stacked(parts: Sequence[Rows]) -> Rows:
    return sparse.csr_array(sparse.vstack(list(parts), format="csr"))
