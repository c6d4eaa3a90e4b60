"""Places and headers in the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bus.embedded.layout import OFFSET_BITS, Slots, decode_headers, encode_headers
from engine.bus.port import Stored
from engine.events.topics import TOPICS

SLOTS = Slots({name: number for number, name in enumerate(TOPICS, 1)}, 512, 7)


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=300)), max_size=5))
def test_headers_survive(headers: list[tuple[str, bytes]]) -> None:
    """What is encoded is decoded again, equal names and empty contents included."""
    encoded = encode_headers(tuple(headers))
    assert (decode_headers(encoded) if encoded is not None else ()) == tuple(headers)


@given(st.sampled_from(sorted(TOPICS)), st.integers(0, 511), st.integers(0, (1 << OFFSET_BITS) - 1))
def test_places_survive(topic: str, partition: int, offset: int) -> None:
    """Topic, partition and offset come back from a record's place, which SQLite can hold."""
    partition = partition if TOPICS[topic].layout == "rooms" else 0
    place = SLOTS.slot(topic, partition) << OFFSET_BITS | offset
    assert 0 < place < 1 << 63
    assert SLOTS.stored((place, 5, "k", None, b"v")) == Stored(topic, partition, offset, 5, "k", b"v")


@pytest.mark.parametrize(("topic", "partition"), [("comments", 512), ("comments", -1), ("pools", 1), ("nothing", 0)])
def test_what_does_not_exist(topic: str, partition: int) -> None:
    """An unknown topic or partition is a mistake of the caller."""
    with pytest.raises(ValueError, match=topic):
        SLOTS.slot(topic, partition)
