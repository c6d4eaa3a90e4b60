"""Coverage, defined once: what became of the comments that asked something. `docs/coverage.md` tells it to people.

Pure: decisions in, counts out. The same decisions in any order give the same counts (beyond `MAX_VALUES` only the totals do).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from engine.events.outputs import Decision, Reason
from engine.insight.window import Window

Outcome = Literal["idle", "answered", "shadowed", "missed", "people", "gap"]
"""What a reason counts as. idle: nothing was asked. answered: on air, by the script or in the chat. shadowed: a usable reply was there, and
the room only watched. missed: it came to nothing for lack of time, or by a failing player. people: persons paused, refused or took it over.
gap: nobody wrote a usable reply."""

Label = Reason | Literal["unread"]
"""A reason, or `unread`: the comment ended before anybody knew what it asks (late or shed before it was understood)."""

Dimension = Literal["room", "intent", "product", "language"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a reason counts as, and whether it says that a usable reply existed."""

    outcome: Outcome
    answerable: bool


KINDS: Final[Mapping[Reason, Kind]] = {
    "chatter": Kind("idle", answerable=False),
    "abuse": Kind("idle", answerable=False),
    "answered": Kind("answered", answerable=True),
    "shadowed": Kind("shadowed", answerable=True),
    "recently_answered": Kind("missed", answerable=True),
    "airtime_spent": Kind("missed", answerable=True),
    "outvalued": Kind("missed", answerable=True),
    "no_opportunity": Kind("missed", answerable=True),
    "expired": Kind("missed", answerable=True),
    "shed": Kind("missed", answerable=True),
    "room_closed": Kind("missed", answerable=True),
    "player_failed": Kind("missed", answerable=True),
    "player_lost": Kind("missed", answerable=True),
    "chat_spent": Kind("missed", answerable=True),
    "chat_failed": Kind("missed", answerable=True),
    "viewer_limit": Kind("missed", answerable=False),  # given before anyone looks for a reply
    "paused": Kind("people", answerable=True),
    "taken_over": Kind("people", answerable=True),
    "killed": Kind("people", answerable=True),
    "not_approved": Kind("people", answerable=True),
    "refused": Kind("people", answerable=True),
    "handed_off": Kind("people", answerable=False),  # a person answers: no reply is looked for
    "unknown_intent": Kind("gap", answerable=False),
    "low_confidence": Kind("gap", answerable=False),
    "ambiguous": Kind("gap", answerable=False),
    "unsupported_language": Kind("gap", answerable=False),
    "no_product": Kind("gap", answerable=False),
    "not_sold": Kind("gap", answerable=False),
    "no_reply": Kind("gap", answerable=False),
    "fact_missing": Kind("gap", answerable=False),
    "fact_expired": Kind("gap", answerable=False),
    "fact_out_of_bounds": Kind("gap", answerable=False),
    "guard_blocked": Kind("gap", answerable=False),
}
"""Every reason. The one place where it is said."""


@dataclass(slots=True)
class Idle:
    """A decision on a comment that asked nothing, as far as it is counted: nine of ten are, and reading only this is quicker."""

    shop: str
    reason: Literal["chatter", "abuse"]
    decided: int


DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
RECENT_MS: Final = 300_000
HOUR_MS: Final = 3_600_000
GRAIN_MS: Final = 5_000  # what times are rounded down to: a step of the shortest span
PENDING: Final = (
    128  # rows that are summed up before they are spread over spans and dimensions; some milliseconds of work
)
MAX_VALUES: Final = 1_000  # values of a dimension that a shop's counts tell apart at a time; ten times what a shop has
MAX_SHOPS: Final = 2_000  # shops that are counted; the one that was silent longest makes room
REST: Final = "*"
"""What values beyond `MAX_VALUES` are counted as; no id looks like it."""


def outcome(decision: Decision | Idle) -> Outcome | None:
    """What the decision counts as; None where nobody knows whether it asked anything."""
    label = label_of(decision)
    return None if label == "unread" else KINDS[label].outcome


def label_of(decision: Decision | Idle) -> Label:
    """The reason, but `unread` where the comment was late or shed before its intent was known."""
    if isinstance(decision, Decision) and decision.intent is None and decision.reason in ("expired", "shed"):
        return "unread"
    return decision.reason


@dataclass(frozen=True, slots=True)
class Counts:
    """Comments by reason, and what coverage says of them. `asked` = answered + shadowed + missed + people + gap."""

    labels: Mapping[Label, int] = field(default_factory=dict)

    @property
    def comments(self) -> int:
        """Everything that was decided."""
        return sum(self.labels.values())

    @property
    def unread(self) -> int:
        return self.labels.get("unread", 0)

    @property
    def asked(self) -> int:
        return self.comments - self.unread - self.of("idle")

    def of(self, wanted: Outcome) -> int:
        return sum(n for label, n in self.labels.items() if label != "unread" and KINDS[label].outcome == wanted)

    @property
    def answerable(self) -> int:
        """Comments for which a usable reply existed, whatever became of them."""
        return sum(n for label, n in self.labels.items() if label != "unread" and KINDS[label].answerable)

    @property
    def share_answered(self) -> float | None:
        """Answered ÷ asked; None where nothing was asked."""
        return self.of("answered") / self.asked if self.asked else None

    @property
    def share_answerable(self) -> float | None:
        """Answerable ÷ asked: the coverage of the reply pool itself; None where nothing was asked."""
        return self.answerable / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Span:
    """Coverage over one stretch of time."""

    total: Counts = Counts()
    by: Mapping[Dimension, Mapping[str, Counts]] = field(default_factory=dict)
    """Only comments that asked something; `*` holds the values beyond what is told apart."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A shop's coverage: the last five minutes, the last hour, and since counting began."""

    shop: str
    recent: Span = Span()
    hour: Span = Span()
    whole: Span = Span()


