"""The facts that players get."""

from __future__ import annotations

import dataclasses

from engine.events.inputs import FactSet, LocalText, PoolLive
from engine.gateway.facts import ShopFacts
from engine.pool.facts import catalogue_version
from engine.pool.model import Fact, Guard, Limits, Pool, Product, TrainingSet
from tests.unit.gateway.made import NOW

PRICE = Fact("price", 129, "CNY", start=5, until=9)
DEAL = Fact("deal", {"zh": "买二送一"})
POOL = Pool(
    hash="aa" * 16, shop="tea", name={"zh": "茶"}, languages=("zh",), default_language="zh", intents={},
    products={"longjing": Product("longjing", {"zh": "龙井"}, facts={"price": PRICE})}, facts={"deal": DEAL}, not_sold=(),
    guard=Guard(), limits=Limits(), scripts={}, training=TrainingSet("cd" * 16, ()), model="ef" * 16,
)  # fmt: skip


class Pools:
    """The pools that are on the bus, and how often one was asked for."""

    def __init__(self, *pools: Pool) -> None:
        self.pools = {pool.hash: pool for pool in pools}
        self.asked = 0

    async def __call__(self, name: str) -> Pool | None:
        self.asked += 1
        return self.pools.get(name)


def live(generation: int, pool: str = "aa" * 16, *, rollback: bool = False) -> PoolLive:
    return PoolLive(id="p", at=NOW, shop="tea", pool=pool, generation=generation, rollback=rollback)


async def test_the_catalogue_of_the_live_pool_then_what_is_live() -> None:
    """Versions, currency and windows as the engine reads them; a pool is fetched once."""
    pools = Pools(POOL)
    facts = ShopFacts(pools)
    assert await facts.of_shop(None) == await facts.of_shop("tea") == ()
    facts.apply(3, live(1))
    event = FactSet(id="f", at=NOW, shop="tea", product="longjing", name="price", value=99, until=NOW)
    facts.apply(7, event)
    facts.apply(6, event.model_copy(update={"value": 1}))
    deal, price, now = await facts.of_shop("tea")
    assert (deal.product, deal.value, deal.version) == ("*", LocalText(zh="买二送一"), catalogue_version(DEAL))
    assert (price.product, price.value, price.currency, price.start, price.until) == ("longjing", 129, "CNY", 5, 9)
    assert (now.value, now.version, now.live, now.currency, now.until) == (99, "live:7", True, "CNY", NOW)
    assert await facts.changed(7, event) == now
    assert pools.asked == 1
    assert await facts.of_shop("toys") == ()


async def test_a_lower_generation_is_live_only_as_a_rollback() -> None:
    """And a record that is read late does not undo a newer one; a pool that is not on the bus yet has no facts, and is asked for again."""
    other = dataclasses.replace(POOL, hash="bb" * 16, facts={}, products={})
    pools = Pools(POOL, other)
    facts = ShopFacts(pools)
    facts.apply(5, live(5))
    facts.apply(6, live(4, "bb" * 16))
    assert len(await facts.of_shop("tea")) == 2
    facts.apply(7, live(4, "bb" * 16, rollback=True))
    assert await facts.of_shop("tea") == ()
    facts.apply(6, live(5, rollback=True))
    assert await facts.of_shop("tea") == ()
    facts.apply(8, live(9, "cc" * 16))
    assert await facts.of_shop("tea") == ()
    pools.pools["cc" * 16] = dataclasses.replace(POOL, hash="cc" * 16)
    assert len(await facts.of_shop("tea")) == 2
