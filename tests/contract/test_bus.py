"""What every bus promises, embedded or not. Nothing here relies on dense offsets."""

from __future__ import annotations

import asyncio

import pytest

from engine.bus.limits import RECORD_LIMIT_BYTES
from engine.bus.partitioner import partition_of
from engine.bus.port import Aborted, Batch, Bus, Committed, FencedOff, Outgoing, Unknown, partition_count
from engine.errors import BusUnavailable, Fenced, RecordTooLarge
from tests.patience import PATIENCE_S

from .conftest import PARTITIONS, Harness, Trouble
from .owning import Owner, room_of, settle, sole_owner, values

ROOMS = [room_of(partition, PARTITIONS) for partition in range(PARTITIONS)]
"""One room for each partition."""


def comment(room: str, value: bytes = b"{}") -> Outgoing:
    return Outgoing("comments", room, value)


# ---- publishing and reading ------------------------------------------------------------------------------------------


async def test_records_of_a_key_keep_their_order(bus: Bus, harness: Harness) -> None:
    """What is published for one room is delivered in that order, whatever else comes between."""
    owner = await sole_owner(bus, harness.group)
    for turn in range(20):
        await bus.publish([comment(room, b"%d" % turn) for room in (*ROOMS, "another", "直播间")])
    found = await owner.gather(20 * (PARTITIONS + 2))
    for room in (*ROOMS, "another", "直播间"):
        of_room = [record for record in found[partition_of(room, PARTITIONS)] if record.key == room]
        assert values(of_room) == [b"%d" % turn for turn in range(20)]


async def test_keys_choose_partitions_as_java_clients_do(bus: Bus) -> None:
    """Without a partition the key's murmur2 decides; a named partition stands; a topic of layout `single` has but one."""
    positions = await bus.publish(
        [
            *(comment(room) for room in ROOMS),
            Outgoing("journal", "#3", b"{}", partition=3),
            Outgoing("shop-events", "k", b"{}"),
        ]
    )
    assert [position.partition for position in positions] == [*range(PARTITIONS), 3, 0]
    assert partition_count(bus, "comments") == PARTITIONS
    assert partition_count(bus, "pools") == 1


async def test_a_log_has_an_identity_that_lasts(bus: Bus, harness: Harness) -> None:
    """Every handle tells the same one; clients resume by it."""
    assert bus.identity
    assert (await harness.reader()).identity == bus.identity


async def test_published_records_are_there_for_everyone(bus: Bus, harness: Harness) -> None:
    """Once `publish` returns, another handle reads the record as it was written, headers and tombstones included."""
    headers = (("room", "直播间".encode()), ("empty", b""))
    (first, second) = await bus.publish(
        [Outgoing("decisions", ROOMS[1], b"\x00\xff", headers=headers), Outgoing("decisions", ROOMS[1], None)]
    )
    other = await harness.reader()
    found = await other.read("decisions", 1, first.offset)
    assert [(r.topic, r.partition, r.offset, r.key, r.value, r.headers) for r in found] == [
        ("decisions", 1, first.offset, ROOMS[1], b"\x00\xff", headers),
        ("decisions", 1, second.offset, ROOMS[1], None, ()),
    ]
    assert second.offset > first.offset
    assert await other.end("decisions", 1) > second.offset


async def test_read_keeps_to_its_bounds(bus: Bus) -> None:
    """`start` is included, `end` is not, and no more than `max_records` come."""
    positions = await bus.publish([Outgoing("decisions", ROOMS[0], b"%d" % n) for n in range(10)])
    at = [position.offset for position in positions]
    assert values(await bus.read("decisions", 0, at[3], at[6])) == [b"3", b"4", b"5"]
    assert values(await bus.read("decisions", 0, at[7])) == [b"7", b"8", b"9"]
    assert values(await bus.read("decisions", 0, at[0], max_records=2)) == [b"0", b"1"]
    assert await bus.read("decisions", 0, await bus.end("decisions", 0)) == []
    assert await bus.read("decisions", 1, 0) == []


