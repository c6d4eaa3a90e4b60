"""Decisions → gaps of one shop: clustered by what one edit would close, counted in distinct viewers, ranked.

Pure. What a gap says depends only on the decisions inside the window (and on the editor's marks), not on their order: a restart that reads
the window again finds the same. Bounds: `MAX_VIEWERS`, `MAX_FORMS` and `MAX_ROOMS` per gap, `max_gaps` per shop.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from engine.events.fields import TextLanguage
from engine.events.outputs import GAP_REASONS, Decision, Reason
from engine.insight.window import Window

MAX_VIEWERS: Final = (
    300  # distinct viewers of a gap are counted exactly up to here, and stay here beyond it: such a gap leads anyway
)
MAX_ROOMS: Final = 20  # as many as the record holds; the newest stay
MAX_FORMS: Final = 24  # wordings (normal forms) that a gap remembers; the newest stay
MAX_LINES: Final = 8  # typical lines that a gap shows
MAX_LINE: Final = 120  # characters of a typical line; questions are far shorter
DROP_SHARE: Final = 20  # a full board drops a twentieth at once, so that the sorting is paid rarely
TIDY_EVERY: Final = 16  # gaps between two pauses of `tidy`; a gap as large as it may get takes a quarter ms

_BY_WORDING: Final = frozenset({"unknown_intent", "low_confidence", "ambiguous"})
_BY_FACT: Final = frozenset({"fact_missing", "fact_expired", "fact_out_of_bounds"})
_GAPS: Final = frozenset(GAP_REASONS)

Mark = Literal["not_ours", "later", "closed", "open"]


@dataclass(frozen=True, slots=True)
class GapKey:
    """What one edit would close. Decisions with equal keys are one gap."""

    shop: str
    reason: Reason
    language_missing: bool = False
    intent: str | None = None
    product: str | None = None
    norm: str | None = None
    wanted: str | None = None

    @property
    def id(self) -> str:
        """Hash of the key: the same on any machine and after any restart."""
        parts = (self.shop, self.reason, "1" if self.language_missing else "", self.intent, self.product, self.norm)
        text = "\0".join("\x01" if part is None else part for part in (*parts, self.wanted))
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def gap_key(decision: Decision) -> GapKey | None:
    """The gap that the decision belongs to; None where it is none: answered, chatter, missed for time, or no product off script."""
    reason, shop = decision.reason, decision.shop
    if reason not in _GAPS:
        return None
    if reason == "no_product" and not decision.on_script:
        return None  # nothing is on screen: no edit could tell which product is meant
    if reason == "unsupported_language":
        return GapKey(shop, reason, wanted=decision.language)
    if reason == "not_sold" and decision.wanted is not None:
        return GapKey(shop, reason, wanted=decision.wanted)  # one good, whatever is asked about it
    if reason in _BY_FACT and decision.wanted is not None:
        return GapKey(shop, reason, product=decision.product, wanted=decision.wanted)  # one fact, whatever needs it
    if reason in _BY_WORDING or decision.intent is None:
        return GapKey(shop, reason, norm=decision.norm) if decision.norm else None
    return GapKey(
        shop, reason, decision.language_missing, decision.intent, decision.product,
        wanted=decision.wanted if reason == "guard_blocked" else None,
    )  # fmt: skip


_Line = tuple[int, str, TextLanguage, str, str]
"""(length, line, language, intent or empty, runner-up or empty): the least is what a wording shows."""


@dataclass(slots=True)
class _Form:
    """One wording of a gap: how often, and its shortest line, by step."""

    steps: dict[int, tuple[int, _Line]] = field(default_factory=dict)

    def add(self, step: int, line: _Line) -> None:
        count, best = self.steps.get(step, (0, line))
        self.steps[step] = (count + 1, min(best, line))

    @property
    def count(self) -> int:
        return sum(count for count, _ in self.steps.values())

    @property
    def line(self) -> _Line:
        return min(line for _, line in self.steps.values())


@dataclass(frozen=True, slots=True)
class Sight:
    """A gap as it stands: what the board shows, and what its remedy is made from."""

    key: GapKey
    viewers: int
    comments: int
    first_seen: int
    last_seen: int
    rooms: tuple[str, ...]
    lines: tuple[str, ...]
    """Most repeated first, one for each wording."""
    language: TextLanguage
    """Of most comments."""
    intent: str | None
    """The gap's intent, else what its comments were most often taken for."""
    runner_up: str | None


