"""Records → batches of a producer, of one partition each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from engine.bus.kafka.layout import Layout, Slot
from engine.bus.limits import HEADER_LIMIT, check_sizes
from engine.bus.partitioner import partition_of
from engine.bus.port import Outgoing
from engine.errors import RecordTooLarge

FRAMED_LIMIT_BYTES: Final = 1_048_000
"""Most bytes of a record with its framing: the brokers' default of 1,048,588 without the header of a batch."""


def check(records: Sequence[Outgoing]) -> None:
    """Raises `RecordTooLarge` for the first record that the brokers would not take, ValueError for a key that is not Unicode text."""
    check_sizes(records)
    for record in records:
        if len(record.headers) > HEADER_LIMIT:  # framing counts only where there are many
            framed = DefaultRecordBatchBuilder.size_of(record.key.encode(), record.value, list(record.headers))
            if framed > FRAMED_LIMIT_BYTES:
                raise RecordTooLarge(record.topic, framed, FRAMED_LIMIT_BYTES)


def slot_of(record: Outgoing, layout: Layout) -> Slot:
    """Where the record belongs. Raises `UsageError` for a partition that there is not."""
    if record.partition is not None:
        return layout.slot(record.topic, record.partition)
    count = layout.count(record.topic)
    return record.topic, 0 if count == 1 else partition_of(record.key, count)


def by_slot(records: Sequence[Outgoing], layout: Layout) -> dict[Slot, list[Outgoing]]:
    """The records of each partition, in their order. Raises `UsageError` for a partition that there is not."""
    slots: dict[Slot, list[Outgoing]] = {}
    for record in records:
        partition = record.partition
        slot = slot_of(record, layout) if partition is None else (record.topic, partition)
        found = slots.get(slot)
        if found is None:
            found = slots[layout.slot(*slot)] = []
        found.append(record)
    return slots


def fill(producer: AIOKafkaProducer, records: Sequence[Outgoing], start: int, now: int) -> tuple[Any, int]:
    """A batch of the records from index `start` on, and the index after those that fitted (at least one). `now`: their time, ms."""
    batch = producer.create_batch()
    at = start
    for record in records[start:] if start else records:
        headers = list(record.headers) if record.headers else []
        if batch.append(timestamp=now, key=record.key.encode(), value=record.value, headers=headers) is None:
            break
        at += 1
    batch.close()  # nobody else adds to it
    return batch, at
