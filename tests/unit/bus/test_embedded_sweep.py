"""Retention and compaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bus.embedded.reading import Reader, connect_readonly
from engine.bus.embedded.store import Store
from engine.bus.embedded.sweep import STEP_RECORDS, TOMBSTONE_MS, Sweeper
from engine.bus.port import Outgoing
from engine.events.topics import DAY_MS, HOUR_MS
from engine.retention import RetentionSettings
from tests.conftest import HandClock


@pytest.fixture
def store(tmp_path: Path, clock: HandClock) -> Iterator[Store]:
    made = Store(tmp_path / "log.db", 2, clock)
    yield made
    made.close()


def write(store: Store, *records: Outgoing) -> None:
    with store.transaction():
        store.append(records)


def sweep(store: Store, sweeper: Sweeper) -> list[int]:
    with store.transaction():
        return [count for count in sweeper.steps() if count]


def kept(store: Store, topic: str, partition: int = 0) -> list[bytes | None]:
    slot = store.slots.slot(topic, partition)
    found, _ = Reader(store.connection, store.slots).records(slot, 0, 10**9, 10**9, 10**9)
    return [record.value for record in found]


def test_streams_expire_from_their_beginning(store: Store, clock: HandClock) -> None:
    """Records older than the topic's retention go, per topic; the beginning moves, the end stays."""
    for hour in range(4):
        write(store, *(Outgoing(topic, "r", b"%d" % hour, partition=1) for topic in ("verdicts", "comments", "aired")))
        clock.advance(HOUR_MS)
    clock.now -= 1
    assert sweep(store, Sweeper(store)) == [3]
    assert kept(store, "verdicts", 1) == [b"3"]
    assert len(kept(store, "comments", 1)) == len(kept(store, "aired", 1)) == 4
    clock.advance(7 * DAY_MS)
    sweep(store, Sweeper(store))
    slot, reader = store.slots.slot("comments", 1), Reader(store.connection, store.slots)
    assert kept(store, "comments", 1) == []
    assert reader.begin(slot) == reader.end(slot) == 4
    assert reader.at_time(slot, 0) == 4
    assert len(kept(store, "aired", 1)) == 4


def test_offsets_go_on_after_everything_expired(store: Store, clock: HandClock) -> None:
    """An offset is never used again, in another process neither."""
    write(store, *(Outgoing("verdicts", "r", b"old", partition=0) for _ in range(3)))
    clock.advance(2 * HOUR_MS)
    sweep(store, Sweeper(store))
    again = Store(store.path, 2, clock)
    with again.transaction():
        (record,) = again.append([Outgoing("verdicts", "r", b"new", partition=0)])
    again.connection.close()
    assert record.offset == 3


def test_large_leftovers_go_in_small_steps(store: Store, clock: HandClock) -> None:
    """No step deletes more than its share, and all together delete everything."""
    write(store, *(Outgoing("verdicts", "r", b"x", partition=0) for _ in range(5 * STEP_RECORDS + 3)))
    clock.advance(2 * HOUR_MS)
    counts = sweep(store, Sweeper(store))
    assert max(counts) <= STEP_RECORDS
    assert sum(counts) == 5 * STEP_RECORDS + 3


def test_tombstones_stay_a_day(store: Store, clock: HandClock) -> None:
    """A deleted key leaves only its tombstone, and that goes when every reader has had a day to see it."""
    sweeper = Sweeper(store)
    write(
        store,
        Outgoing("shop-events", "a", b"1"),
        Outgoing("shop-events", "a", None),
        Outgoing("shop-events", "b", b"1"),
    )
    sweep(store, sweeper)
    assert kept(store, "shop-events") == [None, b"1"]
    clock.advance(TOMBSTONE_MS)
    assert sweep(store, sweeper) == []
    clock.advance(1)
    sweep(store, sweeper)
    assert kept(store, "shop-events") == [b"1"]
    clock.advance(10 * 366 * DAY_MS)
    sweep(store, sweeper)
    assert kept(store, "shop-events") == [b"1"]


