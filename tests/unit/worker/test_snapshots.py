"""The order of snapshots."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.worker.snapshots import CYCLE_MS, IDLE_MS, IDLE_ROOMS, Schedule
from tests.unit.worker.desk import empty


@given(st.integers(1, 60), st.lists(st.integers(1, 10), min_size=20, max_size=120), st.integers(100, 600))
def test_every_room_is_covered_and_the_record_is_never_newer_than_a_room(
    rooms: int, batches: list[int], every: int
) -> None:
    """Each room's snapshot is within `snapshot_every`, beside which commits are small; no stored room is older than the stored record."""
    schedule = Schedule(every, empty())
    for number in range(rooms):
        schedule.joined(f"r{number}")
    seq, record = -1, -1
    newest: dict[str, int] = {}
    for entries in batches:
        seq += entries
        plan = schedule.plan(seq, 0)
        newest.update(dict.fromkeys(plan.rooms, seq))
        if plan.record is not None:
            record = plan.record.seq
        if plan.over:
            schedule.begin(empty(seq))
        assert len(newest) == rooms
        assert min(newest.values()) >= record
        assert seq - min(newest.values()) <= every
        assert seq - record <= every + 80


def test_a_new_room_is_taken_at_once() -> None:
    """There is no room without a snapshot."""
    schedule = Schedule(1_000, empty())
    schedule.joined("a")
    schedule.joined("a")
    assert schedule.plan(0, 0).rooms == ["a"]
    assert schedule.plan(1, 0).rooms == []


def test_quiet_rooms_are_paced_by_the_clock() -> None:
    """Half an hour of log time ends a cycle however few entries there were."""
    schedule = Schedule(30_000, empty(0))
    schedule.known("a", 0)
    schedule.begin(empty(5))
    assert schedule.plan(6, 0).record is None
    plan = schedule.plan(7, CYCLE_MS)
    assert plan.record is not None
    assert plan.record.seq == 5


def test_an_idle_partition_writes_what_changed_in_pieces_and_then_rests() -> None:
    """A restore after days of silence needs no journal."""
    schedule = Schedule(30_000, empty(0))
    for number in range(IDLE_ROOMS + 5):
        schedule.known(f"r{number}", 0)
    schedule.recorded(0, 0)
    schedule.begin(empty(9))
    assert not schedule.is_due_when_idle(9, IDLE_MS - 1, 0)
    taken = []
    while schedule.is_due_when_idle(9, IDLE_MS, 0):
        plan = schedule.plan(9, IDLE_MS, idle=True)
        taken.append(len(plan.rooms))
    assert taken == [IDLE_ROOMS, 5]


def test_a_room_that_ended_is_forgotten() -> None:
    """It is not asked for again."""
    schedule = Schedule(100, empty())
    schedule.joined("a")
    schedule.plan(0, 0)
    assert "a" in schedule
    schedule.gone("a")
    assert len(schedule) == 0


def test_what_a_restore_would_read_again_is_told() -> None:
    """From the stored record on; nothing where nothing came since; from the partition's begin where none is stored."""
    schedule = Schedule(30_000, empty())
    schedule.joined("a")
    assert schedule.age_ms(3, 9_000) == 0
    schedule.begin(empty(5, 10_000))
    assert schedule.age_ms(6, 12_000) == 2_000
    plan = schedule.plan(7, 10_000 + CYCLE_MS)
    assert plan.record is not None
    schedule.begin(empty(7, 10_000 + CYCLE_MS))
    assert schedule.age_ms(7, 10_000 + CYCLE_MS) == CYCLE_MS
    assert schedule.age_ms(5, 10_000 + CYCLE_MS) == 0
