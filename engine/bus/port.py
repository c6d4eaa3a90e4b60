"""The bus port: what the engine needs of a durable, partitioned log.

The embedded log (`engine.bus.embedded`, SQLite) implements it. One contract suite defines it; any further bus has to pass the
same suite unchanged.

Partitions: topics of layout `rooms` have `partitions` of them, chosen by murmur2 of the key as Java clients do; topics of
layout `single` have one. Offsets grow along a partition and may have gaps. All calls raise `BusUnavailable` when they cannot
be served within their deadline; none blocks the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from engine.events.topics import TOPICS

Headers = tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Stored:
    """A record as read: where it stands, and the log's own time in ms. `value` None is a tombstone."""

    topic: str
    partition: int
    offset: int
    time: int
    key: str | None
    value: bytes | None
    headers: Headers = ()
    fault: str = ""
    """Why the bus withholds the value, which is empty then: what a stranger wrote cannot be decoded, or is beyond the limits."""


@dataclass(slots=True)
class Outgoing:
    """A record to be written. `partition` None: chosen by the key."""

    topic: str
    key: str
    value: bytes | None
    partition: int | None = None
    headers: Headers = ()


class Position(NamedTuple):
    """Where a published record stands."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one partition commits, all or nothing: records (journal included) and the inputs' next offsets. Immutable: resent as it is."""

    partition: int
    lease: int
    records: tuple[Outgoing, ...]
    offsets: Mapping[str, int] = field(default_factory=dict)
    """Input topic → next offset to read."""


# ---- outcomes of a commit ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Committed:
    """The batch is on the log, once."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """Nothing of the batch is on the log; send the same bytes again."""

    reason: str


@dataclass(frozen=True, slots=True)
class FencedOff:
    """A newer lease owns the partition; nothing of the batch is on the log, nor ever will be."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The batch may or may not be on the log: `acquire` again (it fences), then read the journal's last seq."""

    reason: str


Outcome = Committed | Aborted | FencedOff | Unknown

# ---- ownership ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assigned:
    """These partitions are this member's now: acquire each, restore, seek, then poll."""

    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Revoked:
    """These partitions go to another member after a running commit ends; compute nothing more for them."""

    partitions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """These partitions are already someone else's: throw away what was computed."""

    partitions: tuple[int, ...]


Ownership = Assigned | Revoked | Lost


class Member(Protocol):
    """One worker's membership in the group that shares the inputs' partitions."""

    async def events(self, *, wait_ms: int = 0) -> Sequence[Ownership]:
        """Ownership changes since the last call, in order; waits up to `wait_ms` for the first."""
        ...

    async def acquire(self, partition: int) -> int:
        """Fence every other owner and return the partition's new lease (one higher than any before). Raises `Fenced` if it is not ours."""
        ...

    def seek(self, partition: int, offsets: Mapping[str, int]) -> None:
        """Read each input of the partition from here on at these offsets."""
        ...

    async def poll(self, *, max_records: int, max_bytes: int, wait_ms: int) -> Mapping[int, Sequence[Stored]]:
        """Records of owned, sought partitions that are ready: per partition in order per topic, room-events before comments.

        Waits up to `wait_ms` for the first; wakes at once when one arrives. `max_records` and `max_bytes` bound each partition's share.
        Room-events are delivered up to the end known at the poll before any comment of the same partition.
        """
        ...

    def pause_comments(self, partition: int, paused: bool) -> None:
        """Deliver no comments of this partition while paused (control lag)."""
        ...

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """Commit each batch in a transaction of its own partition; one outcome per batch, in order."""
        ...

    async def lag(self) -> Mapping[int, Mapping[str, int]]:
        """Partition → input topic → records not yet polled."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


class Tail(Protocol):
    """A reader without a group that follows some topics from given offsets on, committed records only."""

    async def next(self, *, max_records: int = 1_000, wait_ms: int = 1_000) -> Sequence[Stored]:
        """Records in order per partition; empty when nothing came within `wait_ms`. Wakes at once when something is written."""
        ...

    async def close(self) -> None: ...


class Bus(Protocol):
    """A durable, partitioned log."""

    partitions: int
    """How many partitions the `rooms` topics have; fixed for the life of the log."""
    identity: str
    """Names the log: no other one has it, nor a later one in its place."""

    async def publish(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Write records durably (not part of a worker's transaction); returns when they are on the log."""
        ...

    async def read(
        self, topic: str, partition: int, start: int, end: int | None = None, *, max_records: int = 1_000
    ) -> Sequence[Stored]:
        """Committed records with `start` ≤ offset < `end` (None: the end at the call), at most `max_records`."""
        ...

    async def latest_per_key(self, topic: str, partition: int) -> Mapping[str, Stored]:
        """The newest record of each key, tombstoned keys left out."""
        ...

    async def end(self, topic: str, partition: int) -> int:
        """The next offset that will be written (of committed records)."""
        ...

    async def begin(self, topic: str, partition: int) -> int:
        """The first offset that is still kept."""
        ...

    async def at_time(self, topic: str, partition: int, time: int) -> int:
        """The first offset whose record is not older than `time` (ms); the end where there is none."""
        ...

    async def committed(self, partition: int) -> Mapping[str, int]:
        """Input topic → next offset, as last committed (absent: nothing yet)."""
        ...

    def member(self, group: str) -> Member:
        """Join the group that shares the inputs."""
        ...

    def tail(self, starts: Mapping[tuple[str, int], int]) -> Tail:
        """Follow these (topic, partition) from these offsets on."""
        ...

    async def close(self) -> None: ...


def partition_count(bus: Bus, topic: str) -> int:
    """How many partitions `topic` has on this bus."""
    return bus.partitions if TOPICS[topic].layout == "rooms" else 1


def header(record: Stored, name: str) -> bytes | None:
    """The first header of that name."""
    for key, value in record.headers:
        if key == name:
            return value
    return None
