"""What kill switches and fact changes forbid, from `shop-events` alone: the gateway acts on them before any worker does.

Every insertion says up to which offset of `shop-events` its room had applied (`shop_offset`) and which version of each fact it
speaks. So a record of that topic forbids an insertion exactly where the insertion did not know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from engine.events.inputs import ANY_PRODUCT, FactSet, Kill, KillScope, ShopEvent
from engine.events.outputs import ChatReply, FactUse, Insertion
from engine.events.wire import SetKill
from engine.pool.facts import live_version

Cause = Literal["killed", "fact_changed"]

STILL_CAP: Final = 20  # kill switches that are named to who lifts one
KILL_KEYS: Final = ("kill/*", "kill/shop/{shop}", "kill/room/{room}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why an insertion may not be said. `price`: a changed fact of it is a price, so it may not even be finished."""

    cause: Cause
    offset: int
    price: bool = False


Approved = Insertion | ChatReply
"""What is said or posted."""


class Fences:
    """The latest kill switches and facts with their offsets. Events may come again or out of order; the newest of a key counts."""

    def __init__(self) -> None:
        self._kills: dict[str, tuple[int, Kill]] = {}
        self._facts: dict[tuple[str, str, str], tuple[int, FactSet]] = {}

    def apply(self, offset: int, event: ShopEvent) -> None:
        """A record of `shop-events`; marks and pools fence nothing."""
        if isinstance(event, Kill):
            if offset >= self._kills.get(event.key(), (-1, event))[0]:
                self._kills[event.key()] = (offset, event)
        elif isinstance(event, FactSet):
            place = (event.shop, event.product, event.name)
            if offset >= self._facts.get(place, (-1, event))[0]:
                self._facts[place] = (offset, event)

    def forbids(self, insertion: Approved, started: int | None = None) -> Verdict | None:
        """Why this may not be said, or posted; None where nothing forbids it. `started`: when the player began to say it.

        The record that lifts a kill is a fence too: what was made before the kill stays forbidden.
        """
        for offset, kill in self._kills_of(insertion.room, insertion.shop):
            if kill.on or insertion.shop_offset < offset:
                return Verdict("killed", offset)
        found: Verdict | None = None
        for use in insertion.facts:
            changed = self._changed(insertion, use, started)
            if changed is not None and (found is None or use.price):
                found = Verdict("fact_changed", changed, use.price)
        return found

    def _changed(self, insertion: Approved, use: FactUse, started: int | None) -> int | None:
        """Offset of a change of this fact that the insertion did not know and that begins before it ends, at the latest."""
        starts = started if started is not None else insertion.not_after
        ends = starts + (insertion.duration_ms if isinstance(insertion, Insertion) else 0)
        # The shop's own fact gives way to one of the product's.
        places = [use.product]
        if use.product == ANY_PRODUCT and insertion.product is not None:
            places.append(insertion.product)
        for product in places:
            offset, event = self._facts.get((insertion.shop, product, use.name), (-1, None))
            if event is None or offset <= insertion.shop_offset or use.version == live_version(offset):
                continue
            if event.start is None or event.start <= ends:
                return offset
        return None

    def kills_since(self) -> dict[KillScope, list[int]]:
        """Scope → when each of its kill switches that are on was thrown, UTC ms."""
        found: dict[KillScope, list[int]] = {scope: [] for scope in get_args(KillScope)}
        for _, kill in self._kills.values():
            if kill.on:
                found[kill.scope].append(kill.at)
        return found

    def names(self, request: SetKill) -> bool:
        """Whether a kill switch of this room or shop was ever thrown."""
        return f"kill/{request.scope}/{request.target}" in self._kills

    def still(self, lifted: ShopEvent, shop: str | None) -> tuple[str, ...]:
        """Keys of the kill switches that still silence what this one is lifted from. `shop`: of the room that it names."""
        if not isinstance(lifted, Kill) or lifted.on:
            return ()
        above = {"*": sorted(self._kills), "shop": ["kill/*"], "room": ["kill/*", f"kill/shop/{shop}"]}
        known = [key for key in above[lifted.scope] if key != lifted.key() and key in self._kills]
        return tuple(key for key in known if self._kills[key][1].on)[:STILL_CAP]

    def holds_script(self, room: str, shop: str | None) -> Kill | None:
        """The kill switch that holds this room's script still, if one does."""
        for _, kill in self._kills_of(room, shop):
            if kill.on and kill.hold_script:
                return kill
        return None

    def _kills_of(self, room: str, shop: str | None) -> list[tuple[int, Kill]]:
        keys = (key.format(shop=shop, room=room) for key in KILL_KEYS if shop is not None or "{shop}" not in key)
        return [self._kills[key] for key in keys if key in self._kills]
