"""One owned partition: its transactional producer, its lease, and what becomes of a commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from engine import logs
from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.deadline import BROKEN, consume, unavailable, within
from engine.bus.kafka.layout import LEASES, Layout, Slot
from engine.bus.kafka.leases import lease_of, newest
from engine.bus.kafka.packing import by_slot, fill
from engine.bus.kafka.producing import abort, discard, start_producer
from engine.bus.port import Aborted, Batch, Committed, FencedOff, Outcome, Outgoing, Unknown
from engine.clock import wall_clock
from engine.errors import BusUnavailable

ABORT_S: Final = 2.0
"""Longest wait for an abort; beyond it the outcome is unknown, and the next owner's fencing aborts."""

log = logs.get(__name__)


class Ownership:
    """A partition's fenced producer under one lease. `spent`: it commits no more; the partition has to be acquired again."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        layout: Layout,
        group: str,
        partition: int,
        deadline_s: float,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.partition = partition
        self.lease = 0
        self.spent = False
        self.fenced = False
        """Someone else has started a producer for this partition, or a transaction of ours took too long."""
        self.written: dict[Slot, int] = {}
        """The offset after the last record of each partition that a commit wrote."""
        self._producer = producer
        self._renewal: Callable[[], Awaitable[tuple[AIOKafkaProducer, int]]] | None = None
        """Another producer of the same id, and the newest lease once it has fenced all others."""
        self._layout = layout
        self._group = group
        self._deadline_s = deadline_s
        self._clock = clock

    @classmethod
    async def take(
        cls, access: Access, connection: Connection, layout: Layout, group: str, partition: int
    ) -> Ownership:
        """Fences whoever owned the partition and counts the lease up by one. `group`: its name on the brokers. Raises `BusUnavailable`."""

        async def start() -> AIOKafkaProducer:
            return await start_producer(access, transactional_id=f"{group}-{partition}")

        async def renewal() -> tuple[AIOKafkaProducer, int]:
            another = await start()
            try:
                return another, lease_of(await newest(connection, layout, partition, group), layout, partition)
            except BaseException:
                discard(another)
                raise

        producer = await start()
        # A transaction must end before the brokers abort it by themselves.
        deadline_s = min(access.settings.deadline_s, access.settings.session_timeout_s * 0.8)
        ownership = cls(producer, layout, group, partition, deadline_s)
        try:
            await ownership.begin_lease(connection)
        except BaseException:
            ownership.retire()
            raise
        ownership._renewal = renewal
        return ownership

    async def begin_lease(self, connection: Connection) -> None:
        """Counts the lease up. Raises `BusUnavailable`."""
        lease = (
            lease_of(await newest(connection, self._layout, self.partition, self._group), self._layout, self.partition)
            + 1
        )
        record = Outgoing(LEASES.name, self._group, b"%d" % lease, partition=self.partition)
        outcome = await self.commit(Batch(self.partition, lease, (record,)))
        if not isinstance(outcome, Committed):
            reason = "another worker took it meanwhile" if isinstance(outcome, FencedOff) else outcome.reason
            raise BusUnavailable(f"the lease of partition {self.partition} could not be written: {reason}")
        self.lease = lease

    async def commit(self, batch: Batch) -> Outcome:
        """The batch in a transaction. Raises `UsageError` for a partition that there is not."""
        if self.spent:
            return Unknown("an earlier commit did not end")
        slots = by_slot(batch.records, self._layout)
        if not slots and not batch.offsets:
            return Committed()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._deadline_s
        try:
            ends = await within(self._deadline_s, self._write(slots, batch), "writing a batch")
        except (ProducerFenced, InvalidProducerEpoch):
            return self._is_fenced(certain=True)
        except BusUnavailable as error:
            return self._is_spent(str(error))
        except BROKEN as error:
            try:
                return await self._after_refusal(str(unavailable("writing a batch", error)))
            except asyncio.CancelledError:
                self._is_spent("it was cancelled")
                raise
        except asyncio.CancelledError:
            self._is_spent("it was cancelled")
            raise
        try:
            await within(until - loop.time(), self._end(), "ending a transaction")
        except (ProducerFenced, InvalidProducerEpoch):
            return self._is_fenced(certain=False)
        except (*BROKEN, BusUnavailable) as error:
            return self._is_spent(str(error))
        except asyncio.CancelledError:
            self._is_spent("it was cancelled")
            raise
        self.written.update(ends)
        return Committed()

    async def _write(self, slots: dict[Slot, list[Outgoing]], batch: Batch) -> dict[Slot, int]:
        """Everything of the batch, up to the end of the transaction; the offset after each partition's last record."""
        producer = self._producer
        await producer.begin_transaction()
        writing: list[asyncio.Task[int]] = [
            asyncio.ensure_future(self._write_slot(slot, records)) for slot, records in slots.items()
        ]
        committing = asyncio.ensure_future(self._write_offsets(batch)) if batch.offsets else None
        tasks = [*writing, *([committing] if committing else [])]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.add_done_callback(consume)
                task.cancel()
            raise
        # All errors are looked at; one that says who is to blame goes first.
        errors = [error for task in tasks if (error := task.exception()) is not None]
        for error in sorted(errors, key=lambda error: not isinstance(error, ProducerFenced | InvalidProducerEpoch)):
            raise error
        return {slot: task.result() for slot, task in zip(slots, writing, strict=True)}

    async def _write_slot(self, slot: Slot, records: Sequence[Outgoing]) -> int:
        topic, partition = slot
        name, now = self._layout.name(topic), self._clock()
        at, end = 0, 0
        while at < len(records):
            packed, after = fill(self._producer, records, at, now)
            future = await self._producer.send_batch(packed, name, partition=partition)
            future.add_done_callback(consume)
            metadata = await future
            end, at = metadata.offset + after - at, after
        return end

    async def _write_offsets(self, batch: Batch) -> int:
        offsets = {
            TopicPartition(self._layout.name(topic), batch.partition): OffsetAndMetadata(at, "")
            for topic, at in batch.offsets.items()
        }
        await self._producer.send_offsets_to_transaction(offsets, self._group)
        return 0

    async def _end(self) -> None:
        """The last step: after it was begun, only the log knows whether the batch is there."""
        await self._producer.commit_transaction()

    async def _after_refusal(self, reason: str) -> Outcome:
        """The batch was not taken. Its producer counted it all the same, and the brokers would refuse what it writes next, for ever, as
        out of order: another of its id takes its place. That fences whoever took the partition meanwhile, too; the lease tells, and
        then it is theirs."""
        if not await abort(self._producer, ABORT_S) or self._renewal is None:
            return self._is_spent(reason)
        try:
            another, lease = await self._renewal()
        except (*BROKEN, BusUnavailable) as error:
            return self._is_spent(str(error))
        discard(self._producer)
        self._producer = another
        return Aborted(reason) if lease == self.lease else self._is_fenced(certain=True)

    def _is_fenced(self, *, certain: bool) -> Outcome:
        self.fenced = True
        self.retire()
        return FencedOff() if certain else Unknown("another owner came while it was committed")

    def _is_spent(self, reason: str) -> Outcome:
        log.warning("the outcome of a commit is not known", partition=self.partition, error=reason)
        self.retire()
        return Unknown(reason)

    def retire(self) -> None:
        """Commits nothing more. May be called again."""
        if not self.spent:
            self.spent = True
            discard(self._producer)
