"""Which shop a room has, as far as a gateway can know it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MAX_ROOMS: Final = 100_000  # remembered, about 20 MB; the ones heard of least lately are forgotten


class RoomShops:
    """Rooms → shops: as records say it, else as a client says it, else the default."""

    def __init__(self, default: str | None) -> None:
        self._default = default
        self._known: OrderedDict[str, str] = OrderedDict()
        self._supposed: OrderedDict[str, str] = OrderedDict()

    def learn(self, room: str, shop: str) -> None:
        """A record of the room names its shop."""
        _put(self._known, room, shop)

    def suppose(self, room: str, shop: str) -> None:
        """A client or its token says so; a record goes before it."""
        _put(self._supposed, room, shop)

    def of(self, room: str) -> str | None:
        """The room's shop; None where nobody said it."""
        return self._known.get(room) or self._supposed.get(room) or self._default


def _put(rooms: OrderedDict[str, str], room: str, shop: str) -> None:
    rooms[room] = shop
    rooms.move_to_end(room)
    if len(rooms) > MAX_ROOMS:
        rooms.popitem(last=False)
