"""A reader without a group."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from engine.bus.embedded.log import Log
from engine.bus.embedded.waiting import wait_for
from engine.bus.port import Stored
from engine.errors import BusUnavailable

NEXT_BYTES = 8 * 1024 * 1024
"""Most bytes of one answer, whatever the number of records: `pools` holds records of a megabyte."""


class EmbeddedTail:
    """Follows some partitions of topics. One caller at a time."""

    def __init__(self, log: Log, starts: Mapping[tuple[str, int], int]) -> None:
        self._log = log
        self._positions = {log.slots.slot(topic, partition): at for (topic, partition), at in starts.items()}
        self._order = list(self._positions)
        self._wake = asyncio.Event()
        self._closed = False
        log.head.subscribe(self._order, self._wake)

    async def next(self, *, max_records: int = 1_000, wait_ms: int = 1_000) -> Sequence[Stored]:
        """See the port. Positions move only with what is returned: a cancelled call loses nothing."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_ms / 1_000
        while True:
            if self._closed:
                raise BusUnavailable("this tail was closed: open another")
            self._log.watch()
            self._wake.clear()
            found = await self._collect(max_records)
            if found or not await wait_for(self._wake, (until - loop.time()) * 1_000):
                return found

    async def _collect(self, max_records: int) -> list[Stored]:
        head = self._log.head
        found: list[Stored] = []
        after: dict[int, int] = {}
        size = 0
        for slot in self._order:
            at, end = self._positions[slot], head.end(slot)
            if at >= end or len(found) >= max_records or size >= NEXT_BYTES:
                continue
            more, after[slot] = await head.fetch(slot, at, end, max_records - len(found), NEXT_BYTES - size)
            found += more
            size += sum(len(record.value or b"") for record in more)
        self._positions.update(after)
        # Whoever came last comes first next time, so that a busy partition does not starve the others.
        self._order = self._order[1:] + self._order[:1]
        return found

    async def close(self) -> None:
        """Stops following; a waiting `next` raises `BusUnavailable`. May be called again."""
        self._closed = True
        self._log.head.unsubscribe(self._order, self._wake)
        self._wake.set()
