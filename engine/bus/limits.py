"""How large a record may be, on every bus."""

from __future__ import annotations

from collections.abc import Iterable

from engine.bus.port import Outgoing
from engine.errors import RecordTooLarge

RECORD_LIMIT_BYTES = 1_000_000
"""Key, value and headers together; Kafka's default limit of 1,048,576 bytes holds its own framing besides."""

HEADER_LIMIT = 100
"""Most headers of a record that is read from a bus which strangers write to; our own records have at most a few."""


def size_of(record: Outgoing) -> int:
    """Bytes of key, value and headers."""
    size = len(record.key.encode()) + (len(record.value) if record.value is not None else 0)
    for name, content in record.headers:
        size += len(name.encode()) + len(content)
    return size


def check_sizes(records: Iterable[Outgoing]) -> None:
    """Raises `RecordTooLarge` for the first record above the limit, ValueError for a key that is not Unicode text."""
    for record in records:
        size = size_of(record)
        if size > RECORD_LIMIT_BYTES:
            raise RecordTooLarge(record.topic, size, RECORD_LIMIT_BYTES)
