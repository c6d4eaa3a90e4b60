"""Who owns which partition, among the members of a group. Pure; used in the event loop only.

Partitions are divided in ranges, members in the order in which they joined. A partition that is to move is first revoked; its
owner has handed it back when it asks for events again with no commit of it running, or leaves.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from engine.bus.port import Assigned, Lost, Ownership, Revoked


@dataclass(slots=True, eq=False)
class Seat:
    """A member's place in the group."""

    on_change: Callable[[], None]
    """Called when there are events to fetch."""
    events: deque[Ownership] = field(default_factory=deque)
    leaving: set[int] = field(default_factory=set)
    """Partitions whose revocation was queued; still owned."""
    told: set[int] = field(default_factory=set)
    """Those among them whose revocation was fetched."""
    done: set[int] = field(default_factory=set)
    """Those among them that are handed back as soon as their commit has ended."""
    committing: Counter[int] = field(default_factory=Counter)
    evicted: bool = False


class Group:
    """The partitions of one group."""

    def __init__(self, partitions: int) -> None:
        self._owners: list[Seat | None] = [None] * partitions
        self._seats: list[Seat] = []

    def join(self, on_change: Callable[[], None]) -> Seat:
        seat = Seat(on_change)
        self._seats.append(seat)
        self._divide()
        return seat

    def leave(self, seat: Seat) -> None:
        """Gives up everything at once, without events."""
        if seat in self._seats:
            self._seats.remove(seat)
        self._release(seat, self.owned(seat))
        self._divide()

    def evict(self, seat: Seat) -> None:
        """Takes everything from a member, as after a time-out: it learns so afterwards, and joins again when it asks for events."""
        if seat not in self._seats:
            return
        lost = self.owned(seat)
        self._seats.remove(seat)
        self._release(seat, lost)
        seat.evicted = True
        seat.events.clear()
        seat.events.append(Lost(lost))
        seat.on_change()
        self._divide()

    def fetch(self, seat: Seat) -> Sequence[Ownership]:
        """The events since the last call; hands back what that call revoked."""
        for partition in tuple(seat.told):
            if seat.committing[partition]:
                seat.done.add(partition)
            else:
                self._release(seat, (partition,))
        self._divide()
        events = _merged(seat.events)
        seat.events.clear()
        for event in events:
            if isinstance(event, Revoked):
                seat.told.update(event.partitions)
        if seat.evicted:
            seat.evicted = False
            self._seats.append(seat)
            self._divide()
        return events

    def owned(self, seat: Seat) -> tuple[int, ...]:
        """Everything that no one else may acquire, what is being revoked included."""
        return tuple(partition for partition, owner in enumerate(self._owners) if owner is seat)

    def owns(self, seat: Seat, partition: int) -> bool:
        return 0 <= partition < len(self._owners) and self._owners[partition] is seat

    def serves(self, seat: Seat, partition: int) -> bool:
        """Owned, and not being revoked: its records may be polled."""
        return self.owns(seat, partition) and partition not in seat.leaving

    def commit_begins(self, seat: Seat, partitions: Iterable[int]) -> None:
        seat.committing.update(partitions)

    def commit_ends(self, seat: Seat, partitions: Iterable[int]) -> None:
        seat.committing.subtract(partitions)
        ended = [partition for partition in seat.done if not seat.committing[partition]]
        if ended:
            self._release(seat, ended)
            self._divide()

    def _release(self, seat: Seat, partitions: Iterable[int]) -> None:
        for partition in partitions:
            if self._owners[partition] is seat:
                self._owners[partition] = None
            for marks in (seat.leaving, seat.told, seat.done):
                marks.discard(partition)

    def _divide(self) -> None:
        """Gives what is free to whom it is due, and asks back what is due to another."""
        if not self._seats:
            return
        for partition, due in enumerate(self._targets()):
            owner = self._owners[partition]
            if owner is None:
                self._owners[partition] = due
                due.events.append(Assigned((partition,)))
                due.on_change()
            elif owner is not due and partition not in owner.leaving:
                owner.leaving.add(partition)
                owner.events.append(Revoked((partition,)))
                owner.on_change()

    def _targets(self) -> list[Seat]:
        each, more = divmod(len(self._owners), len(self._seats))
        targets: list[Seat] = []
        for at, seat in enumerate(self._seats):
            targets += [seat] * (each + (at < more))
        return targets


def _merged(events: Iterable[Ownership]) -> list[Ownership]:
    """Neighbouring events of one kind as one."""
    merged: list[Ownership] = []
    for event in events:
        if merged and type(merged[-1]) is type(event):
            merged[-1] = type(event)(merged[-1].partitions + event.partitions)
        else:
            merged.append(event)
    return merged
