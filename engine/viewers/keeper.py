"""The viewer keys of one process: reads them from the log, and makes and destroys what is due there.

Every process that hashes does so, so that keys change and go while any of them runs. Their moments are spread by chance: the first one
does it, the others see that it is done.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from engine import logs
from engine.bus.port import Bus, Outgoing, Stored
from engine.clock import wall_clock
from engine.errors import BusUnavailable, RecordError, UsageError
from engine.events.codec import decode, encode
from engine.events.topics import HOUR_MS
from engine.events.viewers import ViewerKey
from engine.metrics import Metrics
from engine.settings import Settings
from engine.viewers.hashing import ViewerHasher
from engine.viewers.ring import LEAD_MS, Ring, Rules
from engine.viewers.secret import SECRET_BYTES, check_of, secret_of

TOPIC: Final = ViewerKey.topic
PAGE: Final = 500
NAME_BYTES: Final = 8
LOOK_MS: Final = 60_000  # how often it is looked whether something is due
RETRY_S: Final = 0.5  # until the log is tried again
SPREAD_MS: Final = HOUR_MS // 2  # over which the processes' moments are spread
AGAIN_MS: Final = HOUR_MS + SPREAD_MS
"""A broker drops a destroyed key only from a closed segment, which closes with a later record, an hour after its first at the earliest."""
LATE_MS: Final = 4 * HOUR_MS  # after this long, what should be gone and is not is counted as overdue

FOREIGN: Final = (
    "the viewer key in use was made for another secret: set `privacy.viewer_key_file` (or `privacy.viewer_key`) to the same secret for "
    "every worker and gateway; where it was changed on purpose, run `livechat keys rotate` with the new one"
)
log = logs.get(__name__)


class ViewerKeys:
    """Viewer id and log time (ms) → keyed hash, once it is `ready`; `run` keeps the keys."""

    def __init__(
        self,
        bus: Bus,
        settings: Settings,
        metrics: Metrics,
        by: str,
        clock: Callable[[], int] = wall_clock,
        spread: Callable[[], float] = random.random,
        bits: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """`by`: what stands in its records; `spread`: 0 … 1; `bits`: so many random bytes. Raises `UsageError` without a secret."""
        self._bus = bus
        self._metrics = metrics
        self._by = by
        self._clock = clock
        self._bits = bits
        self._secret = secret_of(settings)
        self._spread_ms = round(spread() * SPREAD_MS)
        self.ring = Ring(Rules.of(settings.privacy), self._secret)
        self._hasher = ViewerHasher(self.ring.span_at)
        self._next: int | None = None
        self._awaited = 0
        """The offset up to which it has to read before it sees what it wrote itself."""
        self._mine: set[str] = set()
        self._verified = 0

    @property
    def ready(self) -> bool:
        """Whether ids can be hashed."""
        return self.ring.ready

    def __call__(self, viewer: str, logged: int) -> str:
        """The hash. Raises `LookupError` before it is ready."""
        return self._hasher(viewer, logged)

    async def start(self) -> None:
        """Read the keys, and make the first one where there is none. Raises `BusError`, and `UsageError` as `run`."""
        await self._read()
        await self._attend()
        await self._read()

    async def run(self) -> None:
        """Follow the log and do what is due, for ever. Raises `UsageError` where the newest key was made for another secret."""
        while True:
            try:
                await self.start()
                await self._follow()
            except BusUnavailable as error:
                log.warning("the viewer keys cannot be kept, and are tried again", next_try_s=RETRY_S, error=error)
                await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        tail = self._bus.tail({(TOPIC, 0): self._next or 0})
        try:
            while True:
                self._take(await tail.next(max_records=PAGE, wait_ms=LOOK_MS))
                if (self._next or 0) >= self._awaited:
                    await self._attend()
        finally:
            await tail.close()

    async def _read(self) -> None:
        """What is new on the log."""
        if self._next is None:
            self._next = await self._bus.begin(TOPIC, 0)
        while found := await self._bus.read(TOPIC, 0, self._next, max_records=PAGE):
            self._take(found)

    def _take(self, found: Sequence[Stored]) -> None:
        for stored in found:
            try:
                record = None if stored.value is None else read_key(stored)
            except RecordError as error:
                log.warning("a viewer key is passed over", offset=stored.offset, error=error)
            else:
                self.ring.take(stored.offset, stored.time, stored.key or "", record)
            self._next = stored.offset + 1
        if found:
            self._hasher.forget()

    async def _attend(self) -> None:
        """Make and destroy what is due now."""
        if self.ring.is_foreign:
            raise UsageError(FOREIGN)
        now = self._clock()
        late = now - self._spread_ms
        records = [gone(key, now, self._by) for key in self.ring.expired(late)]
        for key in records:
            log.info("a viewer key is destroyed: its hashes are linked to nobody any more", number=key.number)
        wanted = self.ring.wanted(now, LEAD_MS - self._spread_ms)
        if wanted is not None:
            number, start = wanted
            made = new_key(self._secret, number, start, now, self._by, self._bits)
            self._mine.add(made.id)
            records.append(made)
            log.info("a viewer key is made", number=number)
        spare = self.ring.spare(late, self._mine)
        self._mine.difference_update(spare)
        again: list[Outgoing] = []
        if now - self._verified >= HOUR_MS:
            self._verified = now
            left = await remains(self._bus, late - AGAIN_MS)  # destroyed keys that can still be read: written again
            again = [Outgoing(TOPIC, one.key or "", one.value) for one in left]
            unread = sum(one.time <= now - LATE_MS - AGAIN_MS for one in left)
            self._metrics.viewer_keys_overdue.set(len(self.ring.expired(now - LATE_MS)) + unread)
        await self._publish([*map(outgoing, records), *(Outgoing(TOPIC, key, None) for key in spare), *again])

    async def _publish(self, records: Sequence[Outgoing]) -> None:
        if records:
            places = await self._bus.publish(records)
            self._awaited = max(place.offset for place in places) + 1


def read_key(stored: Stored) -> ViewerKey:
    """The key in a record. Raises `RecordError`."""
    key: ViewerKey = decode(TOPIC, stored.value)
    if stored.key != key.id:
        raise RecordError(TOPIC, "its key must be its id, so that compaction drops what is destroyed")
    return key


def new_key(
    secret: bytes, number: int, start: int, now: int, by: str, bits: Callable[[int], str] = secrets.token_hex
) -> ViewerKey:
    """A key of random bits."""
    name, half = bits(NAME_BYTES), bits(SECRET_BYTES)
    return ViewerKey(id=name, number=number, start=start, check=check_of(secret, name), half=half, made=now, by=by)


def gone(key: ViewerKey, now: int, by: str) -> ViewerKey:
    """What stands in the place of a destroyed key."""
    return key.model_copy(update={"half": None, "destroyed": now, "by": by})


def outgoing(key: ViewerKey) -> Outgoing:
    return Outgoing(TOPIC, key.id, encode(key))


async def records_of(bus: Bus) -> AsyncIterator[Stored]:
    """All that the log has of the keys, in its order. Raises `BusError`."""
    at = await bus.begin(TOPIC, 0)
    while found := await bus.read(TOPIC, 0, at, max_records=PAGE):
        at = found[-1].offset + 1
        for stored in found:
            yield stored


async def remains(bus: Bus, before: int) -> list[Stored]:
    """The newest record of each key that is destroyed since `before` (ms) or longer, and whose bits can be read all the same."""
    newest: dict[str, Stored] = {}
    readable: set[str] = set()
    async for stored in records_of(bus):
        name = stored.key or ""
        newest[name] = stored
        if has_half(stored):
            readable.add(name)
    return [one for name, one in newest.items() if name in readable and not has_half(one) and one.time <= before]


def has_half(stored: Stored) -> bool:
    """Whether a record holds the bits of a key."""
    return stored.value is not None and b'"half"' in stored.value
