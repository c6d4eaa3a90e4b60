"""Where a partition stands, and what one batch of it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.bus.port import Batch
from engine.events.journal import LivePool, PartitionSnapshot, Positions
from engine.events.letters import DeadLetter
from engine.events.understanding import Understanding
from engine.journal.core import Core, Keyed
from engine.settings import WorkerSettings
from engine.worker.metering import Tally
from engine.worker.shops import PoolBoard

if TYPE_CHECKING:
    from engine.traces import Span, Traces

GROUP_MS = 5_000  # how far behind the group's offsets may be: what Kafka's own consumers are used to
Wants = dict[str, dict[str, None]]
"""Pool hash → distinct texts, in order."""


@dataclass(slots=True)
class Standing:
    """Where a partition stands after its last journal entry. `live`: the pool entered last, by shop."""

    seq: int = -1
    now: int = 0
    positions: Positions = field(default_factory=Positions)
    live: dict[str, LivePool] = field(default_factory=dict)


class GroupOffsets:
    """How far the group is told to be, for those who watch its lag from outside; the journal is where positions are read from.

    Telling a Kafka group within each transaction made commits four times as slow: all partitions of a group wait for one log.
    """

    def __init__(self) -> None:
        self._told: dict[str, int] = {}
        self._at = -GROUP_MS

    def due(self, offsets: Mapping[str, int], now: int) -> dict[str, int]:
        """What the next commit tells the group: inputs' next offsets, every 5 s, and nothing that it knows."""
        told = {topic: offset for topic, offset in offsets.items() if offset}
        if told == self._told or now - self._at < GROUP_MS:
            return {}
        self._told, self._at = told, now
        return dict(told)


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
    group: str = ""
    """Of the workers; each journal record names it."""
    traces: Traces | None = None


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
    records: Sequence[Keyed] = ()
    """What the core put out, as `batch` holds it in bytes."""
    letters: Sequence[DeadLetter] = ()
    spans: tuple[Span, ...] = ()
    """Of traces; they end when it is committed."""


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