async def test_begin_end_and_time(bus: Bus) -> None:
    """An empty partition begins where it ends; a time finds the first record that is not older."""
    assert await bus.begin("decisions", 2) == await bus.end("decisions", 2)
    (first,) = await bus.publish([Outgoing("decisions", ROOMS[2], b"a")])
    (second,) = await bus.publish([Outgoing("decisions", ROOMS[2], b"b")])
    a, b = await bus.read("decisions", 2, first.offset)
    assert b.time >= a.time > 0
    assert await bus.begin("decisions", 2) <= first.offset
    assert await bus.at_time("decisions", 2, a.time) == first.offset
    assert await bus.at_time("decisions", 2, 0) <= first.offset
    assert await bus.at_time("decisions", 2, b.time) in (first.offset, second.offset)
    after = await bus.at_time("decisions", 2, b.time + 60_000)
    assert after >= second.offset + 1
    assert await bus.read("decisions", 2, after) == []


async def test_latest_per_key(bus: Bus) -> None:
    """The newest value of each key counts; a tombstone removes its key until it is written again."""
    for key, value in (("a", b"1"), ("b", b"1"), ("c", b"1"), ("a", b"2"), ("b", None), ("c", None), ("c", b"3")):
        await bus.publish([Outgoing("shop-events", key, value)])
    latest = await bus.latest_per_key("shop-events", 0)
    assert {key: record.value for key, record in latest.items()} == {"a": b"2", "c": b"3"}


async def test_latest_per_key_of_one_partition(bus: Bus) -> None:
    """Partitions have their own keys, even equal ones."""
    await bus.publish([Outgoing("snapshots", "#partition", b"%d" % p, partition=p) for p in range(PARTITIONS)])
    for partition in range(PARTITIONS):
        latest = await bus.latest_per_key("snapshots", partition)
        assert {key: record.value for key, record in latest.items()} == {"#partition": b"%d" % partition}


async def test_the_largest_record_passes_and_a_larger_one_does_not(bus: Bus) -> None:
    """Key, value and headers may have 1,000,000 bytes together; one more is refused, and nothing of its call is written."""
    largest = Outgoing("pools", "k", bytes(RECORD_LIMIT_BYTES - 1 - 4), headers=(("h", b"abc"),))
    (position,) = await bus.publish([largest])
    (found,) = await bus.read("pools", 0, position.offset)
    assert found.value == largest.value
    end = await bus.end("pools", 0)
    with pytest.raises(RecordTooLarge) as caught:
        await bus.publish([Outgoing("pools", "small", b"{}"), Outgoing("pools", "k", bytes(RECORD_LIMIT_BYTES))])
    assert (caught.value.topic, caught.value.size, caught.value.limit) == ("pools", 1_000_001, 1_000_000)
    assert await bus.end("pools", 0) == end


async def test_a_closed_bus_says_so(bus: Bus) -> None:
    """Calls after `close` raise `BusUnavailable`; closing again is fine."""
    await bus.close()
    with pytest.raises(BusUnavailable):
        await bus.publish([comment("room")])
    with pytest.raises(BusUnavailable):
        await bus.end("comments", 0)
    await bus.close()


# ---- polling ---------------------------------------------------------------------------------------------------------


async def test_poll_wakes_when_something_comes(bus: Bus, harness: Harness) -> None:
    """A poll that waits returns with the record, long before its wait is over."""
    owner = await sole_owner(bus, harness.group)
    async with asyncio.timeout(PATIENCE_S):
        waiting = asyncio.create_task(owner.poll(wait_ms=10 * int(PATIENCE_S * 1_000)))
        await asyncio.sleep(0)
        await bus.publish([comment(ROOMS[2], b"hello")])
        found = await waiting
    assert {partition: values(records) for partition, records in found.items()} == {2: [b"hello"]}


async def test_poll_with_nothing_to_deliver(bus: Bus, harness: Harness) -> None:
    """When nothing comes, the answer is empty."""
    owner = await sole_owner(bus, harness.group)
    assert await owner.poll(wait_ms=0) == {}
    assert await owner.poll(wait_ms=5) == {}


async def test_room_events_come_before_comments(bus: Bus, harness: Harness) -> None:
    """However small the share of a poll: no comment is delivered before the room events that stood at that poll."""
    await bus.publish([comment(ROOMS[0], b"c%d" % n) for n in range(5)])
    await bus.publish([Outgoing("room-events", ROOMS[0], b"r%d" % n) for n in range(7)])
    owner = await sole_owner(bus, harness.group)
    found = await owner.gather(12, max_records=3)
    assert values(found[0]) == [b"r%d" % n for n in range(7)] + [b"c%d" % n for n in range(5)]


