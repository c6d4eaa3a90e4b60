"""Who waits for what: comments, and the demands that merge them (intent × product)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.events.fields import Part, TextLanguage
from engine.events.outputs import Blocker
from engine.pool.model import ReplyChannel

HISTORY_CAP: Final = 32  # changes of blocker that a demand remembers; a room that changes faster forgets the first ones
WAITING_BYTES_CAP: Final = 36 * 1024  # of all waiting comments of a room, so that a snapshot stays within 256 KiB
NEVER: Final = 1 << 62
COMMENT_OVERHEAD_BYTES: Final = 150  # numbers, hashes and punctuation of one waiting comment in a snapshot

Key = tuple[str, str | None]
"""Intent × product."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A comment that waits, with all that its decision will need."""

    decision: str
    source: str
    id: str
    viewer: str
    text: str
    norm: str
    language: TextLanguage
    intent: str
    product: str | None
    confidence: float
    runner_up: str | None
    margin: float
    solo_ok: bool
    sent: int
    arrived: int
    deadline: int
    model: str
    on_script: bool
    serial: int
    flight: str | None = None
    """Insertion that may have answered it, while nobody knows."""
    cut: bool = False
    """Its reply was cut off: no cooldown holds it back."""
    failures: int = 0
    """How often its reply was refused by the player."""
    deferred: bool = False
    """Its deadline passed while its reply was in flight: it ends with the flight."""
    meant: str | None = None
    """The product that was named, or on screen, also where all products have one answer and `product` is None."""


@dataclass(slots=True)
class Demand:
    """All viewers who wait for the same thing; one reply serves all of them."""

    intent: str
    product: str | None
    born: int
    comments: list[Waiting] = field(default_factory=list)
    viewers: dict[str, int] = field(default_factory=dict)
    """Distinct viewers, with how many of the comments are theirs."""
    writers: dict[TextLanguage, dict[str, int]] = field(default_factory=dict)
    """The same by language."""
    priority: int = 50
    value: int = 0
    """Priority × viewers: the least goes when the books are full."""
    earliest: int = NEVER
    latest: int = 0
    """Earliest and latest deadline of its comments."""
    history: list[tuple[int, Blocker]] = field(default_factory=list)
    """When each blocker began, the flight included."""
    missed: Blocker | None = None
    """What the last opportunity said: `airtime`, `outvalued` or `no_opportunity`."""
    sure: int = 0
    """How many of its comments are understood surely enough to be answered for one viewer alone."""
    key: Key = field(init=False)

    def __post_init__(self) -> None:
        self.key = (self.intent, self.product)

    @property
    def blocker(self) -> Blocker:
        return self.history[-1][1] if self.history else "no_opportunity"

    def add(self, comment: Waiting) -> None:
        self.comments.append(comment)
        self.sure += comment.solo_ok
        _count(self.viewers, comment.viewer)
        _count(self.writers.setdefault(comment.language, {}), comment.viewer)
        self.earliest = min(self.earliest, comment.deadline)
        self.latest = max(self.latest, comment.deadline)
        self.value = self.priority * len(self.viewers)

    def remove(self, comment: Waiting) -> None:
        self.comments.remove(comment)
        self.sure -= comment.solo_ok
        _discount(self.viewers, comment.viewer)
        _discount(self.writers[comment.language], comment.viewer)
        self.value = self.priority * len(self.viewers)
        if comment.deadline == self.earliest:
            self.earliest = min((other.deadline for other in self.comments), default=NEVER)
        if comment.deadline == self.latest:
            self.latest = max((other.deadline for other in self.comments), default=0)

    def inherit(self, other: Demand) -> None:
        """Its comments waited in `other` before: age and what held them go on."""
        self.born = min(self.born, other.born)
        begin = self.history[0][0] if self.history else NEVER
        self.history = [*(row for row in other.history if row[0] < begin), *self.history][-HISTORY_CAP:]

    def part(self, comments: list[Waiting]) -> Demand:
        """These comments of it as a demand of their own, with its age and history; the others stay."""
        part = Demand(self.intent, self.product, self.born, priority=self.priority, missed=self.missed)
        part.history = list(self.history)
        taken = {comment.serial for comment in comments}
        others = [comment for comment in self.comments if comment.serial not in taken]
        history = self.history
        self.take_all()
        self.history = history
        for comment in comments:
            part.add(comment)
        for comment in others:
            self.add(comment)
        return part

    @property
    def was_cut(self) -> bool:
        """Whether one of its comments lost its reply in mid-sentence: no cooldown holds them back."""
        return any(comment.cut for comment in self.comments)

    @property
    def solo_unsure(self) -> bool:
        """Whether one viewer alone waits, of whose comments none is understood surely enough for that."""
        return len(self.viewers) == 1 and not self.sure

    def take_all(self) -> list[Waiting]:
        """All its comments; it is empty afterwards."""
        comments, self.comments = self.comments, []
        self.viewers, self.writers, self.history = {}, {}, []
        self.earliest, self.latest, self.value, self.sure = NEVER, 0, 0, 0
        return comments

    def servable(self, start: int) -> int:
        """Distinct viewers whose deadline is not before `start`."""
        return len({comment.viewer for comment in self.comments if comment.deadline >= start})

    def held(self, blocker: Blocker, now: int) -> None:
        """This is what it waits for from now on."""
        if not self.history or self.history[-1][1] != blocker:
            self.history.append((now, blocker))
            if len(self.history) > HISTORY_CAP:
                del self.history[0]

    def longest(self, comment: Waiting) -> Blocker:
        """The blocker that held the comment longest until its deadline (ties: the latest)."""
        spans: dict[Blocker, int] = {}
        latest: dict[Blocker, int] = {}
        for number, (since, blocker) in enumerate(self.history):
            until = self.history[number + 1][0] if number + 1 < len(self.history) else comment.deadline
            span = min(until, comment.deadline) - max(since, comment.arrived)
            if span >= 0:
                spans[blocker] = spans.get(blocker, 0) + span
                latest[blocker] = number
        if not spans:
            return self.blocker
        return max(spans, key=lambda blocker: (spans[blocker], latest[blocker]))


