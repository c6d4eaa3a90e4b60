"""Decisions → gaps of one shop: clustered by what one edit would close, counted in distinct viewers, ranked.

Pure. What a gap says depends only on the decisions inside the window (and on the editor's marks), not on their order: a restart that reads
the window again finds the same. Bounds: those of `Cluster` per key, `max_gaps` keys and `MAX_HELD` viewers per shop.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.events.gaps import Gap, GapActivity
from engine.events.inputs import GapMarkKind
from engine.events.outputs import GAP_REASONS, Decision
from engine.insight import rank
from engine.insight.cluster import Cluster, Sight, Size, sight, size
from engine.insight.features import Rarity
from engine.insight.keys import LANGUAGE_MISSING, gap_key
from engine.insight.window import Window
from engine.insight.wordings import Wordings
from engine.understanding.normalise import normal_form

DROP_SHARE: Final = 20  # a full board drops a twentieth at once, so that the sorting is paid rarely
TIDY_EVERY: Final = 16  # gaps between two pauses of `arrange`; a gap as large as it may get takes a quarter ms
MAX_HELD: Final = 100_000  # viewers that all clusters of a shop remember together; some 20 MB
RESTING: Final = 200  # marked gaps of a shop that nobody asks for now and that are still known; the oldest go

Value = Callable[[str | None, Sequence[str], Sequence[str]], float]
"""What one viewer of a gap is worth, by its intent, its products and its rooms."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An editor's mark. `version`: the pool in which a gap is closed."""

    mark: GapMarkKind
    at: int
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A gap that viewers ask for now."""

    id: str
    clusters: tuple[Cluster, ...]
    viewers: int
    comments: int
    last_seen: int
    activity: GapActivity
    stamp: int
    """Another one whenever the gap shows something else."""
    mark: GapMarkKind | None
    value: float
    born: int
    reopened: int | None
    """When it was closed, where it was asked again after that."""


def usual(intent: str | None, products: Sequence[str], rooms: Sequence[str]) -> float:
    """The value of a viewer of whom nothing more is known."""
    del intent, products, rooms
    return 1.0


class Gaps:
    """The gaps of one shop inside a window. `dropped`: keys that a full board let go of; `reopened`: closed gaps that came back."""

    def __init__(self, shop: str, window: Window, max_gaps: int) -> None:
        self._window = window
        self._max = max_gaps
        self._clusters: dict[str, Cluster] = {}
        self._unread: dict[str, str] = {}
        """Normal form of what was not understood → id of its cluster."""
        self._wordings = Wordings(shop)
        self._marks: dict[str, Marked] = {}
        self._sizes: dict[str, tuple[int, Size]] = {}
        self._back: set[str] = set()
        self._held = 0
        self._first: int | None = None
        self._stale = False
        self.value: Value = usual
        self.dropped = 0
        self.reopened = 0

    def __len__(self) -> int:
        return len(self._clusters)

    @property
    def idle(self) -> bool:
        """Nothing is held, not even a mark."""
        return not self._clusters and not self._marks

    # ---- in ----------------------------------------------------------------------------------------------------------

    def weigh(self, rarity: Rarity) -> None:
        """The lines of the shop's pool, by which wordings are compared, are these now."""
        self._wordings.weigh(rarity)
        self._stale = True

    def add(self, decision: Decision, now: int) -> None:
        """Take in one decision; what lies before the window, or before its gap was closed, does not count."""
        step = self._window.step(decision.decided)
        if step < self._window.first(now):
            return
        key = gap_key(decision)
        if key is None:
            return
        name = key.id
        marked = self._marks.get(name)
        if key.norm is None and marked is not None and marked.mark == "closed" and self._was_before(decision, marked):
            return
        cluster = self._clusters.get(name)
        if cluster is None:
            if len(self._clusters) >= self._max or self._held >= MAX_HELD:
                self._make_room()
            cluster = self._clusters[name] = Cluster(key)
            if key.norm is not None:
                self._unread[key.norm] = name
        self._held += cluster.add(decision, step)

    def _was_before(self, decision: Decision, closed: Marked) -> bool:
        """Whether the decision does not count against a closing: the edit that closed the gap was not live yet."""
        if closed.version is not None and decision.pool == closed.version:
            return decision.decided <= closed.at
        return self._window.step(decision.decided) <= self._window.step(closed.at)

    def mark(self, gap: str, marked: Marked) -> int | None:
        """An editor's mark; for how long (ms) the gap had been there, where the mark closed it.

        A closed gap counts anew from the next step of the window on: by then the edit is live.
        """
        self._back.discard(gap)
        if marked.mark == "open":
            self._marks.pop(gap, None)
            self._wordings.resting.pop(gap, None)
        else:
            self._marks[gap] = marked
        clusters = self._members(gap)
        for cluster in clusters:
            cluster.revision += 1
        if marked.mark != "closed" or not clusters:
            return None
        born = self._born(gap, clusters)
        self._close(gap, clusters, marked)
        return max(0, marked.at - born)

    def recall(self, gap: Gap) -> None:
        """The topic holds this gap, as an earlier process wrote it."""
        if gap.norm is not None:
            norms = dict.fromkeys(form for form in (gap.norm, *map(normal_form, gap.lines)) if form)
            self._wordings.recall(gap.id, tuple(norms), gap.first_seen, marked=gap.mark is not None)

    def since(self, gap: str, first_seen: int) -> None:
        """The gap was seen before the window already: keep that as its beginning, unless it was closed since."""
        cluster, marked = self._clusters.get(gap), self._marks.get(gap)
        closed = marked is not None and marked.mark == "closed" and first_seen <= marked.at
        if cluster is not None and cluster.key.norm is None and not closed:
            cluster.first_seen = min(cluster.first_seen, first_seen)

    # ---- keeping order -----------------------------------------------------------------------------------------------

    def arrange(self, now: int) -> Iterator[None]:
        """Forget what has left the window and group what was not understood; each pause is a moment for the caller to do something else."""
        first = self._window.first(now)
        anew = first != self._first
        if anew:
            for count, (name, cluster) in enumerate(list(self._clusters.items()), 1):
                if not cluster.forget(first, self._window.step_ms) and self._clusters.get(name) is cluster:
                    self._drop(name)
                if count % TIDY_EVERY == 0:
                    yield
            self._held = sum(len(cluster.viewers) for cluster in self._clusters.values())
        wordings = {norm: self._clusters[name] for norm, name in self._unread.items()}
        yield from self._wordings.arrange(wordings, self._is_marked, anew=anew or self._stale)
        self._first, self._stale = first, False
        for gap, marked in list(self._marks.items()):
            if marked.mark == "closed":
                clusters = self._members(gap)
                self._close(gap, clusters, marked)
                self._note_return(gap)
        while len(self._wordings.resting) > RESTING:
            self._wordings.resting.pop(min(self._wordings.resting, key=lambda gap: self._wordings.resting[gap].born))
        self._sizes = {gap: known for gap, known in self._sizes.items() if self.holds(gap)}

    def _is_marked(self, gap: str) -> bool:
        return gap in self._marks

    def _close(self, gap: str, clusters: tuple[Cluster, ...], marked: Marked) -> None:
        """What was asked before its gap was closed does not count any more."""
        step = self._window.step(marked.at) + (marked.version is None)
        for cluster in clusters:
            if any(old < step for old in cluster.steps):
                if cluster.forget(step, self._window.step_ms):
                    cluster.restart()
                else:
                    self._drop(cluster.key.id)
        if gap in self._wordings.gaps:
            left = self._members(gap)
            if left:
                self._wordings.gaps[gap].born = min(cluster.first_seen for cluster in left)
            else:
                self._wordings.rest(gap)

    def _note_return(self, gap: str) -> None:
        if gap not in self._back and self.holds(gap):
            self._back.add(gap)
            self.reopened += 1

    def _drop(self, name: str) -> None:
        cluster = self._clusters.pop(name)
        self._held -= len(cluster.viewers)
        if cluster.key.norm is not None:
            del self._unread[cluster.key.norm]

    def _make_room(self) -> None:
        """Let go of the least: fewest viewers, then the oldest."""
        count = max(1, min(self._max, len(self._clusters)) // DROP_SHARE)
        rows = sorted((len(one.viewers), one.last_seen, name) for name, one in self._clusters.items())
        for _, _, name in rows[:count]:
            self._drop(name)
        self.dropped += count

    # ---- out ---------------------------------------------------------------------------------------------------------

    def _members(self, gap: str) -> tuple[Cluster, ...]:
        """What a gap consists of; empty where nobody asks for it."""
        known = self._wordings.gaps.get(gap)
        if known is not None:
            return tuple(self._clusters[self._unread[norm]] for norm in known.norms if norm in self._unread)
        cluster = self._clusters.get(gap)
        return (cluster,) if cluster is not None and cluster.key.norm is None else ()

    def holds(self, gap: str) -> bool:
        """Whether somebody asks for it."""
        known = self._wordings.gaps.get(gap)
        if known is not None:
            return any(norm in self._unread for norm in known.norms)
        cluster = self._clusters.get(gap)
        return cluster is not None and cluster.key.norm is None

    def _born(self, gap: str, clusters: tuple[Cluster, ...]) -> int:
        known = self._wordings.gaps.get(gap)
        first = min(cluster.first_seen for cluster in clusters)
        return min(first, known.born) if known is not None else first

    def _standing(self, gap: str) -> Standing | None:
        clusters = self._members(gap)
        if not clusters:
            return None
        marked = self._marks.get(gap)
        closed = marked.at if marked is not None and marked.mark == "closed" else None
        mark = marked.mark if marked is not None and closed is None else None
        value = self.value(
            clusters[0].key.intent,
            sorted({product for cluster in clusters for product in cluster.products}),
            sorted({room for cluster in clusters for room in cluster.rooms}),
        )
        born = self._born(gap, clusters)
        content = hash(tuple((cluster.key.id, cluster.revision) for cluster in clusters))
        known = self._sizes.get(gap)
        if known is None or known[0] != content:
            known = self._sizes[gap] = (content, size(clusters, self._window))
        found = known[1]
        return Standing(
            gap, clusters, found.viewers, found.comments, found.last_seen, found.activity,
            hash((content, mark, value, born, closed)), mark, value, born, closed,
        )  # fmt: skip

    def standing(self) -> Iterator[Standing]:
        """Every gap that viewers ask for, hidden ones included, in no order."""
        keyed = (name for name, cluster in self._clusters.items() if cluster.key.norm is None)
        for gap in (*keyed, *self._wordings.gaps):
            found = self._standing(gap)
            if found is not None:
                yield found

    def ranked(self, most: int, now: int) -> list[Standing]:
        """The gaps on the board, by what they are worth; those marked `later` behind all others, those that are not ours not at all."""
        shown = [one for one in self.standing() if one.mark != "not_ours"]
        return heapq.nsmallest(most, shown, key=lambda one: rank.place(one, now))

    def hidden(self) -> list[Standing]:
        """The gaps that are asked for and that an editor called not ours, in order of their ids."""
        return sorted((one for one in self.standing() if one.mark == "not_ours"), key=lambda one: one.id)

    def resting(self) -> Mapping[str, Marked]:
        """The marked gaps that nobody asks for now."""
        return {gap: marked for gap, marked in sorted(self._marks.items()) if not self.holds(gap)}

    def open(self) -> Mapping[str, int]:
        """How many gaps of each reason are on the board, those that lack only a language apart (`language_missing`)."""
        found: dict[str, int] = dict.fromkeys((*GAP_REASONS, LANGUAGE_MISSING), 0)
        for one in self.standing():
            if one.mark != "not_ours":
                first = one.clusters[0]
                found[LANGUAGE_MISSING if first.key.language_missing else first.reason] += 1
        return found

    def merged(self) -> set[str]:
        """The ids of gaps that became part of others since the last call."""
        found, self._wordings.merged = self._wordings.merged, set()
        return found

    def find(self, gap: str) -> Standing | None:
        """The gap as it stands; None where nobody asks for it."""
        return self._standing(gap)

    def look(self, one: Standing) -> Sight:
        """How a gap looks."""
        return sight(one.clusters, self._window)
