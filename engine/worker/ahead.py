"""Reading ahead: comments of quiet rooms that stand behind a hot room's backlog in their partition are handled before it.

A partition has one order, and its position cannot leave anybody behind. So what was handled ahead is part of where the partition
stands, and is journalled with it: everything before `until`, but for the rooms that were passed over. A room is passed over from
its first comment above its share until the position reaches the last one, so none of its comments overtakes another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from engine.bus.port import Bus, Stored
from engine.events.journal import Ahead

PAGE_RECORDS = 1_000  # of one read: a thread and a query cost as much as a hundred records
SCAN_RECORDS = 10_000  # looked at in a turn, at most
SCAN_BYTES = 4_000_000  # of values in a turn, but for the last page
SCAN_S = 0.01  # after this no further page is read: half of what a turn should take
MOST_PASSED = 256  # rooms passed over; each stands in every journal record meanwhile, with up to 800 bytes
LONGEST_KEY = 128  # characters; a longer key is no room's


async def read(bus: Bus, partition: int, start: int, clock: Callable[[], float]) -> list[Stored]:
    """Comments from `start` on, without a gap, within the bounds of a turn. `clock`: seconds."""
    found: list[Stored] = []
    size, until = 0, clock() + SCAN_S
    while len(found) < SCAN_RECORDS and size < SCAN_BYTES:
        page = await bus.read("comments", partition, start, max_records=PAGE_RECORDS)
        found += page
        if len(page) < PAGE_RECORDS or clock() >= until:
            break
        size += sum(len(stored.value or b"") for stored in page)
        start = page[-1].offset + 1
    return found


class ReadAhead:
    """What one partition handled ahead of its position."""

    def __init__(self, saved: Ahead | None) -> None:
        self._until = 0 if saved is None else saved.until
        self._passed = {} if saved is None else dict(saved.passed)

    def start(self, position: int) -> int:
        """The first offset that nobody looked at yet."""
        return max(position, self._until)

    def handled(self, stored: Stored) -> bool:
        """Whether this record was handled ahead."""
        if stored.offset >= self._until:
            return False
        room = _room(stored)
        passed = None if room is None else self._passed.get(room)
        return room is not None and (passed is None or stored.offset < passed[0])

    def choose(
        self, found: Sequence[Stored], position: int, polled: Sequence[Stored], *, share: int, most: int
    ) -> list[Stored]:
        """Which of the records `found` from the start on are to be handled now, in order; they count as handled from here on.

        `position`: where the main pass stands, after the comments of this turn in `polled`; `share`: of one room in this turn;
        `most`: of all together, beyond which the rest waits for the next turn.
        """
        chosen: list[Stored] = []
        if not found:
            return chosen
        taken = Counter(stored.key for stored in polled)
        passed = self._passed
        at = self.start(position)
        for stored in found:
            if stored.offset < at:
                continue
            room = _room(stored)
            if room is None:
                pass
            elif room in passed:
                passed[room] = (passed[room][0], stored.offset)
            elif taken[room] >= share:
                if len(passed) >= MOST_PASSED:
                    break
                passed[room] = (stored.offset, stored.offset)
            else:
                if len(chosen) >= most:
                    break
                taken[room] += 1
                chosen.append(stored)
            at = stored.offset + 1
        self._until = at
        return chosen

    def reached(self, position: int) -> None:
        """The main pass stands at `position`: what lies behind it is forgotten."""
        if self._until <= position:
            self._until = 0
            self._passed.clear()
        elif self._passed:
            self._passed = {room: passed for room, passed in self._passed.items() if passed[1] >= position}

    def saved(self) -> Ahead | None:
        """As it is journalled; None while nothing was handled ahead."""
        return Ahead(until=self._until, passed=dict(self._passed)) if self._until else None


def _room(stored: Stored) -> str | None:
    """The record's room. What cannot be of any becomes a dead letter when the main pass gets there, and no order is lost."""
    return stored.key if stored.key is not None and len(stored.key) <= LONGEST_KEY else None
