"""Records → batches of a partition."""

from __future__ import annotations

import pytest

from engine.bus.kafka.layout import Layout
from engine.bus.kafka.packing import FRAMED_LIMIT_BYTES, by_slot, check, slot_of
from engine.bus.partitioner import partition_of
from engine.bus.port import Outgoing
from engine.errors import RecordTooLarge, UsageError

LAYOUT = Layout("x.", 4)


def test_the_key_decides_where_no_partition_is_named() -> None:
    """As Java clients do; a topic of one partition has no choice."""
    assert slot_of(Outgoing("comments", "直播间", b""), LAYOUT) == ("comments", partition_of("直播间", 4))
    assert slot_of(Outgoing("comments", "直播间", b"", partition=3), LAYOUT) == ("comments", 3)
    assert slot_of(Outgoing("gaps", "直播间", b""), LAYOUT) == ("gaps", 0)


def test_records_of_a_partition_keep_their_order() -> None:
    """However they are mixed."""
    records = [Outgoing("journal", str(n), b"", partition=n % 3) for n in range(9)]
    found = by_slot([*records, Outgoing("gaps", "g", b"")], LAYOUT)
    assert {slot: [record.key for record in of_slot] for slot, of_slot in found.items()} == {
        ("journal", 0): ["0", "3", "6"],
        ("journal", 1): ["1", "4", "7"],
        ("journal", 2): ["2", "5", "8"],
        ("gaps", 0): ["g"],
    }
    with pytest.raises(UsageError, match="no partition 4 of a topic `journal`"):
        by_slot([Outgoing("journal", "", b"", partition=4)], LAYOUT)


def test_framing_counts_where_there_are_many_headers() -> None:
    """Within a million bytes of content, many headers may still be more than the brokers take."""
    few = Outgoing("comments", "k", b"", headers=(("h", bytes(900_000)),))
    check([few])
    many = Outgoing("comments", "k", b"", headers=tuple((f"{n:05}", b"") for n in range(180_000)))
    with pytest.raises(RecordTooLarge) as caught:
        check([few, many])
    assert caught.value.size > caught.value.limit == FRAMED_LIMIT_BYTES
