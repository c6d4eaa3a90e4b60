"""Which rooms are snapshotted in which commit: round-robin, so that a restore never reads far back.

The partition record of a cycle is *captured* at the cycle's begin and *written* at its end, when every room has a snapshot
that is not older. So the stored partition record is never newer than a stored room: the journal is replayed from that record's
seq on, with the shop events as they were then, and every room joins at its own seq. A new room is snapshotted in the commit of
its first entry: there is no room without one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from engine.events.journal import PartitionSnapshot

CYCLE_SHARE = 0.4  # of `snapshot_every`: a record is up to two cycles old before the next replaces it
CYCLE_MS = 1_800_000  # in quiet rooms the clock sets the pace: the journal is kept for a day at least
IDLE_MS = 60_000  # an idle partition writes what changed at most once a minute
IDLE_ROOMS = 100  # rooms of one idle commit, so that it stays below some megabytes


@dataclass(slots=True)
class Plan:
    """What one commit snapshots. `record`: the partition record that becomes current with it. `over`: begin the next cycle."""

    rooms: list[str]
    record: PartitionSnapshot | None
    over: bool


class Schedule:
    """The order of snapshots of one partition."""

    def __init__(self, snapshot_every: int, start: PartitionSnapshot) -> None:
        self._cycle = max(1, int(snapshot_every * CYCLE_SHARE))
        self._start = start
        self._rooms: OrderedDict[str, int] = OrderedDict()  # room → seq of its newest snapshot; oldest first
        self._total = 0
        self._done = 0
        self._recorded, self._recorded_at = -1, 0
        self._new: list[str] = []

    def __contains__(self, room: str) -> bool:
        return room in self._rooms

    def __len__(self) -> int:
        return len(self._rooms)

    def known(self, room: str, seq: int) -> None:
        """A room as restored: its snapshot stands at `seq`. Call in rising order of seq."""
        self._rooms[room] = seq
        self._total += 1

    def recorded(self, seq: int, now: int) -> None:
        """The partition record that is stored stands at `seq`, and at `now`."""
        self._recorded, self._recorded_at = seq, now

    def age_ms(self, seq: int, now: int) -> int:
        """How much of its time a restore of the partition, which stands at `seq` and `now`, would read again."""
        return now - self._recorded_at if seq > self._recorded and self._recorded_at else 0

    def joined(self, room: str) -> None:
        """A new room: due at once."""
        if room not in self._rooms:
            self._rooms[room] = -1
            self._new.append(room)

    def gone(self, room: str) -> None:
        """The room has ended, and its tombstone was written."""
        self._rooms.pop(room, None)

    def is_due_when_idle(self, seq: int, now: int, last_entry: int) -> bool:
        """Whether an idle partition should write what changed."""
        return seq > self._recorded and now - last_entry >= IDLE_MS

    def plan(self, seq: int, now: int, *, idle: bool = False) -> Plan:
        """What the commit whose last entry is `seq` takes along; the caller writes all of it."""
        rooms, self._new = self._new, []
        for room in rooms:
            self._taken(room, seq)
        progress = max((seq - self._start.seq) / self._cycle, (now - self._start.now) / CYCLE_MS)
        ending = progress >= 1 or idle
        due = len(self._rooms) if ending else ceil(self._total * progress) - self._done
        if idle:
            due = min(due, IDLE_ROOMS)
        while due > 0 and not self._complete():
            room = next(iter(self._rooms))
            self._taken(room, seq)
            rooms.append(room)
            self._done += 1
            due -= 1
        over = ending and self._complete()
        record = self._start if over and self._start.seq > self._recorded else None
        if record is not None:
            self.recorded(record.seq, record.now)
        return Plan(rooms, record, over and seq > self._start.seq)

    def begin(self, start: PartitionSnapshot) -> None:
        """A new cycle, from the partition as it stands now."""
        self._start = start
        self._total = len(self._rooms)
        self._done = 0
        self._recorded_at = self._recorded_at or start.now  # nothing is stored: all since the partition's begin is read

    def _taken(self, room: str, seq: int) -> None:
        self._rooms[room] = seq
        self._rooms.move_to_end(room)

    def _complete(self) -> bool:
        return not self._rooms or next(iter(self._rooms.values())) >= self._start.seq
