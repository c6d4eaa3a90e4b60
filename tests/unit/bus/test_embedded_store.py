"""The writer's side of the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.bus.embedded.reading import Reader, connect_readonly
from engine.bus.embedded.store import ROWS_PER_STATEMENT, Store
from engine.bus.port import Batch, Outgoing
from engine.errors import BusDamaged, BusUnavailable, UsageError
from tests.conftest import HandClock

PARTITIONS = 4


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    made = Store(tmp_path / "log.db", PARTITIONS, clock)
    yield made
    made.close()


def reader(store: Store) -> Reader:
    return Reader(store.connection, store.slots)


def test_offsets_and_times_grow(store: Store, clock: HandClock) -> None:
    """Each transaction has one time; a clock that goes back does not take the log's time with it."""
    with store.transaction():
        store.append([Outgoing("comments", "r", b"0", partition=1), Outgoing("comments", "r", b"1", partition=1)])
    clock.now -= 60_000
    with store.transaction():
        store.append([Outgoing("comments", "r", b"2", partition=1), Outgoing("comments", "s", b"0", partition=2)])
    found, following = reader(store).records(store.slots.slot("comments", 1), 0, 99, 99, 10_000)
    assert [record.value for record in found] == [b"0", b"1", b"2"]
    assert [record.offset for record in found] == sorted({record.offset for record in found})
    assert len({record.time for record in found}) == 1
    assert following == 99


def test_a_rollback_leaves_nothing(store: Store) -> None:
    """Records, ends and positions of a transaction that was undone are gone, and offsets are not used up."""
    slot = store.slots.slot("comments", 0)
    store.begin()
    store.acquire("g", 0)
    assert store.commit_batches(
        "g", [Batch(0, 1, (Outgoing("comments", "r", b"x", partition=0),), {"comments": 4})]
    ) == [True]
    store.flush()
    store.rollback()
    assert reader(store).records(slot, 0, 99, 99, 10_000)[0] == []
    assert reader(store).committed("g", 0) == {}
    with store.transaction():
        assert store.acquire("g", 0) == 1
        (record,) = store.append([Outgoing("comments", "r", b"y", partition=0)])
    assert record.offset == 0


@pytest.mark.parametrize("count", [1, 2, 3, ROWS_PER_STATEMENT - 1, ROWS_PER_STATEMENT, 3 * ROWS_PER_STATEMENT + 77])
def test_any_number_of_rows_is_written(store: Store, count: int) -> None:
    """Rows go in statements of many sizes; none is left out or written twice."""
    with store.transaction():
        store.append([Outgoing("decisions", "r", b"%d" % n, partition=3) for n in range(count)])
    found, _ = reader(store).records(store.slots.slot("decisions", 3), 0, count, 10_000, 10**9)
    assert [record.value for record in found] == [b"%d" % n for n in range(count)]


def test_a_lease_taken_in_the_same_transaction_fences(store: Store) -> None:
    """What is committed before an `acquire` stands; what comes after it under the old lease does not, nor hurts its neighbours."""
    record = Outgoing("journal", "#0", b"", partition=0)
    with store.transaction():
        store.acquire("g", 0)
        store.acquire("g", 1)
    with store.transaction():
        assert store.commit_batches("g", [Batch(0, 1, (record,))]) == [True]
        assert store.acquire("g", 0) == 2
        assert store.commit_batches("g", [Batch(0, 1, (record,)), Batch(1, 1, (), {"comments": 3})]) == [False, True]
    assert reader(store).end(store.slots.slot("journal", 0)) == 1
    assert reader(store).committed("g", 1) == {"comments": 3}


