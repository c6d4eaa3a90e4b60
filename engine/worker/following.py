"""Follows a topic that every process reads whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from engine import logs
from engine.bus.port import Bus, Stored
from engine.errors import BusUnavailable

RETRY_S = 0.5  # until the bus is tried again; whoever waits for these topics can wait so long
log = logs.get(__name__)


async def follow(bus: Bus, topic: str, take: Callable[[Sequence[Stored]], None], page: int = 500) -> None:
    """Hand on every record of a topic with one partition, from its begin, for ever; waits while the bus is away."""
    start: int | None = None
    while True:
        try:
            if start is None:
                start = await bus.begin(topic, 0)
            tail = bus.tail({(topic, 0): start})
            try:
                while True:
                    found = await tail.next(max_records=page)
                    if found:
                        take(found)
                        start = found[-1].offset + 1
            finally:
                await tail.close()
        except BusUnavailable as error:
            log.warning("a topic cannot be followed", topic=topic, next_try_s=RETRY_S, error=error)
            await asyncio.sleep(RETRY_S)