class Cluster:
    """One gap. `revision` grows with every change of what it shows."""

    __slots__ = ("_forms", "_rooms", "_steps", "_viewers", "comments", "first_seen", "key", "last_seen", "revision")

    def __init__(self, key: GapKey) -> None:
        self.key = key
        self.revision = 0
        self.comments = 0
        self.first_seen = 0
        self.last_seen = 0
        self._steps: dict[int, tuple[int, int]] = {}
        """Step → (comments, the earliest)."""
        self._viewers: dict[str, int] = {}
        """Viewer → last seen. Up to twice `MAX_VIEWERS`, then the newest stay: those inside the window are always among them."""
        self._rooms: dict[str, int] = {}
        self._forms: dict[str, _Form] = {}

    def add(self, decision: Decision, step: int) -> None:
        time = decision.decided
        self.first_seen = min(self.first_seen, time) if self._steps else time
        self.last_seen = max(self.last_seen, time)
        count, earliest = self._steps.get(step, (0, time))
        self._steps[step] = (count + 1, min(earliest, time))
        self.comments += 1
        _see(self._viewers, decision.viewer, time, MAX_VIEWERS)
        _see(self._rooms, decision.room, time, MAX_ROOMS)
        self._read(decision, step)
        self.revision += 1

    def _read(self, decision: Decision, step: int) -> None:
        line = tidy_line(decision.text)
        if not line:
            return
        form = self._forms.setdefault(decision.norm, _Form())
        form.add(step, (len(line), line, decision.language, decision.intent or "", decision.runner_up or ""))
        if len(self._forms) > 2 * MAX_FORMS:
            newest = heapq.nlargest(MAX_FORMS, self._forms.items(), key=lambda item: (max(item[1].steps), item[0]))
            self._forms = dict(newest)

    def forget(self, first: int, step_ms: int) -> bool:
        """Forget what lies before the step `first`; False where nothing is left."""
        old = [step for step in self._steps if step < first]
        if not old:
            return True
        for step in old:
            self.comments -= self._steps.pop(step)[0]
        begins = first * step_ms
        _forget(self._viewers, begins)
        _forget(self._rooms, begins)
        for norm, form in list(self._forms.items()):
            for step in [step for step in form.steps if step < first]:
                del form.steps[step]
            if not form.steps:
                del self._forms[norm]
        self.revision += 1
        return bool(self._steps)

    def restart(self) -> None:
        """Begin `first_seen` anew, since what came before does not count any more."""
        self.first_seen = min((earliest for _, earliest in self._steps.values()), default=0)

    @property
    def size(self) -> tuple[int, int, int]:
        """(distinct viewers, comments, last seen): what ranks it."""
        return min(len(self._viewers), MAX_VIEWERS), self.comments, self.last_seen

    def sight(self) -> Sight:
        forms = sorted((-form.count, form.line) for form in self._forms.values())
        languages: dict[TextLanguage, int] = {}
        for count, (_, _, language, _, _) in forms:
            languages[language] = languages.get(language, 0) - count
        intent, runner_up = forms[0][1][3:] if forms else ("", "")
        rooms = heapq.nlargest(MAX_ROOMS, self._rooms.items(), key=lambda item: (item[1], item[0]))
        return Sight(
            key=self.key,
            viewers=self.size[0],
            comments=self.comments,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            rooms=tuple(sorted(room for room, _ in rooms)),
            lines=tuple(dict.fromkeys(line for _, (_, line, _, _, _) in forms))[:MAX_LINES],
            language=max(languages, key=lambda name: (languages[name], name), default="other"),
            intent=self.key.intent or intent or None,
            runner_up=runner_up or None,
        )


@dataclass(frozen=True, slots=True)
class _Marked:
    mark: Mark
    step: int