@settings(max_examples=30)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([b"1", b"2", None])), max_size=6), max_size=6)
)
def test_compaction_changes_no_latest_value(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, bytes | None]]]
) -> None:
    """However writes and sweeps alternate: the latest value per key is what was written last, one record a key is left, and
    partitions do not touch each other."""
    store = Store(tmp_path_factory.mktemp("log") / "log.db", 2, HandClock())
    sweeper = Sweeper(store)
    expected: dict[str, bytes | None] = {}
    reader = Reader(store.connection, store.slots)
    write(store, Outgoing("snapshots", "a", b"other", partition=1))
    for written in rounds:
        write(store, *(Outgoing("snapshots", key, value, partition=0) for key, value in written))
        expected.update(written)
        sweep(store, sweeper)
        latest = reader.latest(store.slots.slot("snapshots", 0))
        assert {key: record.value for key, record in latest.items()} == {
            k: v for k, v in expected.items() if v is not None
        }
        assert len(kept(store, "snapshots", 0)) == len(expected)
    assert kept(store, "snapshots", 1) == [b"other"]
    store.close()


def test_each_topic_is_kept_for_as_long_as_the_settings_say(store: Store, clock: HandClock) -> None:
    """Shorter or longer than the table's default."""
    retention = RetentionSettings(comments="1d", verdicts="2d")
    write(store, *(Outgoing(topic, "r", b"x", partition=0) for topic in ("comments", "verdicts", "decisions")))
    clock.advance(DAY_MS + 1)
    sweep(store, Sweeper(store, retention))
    assert [len(kept(store, topic)) for topic in ("comments", "verdicts", "decisions")] == [0, 1, 1]
    clock.advance(DAY_MS)
    sweep(store, Sweeper(store, retention))
    assert [len(kept(store, topic)) for topic in ("verdicts", "decisions")] == [0, 1]


def test_another_retention_than_before_is_told(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Once: what it means is said, since a shorter one deletes."""
    store.keep(RetentionSettings())
    assert caplog.messages == []
    store.keep(RetentionSettings(aired="365d", comments="8d"))
    store.keep(RetentionSettings(aired="365d", comments="8d"))
    assert sorted(caplog.messages) == [
        "a topic is kept for another time from now on (topic=aired, found=1098d, wanted=365d: what is older goes now)",
        "a topic is kept for another time from now on (topic=comments, found=7d, wanted=8d: nothing that is gone comes back)",
    ]


def on_disk(folder: Path) -> bytes:
    """All bytes of the log's files."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("log.db*")))


def test_what_is_secret_is_gone_from_the_files(store: Store, tmp_path: Path) -> None:
    """Superseded bits of viewer keys stand neither in the log's file nor in its write-ahead log, while the log is open."""

    write(store, *(Outgoing("viewer-keys", f"k{n}", b"the bits of key %03d." % n + b"x" * 150) for n in range(200)))
    write(store, Outgoing("shop-events", "a", b"a price"))
    before = on_disk(tmp_path)
    assert all(b"the bits of key %03d." % n in before for n in range(200))
    write(store, *(Outgoing("viewer-keys", f"k{n}", b"destroyed") for n in range(199)))
    assert sum(sweep(store, Sweeper(store))) == 199
    store.scrub()
    after = on_disk(tmp_path)
    assert [n for n in range(200) if b"the bits of key %03d." % n in after] == [199]


def test_a_reader_puts_the_scrubbing_off(store: Store, tmp_path: Path) -> None:
    """It is tried again later, and holds the writer up for no longer than a look."""
    write(store, Outgoing("viewer-keys", "k", b"the bits of a key"))
    reader = connect_readonly(tmp_path / "log.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM keyed").fetchone()
    write(store, Outgoing("viewer-keys", "k", b"destroyed"))
    sweep(store, Sweeper(store))
    store.scrub()
    before = on_disk(tmp_path)
    reader.close()
    store.scrub()
    assert b"the bits" in before
    assert b"the bits" not in on_disk(tmp_path)
