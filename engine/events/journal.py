"""The worker's own records: journal entries, which drive the room core, and snapshots.

An entry is all that the core sees. `seq` numbers the entries of a partition without gaps, across leases; all entries of one
journal record share `now`. Entries are plain dataclasses: one is built per comment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.events.fields import Id, Millis, Name, Offset, Part, Record
from engine.events.inputs import AppliedShopEvent, RoomEvent
from engine.events.understanding import Understanding

Unread = Literal["duplicate", "expired", "shed"]
"""Why a comment is entered without an understanding: past the longest `answer_within`, above its room's fair share, or (in older journals)
seen before."""


@dataclass(slots=True)
class CommentEntry:
    """A comment with what was understood of it (None where nothing had to be, for the reason in `unread`)."""

    room: str
    source: str
    id: str
    viewer: str
    """Keyed hash of the viewer's id, 16 hexadecimal characters."""
    text: str
    sent: int
    """As claimed by the sender, else the log's time (the core clamps it against `logged`)."""
    logged: int
    """The log's time, milliseconds."""
    shop: str
    """Shop for a room that nobody opened."""
    understanding: Understanding | None = None
    unread: Unread | None = None
    model: str = ""
    """Hash of the model that understood it."""
    type: Literal["comment"] = "comment"


@dataclass(slots=True)
class RoomEntry:
    """A room event."""

    event: RoomEvent
    shop: str
    """Shop for a room that nobody opened."""
    type: Literal["room"] = "room"


@dataclass(slots=True)
class ShopEntry:
    """A shop event (facts, kills; marks on gaps mean nothing to rooms)."""

    applied: AppliedShopEvent
    type: Literal["shop"] = "shop"


@dataclass(slots=True)
class PoolEntry:
    """From here on this pool is live in the shop."""

    shop: str
    pool: str
    generation: int
    offset: int
    """Offset on shop-events of the record that made it live."""
    type: Literal["pool"] = "pool"


@dataclass(slots=True)
class TickEntry:
    """Timers fire."""

    type: Literal["tick"] = "tick"


@dataclass(slots=True)
class PauseEntry:
    """For so long until now nobody listened: the partition was not owned, or not caught up. Report time-outs skip it."""

    paused_ms: int
    type: Literal["pause"] = "pause"


@dataclass(slots=True)
class LeaseEntry:
    """A new owner; the first entry of its journal."""

    lease: int
    partitions: int
    type: Literal["lease"] = "lease"


AnyEntry = CommentEntry | RoomEntry | ShopEntry | PoolEntry | TickEntry | PauseEntry | LeaseEntry
"""Whatever a partition's journal holds, in order."""

Entry = Annotated[AnyEntry, Field(discriminator="type")]


class Ahead(Part):
    """Comments that were handled ahead of the position: all before `until`, but those of a room from the first passed over on."""

    until: Offset
    passed: dict[str, tuple[Offset, Offset]]
    """Key of the records → first and last offset that was passed over."""


class Positions(Record):
    """Where a partition stands: the next offset of each input, and of shop-events."""

    comments: Offset = 0
    room_events: Offset = 0
    shop_events: Offset = 0
    ahead: Ahead | None = None


class JournalRecord(Record):
    """One commit of a partition (split into parts at 512 KiB; `part` counts from 0, only the last has `last`)."""

    topic: ClassVar[str] = "journal"

    type: Literal["journal"] = "journal"
    partition: int = Field(ge=0)
    partitions: int = Field(ge=1)
    lease: int = Field(ge=0)
    first_seq: int = Field(ge=0)
    now: Millis
    entries: tuple[Entry, ...]
    positions: Positions = Field(description="After this commit.")
    part: int = Field(default=0, ge=0)
    last: bool = True
    group: str = Field(default="", description="Group of the worker that wrote it; empty in older journals.")

    def key(self) -> str:
        return f"#{self.partition}"

    @property
    def last_seq(self) -> int:
        """Seq of the last entry."""
        return self.first_seq + len(self.entries) - 1


class RoomSnapshot(Record):
    """A room's whole state as of `seq`, inclusive. `state` is the core's own encoding."""

    topic: ClassVar[str] = "snapshots"

    type: Literal["room_snapshot"] = "room_snapshot"
    room: Id
    schema_version: int = Field(default=1, ge=1, description="Of `state`.")
    seq: int = Field(ge=0)
    state: str = Field(
        max_length=450_000,  # the record's own bound, below `MAX_RECORD_BYTES`; the core stays well within it
        description="JSON, packed where it is large: within 256 KiB, but for ids that are made to resist packing, and never above this.",
    )

    def key(self) -> str:
        return self.room


class LivePool(Record):
    shop: Name
    pool: str
    generation: int
    offset: int


class PartitionSnapshot(Record):
    """A partition's position and the latest shop events as applied: what it needs where the journal is gone."""

    topic: ClassVar[str] = "snapshots"

    type: Literal["partition_snapshot"] = "partition_snapshot"
    partition: int = Field(ge=0)
    partitions: int = Field(ge=1)
    lease: int = Field(ge=0)
    seq: int = Field(ge=-1)
    now: Millis
    positions: Positions
    shop_events: tuple[AppliedShopEvent, ...] = Field(description="Facts and kills, latest per key.")
    pools: tuple[LivePool, ...]
    part: int = Field(default=0, ge=0, description="A record above the size limit is split by its shop events.")
    last: bool = True

    def key(self) -> str:
        return f"#partition/{self.part}" if self.part else "#partition"


Snapshot = Annotated[RoomSnapshot | PartitionSnapshot, Field(discriminator="type")]


@dataclass(slots=True)
class NumberedEntry:
    """An entry with its place: what `Rooms.handle` takes."""

    seq: int
    now: int
    entry: AnyEntry = field(repr=False)
