"""Where leases are kept: the bus's own compacted topic, written by the very producer that fences (see docs/adr/0016)."""

from __future__ import annotations

import asyncio
from typing import Final

from engine.bus.kafka.connection import PAUSE_S, Connection
from engine.bus.kafka.fetching import Fetcher
from engine.bus.kafka.layout import LEASES, Layout
from engine.bus.kafka.offsets import Offsets
from engine.errors import BusDamaged, BusUnavailable

IDENTITY: Final = "#identity"
"""Key of the log's identity, in partition 0; no group is called so."""


async def newest(connection: Connection, layout: Layout, partition: int, key: str) -> bytes | None:
    """The newest committed value of `key` in this partition of the topic. Call it after fencing whoever else writes it.

    Reads up to the high-water mark, not just to the last stable offset: another group's open transaction must not hide what this
    group wrote behind it. Raises `BusUnavailable` where such a transaction does not end in time.
    """
    slot = (LEASES.name, partition)
    offsets = Offsets(connection, layout)
    fetcher = Fetcher(connection, layout)
    at, end = await offsets.begin(slot), await offsets.high_water(slot)
    found: bytes | None = None
    until = asyncio.get_running_loop().time() + connection.deadline_s
    while at < end:
        fetched = (await fetcher.fetch({slot: at}, wait_ms=0)).get(slot)
        if fetched is not None and fetched.after > at:
            at = fetched.after
            for record in fetched.records:
                if record.key == key:
                    found = record.value
        elif asyncio.get_running_loop().time() > until:
            raise BusUnavailable(f"a transaction on `{layout.name(LEASES.name)}` does not end: look after the brokers")
        else:
            await asyncio.sleep(PAUSE_S)
    return found


def lease_of(value: bytes | None, layout: Layout, partition: int) -> int:
    """The lease that a record holds; 0 where there was none yet. Raises `BusDamaged`."""
    if value is None:
        return 0
    if not value.isdigit():
        raise BusDamaged(
            f"partition {partition} of `{layout.name(LEASES.name)}` holds no lease but {value[:40]!r}: nobody but the engine may"
            " write there; start on a new log, with another `bus.prefix`"
        )
    return int(value)
