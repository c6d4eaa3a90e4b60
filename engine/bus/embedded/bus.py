"""The embedded log as a bus: the asynchronous shell around the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.bus.embedded.faults import Faults
from engine.bus.embedded.group import Group
from engine.bus.embedded.log import Log
from engine.bus.embedded.member import EmbeddedMember
from engine.bus.embedded.reading import Reader
from engine.bus.embedded.tail import EmbeddedTail
from engine.bus.embedded.writer import NotWritten
from engine.bus.limits import check_sizes
from engine.bus.port import Member, Outgoing, Position, Stored, Tail
from engine.clock import wall_clock
from engine.errors import UsageError
from engine.retention import RetentionSettings

READ_BYTES = 64 * 1024 * 1024
"""Most bytes of one `read`, whatever the number of records; at least one record comes."""


class EmbeddedBus:
    """See `engine.bus.port.Bus`. All calls belong to one event loop."""

    def __init__(
        self,
        path: Path,
        *,
        partitions: int,
        group: str = "livechat",
        retention: RetentionSettings | None = None,
        readonly: bool = False,
        clock: Callable[[], int] = wall_clock,
        faults: Faults | None = None,
    ) -> None:
        """Opens the log, or makes a new one. `group`: whose positions `committed` tells. `clock`: the log's time, ms.

        Raises `BusInUse`, `BusUnavailable`, `BusDamaged`, and `UsageError` for another partition count.
        """
        kept = retention or RetentionSettings()
        self._log = Log(path, partitions, kept, readonly=readonly, clock=clock, faults=faults)
        self._group = group
        self._groups: dict[str, Group] = {}
        self._members: list[EmbeddedMember] = []
        self._tails: list[EmbeddedTail] = []
        self.partitions = self._log.slots.partitions
        self.identity = f"{self._log.slots.identity:016x}"

    async def publish(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """See the port. All of `records` or, should it raise `BusUnavailable`, none, unless the sentence says that this is not known."""
        check_sizes(records)
        if not records:
            return []
        try:
            stored = await self._log.write(lambda store: store.append(records), weight=len(records))
        except NotWritten as failure:
            raise failure.told() from failure
        return [Position(record.partition, record.offset) for record in stored]

    async def read(
        self, topic: str, partition: int, start: int, end: int | None = None, *, max_records: int = 1_000
    ) -> Sequence[Stored]:
        """See the port."""
        slot = self._log.slots.slot(topic, partition)

        def query(reader: Reader) -> list[Stored]:
            stop = reader.end(slot) if end is None else end
            return reader.records(slot, start, stop, max_records, READ_BYTES)[0]

        return await self._log.read(query)

    async def latest_per_key(self, topic: str, partition: int) -> Mapping[str, Stored]:
        """See the port."""
        slot = self._log.slots.slot(topic, partition)
        return await self._log.read(lambda reader: reader.latest(slot))

    async def end(self, topic: str, partition: int) -> int:
        """See the port."""
        slot = self._log.slots.slot(topic, partition)
        self._log.check_open()
        await self._log.refresh()
        return self._log.head.end(slot)

    async def begin(self, topic: str, partition: int) -> int:
        """See the port."""
        slot = self._log.slots.slot(topic, partition)
        return await self._log.read(lambda reader: reader.begin(slot))

    async def at_time(self, topic: str, partition: int, time: int) -> int:
        """See the port."""
        slot = self._log.slots.slot(topic, partition)
        return await self._log.read(lambda reader: reader.at_time(slot, time))

    async def committed(self, partition: int) -> Mapping[str, int]:
        """See the port."""
        return await self._log.read(lambda reader: reader.committed(self._group, partition))

    def member(self, group: str) -> Member:
        """See the port. Raises `UsageError` for a log that was opened to be read only."""
        self._log.check_open()
        if self._log.readonly:
            raise UsageError(f"the log `{self._log.path}` was opened to be read only: a worker needs it for writing")
        joined = EmbeddedMember(self._log, group, self._groups.setdefault(group, Group(self.partitions)))
        self._members.append(joined)
        return joined

    def tail(self, starts: Mapping[tuple[str, int], int]) -> Tail:
        """See the port."""
        self._log.check_open()
        return EmbeddedTail(self._log, starts)

    async def sweep(self) -> int:
        """Upkeep now, instead of at its time: deletes what is expired or superseded, and returns how many records that were."""
        return await self._log.sweep()

    async def close(self) -> None:
        """Serves what is queued, then lets go of the file. Waiting calls raise `BusUnavailable`. May be called again."""
        for member in self._members:
            await member.close()
        await self._log.close()
