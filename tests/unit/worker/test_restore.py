"""A partition comes back as its last owner committed it, or not at all."""

from __future__ import annotations

from random import Random

import pytest

from engine.bus.port import Batch, Outgoing
from engine.errors import Fenced, RestoreError, UsageError
from engine.events.inputs import ModeSet, PoolLive, RoomOpened
from engine.events.journal import JournalRecord, Positions
from engine.journal.records import encode
from engine.pool.model import Pool
from engine.room.rooms import Rooms
from engine.worker.library import MissingPool
from engine.worker.restore import Restorer
from tests.simulation.bus import Odds, SimBus
from tests.simulation.clock import VirtualLoop
from tests.simulation.shop import POOLS, SECOND
from tests.unit.worker.desk import Desk

CHAT, ASK = "§ 哈哈哈", "§ 包邮吗"


class Source:
    """Pools that are loaded only when a restore asks for them."""

    def __init__(self) -> None:
        self.loaded: dict[str, Pool] = {}

    def pool(self, hash: str) -> Pool:  # noqa: A002 - the library's name
        if hash not in self.loaded:
            raise MissingPool(hash)
        return self.loaded[hash]

    async def ensure(self, hash: str) -> None:  # noqa: A002 - the library's name
        self.loaded[hash] = POOLS[hash]


def bus_of(desk: Desk, turns: int, *, rooms: int = 3) -> SimBus:
    """A log on which `desk` committed some turns."""
    bus = SimBus(VirtualLoop(), Random(1), 1, Odds())
    bus.leases[0] = 1
    for number in range(turns):
        room = f"r{number % rooms}"
        mode = desk.event(ModeSet(room=room, id=f"m{number}", at=1, mode="auto"))
        land(bus, desk.commit(mode, desk.comment(ASK, room=room, viewer=f"v{number}")).batch)
    return bus


def land(bus: SimBus, batch: Batch) -> None:
    assert bus.land("g", batch)


def restorer(bus: SimBus) -> Restorer:
    return Restorer(bus, Source(), Rooms, 100, lambda _: None)


@pytest.mark.parametrize("turns", [1, 10, 150])
async def test_the_rooms_are_as_they_were(turns: int) -> None:
    """Byte for byte, with seq, time and positions from the journal, whatever part of it snapshots cover."""
    desk = Desk(snapshot_every=100)
    bus = bus_of(desk, turns)
    restored = await restorer(bus).restore(0, 2)
    assert restored.standing == desk.worker.standing
    assert isinstance(desk.worker.rooms, Rooms)
    for room in desk.worker.rooms.names():
        seq = desk.worker.standing.seq
        assert restored.rooms.snapshot(room, seq) == desk.worker.rooms.snapshot(room, seq)


@pytest.mark.parametrize("late", [1, 7, 30, 60, 149])
async def test_rooms_of_a_shop_that_went_live_late_come_back(late: int) -> None:
    """Whatever stands between it and the partition record: the journal makes the shop live before any of its rooms joins."""
    desk = Desk(snapshot_every=100)
    bus = bus_of(desk, late)
    event = PoolLive(id="p", at=desk.now, shop="toys", pool=SECOND, generation=1)
    assert desk.board.put(desk.offsets["shop-events"], event)
    desk.offer(event)
    land(bus, desk.commit(desk.event(RoomOpened(room="late", id="o", at=1, shop="toys"))).batch)
    assert isinstance(desk.worker.rooms, Rooms)
    for number in range(150 - late):
        land(bus, desk.commit(desk.comment(ASK, room="late" if number % 2 else "r0", viewer=f"w{number}")).batch)
        if number % 10:
            continue
        restored = await restorer(bus).restore(0, 2)
        seq = desk.worker.standing.seq
        assert desk.worker.rooms.pool_of("late", "") == SECOND
        for room in desk.worker.rooms.names():
            assert restored.rooms.snapshot(room, seq) == desk.worker.rooms.snapshot(room, seq)


async def test_a_fresh_partition_begins_at_the_begin() -> None:
    """Without journal and snapshots it starts empty."""
    restored = await restorer(SimBus(VirtualLoop(), Random(1), 1, Odds())).restore(0, 1)
    assert restored.standing.seq == -1
    assert restored.standing.positions == Positions()


