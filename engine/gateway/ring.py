"""The last minutes of one stream, by room, in memory: what a client that reconnects has missed.

Bounded three ways: by age, by bytes of one room (so that a hot room forgets only its own), by bytes of all. For every room the
ring knows up to which offset something was dropped, so that it can say for sure whether a gap is whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.gateway.auth import matches

ROOM_BYTES: Final = 512 * 1024  # of one room and stream; five minutes of a busy room's insertions take about 20 KiB
TOTAL_BYTES: Final = 32 * 1024 * 1024  # of one stream; only verdicts and decisions ever come near it
ENTRY_BYTES: Final = 200  # a Python object with its slots and list cells, about


@dataclass(slots=True)
class Entry:
    """One record as it stands on the log. `room`: what it is held by (for gaps: the shop)."""

    room: str
    partition: int
    offset: int
    time: int
    value: bytes
    dropped: bool = False

    @property
    def size(self) -> int:
        return len(self.value) + ENTRY_BYTES


@dataclass(slots=True)
class _Room:
    partition: int
    dropped_to: int
    """Highest offset of its partition up to which records of this room may be missing."""
    entries: deque[Entry]
    size: int = 0


class Ring:
    """Entries of one stream. A room stands in one partition."""

    def __init__(self, keep_ms: int, *, room_bytes: int = ROOM_BYTES, total_bytes: int = TOTAL_BYTES) -> None:
        self.size = 0
        self._keep_ms = keep_ms
        self._room_bytes = room_bytes
        self._total_bytes = total_bytes
        self._rooms: dict[str, _Room] = {}
        self._order: deque[Entry] = deque()
        self._live = 0
        self._floor: dict[int, int] = {}

    def begin(self, partition: int, offset: int) -> None:
        """Reading of this partition starts at `offset`; what stands before it is not held."""
        self._floor[partition] = offset - 1

    def add(self, entry: Entry) -> None:
        """The newest record of its partition."""
        room = self._rooms.get(entry.room)
        if room is None:
            floor = self._floor.get(entry.partition, entry.offset - 1)
            room = self._rooms[entry.room] = _Room(entry.partition, floor, deque())
        room.entries.append(entry)
        room.size += entry.size
        self.size += entry.size
        self._live += 1
        self._order.append(entry)
        while room.size > self._room_bytes and room.entries:
            self._drop(room)
        while self.size > self._total_bytes:
            self._drop_oldest()
        if len(self._order) > 2 * self._live + 1_000:  # dead entries of hot rooms behind a quiet room's live one
            self._order = deque(held for held in self._order if not held.dropped)

    def trim(self, now: int) -> None:
        """Forget what is too old, and rooms that have nothing left."""
        while self._order and (self._order[0].dropped or self._order[0].time < now - self._keep_ms):
            self._drop_oldest()

    def since(self, partition: int, offset: int, rooms: Sequence[str]) -> list[Entry]:
        """Held records after `offset` of a partition's rooms that fit one of the names or patterns, in order."""
        found = [entry for room in self._fitting(partition, rooms) for entry in room.entries if entry.offset > offset]
        found.sort(key=lambda entry: entry.offset)
        return found

    def whole(self, partition: int, offset: int, rooms: Sequence[str]) -> bool:
        """Whether everything after `offset` of these rooms is held. `rooms`: patterns, and names of rooms of this partition."""
        floor = self._floor.get(partition)
        if floor is None:
            return False
        unseen = any(name.endswith("*") or name not in self._rooms for name in rooms)
        if unseen and offset < floor:
            return False
        return all(offset >= room.dropped_to for room in self._fitting(partition, rooms))

    def of_room(self, name: str) -> list[Entry]:
        """Everything held of one room, in order."""
        room = self._rooms.get(name)
        return list(room.entries) if room is not None else []

    def _fitting(self, partition: int, rooms: Sequence[str]) -> Iterator[_Room]:
        if any(name.endswith("*") for name in rooms):
            names = [name for name in self._rooms if any(matches(pattern, name) for pattern in rooms)]
        else:
            names = [name for name in dict.fromkeys(rooms) if name in self._rooms]
        return (room for name in names if (room := self._rooms[name]).partition == partition)

    def _drop_oldest(self) -> None:
        entry = self._order.popleft()
        if not entry.dropped:
            self._drop(self._rooms[entry.room])

    def _drop(self, room: _Room) -> None:
        entry = room.entries.popleft()
        room.size -= entry.size
        self.size -= entry.size
        self._live -= 1
        room.dropped_to = max(room.dropped_to, entry.offset)
        entry.dropped, entry.value = True, b""
        if not room.entries:
            del self._rooms[entry.room]
            self._floor[room.partition] = max(self._floor.get(room.partition, -1), room.dropped_to)
