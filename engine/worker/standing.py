"""Where a partition stands, and what one batch of it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from engine.bus.port import Batch
from engine.events.journal import LivePool, PartitionSnapshot, Positions
from engine.events.understanding import Understanding
from engine.settings import WorkerSettings
from engine.worker.core import Core
from engine.worker.metering import Tally
from engine.worker.shops import PoolBoard

Wants = dict[str, dict[str, None]]
"""Pool hash → distinct texts, in order."""


@dataclass(slots=True)
class Standing:
    """Where a partition stands after its last journal entry. `live`: the pool entered last, by shop."""

    seq: int = -1
    now: int = 0
    positions: Positions = field(default_factory=Positions)
    live: dict[str, LivePool] = field(default_factory=dict)


@dataclass(slots=True)
class Shared:
    """What the partitions of a process share."""

    settings: WorkerSettings
    partitions: int
    hasher: Callable[[str, int], str]
    board: PoolBoard
    default_shop: Callable[[], str | None]
    free_rooms: int = 0
    """Rooms that the process may still take on; counted down."""
    unknown_shops: set[str] = field(default_factory=set)
    """Named by comments and not live: logged once each."""


@dataclass(slots=True)
class Understood:
    """Answers of one pool."""

    model: str
    texts: Mapping[str, Understanding]


@dataclass(slots=True)
class Prepared:
    """A batch with what becomes of the partition once it is committed. `seq` and `positions`: as its journal says."""

    batch: Batch
    seq: int
    positions: Positions
    tally: Tally
    journalled: bool
    """False: snapshots only; to write them twice changes nothing."""


def capture(partition: int, partitions: int, lease: int, standing: Standing, rooms: Core) -> PartitionSnapshot:
    """The partition as it stands now."""
    events, pools = rooms.shop_state()
    return PartitionSnapshot(
        partition=partition,
        partitions=partitions,
        lease=lease,
        seq=standing.seq,
        now=standing.now,
        positions=standing.positions,
        shop_events=events,
        pools=pools,
    )


def under_lease(prepared: Prepared, lease: int) -> Prepared:
    """The same bytes, to be sent by the owner of a newer lease."""
    return replace(prepared, batch=replace(prepared.batch, lease=lease))
