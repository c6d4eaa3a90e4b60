"""The shops as they stood at the begin of a journal whose snapshots are gone, for a room that began within it.

A live lasts hours, the journal a week: most rooms begin within it. What stood at its begin follows from the newest partition record, which
holds the latest event of each key, and from what the journal says changed since. What changed later, without being told before the room
began, is not known any more; a room that it may have touched has no origin.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from engine.events.inputs import RoomOpened
from engine.events.journal import (
    CommentEntry,
    JournalRecord,
    NumberedEntry,
    PartitionSnapshot,
    PoolEntry,
    RoomEntry,
    ShopEntry,
    TickEntry,
)
from engine.journal.reading import room_of
from engine.room.control import IDLE_MS

POOL: Final = "pool/"


@dataclass(slots=True)
class Origin:
    """Gathers from the journal, entry by entry, up to the newest partition record and the room's first entry."""

    room: str
    first: JournalRecord
    newest: PartitionSnapshot
    begun: int | None = None
    """Seq of the room's first entry."""
    shops: set[str] = field(default_factory=set)
    """That its first entry may put it into."""
    _quiet: bool = False
    """A tick came a day after the begin, before the room's first entry: whatever it was before is forgotten."""
    _live: set[str] = field(default_factory=set)
    """Shops whose pool was told before the room began."""
    _before: set[str] = field(default_factory=set)
    """Keys that were told before the room began."""
    _after: set[str] = field(default_factory=set)
    """Keys that were told for the first time after it began."""

    def see(self, item: NumberedEntry) -> None:
        """The next entry."""
        entry = item.entry
        if isinstance(entry, TickEntry):
            self._quiet |= self.begun is None and item.now >= self.first.now + IDLE_MS
        elif isinstance(entry, ShopEntry | PoolEntry):
            if isinstance(entry, PoolEntry) and self.begun is None:
                self._live.add(entry.shop)
            if item.seq > self.newest.seq:
                return  # the record tells what it was before
            key = POOL + entry.shop if isinstance(entry, PoolEntry) else entry.applied.event.key()
            if self.begun is None:
                self._before.add(key)
            elif key not in self._before:
                self._after.add(key)
        elif self.begun is None and room_of(item) == self.room:
            self.begun = item.seq
            self.shops = _shops(entry)

    def is_known(self, item: NumberedEntry) -> bool:
        """Whether entries from this one on tell nothing more."""
        return self.begun is not None and item.seq > self.newest.seq

    def record(self) -> PartitionSnapshot | None:
        """The partition as of the journal's begin, as far as it concerns the room; None where that is not known."""
        if self.begun is None or not self._quiet or not (self._before or not self._after):
            return None  # without a shop event before it, not even the offset that it had applied is known
        changed = self._before | self._after
        if any(self._concerns(key) for key in self._after):
            return None
        events = tuple(each for each in self.newest.shop_events if each.event.key() not in changed)
        pools = tuple(live for live in self.newest.pools if POOL + live.shop not in changed)
        if not self.shops <= {live.shop for live in pools} | self._live:
            return None
        return self.newest.model_copy(
            update={
                "seq": self.first.first_seq - 1, "now": self.first.now, "lease": self.first.lease, "shop_events": events,
                "pools": pools,
            }
        )  # fmt: skip

    def _concerns(self, key: str) -> bool:
        """Whether a shop event of this key acts on the room."""
        if key in ("kill/*", f"kill/room/{self.room}"):
            return True
        return any(key in (POOL + shop, f"kill/shop/{shop}") or key.startswith(f"{shop}/") for shop in self.shops)


def _shops(entry: object) -> set[str]:
    if isinstance(entry, CommentEntry):
        return {entry.shop}
    assert isinstance(entry, RoomEntry)
    event = entry.event
    return {entry.shop} | ({event.shop} if isinstance(event, RoomOpened) else set())


async def origin_of(
    room: str, first: JournalRecord, newest: PartitionSnapshot, pages: AsyncIterator[Iterator[NumberedEntry]]
) -> PartitionSnapshot | None:
    """The partition as of the journal's begin (`first`), for this room. `pages`: the journal from there on."""
    origin = Origin(room, first, newest)
    async for page in pages:
        for item in page:
            if origin.is_known(item):
                return origin.record()
            origin.see(item)
    return origin.record()