async def test_a_poll_bounds_each_partitions_share(bus: Bus, harness: Harness) -> None:
    """Records and bytes are bounded per partition; a record above the bytes comes alone, and nothing is left out."""
    await bus.publish([comment(room, b"x" * 1_000) for room in ROOMS for _ in range(10)])
    owner = await sole_owner(bus, harness.group)
    seen = 0
    async with asyncio.timeout(PATIENCE_S):
        while seen < 10 * PARTITIONS:
            polled = await owner.poll(max_records=4, max_bytes=500 if seen < 8 else 100_000)
            assert all(len(records) <= (1 if seen < 8 else 4) for records in polled.values())
            seen += sum(map(len, polled.values()))
    assert seen == 10 * PARTITIONS
    assert await owner.poll(wait_ms=0) == {}


async def test_paused_comments_stay_away(bus: Bus, harness: Harness) -> None:
    """While comments pause, room events of the partition and comments of others still come; afterwards nothing is missing."""
    owner = await sole_owner(bus, harness.group)
    owner.member.pause_comments(0, True)
    await bus.publish(
        [comment(ROOMS[0], b"held"), comment(ROOMS[1], b"free"), Outgoing("room-events", ROOMS[0], b"room")]
    )
    found = await owner.gather(2)
    assert {partition: values(records) for partition, records in found.items()} == {0: [b"room"], 1: [b"free"]}
    assert await owner.poll(wait_ms=5) == {}
    owner.member.pause_comments(0, False)
    assert values((await owner.gather(1))[0]) == [b"held"]


async def test_seek_goes_back_and_forth(bus: Bus, harness: Harness) -> None:
    """Each input is read on from the offset that was sought."""
    positions = await bus.publish([comment(ROOMS[3], b"%d" % n) for n in range(5)])
    owner = await sole_owner(bus, harness.group)
    assert values((await owner.gather(5))[3]) == [b"0", b"1", b"2", b"3", b"4"]
    owner.member.seek(3, {"comments": positions[3].offset, "room-events": 0})
    assert values((await owner.gather(2))[3]) == [b"3", b"4"]
    owner.member.seek(3, {"comments": positions[1].offset, "room-events": 0})
    assert values((await owner.gather(4))[3]) == [b"1", b"2", b"3", b"4"]


async def test_a_partition_is_not_delivered_before_it_is_sought(bus: Bus, harness: Harness) -> None:
    """Assigned alone is not enough: positions come from the journal, never from a default."""
    await bus.publish([comment(room) for room in ROOMS])
    owner = Owner(bus, harness.group)
    await settle(owner, counts=[PARTITIONS])
    assert await owner.poll(wait_ms=5) == {}
    await owner.take(2)
    assert set(await owner.gather(1)) == {2}


async def test_lag_counts_what_was_not_polled(bus: Bus, harness: Harness) -> None:
    """Lag falls to nothing as records are polled, per partition and input."""
    owner = await sole_owner(bus, harness.group)
    await bus.publish([comment(ROOMS[0]), comment(ROOMS[0]), Outgoing("room-events", ROOMS[1], b"{}")])
    lag = await owner.member.lag()
    assert lag[0]["comments"] >= 2
    assert lag[1]["room-events"] >= 1
    assert lag[2] == {"comments": 0, "room-events": 0}
    await owner.gather(3)
    assert all(count == 0 for of_topic in (await owner.member.lag()).values() for count in of_topic.values())


# ---- committing ------------------------------------------------------------------------------------------------------


async def test_outputs_and_offsets_are_committed_together(bus: Bus, harness: Harness) -> None:
    """A committed batch shows all its records and its inputs' offsets."""
    owner = await sole_owner(bus, harness.group)
    batch = owner.batch(
        1,
        Outgoing("decisions", ROOMS[1], b"d", partition=1),
        Outgoing("journal", "#1", b"j", partition=1),
        Outgoing("gaps", "shop/gap", b"g"),
        offsets={"comments": 7, "room-events": 3},
    )
    assert await owner.member.commit([batch]) == [Committed()]
    assert values(await bus.read("decisions", 1, 0)) == [b"d"]
    assert values(await bus.read("journal", 1, 0)) == [b"j"]
    assert values(await bus.read("gaps", 0, 0)) == [b"g"]
    assert dict(await bus.committed(1)) == {"comments": 7, "room-events": 3}
    assert dict(await bus.committed(0)) == {}


