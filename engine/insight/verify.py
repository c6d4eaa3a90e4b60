"""Verification: the core is run over the journal again, and what it says is compared with what stands on the bus, byte for byte."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine.bus.port import Bus, Stored
from engine.errors import RecordError
from engine.events.codec import decode, encode
from engine.events.handoffs import Handoff
from engine.events.outputs import Aired, Decision, RoomOutput
from engine.events.posts import Posted
from engine.insight.rerun import SLACK_MS, Rerun, Step
from engine.room.effects import Output

COMPARED: Final = ("decisions", "insertions", "aired", "handoffs")
PAGE: Final = 1_000
Ident = tuple[str, ...]


@dataclass(slots=True)
class Count:
    """Of one topic. `gone`: computed records that are older than what the topic keeps. `same` and `different` are what was compared."""

    same: int = 0
    different: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that stands on the bus otherwise than it is computed (one of the two is None where only the other is there)."""

    topic: str
    at: int
    computed: bytes | None
    stored: bytes | None

    def fields(self) -> dict[str, tuple[object, object]]:
        """Field → (computed, stored), of those that differ."""
        one, two = (_fields(value) for value in (self.computed, self.stored))
        return {name: (one.get(name), two.get(name)) for name in (one | two) if one.get(name) != two.get(name)}


@dataclass(slots=True)
class Verification:
    """What came out. Times in ms; `begins` is later than asked for where what is before cannot be computed."""

    room: str
    partition: int
    begins: int = 0
    ends: int = 0
    seq_begins: int = 0
    seq_ends: int = 0
    entries: int = 0
    counts: dict[str, Count] = field(default_factory=lambda: {topic: Count() for topic in COMPARED})
    first: Difference | None = None
    journal_begins: int | None = None
    """The time of the journal's first record; None where there is no journal."""
    found: bool = True
    """False: nothing of the room could be computed."""
    cut: bool = False
    """The room did more before `begins`, which can no longer be computed."""

    @property
    def records(self) -> int:
        return sum(count.same + count.different for count in self.counts.values())

    @property
    def differences(self) -> int:
        return sum(count.different for count in self.counts.values())


@dataclass(slots=True)
class _Computed:
    at: int
    value: bytes


async def verify(bus: Bus, rerun: Rerun, since: int | None = None, until: int | None = None) -> Verification:
    """Compare what the room put out between the moments `since` and `until`, both inclusive (None: as far as the journal reaches).

    Raises `RestoreError` where the journal or a pool that it names is damaged or gone.
    """
    told = Verification(rerun.room, rerun.partition)
    kept = await rerun.kept()
    if kept is None:
        told.found = False
        return told
    told.journal_begins = kept.first.now
    wanted = kept.first.first_seq if since is None else await rerun.seq_at(kept, since)
    begin = await rerun.beginning(kept, wanted)
    if begin is None:
        told.found = False
        return told
    told.cut = begin.room is not None and begin.seq >= wanted
    low = since if since is not None else 0
    computed: dict[str, dict[Ident, _Computed]] = {topic: {} for topic in COMPARED}
    async for step in rerun.steps(begin):
        if step.seq <= begin.seq:
            continue
        if until is not None and step.now > until + SLACK_MS:
            break
        _take(computed, step)
        if step.now >= low and (until is None or step.now <= until) and (step.room is not None or step.records):
            _extend(told, step)
    high = until if until is not None else told.ends
    stored = {topic: await _stored(bus, topic, rerun, max(low, rerun.floor) - SLACK_MS) for topic in COMPARED}
    for topic in COMPARED:
        oldest = await _oldest(bus, topic, rerun.partition)
        window = _Window(max(low, told.begins), high, rerun.floor, closed=until is not None, oldest=oldest)
        _compare(told, topic, computed[topic], stored[topic], window)
    return told


@dataclass(frozen=True, slots=True)
class _Window:
    """What is compared: what was computed from `low` to `high`. `floor`: the time of the commit before, of which nothing is computed."""

    low: int
    high: int
    floor: int
    closed: bool
    """All that was made at `high` is computed."""
    oldest: int
    """Computed before: the topic has swept it away."""

    def holds(self, at: int) -> bool:
        """Whether a stored record that was not computed should have been."""
        return max(self.low, self.floor + 1) <= at and (at <= self.high if self.closed else at < self.high)


