"""What insight knows of the shops' pools: the live one of each, read from the log when it changes."""

from __future__ import annotations

import asyncio
from typing import Final

from engine import logs
from engine.bus.pools import PoolReader
from engine.bus.port import Bus
from engine.errors import RecordError
from engine.events.inputs import PoolLive
from engine.insight.board import ShopPool
from engine.insight.features import Rarity
from engine.pool.model import Pool

MOST: Final = 8  # weights of n-grams that are kept, 4 MiB each; shops with the same lines share one
log = logs.get(__name__)


class Knowledge:
    """Reads the pools that go live."""

    def __init__(self, bus: Bus) -> None:
        self._read = PoolReader(bus)
        self._wanted: dict[str, tuple[int, str]] = {}
        """Shop → (generation, pool)."""
        self._had: dict[str, str] = {}
        self._rarities: dict[str, Rarity] = {}

    def live(self, event: PoolLive) -> None:
        """This pool is live in its shop, unless a newer one is."""
        known = self._wanted.get(event.shop)
        if known is None or event.rollback or event.generation >= known[0]:
            self._wanted[event.shop] = (event.generation, event.pool)

    async def news(self) -> dict[str, ShopPool]:
        """What went live since the last call and could be read, by shop. Raises `BusError`.

        A pool that is not whole on the log yet, or broken, is tried again with the next call.
        """
        found: dict[str, ShopPool] = {}
        for shop, (_, name) in self._wanted.items():
            if self._had.get(shop) == name:
                continue
            try:
                pool = await self._read(name)
            except RecordError as error:
                log.warning("a pool cannot be read", shop=shop, pool=name[:12], error=error)
                self._had[shop] = name
                continue
            if pool is not None:
                priorities = {intent.id: intent.priority for intent in pool.intents.values()}
                found[shop] = ShopPool(priorities, await self._rarity(pool))
                self._had[shop] = name
        return found

    async def _rarity(self, pool: Pool) -> Rarity:
        known = self._rarities.pop(pool.training.hash, None)
        if known is None:
            lines = [line.text for line in pool.training.lines]
            known = await asyncio.to_thread(Rarity.of, lines)
        self._rarities[pool.training.hash] = known
        while len(self._rarities) > MOST:
            del self._rarities[next(iter(self._rarities))]
        return known