async def test_an_aborted_batch_leaves_nothing_and_may_be_sent_again(bus: Bus, harness: Harness) -> None:
    """Neither records nor offsets of it are there; the same batch commits afterwards, once."""
    owner = await sole_owner(bus, harness.group)
    batch = owner.batch(0, Outgoing("journal", "#0", b"j", partition=0), offsets={"comments": 5})
    harness.trouble("aborted")
    (outcome,) = await owner.member.commit([batch])
    assert isinstance(outcome, Aborted)
    assert await bus.read("journal", 0, 0) == []
    assert dict(await bus.committed(0)) == {}
    assert await owner.member.commit([batch]) == [Committed()]
    assert values(await bus.read("journal", 0, 0)) == [b"j"]
    assert dict(await bus.committed(0)) == {"comments": 5}


async def test_a_stale_lease_commits_nothing(bus: Bus, harness: Harness) -> None:
    """After another `acquire`, a batch under the old lease is fenced off; others of the same call are not hurt by it."""
    owner = await sole_owner(bus, harness.group)
    stale = owner.batch(0, Outgoing("journal", "#0", b"stale", partition=0), offsets={"comments": 5})
    before = owner.leases[0]
    assert await owner.take(0) == before + 1
    fine = owner.batch(1, Outgoing("journal", "#1", b"fine", partition=1), offsets={"comments": 6})
    assert await owner.member.commit([stale, fine]) == [FencedOff(), Committed()]
    assert await bus.read("journal", 0, 0) == []
    assert dict(await bus.committed(0)) == {}
    assert values(await bus.read("journal", 1, 0)) == [b"fine"]
    assert await owner.member.commit([stale]) == [FencedOff()]


@pytest.mark.parametrize(("trouble", "landed"), [("lost before", False), ("lost after", True)])
async def test_an_unknown_outcome_is_settled_by_the_journal(
    bus: Bus, harness: Harness, trouble: Trouble, landed: bool
) -> None:
    """Acquiring again fences the batch in doubt; then the journal tells whether to send it again, and it is there once."""
    owner = await sole_owner(bus, harness.group)
    record = Outgoing("journal", "#2", b"seq 1", partition=2)
    harness.trouble(trouble)
    in_doubt = owner.batch(2, record, offsets={"comments": 9})
    (outcome,) = await owner.member.commit([in_doubt])
    assert isinstance(outcome, Unknown)
    lease = await owner.take(2)
    assert lease == in_doubt.lease + 1
    assert values(await bus.read("journal", 2, 0)) == ([b"seq 1"] if landed else [])
    assert await owner.member.commit([in_doubt]) == [FencedOff()]
    if not landed:
        again = owner.batch(2, record, offsets={"comments": 9})
        assert await owner.member.commit([again]) == [Committed()]
    assert values(await bus.read("journal", 2, 0)) == [b"seq 1"]
    assert dict(await bus.committed(2)) == {"comments": 9}


async def test_a_batch_with_a_record_above_the_limit_is_refused(bus: Bus, harness: Harness) -> None:
    """`commit` raises before anything of any batch is written."""
    owner = await sole_owner(bus, harness.group)
    batches = [
        owner.batch(0, Outgoing("journal", "#0", b"{}", partition=0)),
        owner.batch(1, Outgoing("journal", "#1", bytes(RECORD_LIMIT_BYTES), partition=1)),
    ]
    with pytest.raises(RecordTooLarge):
        await owner.member.commit(batches)
    assert await bus.read("journal", 0, 0) == []


# ---- ownership -------------------------------------------------------------------------------------------------------


async def test_a_second_owner_takes_over(bus: Bus, harness: Harness) -> None:
    """Members share the partitions; the new owner's lease is one higher, and the former owner is fenced off."""
    first = await sole_owner(bus, harness.group)
    second = Owner(bus, harness.group)
    await settle(first, second, counts=[2, 2])
    assert first.owned | second.owned == set(range(PARTITIONS))
    assert set(first.revoked) == second.owned
    moved = min(second.owned)
    assert await second.take(moved) == first.leases[moved] + 1
    stale = first.batch(moved, Outgoing("journal", "#", b"first", partition=moved))
    assert await first.member.commit([stale]) == [FencedOff()]
    mine = second.batch(moved, Outgoing("journal", "#", b"second", partition=moved))
    assert await second.member.commit([mine]) == [Committed()]
    assert values(await bus.read("journal", moved, 0)) == [b"second"]
    with pytest.raises(Fenced):
        await first.member.acquire(moved)


