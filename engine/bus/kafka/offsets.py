"""Where partitions begin and end, and the positions that a group committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.offset import OffsetRequest

from engine.bus.kafka.connection import Connection, TryAgain
from engine.bus.kafka.layout import Layout, Slot
from engine.errors import BusUnavailable

LATEST: Final = -1
EARLIEST: Final = -2

UNCOMMITTED: Final = 0
COMMITTED: Final = 1

NONE: Final = -1
"""No such offset."""

REFUSED: Final = frozenset({29, 30})
"""Kafka's codes for what this user may not do; all others may pass."""


class Offsets:
    """Asks the brokers. All calls raise `BusUnavailable` after the deadline."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        self._connection = connection
        self._layout = layout

    async def begin(self, slot: Slot) -> int:
        """The first offset that is still kept."""
        return (await self.at((slot,), EARLIEST))[slot]

    async def end(self, slot: Slot) -> int:
        """The last stable offset: everything before it is committed or aborted."""
        return (await self.at((slot,), LATEST))[slot]

    async def high_water(self, slot: Slot) -> int:
        """The next offset that will be written, open transactions included."""
        return (await self.at((slot,), LATEST, UNCOMMITTED))[slot]

    async def at(self, slots: Iterable[Slot], time: int, isolation: int = COMMITTED) -> Mapping[Slot, int]:
        """Of each partition the first offset not older than `time` (ms, or LATEST, or EARLIEST); `NONE` where there is none."""
        wanted = list(slots)
        return await self._connection.insist(lambda: self._at(wanted, time, isolation), "asking for offsets")

    async def _at(self, slots: list[Slot], time: int, isolation: int) -> dict[Slot, int]:
        by_node: dict[int, dict[str, list[tuple[int, int]]]] = {}
        topics: dict[str, str] = {}
        for topic, partition in slots:
            name = self._layout.name(topic)
            topics[name] = topic
            node = await self._connection.leader(name, partition)
            by_node.setdefault(node, {}).setdefault(name, []).append((partition, time))
        found: dict[Slot, int] = {}
        for node, wanted in by_node.items():
            response = await self._connection.send(node, OffsetRequest(-1, isolation, list(wanted.items())))
            for name, partitions in response.topics:
                for partition, error, *rest in partitions:
                    await self._look(error, f"partition {partition} of `{name}`")
                    found[topics[name], partition] = rest[-1]
        return found

    async def committed(self, group: str, slots: Iterable[Slot]) -> Mapping[Slot, int]:
        """Of each partition the offset that `group` (its name on the brokers) committed; left out where there is none."""
        wanted = list(slots)
        return await self._connection.insist(lambda: self._committed(group, wanted), "asking for committed offsets")

    async def _committed(self, group: str, slots: list[Slot]) -> dict[Slot, int]:
        node = await self._connection.coordinator(group)
        topics: dict[str, list[int]] = {}
        own = {self._layout.name(topic): topic for topic, _ in slots}
        for topic, partition in slots:
            topics.setdefault(self._layout.name(topic), []).append(partition)
        response = await self._connection.send(node, OffsetFetchRequest(group, list(topics.items())))
        found: dict[Slot, int] = {}
        for name, partitions in response.topics:
            for partition, offset, _, error in partitions:
                await self._look(error, f"group `{group}`")
                if offset != NONE:
                    found[own[name], partition] = offset
        return found

    async def _look(self, error: int, what: str) -> None:
        if error in REFUSED:
            raise BusUnavailable(f"the broker refuses to tell about {what} (error {error}): let this user read it")
        if error:
            await self._connection.refresh()
            raise TryAgain(f"error {error} of {what}")
