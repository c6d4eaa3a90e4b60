"""What the bus holds of pools: which blobs are published, which pool is live in a shop; and adding to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from engine import logs
from engine.bus.port import Bus, Outgoing
from engine.errors import RecordError
from engine.events.codec import decode, encode
from engine.events.inputs import PoolLive
from engine.events.pools import PoolChunk, PoolManifest
from engine.pool.blobs import Shelf, to_records

POOLS: Final = "pools"
SHOP_EVENTS: Final = "shop-events"
PAGE: Final = 8  # records read or written at a time: chunks of half a megabyte each
log = logs.get(__name__)


class Bulletin:
    """Raises `BusUnavailable` wherever the bus does."""

    def __init__(self, bus: Bus, clock: Callable[[], int]) -> None:
        self._bus = bus
        self._clock = clock
        self._published: set[str] = set()
        self._generations: dict[str, int] = {}

    async def survey(self) -> None:
        """Learn which blobs are published."""
        await self._pass(Shelf(wanted=lambda _: False))

    def published(self, blob: str) -> bool:
        return blob in self._published

    async def live(self) -> Mapping[str, PoolLive]:
        """The live pool of each shop."""
        found: dict[str, PoolLive] = {}
        for key, stored in (await self._bus.latest_per_key(SHOP_EVENTS, 0)).items():
            if not key.endswith("/pool"):
                continue
            try:
                event = decode(SHOP_EVENTS, stored.value)
            except RecordError as error:
                log.warning("a record is passed over", topic=SHOP_EVENTS, offset=stored.offset, error=error)
                continue
            if isinstance(event, PoolLive):
                found[event.shop] = event
                self._generations[event.shop] = max(event.generation, self._generations.get(event.shop, 0))
        return found

    async def blobs(self, wanted: frozenset[str]) -> Mapping[str, bytes]:
        """The content of these blobs, as far as the bus holds them whole."""
        if not wanted:
            return {}
        shelf = Shelf(wanted=wanted.__contains__)
        await self._pass(shelf)
        return {blob: content for blob in wanted if (content := shelf.get(blob)) is not None}

    async def publish_blob(
        self, blob: str, kind: Literal["pool", "model"], content: bytes, model: str | None = None
    ) -> None:
        """Write a blob, unless it is there."""
        if blob in self._published:
            return
        records = [
            Outgoing(POOLS, record.key(), encode(record))
            for record in to_records(blob, kind, content, model, self._clock())
        ]
        for start in range(0, len(records), PAGE):
            await self._bus.publish(records[start : start + PAGE])
        self._published.add(blob)

    async def publish_live(self, shop: str, pool: str) -> int:
        """Make the pool the shop's live one; returns its generation, one above the highest seen."""
        await self.live()
        generation = self._generations.get(shop, 0) + 1
        event = PoolLive(
            id=f"{pool}-{generation}", at=self._clock(), by="publisher", shop=shop, pool=pool, generation=generation
        )
        await self._bus.publish([Outgoing(SHOP_EVENTS, event.key(), encode(event))])
        self._generations[shop] = generation
        return generation

    async def _pass(self, shelf: Shelf) -> None:
        """Read `pools` once, page by page."""
        at, end = await self._bus.begin(POOLS, 0), await self._bus.end(POOLS, 0)
        while at < end:
            page = await self._bus.read(POOLS, 0, at, end, max_records=PAGE)
            if not page:
                break
            for stored in page:
                at = stored.offset + 1
                if stored.value is None:
                    self._published.discard(stored.key or "")
                    continue
                try:
                    record = decode(POOLS, stored.value)
                    if isinstance(record, PoolManifest):
                        self._published.add(record.hash)
                    if isinstance(record, PoolChunk | PoolManifest):
                        shelf.add(record)
                except RecordError as error:
                    log.warning("a record is passed over", topic=POOLS, offset=stored.offset, error=error)
