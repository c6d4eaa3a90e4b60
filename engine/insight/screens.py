"""Which product is on screen in each room: from the scripts that players told and the sentences that they report. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.events.inputs import Playback, Script

MAX_ROOMS: Final = 5_000  # rooms that are followed; the one that was silent longest makes room


@dataclass(slots=True)
class _Room:
    products: Mapping[str, str | None] = field(default_factory=dict)
    """By segment."""
    product: str | None = None


class Screens:
    """The products on screen now."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def apply(self, event: Script | Playback) -> None:
        """A room event, in the order of its room."""
        room = self._rooms.pop(event.room, None) or _Room()
        self._rooms[event.room] = room
        if len(self._rooms) > MAX_ROOMS:
            del self._rooms[next(iter(self._rooms))]
        if isinstance(event, Script):
            room.products = {segment.id: segment.product for segment in event.segments}
        elif event.kind == "sentence_started" and event.cursor is not None:
            room.product = room.products.get(event.cursor.segment)
        elif event.kind == "idle":
            room.product = None

    def shows(self, products: Sequence[str], rooms: Sequence[str]) -> bool:
        """Whether one of these products is on screen in one of these rooms."""
        shown = (self._rooms[room].product for room in rooms if room in self._rooms)
        return any(product in products for product in shown if product is not None)
