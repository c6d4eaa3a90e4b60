"""The log, opened to be looked at beside whatever writes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeVar

from engine.errors import BusUnavailable

if TYPE_CHECKING:
    from engine.bus.port import Bus, Stored
    from engine.settings import Settings
    from engine.worker.library import Library

PAGE: Final = 2_000  # records read at a time
T = TypeVar("T")
OPEN_S: Final = 20.0  # brokers that are away are waited for, but a person waits here


@asynccontextmanager
async def reading(settings: Settings) -> AsyncIterator[Bus]:
    """The log of these settings, read-only. Raises `BusUnavailable` where it cannot be opened in time."""
    from engine.bus import open_bus

    try:
        bus = await asyncio.wait_for(open_bus(settings.bus, readonly=True), OPEN_S)
    except TimeoutError:
        raise BusUnavailable(
            f"the log at `{settings.bus.url}` could not be opened within {OPEN_S:.0f} s: look after the brokers"
        ) from None
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def pools_of(bus: Bus) -> AsyncIterator[Library]:
    """The pools that stand on the log."""
    from engine.worker.library import Library, engine_openers

    library = Library(bus, engine_openers())
    following = asyncio.create_task(library.run(), name="pools")
    try:
        yield library
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def since(
    bus: Bus, topic: str, time: int, *, room: str | None = None, only: Callable[[Stored], bool] | None = None
) -> list[T]:
    """The records of a topic from a time on, in each partition's order; of one room only, where it is named.

    `only`: which of them, before they are parsed. What cannot be read is left out: it stands on `dead-letters`.
    """
    from engine.bus.partitioner import partition_of
    from engine.bus.port import partition_count
    from engine.errors import RecordError
    from engine.events.codec import decode

    found: list[T] = []
    partitions = range(partition_count(bus, topic)) if room is None else (partition_of(room, bus.partitions),)
    for partition in partitions:
        at, end = await bus.at_time(topic, partition, time), await bus.end(topic, partition)
        while records := await bus.read(topic, partition, at, end, max_records=PAGE):
            at = records[-1].offset + 1
            for record in records:
                if record.value is None or room not in (None, record.key) or (only is not None and not only(record)):
                    continue
                try:
                    found.append(decode(topic, record.value))
                except RecordError:
                    continue
    return found
