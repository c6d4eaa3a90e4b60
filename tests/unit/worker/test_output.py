"""Records are written as the codec reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.events.codec import decode
from engine.events.inputs import AppliedShopEvent, FactSet
from engine.events.outputs import VerdictLine
from engine.journal.reading import joined
from engine.worker.output import partition_snapshot, room_snapshot, verdicts
from tests.unit.worker.desk import empty

IDS = st.text(
    st.characters(min_codepoint=33, exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=128
)


@given(st.dictionaries(IDS, st.lists(IDS, min_size=1, max_size=30), max_size=3), st.integers(1_200, 5_000))
def test_verdicts_hold_every_line_once_in_order(rooms: dict[str, list[str]], limit: int) -> None:
    """One record per room, more only where it would be too large."""
    lines = {room: [VerdictLine("s", each, "chatter", True) for each in ids] for room, ids in rooms.items()}
    found: dict[str, list[VerdictLine]] = {}
    names = set()
    for record in verdicts(lines, partition=1, lease=2, seq=3, limit=limit):
        told = decode("verdicts", record.value)
        assert record.key == told.room
        assert record.value is not None
        assert len(record.value) <= limit or len(told.lines) == 1
        found.setdefault(told.room, []).extend(told.lines)
        names.add(told.id)
    assert found == lines
    assert len(names) >= len(rooms)


def test_a_large_partition_record_is_split_and_joined() -> None:
    """Facts without a value keep it, and an older record's left-over parts are passed over."""
    events = tuple(
        AppliedShopEvent(offset=number, event=FactSet(id="f", at=1, shop="tea", name=f"n{number}", value=None))
        for number in range(50)
    )
    whole = empty().model_copy(update={"shop_events": events})
    records = partition_snapshot(whole, limit=2_000)
    assert len(records) > 1
    assert [record.key for record in records[:2]] == ["#partition", "#partition/1"]
    parts = [decode("snapshots", record.value) for record in records]
    assert joined(parts) == whole
    assert joined([parts[0].model_copy(update={"last": True}), *parts[1:]]).shop_events == parts[0].shop_events


def test_a_room_that_ended_gets_a_tombstone() -> None:
    """Its snapshot is removed from the compacted topic."""
    assert room_snapshot("r", None, 1).value is None