async def test_what_snapshots_cover_may_be_gone() -> None:
    """The journal is needed only after the partition record."""
    desk = Desk(snapshot_every=100)
    bus = bus_of(desk, 150)
    records = bus.log["journal", 0]
    bus.begins["journal", 0] = records[len(records) // 2].offset
    restored = await restorer(bus).restore(0, 2)
    assert restored.standing == desk.worker.standing


async def test_a_journal_that_begins_too_late_names_the_rooms() -> None:
    """Never a silent start."""
    desk = Desk(snapshot_every=30_000)
    bus = bus_of(desk, 20)
    bus.begins["journal", 0] = bus.log["journal", 0][-2].offset
    with pytest.raises(RestoreError, match="are lost"):
        await restorer(bus).restore(0, 2)


async def test_a_journal_that_is_gone_is_an_error() -> None:
    """Rooms that went on after the partition record, or positions without anything, say that something is missing."""
    desk = Desk(snapshot_every=100)
    bus = bus_of(desk, 150)
    del bus.log["journal", 0]
    with pytest.raises(RestoreError, match="has no journal"):
        await restorer(bus).restore(0, 2)
    del bus.log["snapshots", 0]
    with pytest.raises(RestoreError, match="was worked on before"):
        await restorer(bus).restore(0, 2)


@pytest.mark.parametrize("topic", ["journal", "snapshots"])
async def test_what_another_version_wrote_is_refused_with_its_place(topic: str) -> None:
    """Before anything is processed, with the remedy; nothing is passed over."""
    bus = bus_of(Desk(), 3)
    last = bus.log[topic, 0][-1]
    assert last.key is not None
    assert last.value is not None
    newer = last.value.replace(b'"v":1', b'"v":2', 1)
    assert newer != last.value
    offset = bus.append(Outgoing(topic, last.key, newer, 0)).offset
    with pytest.raises(
        RestoreError,
        match=rf"^offset {offset} of partition 0 of `{topic}` is not a valid {topic}: .*newer version .*run that one",
    ):
        await restorer(bus).restore(0, 2)


async def test_another_partition_count_is_refused() -> None:
    """Rooms would be on other partitions than their state."""
    desk = Desk()
    bus = bus_of(desk, 2)
    bus.partitions = 3
    with pytest.raises(
        RestoreError, match=r"set `bus\.partitions` to 1 .*another file in `bus\.url`; on a shared broker"
    ):
        await restorer(bus).restore(0, 2)


async def test_a_room_that_ended_is_not_brought_back() -> None:
    """Its tombstone says so, though the journal still has its entries."""
    desk = Desk()
    bus = bus_of(desk, 6)
    bus.append(Outgoing("snapshots", "r1", None, 0))
    restored = await restorer(bus).restore(0, 2)
    assert isinstance(restored.rooms, Rooms)
    assert sorted(restored.rooms.names()) == ["r0", "r2"]


async def test_the_last_record_is_found_across_gaps() -> None:
    """Transaction markers take offsets; records need not be dense."""
    bus = SimBus(VirtualLoop(), Random(1), 1, Odds())
    assert await restorer(bus).last_record(0) is None
    for seq in range(40):
        values = encode(
            partition=0, partitions=2, lease=1, first_seq=seq, now=1, entries=[], positions=Positions(comments=seq)
        )
        bus.append(Outgoing("journal", "#0", values[0], 0))
    last = await restorer(bus).last_record(0)
    assert last is not None
    assert last.positions.comments == 39


async def test_the_journal_of_another_group_is_refused() -> None:
    """Two groups on one log would decide every comment twice; older journals name no group."""
    desk = Desk()
    desk.shared.group = "tea"
    bus = SimBus(VirtualLoop(), Random(1), 1, Odds())
    bus.leases[0] = 1
    land(bus, desk.commit(desk.comment(ASK)).batch)
    for group in ("", "tea"):
        await Restorer(bus, Source(), Rooms, 100, lambda _: None, group).restore(0, 2)
    with pytest.raises(UsageError, match=r"Set `bus\.group` to `tea`"):
        await Restorer(bus, Source(), Rooms, 100, lambda _: None, "coffee").restore(0, 2)


async def test_a_journal_that_grows_meanwhile_has_another_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is missing: who took the partition in the middle of a restore writes on."""
    desk = Desk()
    bus = bus_of(desk, 2)
    restoring = restorer(bus)
    last = await restoring.last_record(0)
    land(bus, desk.commit(desk.comment(ASK)).batch)

    async def earlier(_: int) -> JournalRecord | None:
        return last

    monkeypatch.setattr(restoring, "last_record", earlier)
    with pytest.raises(Fenced):
        await restoring.restore(0, 2)
