"""A bus in memory that fails on command: aborted commits, lost answers, crashes, zombies, redelivery, gaps in offsets."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from engine.bus.partitioner import partition_of
from engine.bus.port import (
    Aborted,
    Assigned,
    Batch,
    Committed,
    FencedOff,
    Lost,
    Outcome,
    Outgoing,
    Ownership,
    Position,
    Revoked,
    Stored,
    Unknown,
)
from engine.errors import BusUnavailable, Fenced, RecordTooLarge
from engine.events.topics import INPUTS, TOPICS
from tests.simulation.clock import VirtualLoop

LIMIT_BYTES = 1_000_000


class Crashed(BaseException):
    """The process that called is dead; nothing may catch this."""


@dataclass(slots=True)
class Odds:
    """How often things go wrong; per commit but for `redeliver` (per poll) and `unavailable` (per poll and look at the lag)."""

    abort: float = 0.0
    unknown: float = 0.0
    crash: float = 0.0
    redeliver: float = 0.0
    unavailable: float = 0.0


class SimBus:
    """The port, in memory."""

    def __init__(self, loop: VirtualLoop, rng: Random, partitions: int, odds: Odds) -> None:
        self.partitions = partitions
        self.identity = "simulated"
        self.odds = odds
        self.log: dict[tuple[str, int], list[Stored]] = {}
        """Everything that was ever written; what `begin` leaves behind is kept for the checks."""
        self._written: dict[tuple[str, int], list[int]] = {}
        """The offsets in `log`, to find places by."""
        self.begins: dict[tuple[str, int], int] = {}
        self.leases: dict[int, int] = {}
        self.offsets: dict[int, dict[str, int]] = {}
        self.owners: dict[int, SimMember] = {}
        self.members: list[SimMember] = []
        self.watchers: list[Callable[[Stored], None]] = []
        self.loop = loop
        self.rng = rng
        self.counts: dict[str, int] = {}
        self._grown: list[asyncio.Event] = []

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    # ---- writing ---------------------------------------------------------------------------------------------------

    def append(self, record: Outgoing) -> Position:
        """On the log, at once."""
        if record.value is not None and len(record.value) > LIMIT_BYTES:
            raise RecordTooLarge(record.topic, len(record.value), LIMIT_BYTES)
        rooms = TOPICS[record.topic].layout == "rooms"
        partition = record.partition
        if partition is None:
            partition = partition_of(record.key, self.partitions) if rooms else 0
        place = (record.topic, partition)
        line = self.log.get(place)
        if line is None:
            line, self._written[place] = self.log.setdefault(place, []), []
        gap = 1 if self.rng.random() < 0.9 else self.rng.randint(2, 4)
        offset = line[-1].offset + gap if line else 0
        stored = Stored(record.topic, partition, offset, self.loop.now(), record.key, record.value, record.headers)
        line.append(stored)
        self._written[place].append(offset)
        for watch in self.watchers:
            watch(stored)
        for event in self._grown:
            event.set()
        return Position(partition, offset)

    async def publish(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        return [self.append(record) for record in records]

    def land(self, group: str, batch: Batch) -> bool:
        """Commit one batch; False: its lease is stale."""
        if self.leases.get(batch.partition, 0) != batch.lease:
            return False
        for record in batch.records:
            self.append(record)
        self.offsets.setdefault(batch.partition, {}).update(batch.offsets)
        return True

    # ---- reading ---------------------------------------------------------------------------------------------------

    def _from(self, topic: str, partition: int, start: int) -> list[Stored]:
        place = (topic, partition)
        offsets = self._written.get(place)
        if offsets is None or start > offsets[-1]:  # nothing new: what nearly every look finds
            return []
        return self.log[place][bisect_left(offsets, max(start, self._begin(topic, partition))) :]

    def _count_from(self, topic: str, partition: int, start: int) -> int:
        offsets = self._written.get((topic, partition), [])
        return len(offsets) - bisect_left(offsets, max(start, self._begin(topic, partition)))

    def _begin(self, topic: str, partition: int) -> int:
        return self.begins.get((topic, partition), 0)

    async def read(
        self, topic: str, partition: int, start: int, end: int | None = None, *, max_records: int = 1_000
    ) -> Sequence[Stored]:
        await asyncio.sleep(0.001)
        found = self._from(topic, partition, start)[:max_records]
        return [stored for stored in found if end is None or stored.offset < end]

    async def latest_per_key(self, topic: str, partition: int) -> Mapping[str, Stored]:
        latest = {stored.key: stored for stored in self.log.get((topic, partition), [])}
        return {key: stored for key, stored in latest.items() if key is not None and stored.value is not None}

    async def end(self, topic: str, partition: int) -> int:
        line = self.log.get((topic, partition), [])
        return line[-1].offset + 1 if line else 0

    async def begin(self, topic: str, partition: int) -> int:
        return self._begin(topic, partition)

    async def at_time(self, topic: str, partition: int, time: int) -> int:
        later = (stored.offset for stored in self._from(topic, partition, 0) if stored.time >= time)
        return next(later, await self.end(topic, partition))

    async def committed(self, partition: int) -> Mapping[str, int]:
        return dict(self.offsets.get(partition, {}))

    def tail(self, starts: Mapping[tuple[str, int], int]) -> SimTail:
        return SimTail(self, dict(starts))

    async def close(self) -> None:
        pass

    # ---- the group -------------------------------------------------------------------------------------------------

    def member(self, group: str) -> SimMember:
        member = SimMember(self, group)
        self.members.append(member)
        self.divide()
        return member

    def divide(self) -> None:
        """Partitions to members in ranges; owners that live are asked for theirs first."""
        if not self.members:
            return
        for partition in range(self.partitions):
            due = self.members[partition * len(self.members) // self.partitions]
            owner = self.owners.get(partition)
            if owner is None or owner.dead:
                self._give(partition, due)
            elif owner is not due and partition not in owner.leaving:
                owner.leaving.add(partition)
                owner.news.append(Revoked((partition,)))
                owner.wake.set()

    def _give(self, partition: int, member: SimMember) -> None:
        self.owners[partition] = member
        member.news.append(Assigned((partition,)))
        member.wake.set()

    def hand_back(self, member: SimMember, partition: int) -> None:
        if self.owners.get(partition) is member:
            del self.owners[partition]
        self.divide()

    def steal(self, partition: int, member: SimMember) -> None:
        """Another member gets the partition while its owner lives on and does not know."""
        owner = self.owners.get(partition)
        if owner is member or member.dead:
            return
        self._give(partition, member)
        if owner is not None and not owner.dead:
            owner.leaving.discard(partition)
            owner.positions.pop(partition, None)
            owner.news.append(Lost((partition,)))

    def bury(self, member: SimMember) -> None:
        """The group noticed that a member died, or left."""
        member.dead = True
        if member in self.members:
            self.members.remove(member)
        for partition, owner in list(self.owners.items()):
            if owner is member:
                del self.owners[partition]
        self.divide()


@dataclass(eq=False)
class SimMember:
    bus: SimBus
    group: str
    news: deque[Ownership] = field(default_factory=deque)
    leaving: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)
    positions: dict[int, dict[str, int]] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    committing: int = 0
    dead: bool = False
    silent: bool = False
    """It gets no ownership events: a zombie."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.bus._grown.append(self.wake)

    def _check(self) -> None:
        if self.dead:
            raise Crashed

    async def events(self, *, wait_ms: int = 0) -> Sequence[Ownership]:
        self._check()
        if self.silent:
            return []
        for partition in sorted(self.told):
            if not self.committing:
                self.told.discard(partition)
                self.leaving.discard(partition)
                self.bus.hand_back(self, partition)
        found = list(self.news)
        self.news.clear()
        for event in found:
            for partition in event.partitions:
                self.positions.pop(partition, None)
                self.paused.discard(partition)
            if isinstance(event, Revoked):
                self.told.update(event.partitions)
        return found

    async def acquire(self, partition: int) -> int:
        self._check()
        await asyncio.sleep(0.003)
        self._check()
        if self.bus.owners.get(partition) is not self:
            raise Fenced(partition, self.bus.leases.get(partition, 0))
        self.bus.leases[partition] = self.bus.leases.get(partition, 0) + 1
        return self.bus.leases[partition]

    def seek(self, partition: int, offsets: Mapping[str, int]) -> None:
        self.positions[partition] = {topic: offsets.get(topic, 0) for topic in INPUTS}
        self.wake.set()

    async def poll(self, *, max_records: int, max_bytes: int, wait_ms: int) -> Mapping[int, Sequence[Stored]]:
        self._check()
        if self.bus.rng.random() < self.bus.odds.unavailable:
            self.bus.count("poll unavailable")
            raise BusUnavailable("simulated")
        self.wake.clear()
        found = self._collect(max_records)
        if not found and wait_ms > 0:
            loop = self.bus.loop
            until = loop.time() + wait_ms / 1_000
            while not found and (self.silent or not self.news) and loop.time() < until:
                timer = loop.call_at(until, self.wake.set)
                await self.wake.wait()
                timer.cancel()
                self._check()
                self.wake.clear()
                found = self._collect(max_records)
        return found

    def _collect(self, max_records: int) -> dict[int, Sequence[Stored]]:
        found: dict[int, Sequence[Stored]] = {}
        for partition, positions in self.positions.items():
            if partition in self.leaving:
                continue
            if self.bus.rng.random() < self.bus.odds.redeliver and positions["comments"]:
                positions["comments"] = max(0, positions["comments"] - self.bus.rng.randint(1, 5))
                self.bus.count("redelivered")
            records = self.bus._from("room-events", partition, positions["room-events"])
            whole = len(records) <= max_records
            records = records[:max_records]
            if whole and partition not in self.paused:
                records += self.bus._from("comments", partition, positions["comments"])[: max_records - len(records)]
            for stored in records:
                positions[stored.topic] = stored.offset + 1
            if records:
                found[partition] = records
        return found

    def pause_comments(self, partition: int, paused: bool) -> None:
        if paused:
            self.paused.add(partition)
        else:
            self.paused.discard(partition)

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        self._check()
        self.committing += 1
        try:
            return [await self._commit(batch) for batch in batches]
        finally:
            self.committing -= 1

    async def _commit(self, batch: Batch) -> Outcome:
        bus, rng = self.bus, self.bus.rng
        await asyncio.sleep(rng.choice((0.001, 0.002, 0.005, 0.03)))
        if self.dead:
            if rng.random() < 0.5:  # it was on its way when the process died
                bus.land(self.group, batch)
            raise Crashed
        draw = rng.random()
        odds = bus.odds
        if draw < odds.abort:
            bus.count("aborted")
            return Aborted("simulated")
        draw -= odds.abort
        if draw < odds.unknown:
            return self._lose_answer(batch)
        draw -= odds.unknown
        if draw < odds.crash:
            after = rng.random() < 0.5
            bus.count("crash after commit" if after else "crash before commit")
            if after:
                bus.land(self.group, batch)
            self.dead = True
            raise Crashed
        if bus.land(self.group, batch):
            return Committed()
        bus.count("fenced off")
        return FencedOff()

    def _lose_answer(self, batch: Batch) -> Outcome:
        """The batch landed, did not, or lands later unless it is fenced first."""
        rng = self.bus.rng
        fate = rng.choice(("landed", "lost", "late", "raised"))
        self.bus.count(f"unknown, {fate}")
        if fate == "landed":
            self.bus.land(self.group, batch)
        elif fate == "late":
            self.bus.loop.call_later(rng.uniform(0.0005, 0.05), self.bus.land, self.group, batch)
        elif fate == "raised":
            if rng.random() < 0.5:
                self.bus.land(self.group, batch)
            raise BusUnavailable("simulated")
        return Unknown("simulated")

    async def lag(self) -> Mapping[int, Mapping[str, int]]:
        self._check()
        if self.bus.rng.random() < self.bus.odds.unavailable:
            self.bus.count("lag unknown")
            raise BusUnavailable("simulated")
        return {
            partition: {topic: self.bus._count_from(topic, partition, at) for topic, at in positions.items()}
            for partition, positions in self.positions.items()
        }

    async def close(self) -> None:
        if not self.dead:
            self.bus.bury(self)


@dataclass(eq=False)
class SimTail:
    bus: SimBus
    positions: dict[tuple[str, int], int]
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.bus._grown.append(self.wake)

    async def next(self, *, max_records: int = 1_000, wait_ms: int = 1_000) -> Sequence[Stored]:
        while True:
            self.wake.clear()
            found: list[Stored] = []
            for (topic, partition), at in self.positions.items():
                more = self.bus._from(topic, partition, at)[:max_records]
                if more:
                    self.positions[topic, partition] = more[-1].offset + 1
                    found += more
            if found:
                return found
            await self.wake.wait()

    async def close(self) -> None:
        self.bus._grown.remove(self.wake)
