"""A reader without a group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.deadline import abandon
from engine.bus.kafka.fetching import Fetcher
from engine.bus.kafka.layout import Layout, Slot
from engine.bus.port import Stored
from engine.errors import BusUnavailable

LONG_POLL_MS: Final = 500
"""A tail reads the same partitions all its life: nothing has to wait behind a request that waits for records."""

NEXT_BYTES: Final = 8 * 1024 * 1024
"""Most bytes of one answer, whatever the number of records: `pools` holds records of a megabyte."""


class KafkaTail:
    """Follows some partitions of topics on a connection of its own. One caller at a time."""

    def __init__(self, access: Access, layout: Layout, starts: Mapping[tuple[str, int], int]) -> None:
        self._connection = Connection(access, sorted({layout.name(topic) for topic, _ in starts}))
        self._fetcher = Fetcher(self._connection, layout, long_poll_ms=LONG_POLL_MS)
        self._after: dict[Slot, int] = {layout.slot(*slot): at for slot, at in starts.items()}
        self._records: dict[Slot, deque[Stored]] = {slot: deque() for slot in self._after}
        self._order = list(self._after)
        self._closed = asyncio.Event()

    async def next(self, *, max_records: int = 1_000, wait_ms: int = 1_000) -> Sequence[Stored]:
        """See the port. Positions move only with what is returned: a cancelled call loses nothing."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_ms / 1_000
        while True:
            if self._closed.is_set():
                raise BusUnavailable("this tail was closed: open another")
            found = self._take(max_records)
            if found:
                return found
            rest_ms = max(0, int((until - loop.time()) * 1_000))
            await self._fetch(rest_ms)
            if not rest_ms:
                return self._take(max_records)

    async def _fetch(self, wait_ms: int) -> None:
        fetching = asyncio.ensure_future(self._fetcher.fetch(self._after, wait_ms=wait_ms))
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({fetching, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            if not fetching.done():
                abandon((fetching,))
        if fetching.done():
            for slot, more in fetching.result().items():
                self._records[slot].extend(more.records)
                self._after[slot] = more.after

    def _take(self, most: int) -> list[Stored]:
        found: list[Stored] = []
        size = 0
        for slot in self._order:
            waiting = self._records[slot]
            while waiting and len(found) < most and size < NEXT_BYTES:
                record = waiting.popleft()
                size += len(record.value or b"")
                found.append(record)
        # Whoever came last comes first next time, so that a busy partition does not starve the others.
        self._order = self._order[1:] + self._order[:1]
        return found

    async def close(self) -> None:
        """Stops following; a waiting `next` raises `BusUnavailable`. May be called again."""
        self._closed.set()
        self._fetcher.close()
        await self._connection.close()
