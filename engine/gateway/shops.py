"""Which shop a room has, as far as a gateway can know it; and what it says of a shop that is not live."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.pool.load import shop_id

MAX_ROOMS: Final = 100_000  # remembered, about 20 MB; the ones heard of least lately are forgotten
MAX_NAMED: Final = 5  # shops that a message names; whoever has more knows what they are called


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


class Published:
    """The shops that this process publishes. One of them that is not live is on its way: its model is trained at the first start."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._ids: dict[Path, str] = {}

    def __contains__(self, shop: str) -> bool:
        return any(self._id(folder) == shop for folder in self._folders)

    def _id(self, folder: Path) -> str | None:
        """The shop's id; None while its file is wrong, which the publisher tells."""
        if folder not in self._ids:
            found = shop_id(folder)
            if found is None:
                return None
            self._ids[folder] = found
        return self._ids[folder]


def not_live(shop: str, live: Sequence[str]) -> str:
    """The sentence about a shop that is not live. `live`: those that are, as far as whoever asks may hear of them."""
    if not live:
        return f"shop: no pool of shop `{shop}` is live; publish it first"
    named = ", ".join(f"`{name}`" for name in live[:MAX_NAMED])
    return f"shop: no pool of shop `{shop}` is live; live: {named}" + (", …" if len(live) > MAX_NAMED else "")


def _put(rooms: OrderedDict[str, str], room: str, shop: str) -> None:
    rooms[room] = shop
    rooms.move_to_end(room)
    if len(rooms) > MAX_ROOMS:
        rooms.popitem(last=False)
