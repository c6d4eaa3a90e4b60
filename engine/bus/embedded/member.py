"""A worker's membership: ownership events, acquiring, polling, committing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from engine.bus.embedded.group import Group
from engine.bus.embedded.log import Log
from engine.bus.embedded.store import Store
from engine.bus.embedded.waiting import wait_for
from engine.bus.embedded.writer import NotWritten
from engine.bus.limits import check_sizes
from engine.bus.port import Aborted, Batch, Committed, FencedOff, Outcome, Ownership, Stored, Unknown
from engine.errors import BusDamaged, BusUnavailable, Fenced
from engine.events.topics import INPUTS


class EmbeddedMember:
    """One member of a group. Joins when it is made."""

    def __init__(self, log: Log, name: str, group: Group) -> None:
        self._log = log
        self._name = name
        self._group = group
        self._changed = asyncio.Event()
        self._wake = asyncio.Event()
        self._positions: dict[int, dict[str, int]] = {}
        self._paused: set[int] = set()
        self._closed = False
        self._slots = {(topic, p): log.slots.slot(topic, p) for topic in INPUTS for p in range(log.slots.partitions)}
        log.head.subscribe(self._slots.values(), self._wake)
        self._seat = group.join(self._on_change)

    def _on_change(self) -> None:
        self._changed.set()
        self._wake.set()

    def _check(self) -> None:
        self._log.check_open()
        if self._closed:
            raise BusUnavailable("this member has left its group: join again")

    async def events(self, *, wait_ms: int = 0) -> Sequence[Ownership]:
        """See the port. Positions and pauses of partitions that change hands are forgotten."""
        found = self._fetch()
        if not found and wait_ms > 0:
            await wait_for(self._changed, wait_ms)
            found = self._fetch()
        return found

    def _fetch(self) -> Sequence[Ownership]:
        self._check()
        self._changed.clear()
        found = self._group.fetch(self._seat)
        for event in found:
            for partition in event.partitions:
                self._positions.pop(partition, None)
                self._paused.discard(partition)
        return found

    async def acquire(self, partition: int) -> int:
        """See the port."""
        self._check()
        if not self._group.owns(self._seat, partition):
            raise Fenced(partition, 0)
        try:
            return await self._log.write(lambda store: store.acquire(self._name, partition))
        except NotWritten as failure:
            raise failure.told() from failure

    def seek(self, partition: int, offsets: Mapping[str, int]) -> None:
        """See the port. An input that is not named is read from its beginning."""
        self._positions[partition] = {topic: offsets.get(topic, 0) for topic in INPUTS}
        self._wake.set()

    def pause_comments(self, partition: int, paused: bool) -> None:
        """See the port. Forgotten when the partition changes hands."""
        if paused:
            self._paused.add(partition)
        else:
            self._paused.discard(partition)
            self._wake.set()

    async def poll(self, *, max_records: int, max_bytes: int, wait_ms: int) -> Mapping[int, Sequence[Stored]]:
        """See the port. Returns early, with nothing, when ownership changes."""
        self._check()
        self._wake.clear()
        found = await self._collect(max_records, max_bytes)
        if not found and wait_ms > 0:
            until = asyncio.get_running_loop().time() + wait_ms / 1_000
            while not found and not self._seat.events:
                if not await wait_for(self._wake, (until - asyncio.get_running_loop().time()) * 1_000):
                    break
                self._check()
                self._wake.clear()
                found = await self._collect(max_records, max_bytes)
        return found

    async def _collect(self, max_records: int, max_bytes: int) -> dict[int, Sequence[Stored]]:
        found: dict[int, Sequence[Stored]] = {}
        for partition, positions in list(self._positions.items()):
            if not self._group.serves(self._seat, partition):
                continue
            before = dict(positions)
            records, after = await self._share(partition, before, max_records, max_bytes)
            # While the file was read, the partition may have been taken away, or sought elsewhere.
            current = self._positions.get(partition) is positions and positions == before
            if current and self._group.serves(self._seat, partition):
                positions.update(after)
                if records:
                    found[partition] = records
        return found

    async def _share(
        self, partition: int, positions: Mapping[str, int], max_records: int, max_bytes: int
    ) -> tuple[list[Stored], dict[str, int]]:
        """What the partition delivers now, and the positions after it."""
        head = self._log.head
        after = dict(positions)
        events = self._slots["room-events", partition]
        end = head.end(events)
        records: list[Stored] = []
        size = 0
        # The file may hold fewer records than asked for (old ones expire), so that it may take several looks to reach the end.
        while after["room-events"] < end and len(records) < max_records and size < max_bytes:
            more, after["room-events"] = await head.fetch(
                events, after["room-events"], end, max_records - len(records), max_bytes - size
            )
            records += more
            size += sum(len(record.value or b"") for record in more)
        if after["room-events"] < end or partition in self._paused or size >= max_bytes:
            return records, after
        comments = self._slots["comments", partition]
        more, after["comments"] = await head.fetch(
            comments, after["comments"], head.end(comments), max_records - len(records), max_bytes - size
        )
        return records + more, after

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        """See the port. Raises `RecordTooLarge` before anything is written, `BusDamaged` where the log cannot be trusted.

        A caller that is cancelled leaves the commit to run; a later owner's `acquire` queues behind it.
        """
        self._check()
        for batch in batches:
            check_sizes(batch.records)

        def work(store: Store) -> list[bool]:
            return store.commit_batches(self._name, batches)

        partitions = [batch.partition for batch in batches]
        self._group.commit_begins(self._seat, partitions)
        try:
            landed = await self._log.write(work, weight=sum(len(batch.records) for batch in batches))
        except NotWritten as failure:
            if isinstance(failure.error, BusDamaged) or self._log.closed:
                raise failure.told() from failure
            reason = str(failure.error)
            return [Aborted(reason) if failure.certain else Unknown(reason) for _ in batches]
        finally:
            self._group.commit_ends(self._seat, partitions)
        return [Committed() if ok else FencedOff() for ok in landed]

    async def lag(self) -> Mapping[int, Mapping[str, int]]:
        """See the port, for the partitions that were sought."""
        self._check()
        head = self._log.head
        return {
            partition: {topic: max(0, head.end(self._slots[topic, partition]) - at) for topic, at in positions.items()}
            for partition, positions in self._positions.items()
            if self._group.owns(self._seat, partition)
        }

    async def close(self) -> None:
        """See the port. May be called again."""
        if self._closed:
            return
        self._closed = True
        self._log.head.unsubscribe(self._slots.values(), self._wake)
        self._group.leave(self._seat)
        self._on_change()

    def evict(self) -> None:
        """For tests: what a group does to a member that it believes dead. It joins again with its next call of `events`."""
        self._group.evict(self._seat)
