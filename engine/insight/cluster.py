"""What is remembered of the comments of one key: viewers, rooms, products, wordings, by step of the window; and how a gap of several looks.

Pure. All of it depends only on the decisions inside the window, not on their order.
"""

from __future__ import annotations

import heapq
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from engine.events.fields import TextLanguage
from engine.events.gaps import GapActivity
from engine.events.outputs import Decision, Reason
from engine.insight.keys import UNREAD, GapKey
from engine.insight.window import Window

T = TypeVar("T", bound=str)

MAX_VIEWERS: Final = (
    300  # distinct viewers of a gap are counted exactly up to here, and stay here beyond it: such a gap leads anyway
)
MAX_NAMES: Final = 20  # rooms, and products, as many as the record holds; the newest stay
MAX_FORMS: Final = 24  # wordings (normal forms) that a cluster remembers; the newest stay
MAX_LINES: Final = 8  # typical lines that a gap shows
MAX_LINE: Final = 120  # characters of a typical line; questions are far shorter
ACTIVITY_STEPS: Final = 5  # steps of the window in one figure of a gap's activity: five minutes of an hour


_Line = tuple[int, str, Reason, TextLanguage, str, str]
"""(length, line, reason, language, intent or empty, runner-up or empty): the least is what a wording shows."""


@dataclass(slots=True)
class _Form:
    """One wording: how often, and its shortest line, by step."""

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


class Cluster:
    """The comments of one key. `revision` grows with every change of what it shows."""

    __slots__ = (
        "comments", "first_seen", "forms", "key", "last_seen", "products", "revision", "rooms", "steps", "viewers",
    )  # fmt: skip

    def __init__(self, key: GapKey) -> None:
        self.key = key
        self.revision = 0
        self.comments = 0
        self.first_seen = 0
        self.last_seen = 0
        self.steps: dict[int, tuple[int, int]] = {}
        """Step → (comments, the earliest)."""
        self.viewers: dict[str, int] = {}
        """Viewer → last seen. Up to twice `MAX_VIEWERS`, then the newest stay: those inside the window are always among them."""
        self.rooms: dict[str, int] = {}
        self.products: dict[str, int] = {}
        self.forms: dict[str, _Form] = {}

    @property
    def reason(self) -> Reason:
        """The key's reason; of a wording, what it got."""
        form = self.forms.get(self.key.norm or "")
        return self.key.reason if form is None else form.line[2]

    def add(self, decision: Decision, step: int) -> int:
        """Take in a decision; by how much the number of viewers that are remembered grew."""
        time, before = decision.decided, len(self.viewers)
        self.first_seen = min(self.first_seen, time) if self.steps else time
        self.last_seen = max(self.last_seen, time)
        count, earliest = self.steps.get(step, (0, time))
        self.steps[step] = (count + 1, min(earliest, time))
        self.comments += 1
        _see(self.viewers, decision.viewer, time, MAX_VIEWERS)
        _see(self.rooms, decision.room, time, MAX_NAMES)
        if decision.product is not None:
            _see(self.products, decision.product, time, MAX_NAMES)
        self._read(decision, step)
        self.revision += 1
        return len(self.viewers) - before

    def _read(self, decision: Decision, step: int) -> None:
        line = tidy_line(decision.text)
        if not line:
            return
        form = self.forms.setdefault(decision.norm, _Form())
        more = (decision.reason, decision.language, decision.intent or "", decision.runner_up or "")
        form.add(step, (len(line), line, *more))
        if len(self.forms) > 2 * MAX_FORMS:
            newest = heapq.nlargest(MAX_FORMS, self.forms.items(), key=lambda item: (max(item[1].steps), item[0]))
            self.forms = dict(newest)

    def forget(self, first: int, step_ms: int) -> bool:
        """Forget what lies before the step `first`; False where nothing is left."""
        old = [step for step in self.steps if step < first]
        if not old:
            return True
        for step in old:
            self.comments -= self.steps.pop(step)[0]
        begins = first * step_ms
        for known in (self.viewers, self.rooms, self.products):
            _forget(known, begins)
        for norm, form in list(self.forms.items()):
            for step in [step for step in form.steps if step < first]:
                del form.steps[step]
            if not form.steps:
                del self.forms[norm]
        self.revision += 1
        return bool(self.steps)

    def restart(self) -> None:
        """Begin `first_seen` anew, since what came before does not count any more."""
        self.first_seen = min((earliest for _, earliest in self.steps.values()), default=0)
        self.revision += 1


