"""Shop events in order, and which pool is to be live."""

from __future__ import annotations

from random import Random

from engine.bus.port import Outgoing
from engine.events.inputs import FactSet, GapMark, PoolLive
from engine.worker.shops import PoolBoard, ShopFeed, ShopItem, means_something, read_item
from tests.simulation.bus import Odds, SimBus
from tests.simulation.clock import VirtualLoop


def live(pool: str, generation: int, *, rollback: bool = False, shop: str = "tea") -> PoolLive:
    return PoolLive(id="p", at=1, shop=shop, pool=pool, generation=generation, rollback=rollback)


def test_the_newest_loaded_pool_counts_until_a_newer_one_is_loaded() -> None:
    """A pool whose blobs are missing waits, and what went before stays."""
    loaded = {"0000000a"}
    board = PoolBoard(loaded.__contains__)
    assert board.put(0, live("0000000a", 1))
    assert board.put(5, live("0000000b", 2))
    assert [each.pool for each in board.ready()] == ["0000000a"]
    assert [each.pool for each in board.wanted()] == ["0000000b"]
    loaded.add("0000000b")
    assert [each.pool for each in board.ready()] == ["0000000b"]
    assert board.wanted() == []


def test_a_lower_generation_needs_rollback() -> None:
    """An old publisher cannot bring back an old pool by mistake."""
    board = PoolBoard(lambda _: True)
    assert board.put(0, live("0000000a", 5))
    assert not board.put(1, live("0000000b", 5))
    assert not board.put(2, live("0000000b", 4))
    assert board.put(3, live("0000000b", 4, rollback=True))
    assert [each.offset for each in board.ready()] == [3]


def test_the_default_shop_is_the_first_by_name() -> None:
    """Equal in every process, whatever was compacted."""
    board = PoolBoard(lambda _: True)
    assert board.first_shop() is None
    board.put(0, live("0000000a", 1, shop="tea"))
    board.put(1, live("0000000a", 1, shop="bikes"))
    assert board.first_shop() == "bikes"


async def filled(count: int) -> SimBus:
    bus = SimBus(VirtualLoop(), Random(1), 1, Odds())
    for number in range(count):
        fact = FactSet(id=f"f{number}", at=1, shop="tea", name="stock", value=number)
        bus.append(Outgoing("shop-events", fact.key(), fact.model_dump_json().encode()))
    return bus


async def test_a_partition_gets_what_is_past_and_then_what_comes() -> None:
    """Each record from its own position on, once, in order."""
    bus = await filled(1_200)
    feed = ShopFeed(bus, PoolBoard(lambda _: True))
    records = bus.log["shop-events", 0]
    for stored in records[:700]:
        feed.take(read_item(stored))
    got: list[ShopItem] = []
    start = records[100].offset
    await feed.attach(3, start, got.append)
    assert [item.offset for item in got] == [stored.offset for stored in records[100:]]
    fact = FactSet(id="new", at=1, shop="tea", name="stock", value=1)
    bus.append(Outgoing("shop-events", fact.key(), fact.model_dump_json().encode()))
    feed.take(read_item(bus.log["shop-events", 0][-1]))
    assert len(got) == 1_101
    feed.detach(3)
    feed.take(read_item(bus.log["shop-events", 0][-1]))
    assert len(got) == 1_101


async def test_only_facts_and_kills_mean_something_to_rooms() -> None:
    """Marks are the editors', pools have entries of their own, broken records are set aside."""
    bus = await filled(1)
    stored = bus.log["shop-events", 0][0]
    assert means_something(read_item(stored))
    for event in (GapMark(id="g", at=1, shop="tea", gap="0000000c", mark="later"), live("0000000a", 1)):
        assert not means_something(ShopItem(stored, event))
    stored.value = b"{"
    item = read_item(stored)
    assert item.event is None
    assert item.error