def test_a_mistake_stages_nothing(store: Store) -> None:
    """An unknown topic or partition raises before anything of the request is staged."""
    with store.transaction():
        with pytest.raises(ValueError, match="no partition 4"):
            store.append([Outgoing("comments", "r", b""), Outgoing("comments", "r", b"", partition=4)])
        store.acquire("g", 0)
        with pytest.raises(ValueError, match="nothing"):
            store.commit_batches("g", [Batch(0, 1, (Outgoing("comments", "r", b""), Outgoing("nothing", "r", b"")))])
    assert store.ends == {}


def test_reading_in_parts(store: Store) -> None:
    """Bytes bound an answer, but one record always comes; the offset to go on at leaves none out."""
    with store.transaction():
        store.append([Outgoing("pools", f"k{n}", bytes(100)) for n in range(5)])
    slot = store.slots.slot("pools", 0)
    at, sizes = 0, []
    while at < 5:
        found, at = reader(store).records(slot, at, 5, 99, 150)
        sizes.append(len(found))
    assert sizes == [2, 2, 1]
    assert len(reader(store).records(slot, 0, 5, 99, 1)[0]) == 1


def test_at_time_with_gaps(store: Store, clock: HandClock) -> None:
    """The first record not older than a time is found where neighbours were deleted, too."""
    for n in range(10):
        with store.transaction():
            store.append([Outgoing("gaps", f"k{n % 3}", b"%d" % n)])
        clock.advance(1_000)
    store.connection.execute("DELETE FROM keyed WHERE value IN (?, ?, ?)", (b"0", b"4", b"5"))
    slot, began = store.slots.slot("gaps", 0), clock.now - 10_000
    assert [reader(store).at_time(slot, began + ms) for ms in (0, 3_000, 3_001, 5_000, 6_000, 9_000, 9_001)] == [
        1,
        3,
        6,
        6,
        6,
        9,
        10,
    ]
    assert reader(store).begin(slot) == 1


def test_another_partition_count_is_refused(store: Store, clock: HandClock) -> None:
    """The count is fixed for the life of the log; the sentence says what to set."""
    with pytest.raises(UsageError, match=r"has 4 partitions, the settings say 8: set `bus.partitions` to 4"):
        Store(store.path, 8, clock)


def test_another_schema_is_refused(store: Store, clock: HandClock) -> None:
    """A file of a later engine is left alone."""
    store.connection.execute("UPDATE meta SET value = 99 WHERE name = 'version'")
    with pytest.raises(UsageError, match="has schema 99"):
        Store(store.path, PARTITIONS, clock)


def test_a_topic_that_came_later_gets_a_number(store: Store, clock: HandClock) -> None:
    """An engine with a new topic opens an old file; the numbers of the others stay."""
    store.connection.execute("DELETE FROM topic WHERE name = 'gaps'")
    before = dict(store.connection.execute("SELECT name, number FROM topic").fetchall())
    again = Store(store.path, PARTITIONS, clock)
    after = dict(again.connection.execute("SELECT name, number FROM topic").fetchall())
    again.connection.close()
    assert before.items() < after.items()
    assert "gaps" in after


def test_garbage_is_no_log(tmp_path: Path, clock: HandClock) -> None:
    """A file of other bytes, or another program's database, is damaged for us, never written over."""
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"not a database " * 1_000)
    with pytest.raises(BusDamaged, match=r"is damaged .*: stop everything that uses it"):
        Store(garbage, PARTITIONS, clock)
    assert garbage.read_bytes() == b"not a database " * 1_000
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(BusDamaged, match="not a log of this engine"):
        Store(foreign, PARTITIONS, clock)


def test_a_folder_that_is_none(tmp_path: Path, clock: HandClock) -> None:
    """A path that cannot be opened names itself and the remedy."""
    (tmp_path / "file").touch()
    with pytest.raises(BusUnavailable, match="check its folder and permissions"):
        Store(tmp_path / "file" / "log.db", PARTITIONS, clock)


def test_a_reader_cannot_write(store: Store) -> None:
    """The readers' connections are read-only."""
    connection = connect_readonly(store.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM stream")
    connection.close()
