"""Waiting for an event, no longer than asked."""

from __future__ import annotations

import asyncio


async def wait_for(event: asyncio.Event, wait_ms: float) -> bool:
    """True once the event is set; False after `wait_ms`."""
    if event.is_set():
        return True
    if wait_ms <= 0:
        return False
    try:
        async with asyncio.timeout(wait_ms / 1_000):
            return await event.wait()
    except TimeoutError:
        return False
