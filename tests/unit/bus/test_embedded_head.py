"""What the loop knows of the log's newest part."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bus.embedded import EmbeddedBus, head
from engine.bus.embedded.head import Head
from engine.bus.embedded.layout import Slots
from engine.bus.embedded.reading import Readers
from engine.bus.port import Outgoing, Stored


@pytest.fixture
def newest(tmp_path: Path) -> Head:
    """A head without a file: whatever is asked of the file fails."""
    return Head({7: 5}, Readers(tmp_path / "none.db", Slots({"comments": 1}, 1, 7)), slots=1)


def stored(offset: int, size: int = 10) -> Stored:
    return Stored("comments", 0, offset, 0, "room", bytes(size))


async def test_new_records_come_from_memory(newest: Head) -> None:
    """Bounds of records, bytes and offsets hold; at least one record comes."""
    newest.extend({7: [stored(offset) for offset in range(5, 15)]})
    newest.extend({7: [stored(15)]})
    assert newest.end(7) == 16
    for start, end, records, size, expected in (
        (5, 16, 99, 10_000, range(5, 16)),
        (9, 12, 99, 10_000, range(9, 12)),
        (9, 16, 2, 10_000, range(9, 11)),
        (9, 16, 99, 25, range(9, 12)),
        (9, 16, 99, 1, range(9, 10)),
        (16, 16, 99, 10_000, range(16, 16)),
    ):
        found, following = await newest.fetch(7, start, end, records, size)
        assert [record.offset for record in found] == list(expected)
        assert following == expected.stop


async def test_waiting_readers_are_woken(newest: Head) -> None:
    """Only who waits for the slot that grew, and only when it grew."""
    here, elsewhere = asyncio.Event(), asyncio.Event()
    newest.subscribe([7], here)
    newest.subscribe([8], elsewhere)
    newest.advance({7: 5})
    assert not here.is_set()
    newest.extend({7: [stored(5)]})
    assert here.is_set()
    assert not elsewhere.is_set()
    newest.unsubscribe([8], elsewhere)
    newest.wake_all()
    assert not elsewhere.is_set()


@settings(max_examples=25)
@given(
    sizes=st.lists(st.lists(st.integers(0, 900), min_size=1, max_size=8), min_size=1, max_size=12),
    max_records=st.integers(1, 20),
)
def test_memory_and_file_tell_the_same(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[list[int]], max_records: int
) -> None:
    """However little is remembered, a tail gets every record, once, in order."""
    path = tmp_path_factory.mktemp("log") / "log.db"

    async def follow() -> None:
        bus = EmbeddedBus(path, partitions=1)
        tail = bus.tail({("decisions", 0): 0})
        seen: list[Stored] = []
        for at, batch in enumerate(sizes):
            await bus.publish([Outgoing("decisions", "room", bytes(size)) for size in batch])
            if at % 3 == 0:
                seen += await tail.next(max_records=max_records)
        while more := await tail.next(max_records=max_records, wait_ms=0):
            seen += more
        assert seen == list(await bus.read("decisions", 0, 0))
        assert [len(record.value or b"") for record in seen] == [size for batch in sizes for size in batch]
        await bus.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head, "RECENT_BYTES", 13 * 2_000)
        asyncio.run(follow())