class Gaps:
    """The gaps of one shop inside a window. `dropped` counts those that a full board let go of."""

    def __init__(self, window: Window, max_gaps: int) -> None:
        self._window = window
        self._max = max_gaps
        self._clusters: dict[str, Cluster] = {}
        self._marks: dict[str, _Marked] = {}
        self._first: int | None = None
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._clusters)

    @property
    def idle(self) -> bool:
        """Nothing is held, not even a mark."""
        return not self._clusters and not self._marks

    def add(self, decision: Decision, now: int) -> None:
        """Take in one decision; what lies before the window, or before its gap was closed, does not count."""
        step = self._window.step(decision.decided)
        if decision.reason not in _GAPS or step < self._window.first(now):
            return
        key = gap_key(decision)
        if key is None:
            return
        gap = key.id
        marked = self._marks.get(gap)
        if marked is not None and marked.mark == "closed" and step <= marked.step:
            return
        cluster = self._clusters.get(gap)
        if cluster is None:
            if len(self._clusters) >= self._max:
                self._make_room()
            cluster = self._clusters[gap] = Cluster(key)
        cluster.add(decision, step)

    def mark(self, gap: str, mark: Mark, at: int) -> None:
        """An editor's mark, at `at` (ms). A closed gap counts anew from the next step of the window on: by then the edit is live."""
        step = self._window.step(at)
        if mark == "open":
            self._marks.pop(gap, None)
        else:
            self._marks[gap] = _Marked(mark, step)
        cluster = self._clusters.get(gap)
        if cluster is None:
            return
        cluster.revision += 1
        if mark == "closed":
            if cluster.forget(step + 1, self._window.step_ms):
                cluster.restart()
            else:
                del self._clusters[gap]

    def tidy(self, now: int) -> Iterator[None]:
        """Forget what has left the window; pauses every `TIDY_EVERY` gaps, so that the caller may do something else meanwhile."""
        first = self._window.first(now)
        if first == self._first:
            return
        for count, (gap, cluster) in enumerate(list(self._clusters.items()), 1):
            if not cluster.forget(first, self._window.step_ms) and self._clusters.get(gap) is cluster:
                del self._clusters[gap]
            if count % TIDY_EVERY == 0:
                yield
        self._first = first

    def ranked(self, most: int) -> list[tuple[str, Cluster]]:
        """The gaps on the board with their ids: by viewers, then comments, then the newest; those marked `later` behind all others."""
        shown: list[tuple[bool, int, int, int, str]] = []
        for gap, cluster in self._clusters.items():
            marked = self._marks.get(gap)
            if marked is None or marked.mark != "not_ours":
                viewers, comments, last_seen = cluster.size
                shown.append((marked is not None and marked.mark == "later", -viewers, -comments, -last_seen, gap))
        return [(row[-1], self._clusters[row[-1]]) for row in heapq.nsmallest(most, shown)]

    def open(self) -> Mapping[Reason, int]:
        """How many gaps of each reason are on the board."""
        found: dict[Reason, int] = dict.fromkeys(GAP_REASONS, 0)
        for gap, cluster in self._clusters.items():
            marked = self._marks.get(gap)
            if marked is None or marked.mark != "not_ours":
                found[cluster.key.reason] += 1
        return found

    def since(self, gap: str, first_seen: int) -> None:
        """The gap was seen before the window already: keep that as its beginning, unless it was closed since."""
        cluster, marked = self._clusters.get(gap), self._marks.get(gap)
        closed = marked is not None and marked.mark == "closed" and self._window.step(first_seen) <= marked.step
        if cluster is not None and not closed:
            cluster.first_seen = min(cluster.first_seen, first_seen)

    def _make_room(self) -> None:
        """Let go of the least: fewest viewers, then the oldest."""
        count = max(1, self._max // DROP_SHARE)
        rows = sorted((cluster.size[0], cluster.last_seen, gap) for gap, cluster in self._clusters.items())
        for _, _, gap in rows[:count]:
            del self._clusters[gap]
        self.dropped += count


def tidy_line(text: str) -> str:
    """A viewer's masked line as it may stand in a list: one line, nothing invisible, at most `MAX_LINE` characters."""
    visible = "".join(char if unicodedata.category(char)[0] not in "CZ" else " " for char in text)
    return " ".join(visible.split())[:MAX_LINE].rstrip()


def _see(known: dict[str, int], name: str, time: int, most: int) -> None:
    known[name] = max(time, known.get(name, 0))
    if len(known) > 2 * most:
        newest = heapq.nlargest(most, known.items(), key=lambda item: (item[1], item[0]))
        known.clear()
        known.update(newest)


def _forget(known: dict[str, int], begins: int) -> None:
    for name in [name for name, time in known.items() if time < begins]:
        del known[name]