@dataclass(slots=True)
class Proposed:
    """A reply that was proposed to people. Its text is not kept: `seal` names it, and it is filled again when it is told again."""

    id: str
    key: Key
    reply: str
    seal: str
    """All that an approval binds, as a hash."""
    made: int
    channel: ReplyChannel = "voice"
    told: int = 0
    viewers: int = 0
    decide_by: int = 0
    """As last told, as `viewers`."""
    revision: int = 0
    """Of the next telling."""
    approved: bool = False
    by: str = ""


def _count(viewers: dict[str, int], viewer: str) -> None:
    viewers[viewer] = viewers.get(viewer, 0) + 1


def _discount(viewers: dict[str, int], viewer: str) -> None:
    if viewers[viewer] == 1:
        del viewers[viewer]
    else:
        viewers[viewer] -= 1


def weight(comment: Waiting) -> int:
    """What a waiting comment may take in a snapshot, bytes."""
    size = (
        len(comment.text.encode())
        + len(comment.norm.encode())
        + len(comment.source)
        + len(comment.id)
        + len(comment.intent)
        + len(comment.meant or "")
    )
    return COMMENT_OVERHEAD_BYTES + size


class DemandState(Part):
    """A demand in a snapshot."""

    intent: str
    product: str | None
    born: int
    comments: list[Waiting]
    history: list[tuple[int, Blocker]]
    priority: int
    missed: Blocker | None

    @classmethod
    def of(cls, demand: Demand) -> DemandState:
        return cls(
            intent=demand.intent,
            product=demand.product,
            born=demand.born,
            comments=demand.comments,
            history=demand.history,
            priority=demand.priority,
            missed=demand.missed,
        )

    def demand(self) -> Demand:
        demand = Demand(
            self.intent, self.product, self.born, history=list(self.history), missed=self.missed, priority=self.priority
        )
        for comment in self.comments:
            demand.add(comment)
        return demand
