"""Entries of a journal into a core, each room from its own snapshot on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from engine.events.journal import NumberedEntry, PartitionSnapshot, RoomSnapshot
from engine.journal.core import Core
from engine.journal.reading import room_of

Others = Literal["ended", "born"]
"""What a room is that has no snapshot here. ended: each gets one in the commit of its first entry, and a tombstone at its end. born: it
begins within the entries."""


class Replay:
    """Feeds `rooms`, which is empty. `record`: the shops as of a seq that no snapshot is before; None: the journal's own begin.

    `only`: the one room that is fed; what becomes of it does not hang on others. `joined` is told of each room that comes back.
    """

    def __init__(
        self,
        rooms: Core,
        record: PartitionSnapshot | None,
        snapshots: Sequence[RoomSnapshot],
        *,
        others: Others,
        only: str | None = None,
        joined: Callable[[RoomSnapshot], None] = lambda _: None,
    ) -> None:
        self.rooms = rooms
        self._waiting = sorted(snapshots, key=lambda room: room.seq, reverse=True)
        self._joins_at = {room.room: room.seq for room in snapshots}
        self._born = others == "born"
        self._only = only
        self._joined = joined
        if record is not None:
            rooms.restore_shops(record.shop_events, record.pools, record.lease, record.now)

    def apply(self, item: NumberedEntry) -> bool:
        """The next entry; False where it concerns only rooms that are not fed, or not yet."""
        while self._waiting and self._waiting[-1].seq < item.seq:
            self._join()
        room = room_of(item)
        if room is not None:
            if self._only not in (None, room):
                return False
            at = self._joins_at.get(room)
            if (at is None and not self._born) or (at is not None and item.seq <= at):
                return False
        self.rooms.handle(item.seq, item.now, item.entry)
        return True

    def finish(self) -> None:
        """Rooms without an entry after their snapshot come back too."""
        while self._waiting:
            self._join()

    def _join(self) -> None:
        snapshot = self._waiting.pop()
        self.rooms.restore_room(snapshot)
        self._joined(snapshot)
