"""Finding a compiled pool on the bus."""

from __future__ import annotations

import asyncio
from typing import Final

from engine.bus.port import Bus
from engine.events.codec import decode
from engine.pool.blobs import Shelf
from engine.pool.encoding import decode_pool
from engine.pool.model import Pool

PAGE: Final = 32  # records of one read: each may hold half a megabyte


class PoolReader:
    """Reads one pool from the `pools` topic, passing over all others unparsed (models are large)."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def __call__(self, name: str) -> Pool | None:
        """The pool with this hash; None while it is not whole on the bus. Raises `BusError`, `RecordError`."""
        shelf = Shelf()
        offset, end = await self._bus.begin("pools", 0), await self._bus.end("pools", 0)
        while offset < end:
            page = await self._bus.read("pools", 0, offset, end, max_records=PAGE)
            if not page:
                break
            for stored in page:
                if stored.value is not None and stored.key is not None and stored.key.partition("/")[0] == name:
                    shelf.add(decode("pools", stored.value))
            offset = page[-1].offset + 1
        content = shelf.get(name)
        return await asyncio.to_thread(decode_pool, content) if content is not None else None
