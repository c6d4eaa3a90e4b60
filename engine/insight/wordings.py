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
from engine.insight.grouping import MERGE, Labels, group, lead
from engine.insight.keys import wording_key

REMEMBERED: Final = 16  # wordings by which a gap that nobody asks now is known again


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
        held = set(self._norms)
        fresh = [norm for norm in clusters if norm not in held]
        if not fresh and not anew and len(self._norms) == len(clusters):
            return
        weight = {norm: len(cluster.viewers) for norm, cluster in clusters.items()}
        fresh.sort(key=lambda norm: (-weight[norm], norm))
        yield
        if self._rarity is None:  # the pool was not read yet
            groups = [[norm] for norm in clusters]
        else:
            if anew or self._rows is None or not self._norms:
                yield from self._group(self._rarity, sorted(clusters, key=lambda norm: (-weight[norm], norm)))
            elif fresh:
                yield from self._join(self._rarity, self._rows, fresh)
            together: dict[int, list[str]] = {}
            for norm, label in zip(self._norms, self._labels.tolist(), strict=True):
                if norm in clusters:
                    together.setdefault(label, []).append(norm)
            groups = list(together.values())
        yield
        self._name(groups, clusters, weight, marked)

    def _group(self, rarity: Rarity, norms: list[str]) -> Iterator[None]:
        rows, labels = rarity.rows(norms) if norms else None, np.full(len(norms), -1, dtype=np.int64)
        if rows is not None:
            yield from group(rows, labels)
        self._norms, self._rows, self._labels = norms, rows, labels

    def _join(self, rarity: Rarity, held: Rows, fresh: list[str]) -> Iterator[None]:
        rows = sparse.csr_array(sparse.vstack([held, rarity.rows(fresh)], format="csr"))
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
                    shared[gap, place[norm]] = shared.get((gap, place[norm]), 0) + weight[norm]
        claims = sorted(shared, key=lambda claim: (-shared[claim], before[claim[0]].born, *claim))
        named: dict[int, str] = {}
        taken: set[str] = set()
        for gap, at in claims:
            if at not in named and gap not in taken:
                named[at] = gap
                taken.add(gap)
        lost = {gap for gap, _ in claims if gap not in taken}
        self.merged |= lost
        for at, gap in self._alike(groups, named, {gap for gap in before if gap not in taken | lost and marked(gap)}):
            named[at] = gap
            taken.add(gap)
        for at, norms in enumerate(groups):
            if at not in named:
                own = (wording_key(self._shop, norm).id for norm in norms)
                named[at] = next((gap for gap in own if gap not in taken and gap not in before), "")
                if not named[at]:  # all of its wordings once named gaps that stand elsewhere now
                    named[at] = wording_key(self._shop, "\n".join(norms)).id
                taken.add(named[at])
        self.resting = {gap: known for gap, known in before.items() if gap not in taken | lost and marked(gap)}
        self.gaps = {}
        for at, gap in named.items():
            born = min(clusters[norm].first_seen for norm in groups[at])
            self.gaps[gap] = Known(tuple(groups[at]), min(born, before[gap].born) if gap in before else born)

    def _alike(
        self, groups: Sequence[Sequence[str]], named: Mapping[int, str], resting: set[str]
    ) -> Iterator[tuple[int, str]]:
        """(group, gap): marked gaps that come back in words of which none was theirs."""
        free = [at for at in range(len(groups)) if at not in named]
        known = self.resting | self.gaps
        names = sorted(resting, key=lambda gap: (known[gap].born, gap))
        if self._rarity is None or not free or not names:
            return
        likeness = (
            _means(self._rarity, [known[gap].norms[:REMEMBERED] for gap in names])
            @ _means(self._rarity, [groups[at] for at in free]).T
        ).toarray()
        for row in range(len(names)):
            best = int(likeness[row].argmax())
            if likeness[row, best] >= MERGE:
                yield free[best], names[row]
                likeness[:, best] = 0.0

    def rest(self, gap: str) -> None:
        """Nobody asks for this gap any more, and an editor marked it."""
        known = self.gaps.pop(gap, None)
        if known is not None:
            self.resting[gap] = Known(known.norms[:REMEMBERED], known.born)


def _means(rarity: Rarity, groups: Sequence[Sequence[str]]) -> Rows:
    """The mean vector of the wordings of each group."""
    rows = rarity.rows([norm for norms in groups for norm in norms])
    group_of = np.repeat(np.arange(len(groups)), [len(norms) for norms in groups])
    share = 1.0 / np.bincount(group_of, minlength=len(groups))[group_of]
    member = sparse.csr_array(
        (share.astype(np.float32), (group_of, np.arange(len(group_of)))), shape=(len(groups), len(group_of))
    )
    return sparse.csr_array(member @ rows)
