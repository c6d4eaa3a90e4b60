"""The log, opened to be looked at beside whatever writes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from engine.errors import BusUnavailable

if TYPE_CHECKING:
    from engine.bus.port import Bus
    from engine.settings import Settings
    from engine.worker.library import Library

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
