"""The partitioner agrees with Kafka's Java clients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bus.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_known_hashes(text: str, expected: int) -> None:
    """The vectors of Kafka's own test of `Utils.murmur2`."""
    assert murmur2(text.encode()) == expected


@given(st.text(), st.integers(1, 512))
def test_every_key_has_a_partition(key: str, partitions: int) -> None:
    """Any text, Chinese or empty, belongs to one existing partition, by the hash without its sign."""
    partition = partition_of(key, partitions)
    assert 0 <= partition < partitions
    assert partition == (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
