"""Compressed batches of strangers: none is unfolded that would fill the memory.

A megabyte may unfold to a gigabyte, and the client unfolds whatever it is given. So it is tried first, into room that is bounded.
"""

from __future__ import annotations

import zlib
from typing import Final

import cramjam

MOST_BYTES: Final = 16 * 1_048_576
"""Of an unfolded batch. Producers gather at most a megabyte before they compress."""

HEAD_BYTES: Final = 61
"""Of a batch before its records, which alone are compressed."""

MAGIC_AT: Final = 16
ATTRIBUTES_AT: Final = 22
"""The low byte of the batch's attributes; its last three bits name the way of compression."""

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
MOST_TIMES: Final = {GZIP: 1_032, SNAPPY: 25, LZ4: 256}
"""How many times as large the records can be at most; zstd knows no bound."""

FRAME: Final = b"\x82SNAPPY\x00"

_room = bytearray()


def is_bomb(batch: bytes) -> bool:
    """Whether the records of this batch unfold to more than `MOST_BYTES`. What cannot be unfolded at all is none: reading it will tell."""
    if len(batch) <= HEAD_BYTES or batch[MAGIC_AT] != 2:
        return False
    way = batch[ATTRIBUTES_AT] & 7
    if way == 0 or (len(batch) - HEAD_BYTES) * MOST_TIMES.get(way, MOST_BYTES) <= MOST_BYTES:
        return False
    records = batch[HEAD_BYTES:]
    if way == GZIP:
        unfolder = zlib.decompressobj(wbits=31)
        try:
            unfolder.decompress(records, MOST_BYTES)
        except zlib.error:
            return False
        return bool(unfolder.unconsumed_tail)
    return _snappy_bytes(records) > MOST_BYTES if way == SNAPPY else not _fits(records, way)


def _snappy_bytes(records: bytes) -> int:
    """What blocks of snappy unfold to, as they say themselves; Java's clients put several into a frame of their own."""
    total, at = 0, len(FRAME) + 8  # two numbers of the version follow
    try:
        if not records.startswith(FRAME):
            return int(cramjam.snappy.decompress_raw_len(records))
        while at + 4 <= len(records):
            end = at + 4 + int.from_bytes(records[at : at + 4], "big")
            total += int(cramjam.snappy.decompress_raw_len(records[at + 4 : end]))
            at = end
    except cramjam.DecompressionError:
        return 0
    return total


def _fits(records: bytes, way: int) -> bool:
    if not _room:
        _room.extend(bytes(MOST_BYTES))
    try:
        (cramjam.lz4 if way == LZ4 else cramjam.zstd).decompress_into(records, _room)
    except cramjam.DecompressionError as error:
        return "whole buffer" not in str(error)
    return True
