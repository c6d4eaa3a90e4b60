"""The what-if: what a recorded live would have come to with another pool. An estimate, since script and viewers would have gone otherwise.

The recorded entries of a room are played twice against a model player with the recorded timing: with the pools of that time, and with the
other one. So what differs comes from the pool alone; how far the first play is from what was recorded tells how good the model is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from engine.errors import UsageError
from engine.events.journal import (
    AnyEntry,
    CommentEntry,
    PauseEntry,
    PoolEntry,
    RoomEntry,
    TickEntry,
)
from engine.events.outputs import Decision
from engine.events.understanding import Understanding
from engine.insight.coverage import KINDS
from engine.insight.model_player import ModelPlayer
from engine.insight.rerun import Beginning, Rerun
from engine.insight.timing import Learner, Timing
from engine.pool.model import Pool
from engine.room.arrival import identity
from engine.room.effects import Output
from engine.room.rooms import Rooms

TICK_MS: Final = 100  # ticks are at least so far apart, as a worker's are
TAIL_MS: Final = 720_000  # played on behind the last entry: the longest `answer_within`, time-outs, the longest reply
Understand = Callable[[Sequence[str]], Sequence[Understanding]]
Kind = Literal["newly_answered", "lost", "changed"]
KINDS_OF_CHANGE: Final[tuple[Kind, ...]] = ("newly_answered", "lost", "changed")


@dataclass(frozen=True, slots=True)
class Change:
    """A comment that the other pool would have treated otherwise."""

    kind: Kind
    before: Decision
    after: Decision

    @property
    def intent(self) -> str | None:
        """What it asks: as the other pool understands it, else as it was understood."""
        return self.after.intent or self.before.intent


@dataclass(slots=True)
class Estimate:
    """What came out. `answered` counts comments that were answered, or (in shadow) would have been."""

    room: str
    shop: str
    pool: str
    begins: int = 0
    ends: int = 0
    comments: int = 0
    recorded: int = 0
    """Answered as recorded."""
    before: int = 0
    """Answered by the model player with the pools of that time."""
    after: int = 0
    """With the other pool."""
    agreed: int = 0
    """Comments that the model player treats as recorded: answered both times, or neither."""
    compared: int = 0
    """Comments that were decided when they were recorded."""
    changes: list[Change] = field(default_factory=list)

    @property
    def agreement(self) -> float | None:
        """How well the model player repeats what was recorded: a share; None where nothing was recorded."""
        return self.agreed / self.compared if self.compared else None

    def by_intent(self) -> dict[str | None, dict[Kind, list[Change]]]:
        """Intents with the most changes first."""
        found: dict[str | None, dict[Kind, list[Change]]] = {}
        for change in self.changes:
            found.setdefault(change.intent, {kind: [] for kind in KINDS_OF_CHANGE})[change.kind].append(change)
        total = {intent: sum(map(len, kinds.values())) for intent, kinds in found.items()}
        return dict(sorted(found.items(), key=lambda item: (-total[item[0]], item[0] or "")))

    def count(self, kind: Kind) -> int:
        return sum(change.kind == kind for change in self.changes)


@dataclass(slots=True)
class Recording:
    """A room as recorded: where it begins, its entries, what became of its comments, how its player kept time."""

    room: str
    shop: str
    begin: Beginning
    entries: list[tuple[int, AnyEntry]]
    decisions: dict[str, Decision]
    timing: Timing
    pools: dict[str, Pool]


async def record(
    rerun: Rerun, pool_of: Callable[[str], Pool], since: int | None, until: int | None
) -> Recording | None:
    """Read the room between two moments (None: as far as the journal reaches). None where nothing can be computed."""
    kept = await rerun.kept()
    if kept is None:
        return None
    begin = await rerun.beginning(kept, kept.first.first_seq if since is None else await rerun.seq_at(kept, since))
    if begin is None:
        return None
    learner, entries, decisions = Learner(), list[tuple[int, AnyEntry]](), dict[str, Decision]()
    names = {live.pool for live in begin.record.pools} if begin.record is not None else set[str]()
    shop = ""
    async for step in rerun.steps(begin):
        if until is not None and step.now > until:
            break
        learner.see(step)
        entries.append((step.now, step.entry))
        if isinstance(step.entry, PoolEntry):
            names.add(step.entry.pool)
        if step.room is not None:
            shop = step.room.shop.id
        _first(decisions, step.records)
    pools = {name: pool_of(name) for name in sorted(names)}
    return Recording(rerun.room, shop, begin, entries, decisions, learner.timing(), pools)


def estimate(recording: Recording, pool: Pool, understand: Understand, since: int | None = None) -> Estimate:
    """Compare. `since`: comments before it are played, and not counted. Raises `UsageError` where the pool is of another shop."""
    if pool.shop != recording.shop:
        raise UsageError(
            f"room `{recording.room}` is of the shop `{recording.shop}`, and the folder holds `{pool.shop}`: name the folder of that shop"
        )
    comments = [
        (now, entry) for now, entry in recording.entries if isinstance(entry, CommentEntry) and now >= (since or 0)
    ]
    told = Estimate(recording.room, pool.shop, pool.hash)
    before = _play(recording, recording.entries, recording.pools, None)
    entries = list(_understood(recording.entries, pool, understand))
    after = _play(recording, entries, {**recording.pools, pool.hash: pool}, pool)
    if comments:
        told.begins, told.ends = comments[0][0], comments[-1][0]
    for name in dict.fromkeys(identity(recording.room, entry.source, entry.id)[0] for _, entry in comments):
        one, two = before.get(name), after.get(name)
        if one is None or two is None:
            continue  # it came before, and only its repeat is here
        told.comments += 1
        told.before += is_answered(one)
        told.after += is_answered(two)
        as_recorded = recording.decisions.get(name)
        if as_recorded is not None:
            told.compared += 1
            told.recorded += is_answered(as_recorded)
            told.agreed += is_answered(as_recorded) == is_answered(one)
        kind = _kind(one, two)
        if kind is not None:
            told.changes.append(Change(kind, one, two))
    return told


def is_answered(decision: Decision) -> bool:
    """Whether it was answered, or would have been in a room that only watches."""
    return KINDS[decision.reason].outcome in ("answered", "shadowed")


def _kind(before: Decision, after: Decision) -> Kind | None:
    if is_answered(before) != is_answered(after):
        return "newly_answered" if is_answered(after) else "lost"
    same = (before.reason, before.intent, before.product, before.reply, before.via, before.wanted)
    return (
        None if same == (after.reason, after.intent, after.product, after.reply, after.via, after.wanted) else "changed"
    )


def _understood(
    entries: Sequence[tuple[int, AnyEntry]], pool: Pool, understand: Understand
) -> Iterator[tuple[int, AnyEntry]]:
    """The entries with every text understood by the other pool. What was not read then is not read now."""
    read = [entry for _, entry in entries if isinstance(entry, CommentEntry) and entry.understanding is not None]
    texts = list(dict.fromkeys(entry.text for entry in read))
    meant = dict(zip(texts, understand(texts), strict=True)) if texts else {}
    for now, entry in entries:
        if isinstance(entry, CommentEntry) and entry.understanding is not None:
            yield now, replace(entry, understanding=meant[entry.text], model=pool.model)
        else:
            yield now, entry


def _first(decisions: dict[str, Decision], records: Sequence[Output]) -> None:
    """Keep the first decision of each comment; one that is repeated after ten minutes has a second."""
    for record in records:
        if isinstance(record, Decision):
            decisions.setdefault(record.id, record)


def _play(
    recording: Recording, entries: Sequence[tuple[int, AnyEntry]], pools: Mapping[str, Pool], other: Pool | None
) -> dict[str, Decision]:
    """Decisions by id. `other`: this pool serves the shop from the begin on, whatever went live."""
    stage = _Stage(recording, pools, other)
    for now, entry in entries:
        stage.until(now)
        stage.recorded(now, entry)
    stage.until((entries[-1][0] if entries else 0) + TAIL_MS)
    return stage.decisions


class _Stage:
    """One play: the core, the model player, and a clock that goes from event to event."""

    def __init__(self, recording: Recording, pools: Mapping[str, Pool], other: Pool | None) -> None:
        self.decisions: dict[str, Decision] = {}
        self._room = recording.room
        self._other = other
        self._player = ModelPlayer(recording.timing)
        self._rooms = Rooms(pools.__getitem__)
        self._saved = recording.begin.room
        self._seq = -1
        self._now = 0
        self._ticked = 0
        record = recording.begin.record
        if record is not None:
            lives = [
                live.model_copy(update={"pool": other.hash}) if other is not None and live.shop == other.shop else live
                for live in record.pools
            ]
            self._rooms.restore_shops(record.shop_events, lives, record.lease, record.now)
            self._seq, self._now = record.seq, record.now
        self._swapped = (
            record is not None and other is not None and any(live.shop == other.shop for live in record.pools)
        )

    def recorded(self, now: int, entry: AnyEntry) -> None:
        """The next recorded entry, or what it comes to here."""
        if isinstance(entry, TickEntry | PauseEntry):
            return  # timers fire here when they are due, and nothing is late
        if isinstance(entry, PoolEntry) and self._other is not None and entry.shop == self._other.shop:
            if self._swapped:
                return
            self._swapped = True
            entry = replace(entry, pool=self._other.hash)
        if self._saved is not None and isinstance(entry, CommentEntry | RoomEntry):
            self._join()
        if isinstance(entry, RoomEntry):
            event = self._player.instead(self._rooms.room(self._room), entry.event)
            if event is None:
                return
            entry = RoomEntry(event, entry.shop)
        self._put(now, entry)

    def _join(self) -> None:
        """The room comes back from its snapshot, before its first entry."""
        assert self._saved is not None
        self._seq = max(self._seq, self._saved.seq)
        self._rooms.restore_room(self._saved)
        self._saved = None
        room = self._rooms.room(self._room)
        if room is not None:
            self._player.take_over(room)

    def until(self, end: int) -> None:
        """Timers fire and the player tells, up to `end`."""
        while True:
            deadline = self._rooms.next_deadline()
            tick = end + 1 if deadline is None else max(deadline, self._ticked + TICK_MS)
            act = self._player.due(self._rooms.room(self._room))
            at = max(min(tick, act), self._now)
            if at > end:
                return
            if act <= tick:
                for event in self._player.act(self._rooms.room(self._room)):
                    self._put(at, RoomEntry(event, ""))
            else:
                self._ticked = at
                self._put(at, TickEntry())

    def _put(self, now: int, entry: AnyEntry) -> None:
        self._seq += 1
        self._now = max(self._now, now)
        self._rooms.handle(self._seq, self._now, entry)
        records = self._rooms.take().records
        _first(self.decisions, records)
        room = self._rooms.room(self._room)
        if room is not None:
            self._player.hear(room, records, self._now)
