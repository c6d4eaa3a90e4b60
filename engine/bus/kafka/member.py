"""A worker's side of the bus: ownership events, acquiring, polling, committing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.fetching import Fetcher
from engine.bus.kafka.layout import Layout, Slot
from engine.bus.kafka.membership import Membership
from engine.bus.kafka.offsets import LATEST, Offsets
from engine.bus.kafka.ownership import Ownership as Owned
from engine.bus.kafka.packing import check
from engine.bus.kafka.visible import Visible
from engine.bus.port import Batch, Committed, FencedOff, Outcome, Ownership, Stored
from engine.errors import BusUnavailable, Fenced
from engine.events.topics import INPUTS

REVOKE_S: Final = 5.0
"""Longest that a rebalance waits for running commits; what commits later is fenced off where the partition moved."""


@dataclass(slots=True, eq=False)
class Stream:
    """One input of one partition, as far as it was fetched."""

    after: int
    """The next offset to fetch."""
    end: int | None = None
    """The last stable offset, as last heard."""
    records: deque[Stored] = field(default_factory=deque)

    @property
    def position(self) -> int:
        """The next offset to deliver."""
        return self.records[0].offset if self.records else self.after

    @property
    def is_exhausted(self) -> bool:
        """Everything up to the known end was delivered."""
        return not self.records and self.end is not None and self.after >= self.end

    def take(self, most: int, most_bytes: int, found: list[Stored], size: int) -> int:
        """Moves records to `found`, which then holds at most `most` of at most `most_bytes` (a first one always fits); their size."""
        while self.records and len(found) < most and (size < most_bytes or not found):
            length = len(self.records[0].value or b"")
            if found and size + length > most_bytes:
                break
            found.append(self.records.popleft())
            size += length
        return size


class KafkaMember:
    """See `engine.bus.port.Member`. Joins when it is made."""

    def __init__(self, access: Access, layout: Layout, group: str, visible: Visible) -> None:
        """`group`: its name on the brokers. `visible`: told of what was committed."""
        self._access = access
        self._layout = layout
        self._group = group
        self._visible = visible
        names = layout.names()
        self._connection = Connection(access, names)
        self._polling = Connection(access, names)
        self._fetcher = Fetcher(self._polling, layout)
        self._offsets = Offsets(self._connection, layout)
        self._owned: dict[int, Owned] = {}
        self._streams: dict[int, dict[str, Stream]] = {}
        self._paused: set[int] = set()
        self._committing: set[asyncio.Future[Outcome]] = set()
        self._closed = False
        self._membership = Membership(access, layout, group, self._settle, self._connection)

    def _check(self) -> None:
        if self._closed:
            raise BusUnavailable("this member has left its group: join again")
        self._membership.check()

    async def _settle(self) -> None:
        if self._committing:
            await asyncio.wait(set(self._committing), timeout=REVOKE_S)

    # ---- ownership -----------------------------------------------------------------------------------------------

    async def events(self, *, wait_ms: int = 0) -> Sequence[Ownership]:
        """See the port. Positions and pauses of partitions that change hands are forgotten. Raises `UsageError` for changed topics."""
        self._check()
        if not self._membership.pending and wait_ms > 0:
            waiting = asyncio.ensure_future(self._membership.changed.wait())
            try:
                await asyncio.wait({waiting}, timeout=wait_ms / 1_000)
            finally:
                waiting.cancel()
            self._check()
        found = self._membership.fetch()
        for event in found:
            for partition in event.partitions:
                self._forget(partition)
        return found

    def _forget(self, partition: int) -> None:
        self._streams.pop(partition, None)
        self._paused.discard(partition)
        owned = self._owned.pop(partition, None)
        if owned is not None:
            owned.retire()

    async def acquire(self, partition: int) -> int:
        """See the port."""
        self._check()
        if not self._membership.owns(partition):
            raise Fenced(partition, 0)
        former = self._owned.pop(partition, None)
        if former is not None:
            former.retire()
        owned = await Owned.take(self._access, self._connection, self._layout, self._group, partition)
        if not self._membership.owns(partition) or self._closed:
            owned.retire()
            raise Fenced(partition, owned.lease)
        self._owned[partition] = owned
        return owned.lease

    # ---- polling -------------------------------------------------------------------------------------------------

    def seek(self, partition: int, offsets: Mapping[str, int]) -> None:
        """See the port. An input that is not named is read from its beginning."""
        self._streams[partition] = {topic: Stream(offsets.get(topic, 0)) for topic in INPUTS}

    def pause_comments(self, partition: int, paused: bool) -> None:
        """See the port. Forgotten when the partition changes hands."""
        (self._paused.add if paused else self._paused.discard)(partition)

    async def poll(self, *, max_records: int, max_bytes: int, wait_ms: int) -> Mapping[int, Sequence[Stored]]:
        """See the port. Returns early, with nothing, when ownership changes."""
        self._check()
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_ms / 1_000
        while True:
            rest_ms = max(0, int((until - loop.time()) * 1_000))
            ready = any(stream.records for stream in self._deliverable())
            await self._fetch(0 if ready else rest_ms)
            found = self._take(max_records, max_bytes)
            if found or self._membership.pending or loop.time() >= until:
                return found
            self._check()

    def _deliverable(self) -> list[Stream]:
        """Streams whose records may be handed out now."""
        return [
            stream
            for partition, streams in self._served()
            for topic, stream in streams.items()
            if topic != "comments" or (partition not in self._paused and not streams["room-events"].records)
        ]

    def _served(self) -> list[tuple[int, dict[str, Stream]]]:
        return [(p, streams) for p, streams in self._streams.items() if self._membership.owns(p)]

    async def _fetch(self, wait_ms: int) -> None:
        """Fills the streams that ran dry."""
        wanted: dict[Slot, Stream] = {}
        for partition, streams in self._served():
            for topic, stream in streams.items():
                if not stream.records and not (topic == "comments" and partition in self._paused):
                    wanted[topic, partition] = stream
        if not wanted:
            await asyncio.sleep(wait_ms / 1_000 and 0.01)  # everything is paused: look again soon
            return
        fetched = await self._fetcher.fetch({slot: stream.after for slot, stream in wanted.items()}, wait_ms=wait_ms)
        for slot, more in fetched.items():
            stream = wanted[slot]
            topic, partition = slot
            # Meanwhile the partition may have been taken away, or sought elsewhere.
            if self._streams.get(partition, {}).get(topic) is stream:
                stream.records.extend(more.records)
                stream.after, stream.end = more.after, more.end

    def _take(self, max_records: int, max_bytes: int) -> dict[int, Sequence[Stored]]:
        found: dict[int, Sequence[Stored]] = {}
        for partition, streams in self._served():
            records: list[Stored] = []
            size = streams["room-events"].take(max_records, max_bytes, records, 0)
            if streams["room-events"].is_exhausted and partition not in self._paused:
                streams["comments"].take(max_records, max_bytes, records, size)
            if records:
                found[partition] = records
        return found

    # ---- committing ----------------------------------------------------------------------------------------------

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """See the port. Raises `RecordTooLarge` before anything is written, `UsageError` for changed topics.

        A caller that is cancelled leaves the commits to run.
        """
        self._check()
        for batch in batches:
            check(batch.records)
        running = [asyncio.ensure_future(self._commit(batch)) for batch in batches]
        self._committing.update(running)
        for task in running:
            task.add_done_callback(self._committing.discard)
        return await asyncio.shield(asyncio.gather(*running))

    async def _commit(self, batch: Batch) -> Outcome:
        owned = self._owned.get(batch.partition)
        if owned is None or owned.lease != batch.lease or not self._membership.owns(batch.partition):
            return FencedOff()
        outcome = await owned.commit(batch)
        if owned.fenced:
            self._membership.lose(batch.partition)
        elif isinstance(outcome, Committed):
            self._visible.committed(self._group, batch, owned.written)
        return outcome

    async def lag(self) -> Mapping[int, Mapping[str, int]]:
        """See the port, for the partitions that were sought. Counts offsets, transactions' own marks included."""
        self._check()
        served = self._served()
        ends = await self._offsets.at([(topic, p) for p, streams in served for topic in streams], LATEST)
        return {
            p: {topic: max(0, ends[topic, p] - stream.position) for topic, stream in streams.items()}
            for p, streams in served
        }

    async def close(self) -> None:
        """See the port, within a few seconds also when all brokers are away. May be called again."""
        if self._closed:
            return
        self._closed = True
        await self._settle_before_leaving()
        for owned in self._owned.values():
            owned.retire()
        self._owned.clear()
        self._fetcher.close()
        await asyncio.gather(self._membership.close(), self._connection.close(), self._polling.close())

    async def _settle_before_leaving(self) -> None:
        if self._committing:
            await asyncio.wait(set(self._committing), timeout=CLOSE_S)


CLOSE_S: Final = 1.0
"""Longest wait for running commits when the member leaves; the worker waits for its own before it closes."""