async def test_a_member_that_leaves_gives_everything_back(bus: Bus, harness: Harness) -> None:
    """The other member gets its partitions, with their committed positions."""
    first = await sole_owner(bus, harness.group)
    await bus.publish([comment(room, b"%d" % n) for n in range(3) for room in ROOMS])
    found = await first.gather(3 * PARTITIONS)
    batches = [first.batch(p, offsets={"comments": found[p][1].offset + 1}) for p in range(PARTITIONS)]
    assert await first.member.commit(batches) == [Committed()] * PARTITIONS
    second = Owner(bus, harness.group)
    await first.member.close()
    await settle(second, counts=[PARTITIONS])
    for partition in range(PARTITIONS):
        lease = await second.take(partition, await bus.committed(partition))
        assert lease == first.leases[partition] + 1
    found = await second.gather(PARTITIONS)
    assert {p: values(records) for p, records in found.items()} == {p: [b"2"] for p in range(PARTITIONS)}


async def test_revocation_with_a_batch_in_flight(bus: Bus, harness: Harness) -> None:
    """What the former owner commits before it hands a partition back is what the new owner finds; nothing is done twice."""
    first = await sole_owner(bus, harness.group)
    await bus.publish([comment(room, b"once") for room in ROOMS])
    found = await first.gather(PARTITIONS)
    second = Owner(bus, harness.group)
    batches = [
        first.batch(
            p,
            Outgoing("journal", "#", b"once", partition=p),
            offsets={"comments": found[p][0].offset + 1, "room-events": 0},
        )
        for p in range(PARTITIONS)
    ]
    committing = asyncio.create_task(first.member.commit(batches))
    await settle(first, second, counts=[2, 2])
    outcomes = await committing
    assert outcomes == [Committed()] * PARTITIONS
    for partition in second.owned:
        await second.take(partition, await bus.committed(partition))
        assert values(await bus.read("journal", partition, 0)) == [b"once"]
    assert await second.poll(wait_ms=20) == {}


async def test_a_partition_being_revoked_delivers_nothing_more(bus: Bus, harness: Harness) -> None:
    """Once a member was told of a revocation, it polls only what it keeps."""
    first = await sole_owner(bus, harness.group)
    second = Owner(bus, harness.group)
    await settle(first, second, counts=[2, 2])
    await bus.publish([comment(room) for room in ROOMS])
    assert set(await first.gather(2)) == first.owned
    for partition in second.owned:
        await second.take(partition)
    assert set(await second.gather(2)) == second.owned


async def test_a_member_believed_dead_loses_everything(bus: Bus, harness: Harness) -> None:
    """It learns with `Lost` that its partitions are someone else's; its commits are fenced off; it may join again."""
    first = await sole_owner(bus, harness.group)
    second = Owner(bus, harness.group)
    await settle(first, second, counts=[2, 2])
    had = set(first.owned)
    for partition in second.owned:
        await second.take(partition)
    harness.evict(first.member)
    await settle(second, counts=[PARTITIONS])
    for partition in had:
        assert await second.take(partition) == first.leases[partition] + 1
    late = [first.batch(p, Outgoing("journal", "#", b"late", partition=p)) for p in sorted(had)]
    assert await first.member.commit(late) == [FencedOff(), FencedOff()]
    await first.listen()
    assert set(first.lost) == had
    await settle(first, second, counts=[2, 2])


async def test_groups_do_not_know_each_other(bus: Bus, harness: Harness) -> None:
    """Each group owns every partition, with leases of its own."""
    ours = await sole_owner(bus, harness.group)
    await ours.take(0)
    others = await sole_owner(bus, harness.group + "-shadow")
    assert others.owned == ours.owned
    await bus.publish([comment(ROOMS[0], b"both")])
    assert values((await ours.gather(1))[0]) == values((await others.gather(1))[0]) == [b"both"]
    assert await ours.member.commit([ours.batch(0, offsets={"comments": 1})]) == [Committed()]


