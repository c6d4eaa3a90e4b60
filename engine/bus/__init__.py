"""The durable log that everything is derived from: the port, and the bus that implements it.

`port` what a bus is · `partitioner` key → partition · `limits` how large a record may be · `embedded/` the log in one SQLite file.
"""

from __future__ import annotations

from pathlib import Path

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Bus
from engine.errors import UsageError
from engine.settings import BusSettings


def open_bus(settings: BusSettings, *, readonly: bool = False) -> Bus:
    """The bus that `settings.url` names. Touches the disk: call it before the loop is busy, and close the bus in the end.

    Raises `UsageError`, `BusUnavailable`, `BusInUse` (another process writes this log) and `BusDamaged`.
    """
    scheme, _, place = settings.url.partition(":")
    if scheme != "sqlite" or not place:
        raise UsageError(f"`bus.url` is `{settings.url}`, which is no log that can be opened here: write `sqlite:PATH`")
    return EmbeddedBus(Path(place), partitions=settings.partitions, group=settings.group, readonly=readonly)
