"""A log on a Kafka cluster as a bus."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import PAUSE_S, Connection
from engine.bus.kafka.fetching import PARTITION_BYTES, Fetcher
from engine.bus.kafka.layout import Layout, Slot
from engine.bus.kafka.member import KafkaMember
from engine.bus.kafka.offsets import NONE, Offsets
from engine.bus.kafka.producing import discarded
from engine.bus.kafka.publisher import Publisher
from engine.bus.kafka.tail import KafkaTail
from engine.bus.kafka.visible import Visible
from engine.bus.port import Member, Outgoing, Position, Stored, Tail
from engine.errors import BusUnavailable, UsageError
from engine.events.topics import INPUTS

READ_BYTES: Final = 64 * 1024 * 1024
"""Most bytes of one `read`, whatever the number of records; at least one record comes."""

RECORD_BYTES: Final = 1_024
"""What a record is taken to have when no more shall be fetched than was asked for; a few have more, and are fetched in turn."""

VISIBLE_S: Final = 5.0
"""Longest wait for a commit of this process to be seen by its readers; it takes milliseconds where the brokers are well."""

CLOSE_S: Final = 1.0
"""Longest wait for publishing to end, and for producers to go, when the bus is closed."""


class KafkaBus:
    """See `engine.bus.port.Bus`. Opened by `opening.open_kafka`. All calls belong to one event loop."""

    def __init__(
        self,
        access: Access,
        connection: Connection,
        layout: Layout,
        group: str,
        identity: str,
        *,
        readonly: bool = False,
    ) -> None:
        """`group`: whose positions `committed` tells, without prefix. `connection` is the bus's from now on."""
        self.partitions = layout.partitions
        self.identity = identity
        self._access = access
        self._layout = layout
        self._group = group
        self._readonly = readonly
        self._connection = connection
        self._offsets = Offsets(connection, layout)
        self._publisher = Publisher(access, layout)
        self._visible = Visible()
        self._members: list[KafkaMember] = []
        self._tails: list[KafkaTail] = []
        self._closed = False

    def _check(self) -> None:
        if self._closed:
            raise BusUnavailable(f"the log `{self._layout.prefix}` on {self._access} was closed")

    async def publish(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """See the port. Where it raises `BusUnavailable`, the sentence tells whether some of `records` may be on the log."""
        self._check()
        if self._readonly:
            raise UsageError("the log was opened to be read only: open it for writing")
        return await self._publisher.publish(records)

    async def read(
        self, topic: str, partition: int, start: int, end: int | None = None, *, max_records: int = 1_000
    ) -> Sequence[Stored]:
        """See the port. Stops by position: offsets have gaps, and the last one need not hold a record."""
        self._check()
        slot = self._layout.slot(topic, partition)
        stop = await self._end(slot)
        if end is not None:
            stop = min(end, stop)
        found: list[Stored] = []
        size, at = 0, start
        fetcher = Fetcher(self._connection, self._layout)
        while at < stop and len(found) < max_records and size < READ_BYTES:
            enough = min(PARTITION_BYTES, (max_records - len(found)) * RECORD_BYTES)
            fetched = (await fetcher.fetch({slot: at}, wait_ms=0, partition_bytes=enough)).get(slot)
            if fetched is None or fetched.after <= at:
                break
            at = fetched.after
            for record in fetched.records:
                if record.offset >= stop or len(found) >= max_records:
                    break
                found.append(record)
                size += len(record.value or b"")
        return found

    async def latest_per_key(self, topic: str, partition: int) -> Mapping[str, Stored]:
        """See the port."""
        self._check()
        slot = self._layout.slot(topic, partition)
        at, stop = await self._offsets.begin(slot), await self._end(slot)
        latest: dict[str, Stored] = {}
        fetcher = Fetcher(self._connection, self._layout)
        while at < stop:
            fetched = (await fetcher.fetch({slot: at}, wait_ms=0)).get(slot)
            if fetched is None or fetched.after <= at:
                break
            at = fetched.after
            for record in fetched.records:
                if record.key is None or record.value is None:
                    latest.pop(record.key or "", None)
                else:
                    latest[record.key] = record
        return latest

    async def _end(self, slot: Slot) -> int:
        """The last stable offset, behind everything that this process committed."""
        least = self._visible.end(slot)
        until = time.monotonic() + VISIBLE_S
        while True:
            end = await self._offsets.end(slot)
            if end >= least or time.monotonic() >= until:
                return end
            await asyncio.sleep(PAUSE_S / 4)

    async def end(self, topic: str, partition: int) -> int:
        """See the port: the last stable offset."""
        self._check()
        return await self._end(self._layout.slot(topic, partition))

    async def begin(self, topic: str, partition: int) -> int:
        """See the port."""
        self._check()
        return await self._offsets.begin(self._layout.slot(topic, partition))

    async def at_time(self, topic: str, partition: int, time: int) -> int:
        """See the port."""
        self._check()
        slot = self._layout.slot(topic, partition)
        found = (await self._offsets.at((slot,), max(0, time)))[slot]
        return await self._end(slot) if found == NONE else found

    async def committed(self, partition: int) -> Mapping[str, int]:
        """See the port."""
        self._check()
        group = self._layout.name(self._group)
        slots = [self._layout.slot(topic, partition) for topic in INPUTS]
        until = time.monotonic() + VISIBLE_S
        while True:
            found = await self._offsets.committed(group, slots)
            seen = all(found.get(slot, 0) >= self._visible.offset(group, slot) for slot in slots)
            if seen or time.monotonic() >= until:
                return {topic: at for (topic, _), at in found.items()}
            await asyncio.sleep(PAUSE_S / 4)

    def member(self, group: str) -> Member:
        """See the port. Raises `UsageError` for a log that was opened to be read only."""
        self._check()
        if self._readonly:
            raise UsageError("the log was opened to be read only: a worker needs it for writing")
        joined = KafkaMember(self._access, self._layout, self._layout.name(group), self._visible)
        self._members.append(joined)
        return joined

    def tail(self, starts: Mapping[tuple[str, int], int]) -> Tail:
        """See the port."""
        self._check()
        opened = KafkaTail(self._access, self._layout, starts)
        self._tails.append(opened)
        return opened

    async def close(self) -> None:
        """Leaves the groups and closes every socket, within 5 s also when all brokers are away. May be called again."""
        if self._closed:
            return
        self._closed = True
        closing = [member.close() for member in self._members] + [tail.close() for tail in self._tails]
        await asyncio.gather(*closing, self._publisher.close(CLOSE_S), self._connection.close())
        await discarded(CLOSE_S)
