"""How records lie in the file.

A record's place is one integer, the key of its table: topic number, partition, offset. So the records of a partition are
neighbours, in order, and a row needs no further index. Compacted topics have their own table with an index by key.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from engine.bus.partitioner import partition_of
from engine.bus.port import Headers, Stored
from engine.events.topics import TOPICS

VERSION: Final = 1
"""Of the schema; another one in the file is refused."""

APPLICATION_ID: Final = 0x4C43_4C47
"""Marks the file as ours ("LCLG")."""

OFFSET_BITS: Final = 44
"""Offsets of a partition: 17 × 10¹², that is 55,000 years at 10,000 a second."""

PARTITION_BITS: Final = 12
"""Above the 512 partitions that the settings allow; 7 bits are left for the topic's number."""

OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
PARTITION_MASK: Final = (1 << PARTITION_BITS) - 1
TOPIC_LIMIT: Final = 1 << (63 - OFFSET_BITS - PARTITION_BITS)

SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE topic (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE stream (place INTEGER PRIMARY KEY, time INTEGER NOT NULL, key TEXT, headers BLOB, value BLOB);
CREATE TABLE keyed (place INTEGER PRIMARY KEY, time INTEGER NOT NULL, key TEXT, headers BLOB, value BLOB);
CREATE INDEX keyed_key ON keyed (key);
CREATE INDEX keyed_tombstone ON keyed (time) WHERE value IS NULL;
CREATE TABLE edge (slot INTEGER PRIMARY KEY, next INTEGER NOT NULL, time INTEGER NOT NULL);
CREATE TABLE lease (member_group TEXT, partition INTEGER, lease INTEGER NOT NULL,
  PRIMARY KEY (member_group, partition)) WITHOUT ROWID;
CREATE TABLE position (member_group TEXT, partition INTEGER, topic TEXT, next INTEGER NOT NULL,
  PRIMARY KEY (member_group, partition, topic)) WITHOUT ROWID;
"""
"""`edge`: the next offset and the newest time of each slot (topic and partition), which outlive its records."""

Row = tuple[int, int, str | None, bytes | None, bytes | None]
"""place, time, key, headers, value"""


class Slots:
    """Topic and partition ↔ slot, for the topic numbers of one file."""

    def __init__(self, numbers: Mapping[str, int], partitions: int, identity: int) -> None:
        self.partitions = partitions
        self.identity = identity
        self._topics = {number: name for name, number in numbers.items()}
        self._first = {
            name: (number << PARTITION_BITS, partitions if TOPICS[name].layout == "rooms" else 1)
            for name, number in numbers.items()
            if name in TOPICS
        }
        self.keyed = frozenset(
            first + partition
            for name, (first, count) in self._first.items()
            if TOPICS[name].compacted
            for partition in range(count)
        )
        """Slots of compacted topics."""

    def slot(self, topic: str, partition: int) -> int:
        """Raises ValueError where there is no such topic or partition."""
        return self.place(topic, partition, "")

    def place(self, topic: str, partition: int | None, key: str) -> int:
        """The slot of a record; its key decides where it names no partition. Raises ValueError as `slot`."""
        first, count = self._first.get(topic, (0, 0))
        if partition is None:
            partition = partition_of(key, count) if count > 1 else 0
        if not 0 <= partition < count:
            raise ValueError(f"the log has no partition {partition} of a topic `{topic}` (it would have {count})")
        return first + partition

    def topic(self, slot: int) -> str:
        return self._topics[slot >> PARTITION_BITS]

    def stored(self, row: Row) -> Stored:
        """The record in a row."""
        place, time, key, headers, value = row
        slot = place >> OFFSET_BITS
        return Stored(
            self._topics[slot >> PARTITION_BITS],
            slot & PARTITION_MASK,
            place & OFFSET_MASK,
            time,
            key,
            value,
            decode_headers(headers) if headers is not None else (),
        )


def table_of(topic: str) -> str:
    """The table that holds the topic's records."""
    return "keyed" if TOPICS[topic].compacted else "stream"


_NAME = struct.Struct("<H")
_CONTENT = struct.Struct("<I")


def encode_headers(headers: Headers) -> bytes | None:
    """Each name and content behind its length; None for no headers."""
    if not headers:
        return None
    parts: list[bytes] = []
    for name, content in headers:
        encoded = name.encode()
        parts += (_NAME.pack(len(encoded)), encoded, _CONTENT.pack(len(content)), content)
    return b"".join(parts)


def decode_headers(data: bytes) -> Headers:
    """What `encode_headers` wrote."""
    headers: list[tuple[str, bytes]] = []
    at = 0
    while at < len(data):
        (length,) = _NAME.unpack_from(data, at)
        at += _NAME.size
        name = data[at : at + length].decode()
        at += length
        (length,) = _CONTENT.unpack_from(data, at)
        at += _CONTENT.size
        headers.append((name, data[at : at + length]))
        at += length
    return tuple(headers)
