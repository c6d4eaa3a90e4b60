"""The shop-events topic as a worker sees it: read once per process, handed to each partition in order; and which pool a shop should use.

A pool that a shop went live with is entered by a partition when its blobs are loaded, which may be later than events behind
it: a kill does not wait for a pool. So pools are kept on a board by shop, and a partition compares it with what it entered last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine import logs
from engine.bus.port import Bus, Stored
from engine.errors import RecordError
from engine.events.inputs import GapMark, PoolLive, ShopEvent
from engine.worker.following import follow
from engine.worker.intake import read_shop_event

TOPIC = "shop-events"
PAGE = 500
log = logs.get(__name__)


@dataclass(slots=True)
class ShopItem:
    """A record of the topic: its event, or why there is none."""

    stored: Stored
    event: ShopEvent | None
    error: str = ""

    @property
    def offset(self) -> int:
        return self.stored.offset


def read_item(stored: Stored) -> ShopItem:
    """A record of the topic, well-formed or not."""
    try:
        return ShopItem(stored, read_shop_event(stored))
    except RecordError as error:
        return ShopItem(stored, None, str(error))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pool that is to be live, by the record at `offset`."""

    shop: str
    pool: str
    generation: int
    offset: int
    rollback: bool

    def follows(self, generation: int, offset: int) -> bool:
        """Whether it may replace what went live with `generation` at `offset`."""
        return self.offset > offset and (self.generation > generation or self.rollback)


@dataclass(slots=True)
class PoolBoard:
    """Per shop the pools that may be live, oldest first; the newest one that is loaded counts."""

    loaded: Callable[[str], bool]
    _shops: dict[str, list[Candidate]] = field(default_factory=dict)

    def put(self, offset: int, event: PoolLive) -> bool:
        """A pool went live; False: refused, since its generation is not above the last one's and it does not say `rollback`."""
        found = Candidate(event.shop, event.pool, event.generation, offset, event.rollback)
        line = self._shops.setdefault(event.shop, [])
        if line and not found.follows(line[-1].generation, line[-1].offset):
            return False
        line.append(found)
        return True

    def ready(self) -> list[Candidate]:
        """Of each shop the newest pool that is loaded; older ones are forgotten."""
        found = []
        for line in self._shops.values():
            for index in range(len(line) - 1, -1, -1):
                if self.loaded(line[index].pool):
                    del line[:index]
                    found.append(line[0])
                    break
        return found

    def wanted(self) -> list[Candidate]:
        """Pools that are not loaded and newer than what is, the newest of each shop first."""
        found = []
        for line in self._shops.values():
            for candidate in reversed(line):
                if self.loaded(candidate.pool):
                    break
                found.append(candidate)
        return found

    def first_shop(self) -> str | None:
        """The first by name of the shops that went live: equal in every process, also after compaction."""
        return min(self._shops, default=None)


class ShopFeed:
    """Follows the topic from its begin; hands what is new to whoever listens."""

    def __init__(self, bus: Bus, board: PoolBoard) -> None:
        self._bus = bus
        self.board = board
        self.next = 0
        """The next offset that it will hand on."""
        self.listeners: dict[int, Callable[[ShopItem], None]] = {}
        """By partition."""

    async def run(self) -> None:
        """Follow the topic, for ever."""
        await follow(self._bus, TOPIC, self._take_all)

    def _take_all(self, found: Sequence[Stored]) -> None:
        for stored in found:
            self.take(read_item(stored))

    def take(self, item: ShopItem) -> None:
        """One record, in order of offsets."""
        self.next = item.offset + 1
        event = item.event
        if isinstance(event, PoolLive) and not self.board.put(item.offset, event):
            log.warning(
                "a pool is refused: its generation is not above the last one and it does not say rollback",
                shop=event.shop, pool=event.pool[:12], generation=event.generation,
            )  # fmt: skip
        for listen in self.listeners.values():
            listen(item)

    async def attach(self, partition: int, start: int, listen: Callable[[ShopItem], None]) -> None:
        """Hand `partition` every record from offset `start` on, without a gap: what is past by reading it, then what comes."""
        while True:
            found = await self._bus.read(TOPIC, 0, start, None, max_records=PAGE)
            for stored in found:
                listen(read_item(stored))
                start = stored.offset + 1
            if not found:  # up to the end at the call; the feed may have gone on meanwhile
                if start >= self.next:
                    break
                start = max(start, min(self.next, await self._bus.begin(TOPIC, 0)))
                if not await self._bus.read(TOPIC, 0, start, self.next, max_records=1):
                    break  # what lies between was compacted away
        self.listeners[partition] = listen

    def detach(self, partition: int) -> None:
        self.listeners.pop(partition, None)


def means_something(item: ShopItem) -> bool:
    """Whether rooms act on it as a shop entry (marks on gaps are the editors', pools have entries of their own)."""
    return item.event is not None and not isinstance(item.event, GapMark | PoolLive)