def _extend(told: Verification, step: Step) -> None:
    if not told.entries:
        told.begins, told.seq_begins = step.now, step.seq
    told.entries += 1
    told.ends, told.seq_ends = step.now, step.seq


def _take(computed: Mapping[str, dict[Ident, _Computed]], step: Step) -> None:
    for record in step.records:
        if record.topic in computed:
            found = computed[record.topic]
            found[_free(_ident(record), found)] = _Computed(step.now, encode(record))


def _ident(record: Output) -> Ident:
    """What tells a record from every other of its topic and room: some are told again under the id of the first."""
    match record:
        case RoomOutput():
            return type(record).__name__, record.id, str(record.seq)
        case Handoff():
            return record.id, record.state, str(record.asked)
        case _:
            return (record.id,)


def _free(ident: Ident, taken: Container[Ident]) -> Ident:
    """The ident, numbered where it comes again: a comment that is repeated after ten minutes has a second decision (`expired`)."""
    free, number = ident, 1
    while free in taken:
        free, number = (*ident, f"again {number}"), number + 1
    return free


def _time(record: Output) -> int:
    """When it was made, or (of what aired) a moment before that."""
    match record:
        case Decision():
            return record.decided
        case RoomOutput():
            return record.at
        case Aired():
            return record.ended if record.ended is not None else record.started
        case Posted():
            return record.posted
        case Handoff():
            return record.closed if record.closed is not None else record.created


async def _oldest(bus: Bus, topic: str, partition: int) -> int:
    """Log time before which the topic may have lost records; 0 where it never lost any."""
    begin = await bus.begin(topic, partition)
    if begin == 0:
        return 0
    found = await bus.read(topic, partition, begin, None, max_records=1)
    return found[0].time if found else 1 << 62


async def _stored(bus: Bus, topic: str, rerun: Rerun, since: int) -> dict[Ident, tuple[int, bytes]]:
    """The room's records on the bus, with their own times, in order."""
    found: dict[Ident, tuple[int, bytes]] = {}
    async for stored in records_of(bus, topic, rerun.partition, rerun.room, since):
        value = stored.value or b""
        try:
            record: Output = decode(topic, value)
            found[_free(_ident(record), found)] = (_time(record), value)
        except RecordError:
            found["unreadable", str(stored.offset)] = (stored.time, value)
    return found


async def records_of(bus: Bus, topic: str, partition: int, room: str, since: int) -> AsyncIterator[Stored]:
    """The room's records of a topic from the log's time `since` on, in order."""
    at, end = await bus.at_time(topic, partition, max(0, since)), await bus.end(topic, partition)
    while page := await bus.read(topic, partition, at, end, max_records=PAGE):
        at = page[-1].offset + 1
        for stored in page:
            if stored.key == room:
                yield stored


def _compare(
    told: Verification,
    topic: str,
    computed: Mapping[Ident, _Computed],
    stored: Mapping[Ident, tuple[int, bytes]],
    window: _Window,
) -> None:
    count = told.counts[topic]
    for found in _differences(topic, count, computed, stored, window):
        count.different += 1
        if told.first is None or found.at < told.first.at:
            told.first = found


def _differences(
    topic: str,
    count: Count,
    computed: Mapping[Ident, _Computed],
    stored: Mapping[Ident, tuple[int, bytes]],
    window: _Window,
) -> Iterator[Difference]:
    places = {ident: place for place, ident in enumerate(stored)}
    last = -1
    for ident, one in computed.items():
        if not window.low <= one.at <= window.high:
            continue
        two = stored.get(ident)
        if two is None:
            if one.at <= window.oldest:
                count.gone += 1
            else:
                yield Difference(topic, one.at, one.value, None)
        elif two[1] != one.value or places[ident] < last:
            yield Difference(topic, one.at, one.value, two[1])
        else:
            count.same += 1
        last = max(last, places.get(ident, last))
    for ident, (at, value) in stored.items():
        if ident not in computed and window.holds(at):
            yield Difference(topic, at, None, value)


def _fields(value: bytes | None) -> dict[str, object]:
    if value is None:
        return {}
    try:
        fields = json.loads(value)
    except ValueError:
        return {"": value.decode("utf-8", "replace")}
    return fields if isinstance(fields, dict) else {"": fields}
