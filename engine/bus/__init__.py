"""The durable log that everything is derived from: the port, and the bus that implements it.

`port` what a bus is · `partitioner` key → partition · `limits` how large a record may be · `embedded/` the log in one SQLite file ·
`kafka/` the log on a Kafka cluster · `pools` a compiled pool, found on the log.
"""

from __future__ import annotations

from pathlib import Path

from engine.bus.port import Bus
from engine.settings import BusSettings


async def open_bus(settings: BusSettings, *, readonly: bool = False) -> Bus:
    """The bus that `settings.url` names. Close it in the end. Waits for Kafka's brokers as long as it takes: cancel it to stop waiting.

    Raises `UsageError`, `BusUnavailable`, `BusInUse` (another process writes this log) and `BusDamaged`.
    """
    scheme, _, place = settings.url.partition(":")
    if scheme == "kafka":
        from engine.bus.kafka import open_kafka

        return await open_kafka(place, settings, readonly=readonly)
    from engine.bus.embedded import EmbeddedBus

    return EmbeddedBus(
        Path(place),
        partitions=settings.partitions,
        group=settings.group,
        retention=settings.retention,
        readonly=readonly,
    )