_Key = tuple[Dimension | None, str, Label]


_Row = tuple[str, Label, int, str, str | None, str | None, str]
"""Decisions that count alike: (shop, label, time in whole grains, room, intent, product, language); the last four are empty where nothing
was asked."""


def _row(decision: Decision | Idle) -> _Row:
    label, time = label_of(decision), decision.decided // GRAIN_MS * GRAIN_MS
    if isinstance(decision, Idle) or label == "unread" or KINDS[label].outcome == "idle":
        return decision.shop, label, time, "", None, None, ""
    return decision.shop, label, time, decision.room, decision.intent, decision.product, decision.language


def _keys(row: _Row) -> Iterator[_Key]:
    """What a row is added to."""
    label = row[1]
    yield None, "", label
    for dimension, value in zip(DIMENSIONS, row[3:], strict=True):
        if value:
            yield dimension, value, label


class _Sums:
    """Counts that are kept for one stretch of time. Values beyond `MAX_VALUES` of a dimension count as `*`."""

    def __init__(self) -> None:
        self.counter: Counter[_Key] = Counter()
        self._values: dict[Dimension, set[str]] = {name: set() for name in DIMENSIONS}

    def add(self, key: _Key, count: int) -> None:
        dimension, value, label = key
        if dimension is not None:
            values = self._values[dimension]
            if value not in values:
                if len(values) >= MAX_VALUES:
                    key = (dimension, REST, label)
                else:
                    values.add(value)
        self.counter[key] += count


class _Sliding:
    """Counts by step of a window."""

    def __init__(self, span_ms: int) -> None:
        self._window = Window(span_ms)
        self._steps: dict[int, _Sums] = {}

    def add(self, time: int, keys: Sequence[_Key], count: int) -> None:
        step = self._window.step(time)
        sums = self._steps.get(step)
        if sums is None:
            sums = self._steps[step] = _Sums()
            first = self._window.first(max(self._steps) * self._window.step_ms)
            for old in [known for known in self._steps if known < first]:
                del self._steps[old]
        for key in keys:
            sums.add(key, count)

    def counter(self, now: int) -> Counter[_Key]:
        """What is inside at `now`."""
        found: Counter[_Key] = Counter()
        first = self._window.first(now)
        for step, sums in self._steps.items():
            if step >= first:  # what a worker whose clock is ahead decided counts too
                found.update(sums.counter)
        return found


class _Shop:
    """The counts of one shop."""

    def __init__(self) -> None:
        self.recent = _Sliding(RECENT_MS)
        self.hour = _Sliding(HOUR_MS)
        self.whole = _Sums()


class Ledger:
    """Counts decisions of all shops. Its size depends on what shops, rooms, intents and products there are, not on the decisions."""

    def __init__(self) -> None:
        self._shops: dict[str, _Shop] = {}
        self._pending: dict[_Row, int] = {}

    def add(self, decision: Decision | Idle) -> None:
        """Count one decision, once: whoever reads the log twice counts twice."""
        row = _row(decision)
        self._pending[row] = self._pending.get(row, 0) + 1
        if len(self._pending) >= PENDING:
            self._spread()

    def _spread(self) -> None:
        for row, count in self._pending.items():
            shop = self._shops.pop(row[0], None) or _Shop()
            self._shops[row[0]] = shop  # at the end: the first is the one that was silent longest
            if len(self._shops) > MAX_SHOPS:
                del self._shops[next(iter(self._shops))]
            keys = tuple(_keys(row))
            shop.recent.add(row[2], keys, count)
            shop.hour.add(row[2], keys, count)
            for key in keys:
                shop.whole.add(key, count)
        self._pending = {}

    def shops(self) -> list[str]:
        """The shops that have decisions, sorted."""
        self._spread()
        return sorted(self._shops)

    def coverage(self, shop: str, now: int) -> Coverage:
        """The shop's coverage at `now` (ms); all zero for a shop without decisions."""
        self._spread()
        found = self._shops.get(shop)
        if found is None:
            return Coverage(shop)
        return Coverage(
            shop, _span(found.recent.counter(now)), _span(found.hour.counter(now)), _span(found.whole.counter)
        )


def _span(counter: Counter[_Key]) -> Span:
    total: dict[Label, int] = {}
    by: dict[Dimension, dict[str, dict[Label, int]]] = {name: {} for name in DIMENSIONS}
    for (dimension, value, label), count in counter.items():
        place = total if dimension is None else by[dimension].setdefault(value, {})
        place[label] = place.get(label, 0) + count
    return Span(
        Counts(total),
        {name: {value: Counts(labels) for value, labels in sorted(values.items())} for name, values in by.items()},
    )
