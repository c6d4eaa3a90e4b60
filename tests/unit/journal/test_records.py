"""Journal records: bounded parts, whole again when read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RestoreError
from engine.events.inputs import AppliedShopEvent, FactSet, ModeSet
from engine.events.journal import (
    AnyEntry,
    CommentEntry,
    LeaseEntry,
    PauseEntry,
    PoolEntry,
    Positions,
    RoomEntry,
    ShopEntry,
    TickEntry,
)
from engine.events.understanding import Understanding
from engine.journal.records import decode_record, encode, numbered

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
COMMENTS = st.builds(
    CommentEntry,
    room=st.just("r"), source=st.just("s"), id=st.just("c"), viewer=st.just("0" * 16), text=TEXT,
    sent=st.integers(0, 10**12), logged=st.integers(0, 10**12), shop=st.just("tea"),
    understanding=st.none() | st.builds(Understanding, outcome=st.just("accepted"), key=TEXT, masked=st.none() | TEXT),
    unread=st.sampled_from([None, "duplicate", "expired", "shed"]), model=st.just("00000000"),
)  # fmt: skip
OTHERS = st.sampled_from(
    [
        TickEntry(),
        PauseEntry(7),
        LeaseEntry(2, 8),
        PoolEntry("tea", "0000000a", 3, 9),
        RoomEntry(ModeSet(room="r", id="m", at=1, mode="auto"), "tea"),
        ShopEntry(AppliedShopEvent(offset=4, event=FactSet(id="f", at=1, shop="tea", name="stock", value=None))),
    ]
)


def written(entries: list[AnyEntry], limit: int = 512 * 1024, first: int = 5) -> list[bytes]:
    positions = Positions(comments=3, room_events=2, shop_events=1)
    return encode(
        partition=1, partitions=8, lease=2, first_seq=first, now=99, entries=entries, positions=positions, limit=limit
    )


@given(st.lists(COMMENTS | OTHERS, max_size=20), st.integers(1_000, 6_000))
def test_entries_survive_being_split_and_read(entries: list[AnyEntry], limit: int) -> None:
    """Parts are bounded, numbered and complete; a withdrawn fact keeps its None."""
    values = written(entries, limit)
    records = [decode_record(value) for value in values]
    assert [item.entry for item in numbered(records, -1)] == entries
    assert [item.seq for item in numbered(records, -1)] == list(range(5, 5 + len(entries)))
    assert [record.part for record in records] == list(range(len(records)))
    assert [record.last for record in records] == [False] * (len(records) - 1) + [True]
    for value, record in zip(values, records, strict=True):
        assert len(value) <= limit or len(record.entries) == 1


def test_entries_up_to_a_seq_are_left_out() -> None:
    """A replay begins after what a snapshot covers."""
    records = [decode_record(value) for value in written([PauseEntry(number) for number in range(4)])]
    assert [item.seq for item in numbered(records, 6)] == [7, 8]


def test_a_missing_record_is_an_error() -> None:
    """A jump in seq is never passed over."""
    records = [decode_record(value) for first in (0, 5) for value in written([TickEntry()], first=first)]
    with pytest.raises(RestoreError, match="jumps from seq 0 to 5"):
        list(numbered(records, -1))


def test_time_that_goes_back_is_an_error() -> None:
    """`now` never goes back along seq."""
    one, two = (decode_record(written([TickEntry()], first=first)[0]) for first in (0, 1))
    with pytest.raises(RestoreError, match="back in time"):
        list(numbered([one, two.model_copy(update={"now": 98})], -1))