async def test_acquire_needs_ownership(bus: Bus, harness: Harness) -> None:
    """A partition that was not assigned cannot be acquired."""
    await sole_owner(bus, harness.group)
    stranger = Owner(bus, harness.group)
    with pytest.raises(Fenced):
        await stranger.member.acquire(0)


# ---- restart ---------------------------------------------------------------------------------------------------------


async def test_a_restart_keeps_everything(bus: Bus, harness: Harness) -> None:
    """Records, positions and leases survive; offsets go on growing."""
    owner = await sole_owner(bus, harness.group)
    (before,) = await bus.publish([comment(ROOMS[0], b"before")])
    batch = owner.batch(0, Outgoing("journal", "#0", b"j", partition=0), offsets={"comments": before.offset + 1})
    assert await owner.member.commit([batch]) == [Committed()]
    await bus.close()
    again = await harness.open()
    assert values(await again.read("journal", 0, 0)) == [b"j"]
    assert dict(await again.committed(0)) == {"comments": before.offset + 1}
    (after,) = await again.publish([comment(ROOMS[0], b"after")])
    assert after.offset > before.offset
    heir = Owner(again, harness.group)
    await settle(heir, counts=[PARTITIONS])
    assert await heir.take(0, await again.committed(0)) == owner.leases[0] + 1
    assert values((await heir.gather(1))[0]) == [b"after"]
    assert await heir.member.commit([Batch(0, owner.leases[0], ())]) == [FencedOff()]


# ---- tails -----------------------------------------------------------------------------------------------------------


async def test_a_tail_wakes_and_resumes(bus: Bus) -> None:
    """A tail waits for records, delivers them in order, and another goes on where it stopped."""
    start = await bus.end("decisions", 1)
    tail = bus.tail({("decisions", 1): start, ("insertions", 1): 0})
    async with asyncio.timeout(PATIENCE_S):
        waiting = asyncio.create_task(tail.next(wait_ms=10 * int(PATIENCE_S * 1_000)))
        await asyncio.sleep(0)
        await bus.publish([Outgoing("decisions", ROOMS[1], b"0")])
        (first,) = await waiting
    await bus.publish([Outgoing("decisions", ROOMS[1], b"%d" % n) for n in (1, 2, 3)])
    found = [first, *(await tail.next(max_records=1)), *(await tail.next(max_records=1))]
    assert values(found) == [b"0", b"1", b"2"]
    await tail.close()
    resumed = bus.tail({("decisions", 1): found[-1].offset + 1})
    assert values(await resumed.next()) == [b"3"]
    assert await resumed.next(wait_ms=5) == []
    await resumed.close()


async def test_a_tail_of_another_handle_sees_commits_only(bus: Bus, harness: Harness) -> None:
    """It sees what was committed, from the log's beginning on, and nothing that was fenced off or aborted."""
    owner = await sole_owner(bus, harness.group)
    tail = (await harness.reader()).tail({("verdicts", p): 0 for p in range(PARTITIONS)})
    stale = owner.batch(0, Outgoing("verdicts", ROOMS[0], b"stale", partition=0))
    await owner.take(0)
    aborted = owner.batch(1, Outgoing("verdicts", ROOMS[1], b"again", partition=1))
    await owner.member.commit([stale])
    harness.trouble("aborted")
    await owner.member.commit([aborted])
    await owner.member.commit([aborted])
    async with asyncio.timeout(PATIENCE_S):
        found = list(await tail.next(wait_ms=int(PATIENCE_S * 1_000)))
    assert values(found) == [b"again"]
    waiting = asyncio.create_task(tail.next(wait_ms=int(PATIENCE_S * 1_000)))
    await owner.member.commit([owner.batch(2, Outgoing("verdicts", ROOMS[2], b"more", partition=2))])
    assert values(await waiting) == [b"more"]
    await tail.close()


async def test_a_busy_partition_does_not_starve_a_tail(bus: Bus) -> None:
    """With small answers, every partition comes in turn."""
    await bus.publish([Outgoing("decisions", room, b"%d" % n) for room in ROOMS for n in range(50)])
    tail = bus.tail({("decisions", p): 0 for p in range(PARTITIONS)})
    seen = [record.partition for _ in range(8) for record in await tail.next(max_records=10)]
    assert set(seen) == set(range(PARTITIONS))
    await tail.close()
