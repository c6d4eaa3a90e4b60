"""The facts that players get."""

from __future__ import annotations

import dataclasses
import math

import pytest
from pydantic import ValidationError

from engine.events.inputs import FactSet, LocalText, PoolLive
from engine.events.wire import SetFact
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


BOUNDED = dataclasses.replace(
    POOL,
    products={
        "longjing": Product("longjing", {"zh": "龙井"}, facts={"price": Fact("price", 129, "CNY", floor=99, ceiling=169)}),
        "biluochun": Product("biluochun", {"zh": "碧螺春"}, facts={"price": Fact("price", 88, "CNY"), "stock": Fact("stock", 9, floor=0)}),
    },
    facts={"deal": DEAL, "hours": Fact("hours", 48)},
    guard=Guard(banned=("国家级",)),
)  # fmt: skip


DIGITS = "write digits without sign or unit, such as 129 or 12.5"
WORDS = "write the words that are said, or make it a number in catalogue.yaml first"
UNGUARDED = "no floor or ceiling guards: say it without the amount, or make the amount a fact of its own with a `unit`"


def setting(product: str, name: str, value: object, shop: str = "tea") -> SetFact:
    return SetFact.model_validate({"id": "1", "shop": shop, "product": product, "name": name, "value": value})


@pytest.mark.parametrize(("product", "name", "value"), [
    ("longjing", "price", 99), ("longjing", "price", 169), ("longjing", "price", 120.5), ("longjing", "price", None),
    ("biluochun", "stock", 0), ("*", "deal", "买一送一"), ("*", "deal", {"en": "Two for one"}), ("*", "hours", 24),
])  # fmt: skip
async def test_what_the_live_pool_allows_may_be_set(product: str, name: str, value: object) -> None:
    """Up to the bounds, a text where no number is due, and every fact may be withdrawn."""
    facts = ShopFacts(Pools(BOUNDED))
    facts.apply(3, live(1))
    assert await facts.objection(setting(product, name, value), shops=True) is None


@pytest.mark.parametrize(("product", "name", "value", "told"), [
    ("lonjing", "price", 99, "product: shop `tea` has no product `lonjing`: did you mean `longjing`?"),
    ("longjing", "prise", 99, "name: product `longjing` has no fact `prise` in its catalogue: did you mean `price`?"),
    ("longjing", "stock", 9, "name: product `longjing` has no fact `stock` in its catalogue: use one of `price`"),
    ("longjing", "prise", None, "name: product `longjing` has no fact `prise` in its catalogue: did you mean `price`?"),
    ("*", "price", 99, "name: shop `tea` itself has no fact `price` in its catalogue: use one of `deal`, `hours`"),
    ("longjing", "price", 98.9, "value: `price` would be 98.9, below its floor 99: correct it, or lower the floor in catalogue.yaml"),
    ("longjing", "price", 1_299, "value: `price` would be 1299, above its ceiling 169: correct it, or raise the ceiling in catalogue.yaml"),
    ("longjing", "price", 119.999,
     "value: `price` would be 119.999, and amounts of CNY have at most 2 digits after the point: round it, for example to 120.00"),
    ("*", "hours", "abc", f"value: `hours` is a number in the catalogue and takes no text: {DIGITS}"),
    ("*", "deal", 3, f"value: `deal` is a text in the catalogue and takes no bare number: {WORDS}"),
    ("*", "deal", "国 家级的价", "value: the text of `deal` holds the banned term `国家级`: say it without it (see guard.yaml)"),
    ("*", "deal", {"zh": "买二送一", "en": "worth $9"}, f"value: the text of `deal` holds the typed price `$9`, which {UNGUARDED}"),
    ("*", "deal", "买{hours}送一", "value: the text of `deal` holds a brace: write it out: facts hold no placeholders"),
    ("longjing", "price", "一百", f"value: `price` is an amount of CNY and takes no text: {DIGITS}"),
    ("biluochun", "price", -1, "value: `price` is an amount of CNY and would be below 0: write what is paid"),
    ("biluochun", "stock", "few", f"value: `stock` is a number with bounds and takes no text: {DIGITS}"),
    ("*", "deal", " ", "value: the text of `deal` is empty: write what is to be said, or withdraw the fact"),
    ("*", "deal", "买一\n送一", "value: the text of `deal` holds a line break or a control character: write it in one line"),
    ("*", "deal", {"en": "\u2028x"}, "value: the text of `deal` holds a line break or a control character: write it in one line"),
    ("*", "hours", 10**305, "value: the text of `hours` has 306 characters: shorten it, a whole reply has at most 300"),
    ("*", "deal", "很" * 301, "value: the text of `deal` has 301 characters: shorten it, a whole reply has at most 300"),
])  # fmt: skip
async def test_what_it_does_not_is_refused_with_place_and_remedy(
    product: str, name: str, value: object, told: str
) -> None:
    """Else it would only show as silence later."""
    facts = ShopFacts(Pools(BOUNDED))
    facts.apply(3, live(1))
    assert await facts.objection(setting(product, name, value), shops=True) == told


async def test_a_shop_that_is_not_live_has_no_facts() -> None:
    """The live ones are named to whom they concern; a pool that is not whole on the bus is held against nothing."""
    facts = ShopFacts(Pools())
    assert await facts.objection(setting("*", "deal", 1), shops=True) == (
        "shop: no pool of shop `tea` is live: publish the shop first"
    )
    facts.apply(3, live(1))
    assert await facts.objection(setting("*", "deal", 1), shops=True) is None  # nothing says that it is a text
    assert await facts.objection(setting("*", "deal", 1, "te"), shops=True) == (
        "shop: no pool of shop `te` is live: did you mean `tea`?"
    )
    assert await facts.objection(setting("*", "deal", 1, "te"), shops=False) == (
        "shop: no pool of shop `te` is live: publish the shop first"
    )


async def test_what_nobody_could_say_is_refused_without_a_pool_too() -> None:
    """A pool that is not whole on the bus yet lets no endless text through."""
    facts = ShopFacts(Pools())
    facts.apply(3, live(1))
    assert "has 3,000 characters" in (
        await facts.objection(setting("longjing", "origin", "x" * 3_000), shops=True) or ""
    )
    assert await facts.objection(setting("longjing", "origin", "x" * 300), shops=True) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_never_gets_in(value: float) -> None:
    """The message itself is refused."""
    with pytest.raises(ValidationError, match="finite number"):
        setting("*", "hours", value)


async def test_what_another_producer_wrote_is_held_back_from_players(caplog: pytest.LogCaptureFixture) -> None:
    """As rooms do not say it: it counts as withdrawn, and the log says why."""
    facts = ShopFacts(Pools(BOUNDED))
    facts.apply(3, live(1))
    event = FactSet(id="f", at=NOW, shop="tea", name="hours", value="abc")
    facts.apply(4, event)
    assert (await facts.of_shop("tea"))[-1].value is None
    told = await facts.changed(4, event)
    assert (told.value, told.version) == (None, "live:4")
    assert "a fact is not said, though the log has it: value: `hours` is a number" in caplog.text
    assert "fact=tea/fact/*/hours" in caplog.text


async def test_what_is_live_may_be_withdrawn_though_its_product_is_gone() -> None:
    """A value that outlived an edit of the catalogue is not stuck."""
    facts = ShopFacts(Pools(BOUNDED))
    facts.apply(3, live(1))
    facts.apply(4, FactSet(id="f", at=NOW, shop="tea", product="gone", name="price", value=1))
    assert await facts.objection(setting("gone", "price", None), shops=True) is None
    assert await facts.objection(setting("gone", "price", 2), shops=True) is not None


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
