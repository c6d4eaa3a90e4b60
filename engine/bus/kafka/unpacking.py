"""Bytes of a fetch → records: committed ones only, and never an exception for what a stranger wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aiokafka.errors import KafkaError
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from engine import logs
from engine.bus.kafka.unfolding import MOST_BYTES, is_bomb
from engine.bus.limits import HEADER_LIMIT, RECORD_LIMIT_BYTES
from engine.bus.port import Headers, Stored

UNREADABLE: Final = b""
"""Value of a record that cannot be decoded, or is beyond the limits; its `fault` says why. No record of ours is empty."""

LENGTH_AT: Final = 8
LENGTH_ENDS: Final = 12
"""Where a batch tells how many bytes follow."""

FOREIGN = (KafkaError, ValueError, IndexError, OSError, EOFError)
"""What decoding a batch that is damaged, or packed in a way unknown here, may raise."""

log = logs.get(__name__)


def unpack(
    topic: str, partition: int, data: bytes, aborted: Sequence[tuple[int, int]], start: int
) -> tuple[list[Stored], int]:
    """The committed records from offset `start` on, and the offset after all that was looked at.

    `aborted`: producer id and first offset of the aborted transactions in `data`, as the broker lists them.
    """
    found: list[Stored] = []
    after = start
    waiting = sorted(aborted, key=lambda of: of[1], reverse=True)
    dropped: set[int] = set()
    batches, place = MemoryRecords(data), 0
    while batches.has_next():
        batch = batches.next_batch()
        begin, place = place, place + LENGTH_ENDS + int.from_bytes(data[place + LENGTH_AT : place + LENGTH_ENDS], "big")
        producer = batch.producer_id
        while waiting and waiting[-1][1] <= batch.base_offset:
            dropped.add(waiting.pop()[0])
        if batch.is_control_batch:
            if producer in dropped and _is_abort(batch):
                dropped.discard(producer)
        elif not (batch.is_transactional and producer in dropped):
            _records(topic, partition, batch, after, found, is_bomb(data[begin:place]))
        after = max(after, batch.next_offset)
    return found, after


def _is_abort(batch: Any) -> bool:
    return bool(ControlRecord.parse(next(batch).key) == ABORT_MARKER)


def _records(topic: str, partition: int, batch: Any, start: int, found: list[Stored], bomb: bool) -> None:
    """Adds the batch's records from `start` on. Where one cannot be decoded, it and the rest of its batch count as unreadable."""
    at = max(start, batch.base_offset)
    try:
        if not batch.validate_crc():
            raise ValueError("its checksum is wrong")
        if bomb:
            raise ValueError(f"it unfolds to more than {MOST_BYTES} bytes")
        for record in batch:
            offset = record.offset
            if offset < start:
                continue
            at = offset
            key, value, headers, fault = record.key, record.value, record.headers, ""
            if headers or (value is not None and len(value) > RECORD_LIMIT_BYTES):
                headers, fault = _bounded(key, value, headers)
                value = UNREADABLE if fault else value
            found.append(
                Stored(
                    topic,
                    partition,
                    offset,
                    record.timestamp,
                    key if key is None else key.decode("utf-8", "replace"),
                    value,
                    headers or (),
                    fault,
                )
            )
            at = offset + 1
    except FOREIGN as error:
        log.warning(
            "records cannot be read",
            topic=topic, partition=partition, offset=at, last=batch.next_offset - 1, error=str(error),
        )  # fmt: skip
        time = max(0, batch.max_timestamp or 0)
        fault = f"it or what its batch holds before it cannot be decoded: {error}"
        found += [
            Stored(topic, partition, offset, time, None, UNREADABLE, fault=fault)
            for offset in range(at, batch.next_offset)
        ]


def _bounded(
    key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> tuple[Headers, str]:
    """The headers, or without any, which limit the record is beyond."""
    if len(headers) > HEADER_LIMIT:
        return (), f"{len(headers)} headers, above the limit of {HEADER_LIMIT}"
    size = len(key or b"") + len(value or b"")
    kept = tuple((name, content or b"") for name, content in headers)
    size += sum(len(name.encode()) + len(content) for name, content in kept)
    if size > RECORD_LIMIT_BYTES:
        return (), f"{size} bytes with its key and headers, above the limit of {RECORD_LIMIT_BYTES}"
    return kept, ""