@dataclass(frozen=True, slots=True)
class Sight:
    """A gap as it stands: what the board shows, and what its remedy is made from."""

    key: GapKey
    """Of a gap of several wordings, that of the wording which most viewers used."""
    reason: Reason
    """Of most comments."""
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
    """The gap's intent, else what at least half of its comments were taken for."""
    runner_up: str | None
    products: tuple[str, ...] = ()
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    languages: Mapping[TextLanguage, int] = field(default_factory=dict)
    """Comments by reason and by language, as far as their wordings are remembered."""


@dataclass(frozen=True, slots=True)
class Size:
    """What ranks a gap."""

    viewers: int
    comments: int
    last_seen: int
    activity: GapActivity


def size(clusters: Sequence[Cluster], window: Window) -> Size:
    """The viewers of some clusters, each once."""
    viewers = _together([cluster.viewers for cluster in clusters], MAX_VIEWERS)
    span = ACTIVITY_STEPS * window.step_ms
    slots = Counter(time // span for time in viewers.values())
    first, last = min(slots, default=0), max(slots, default=-1)
    activity = GapActivity(
        start=first * span, step_ms=span, viewers=tuple(slots[slot] for slot in range(max(first, last - 15), last + 1))
    )
    if last - first > 15:  # what a worker whose clock is far ahead decided
        activity = activity.model_copy(update={"start": (last - 15) * span})
    return Size(
        min(len(viewers), MAX_VIEWERS),
        sum(cluster.comments for cluster in clusters),
        max(cluster.last_seen for cluster in clusters),
        activity,
    )


def sight(clusters: Sequence[Cluster], window: Window) -> Sight:
    """How a gap of these clusters (one at least) looks."""
    ranked = sorted(clusters, key=lambda one: (-len(one.viewers), -one.comments, one.key.norm or ""))
    key, total = ranked[0].key, size(clusters, window)
    forms = sorted((-form.count, form.line) for cluster in ranked for form in cluster.forms.values())
    reasons, languages, intents = Counter[Reason](), Counter[TextLanguage](), Counter[str]()
    pairs = Counter[tuple[str, str]]()
    for count, (_, _, reason, language, intent, runner_up) in forms:
        reasons[reason] -= count
        languages[language] -= count
        intents[intent] -= count
        pairs[intent, runner_up] -= count
    meant = _most(intents) or ""
    if 2 * intents[meant] < intents.total():
        meant = ""
    second = _most(Counter({pair[1]: count for pair, count in pairs.items() if pair[0] == meant and pair[1]}))
    return Sight(
        key=key,
        reason=(_most(reasons) or key.reason) if key.reason in UNREAD else key.reason,
        viewers=total.viewers,
        comments=total.comments,
        first_seen=min(cluster.first_seen for cluster in clusters),
        last_seen=total.last_seen,
        rooms=_newest([cluster.rooms for cluster in clusters]),
        lines=tuple(dict.fromkeys(line[1] for _, line in forms))[:MAX_LINES],
        language=_most(languages) or "other",
        intent=key.intent or meant or None,
        runner_up=second or None,
        products=_newest([cluster.products for cluster in clusters]),
        reasons=dict(sorted(reasons.items())),
        languages=dict(sorted(languages.items())),
    )


def tidy_line(text: str) -> str:
    """A viewer's masked line as it may stand in a list: one line, nothing invisible, at most `MAX_LINE` characters."""
    visible = "".join(char if unicodedata.category(char)[0] not in "CZ" else " " for char in text)
    return " ".join(visible.split())[:MAX_LINE].rstrip()


def _most(counts: Counter[T]) -> T | None:
    """The most frequent; of equals the last by name."""
    return max(counts, key=lambda name: (counts[name], name), default=None)


def _together(known: Sequence[Mapping[str, int]], most: int) -> dict[str, int]:
    """Who was seen in any of these, and when last; the newest `most`."""
    found: dict[str, int] = {}
    for one in known:
        for name, time in one.items():
            found[name] = max(time, found.get(name, 0))
    return dict(heapq.nlargest(most, found.items(), key=lambda item: (item[1], item[0])))


def _newest(known: Sequence[Mapping[str, int]]) -> tuple[str, ...]:
    return tuple(sorted(_together(known, MAX_NAMES)))


def _see(known: dict[str, int], name: str, time: int, most: int) -> None:
    known[name] = max(time, known.get(name, 0))
    if len(known) > 2 * most:
        newest = heapq.nlargest(most, known.items(), key=lambda item: (item[1], item[0]))
        known.clear()
        known.update(newest)


def _forget(known: dict[str, int], begins: int) -> None:
    for name in [name for name, time in known.items() if time < begins]:
        del known[name]
