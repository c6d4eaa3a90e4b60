"""Facts and pools that change under a room: what may still be said, and what ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.events.outputs import Decision, Insertion, Stop, Withdraw
from engine.pool.model import Fact, Limits, Pool, Product
from engine.room.shop import Shop
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply


def here() -> Pool:
    """An intent whose reply names no product: it may be said only beside it."""
    text = reply("a.b", "here", "这一款是{price}", needs_product=True, on_screen_only=True)
    return pool(intents={"a.b": intent("a.b", text, needs_product=True)})


def without(product: str, name: str = "0000000a", live: Pool | None = None) -> Pool:
    live = live or pool()
    return replace(live, hash=name, products={key: item for key, item in live.products.items() if key != product})


def off_sale(product: str, name: str = "0000000a") -> Pool:
    live = pool()
    return replace(live, hash=name, products={**live.products, product: replace(live.products[product], on_sale=False)})


def test_a_product_that_vanishes_takes_its_live_facts_out_of_use() -> None:
    """The fact event outlives the catalogue's product; nothing is said of goods that no catalogue bounds."""
    scene = Scene(here())
    scene.play()
    scene.fact("price", 100, product="tgy")
    assert scene.ask("a.b", product="tgy", id="a") == "no_opportunity"
    scene.swap(without("tgy", live=here()))
    assert scene.decisions == {"a": "not_sold"}
    assert scene.ask("a.b", id="b") == "no_product"
    assert scene.ask("a.b", product="tgy", id="c") == "not_sold"
    scene.fact("price", 101, product="tgy")


def test_a_product_that_goes_off_sale_ends_who_waits_and_withdraws_its_reply() -> None:
    """Waiting comments get the reason that later ones get on arrival."""
    scene = Scene()
    scene.play()
    scene.ask("product.price", product="puer", id="a")
    scene.swap(off_sale("puer"))
    assert scene.decisions == {"a": "not_sold"}
    assert scene.all(Decision)[-1].wanted == "puer"
    scene.ask("product.price", product="tgy", id="b")
    scene.wait(3_000)
    scene.swap(off_sale("tgy", "0000000b"))
    assert [withdraw.insertion for withdraw in scene.all(Withdraw)] == [scene.insertion.id]


def test_a_reply_that_no_longer_fits_the_product_is_withdrawn() -> None:
    """An edit that keeps the text but narrows `products` forbids it too."""
    scene = Scene(pool(intents={"a.b": intent("a.b", reply("a.b", "x", "好"))}))
    scene.play()
    scene.ask("a.b")
    scene.wait(3_000)
    scene.swap(pool("0000000a", intents={"a.b": intent("a.b", reply("a.b", "x", "好", products=("puer",)))}))
    assert len(scene.all(Withdraw)) == 1


@pytest.mark.parametrize(("product", "value", "reason"), [
    (None, "很" * 301, "fact_out_of_bounds"), (None, "很" * 299, "guard_blocked"), (None, " ", "fact_missing"),
    (None, 3, "fact_out_of_bounds"), (None, "最 佳", "guard_blocked"), (None, "价值99元", "guard_blocked"),
    (None, {"zh": "好", "en": "worth $9"}, "guard_blocked"), (None, "{price}", "fact_out_of_bounds"),
    ("puer", 10**310, "fact_out_of_bounds"), ("puer", 88.125, "fact_out_of_bounds"), ("puer", "八十八", "fact_out_of_bounds"),
    ("puer", -1, "fact_out_of_bounds"), ("tgy", 98, "fact_out_of_bounds"), ("puer", 88.5, "shadowed"), (None, "两袋", "shadowed"),
])  # fmt: skip
def test_a_live_value_that_nobody_may_say_is_not_said(product: str | None, value: object, reason: str) -> None:
    """Another producer's events pass no gateway: the same rule holds where a fact is read."""
    gift = intent("promo.gift", reply("promo.gift", "gift", "今天送{gift}"))
    catalogue = {"hours": Fact("hours", 24), "gift": Fact("gift", {"zh": "茶罐"})}
    scene = Scene(pool(intents={**pool().intents, "promo.gift": gift}, facts=catalogue))
    scene.fact("price" if product else "gift", value, product=product or "*")
    assert scene.ask("product.price" if product else "promo.gift", product=product) == reason
    assert scene.all(Decision)[-1].wanted == {
        "shadowed": None, "guard_blocked": "gift", "fact_missing": "gift", "fact_out_of_bounds": "price" if product else "gift",
    }[reason]  # fmt: skip


def test_a_number_stays_a_number() -> None:
    """Else the host would say "abc hours"."""
    scene = Scene()
    scene.fact("hours", "abc")
    assert scene.ask("shipping.dispatch") == "fact_out_of_bounds"


def test_a_reply_that_names_no_product_says_what_counts_for_the_shop() -> None:
    """Viewers take it for all products: not about one that has a value of its own, which is said only beside its name."""
    named = reply("a.b", "named", "{product}{hours}小时发货", needs_product=True)
    shared = reply("a.b", "shared", "{hours}小时发货")
    live = pool()
    tgy = replace(live.products["tgy"], facts={**live.products["tgy"].facts, "hours": Fact("hours", 72)})
    live = replace(live, intents={"a.b": intent("a.b", named, shared)}, products={**live.products, "tgy": tgy})
    shop = Shop("tea", live)
    said = [filled.text for filled in shop.usable(live.intents["a.b"], "tgy", "zh", START).replies]
    assert said == ["铁观音72小时发货"]
    other = shop.usable(live.intents["a.b"], "puer", "zh", START).replies
    assert [filled.text for filled in other] == ["普洱24小时发货", "24小时发货"]
    assert [use.product for use in other[1].facts] == ["*"]


def slow(value: int = 72, **hours: object) -> Pool:
    """tgy has hours of its own, by default more than all else, and the one reply speaks for the shop."""
    plain = pool("00000003")
    tgy = plain.products["tgy"]
    own = Fact("hours", value, **hours)  # type: ignore[arg-type] # as Fact
    return replace(plain, products={**plain.products, "tgy": replace(tgy, facts={**tgy.facts, "hours": own})})


def test_what_holds_for_the_shop_is_not_said_of_a_product_that_has_its_own() -> None:
    """Named by the viewer or on screen as he asked; others are told what holds for the shop."""
    scene = Scene(slow())
    scene.play()
    for number in range(2):
        scene.wait(4_000)
        scene.next_sentence(f"tgy-{number}", f"tgy-{number + 1}")
    scene.wait(3_000)
    assert scene.ask("shipping.dispatch", product="tgy") == "no_reply"
    assert scene.ask("shipping.dispatch") == "no_reply"  # tgy is on screen
    scene.ask("shipping.dispatch", product="puer")
    scene.wait(1_000)
    scene.next_sentence("tgy-2", "puer-0")
    scene.wait(4_000)
    assert scene.insertion.text == "24小时内发出"
    assert scene.insertion.product is None
    assert [one.product for one in scene.all(Decision)] == ["tgy", "tgy"]


def test_an_own_value_that_comes_to_differ_withdraws_the_reply_of_the_shop() -> None:
    """An equal one may be said; once it is another, what is on its way is not."""
    scene = Scene(slow())
    scene.fact("hours", 24, product="tgy")
    scene.play()
    scene.ask("shipping.dispatch", product="tgy")
    scene.wait(4_000)
    assert scene.insertion.product == "tgy"
    scene.fact("hours", 48, product="tgy")
    assert scene.all(Withdraw)[-1].insertion == scene.insertion.id


def test_a_product_whose_own_value_is_over_is_not_given_that_of_the_shop() -> None:
    """Nobody knows what holds for it."""
    scene = Scene(slow(until=START - 1))
    scene.play()
    assert scene.ask("shipping.dispatch", product="tgy") == "fact_expired"


def test_facts_count_as_of_the_start_of_the_reply() -> None:
    """A fact that begins before the reply starts is no change when another event comes meanwhile."""
    scene = Scene()
    scene.play()
    scene.fact("hours", 48, start=START + 3_000)
    scene.ask("shipping.dispatch")
    scene.wait(3_000)
    assert scene.insertion.text == "48小时内发出"
    scene.fact("price", 99, product="puer")
    assert not scene.all(Withdraw)


def test_a_newer_value_ends_the_older_at_once_also_where_it_starts_later() -> None:
    """The log keeps one record a fact, so that nobody who comes later could know the older one: the catalogue's counts until then."""
    scene = Scene()
    scene.play()
    scene.fact("hours", 48)
    scene.fact("hours", 36, start=START + 60_000)
    scene.ask("shipping.dispatch", id="a")
    scene.wait(3_000)
    assert scene.insertion.text == "24小时内发出"
    assert scene.insertion.facts[0].until == START + 60_000


def test_a_fact_that_will_change_before_a_late_start_withdraws() -> None:
    """`not_after` was set before the change was known; the next insertion has the right one."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch")
    scene.wait(3_000)
    first = scene.insertion
    assert first.not_after > START + 20_000
    scene.fact("hours", 48, start=START + 20_000)
    assert [withdraw.insertion for withdraw in scene.all(Withdraw)] == [first.id]
    scene.report("aborted", first.id)
    scene.wait(1_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_000)
    assert scene.insertion.not_after == START + 16_000


def test_a_changed_price_stops_also_where_another_fact_changed_first() -> None:
    """Each changed fact is looked at."""
    both = intent("a.b", reply("a.b", "x", "{hours}小时，{price}", needs_product=True), needs_product=True)
    scene = Scene(pool(intents={"a.b": both}))
    scene.play()
    scene.ask("a.b", product="tgy")
    scene.wait(3_000)
    scene.report("started", scene.insertion.id)
    live = pool("0000000a", intents={"a.b": both}, facts={"hours": Fact("hours", 48)})
    tgy = Product("tgy", {"zh": "铁观音"}, link=1, facts={"price": Fact("price", 119, "CNY")})
    scene.swap(replace(live, products={**live.products, "tgy": tgy}))
    assert len(scene.all(Stop)) == 1


def test_an_insertion_serves_only_whom_it_can_reach() -> None:
    """Comments whose deadline lies before the predicted start are not listed."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask("shipping.fee", id="late", age=41_500)
    scene.ask("shipping.fee", id="fine")
    scene.wait(3_000)
    assert [ref.id for ref in scene.all(Insertion)[0].serves] == ["fine"]


def test_a_fact_event_that_comes_again_or_late_changes_nothing() -> None:
    """Offsets order them."""
    scene = Scene()
    scene.play()
    scene.fact("hours", 48)
    scene.fact("hours", 36)
    for offset in (1, 2):
        scene.offset = offset - 1
        scene.fact("hours", 99)
    scene.ask("shipping.dispatch")
    scene.wait(3_000)
    assert scene.insertion.text == "36小时内发出"


def test_a_price_that_is_typed_into_a_reply_is_never_said() -> None:
    """Prices come from facts alone, whatever got past the lint."""
    scene = Scene(pool(intents={"a.b": intent("a.b", reply("a.b", "x", "今天只要99元"))}))
    assert scene.ask("a.b") == "guard_blocked"


def waiting(scene: Scene) -> dict[str | None, list[str]]:
    """Who waits, by the product of the demand."""
    return {product: list(demand.viewers) for (_, product), demand in scene.rooms._rooms[ROOM].demands.items()}


def test_who_waits_as_everybodys_goes_to_his_product_once_it_has_its_own_value() -> None:
    """By a fact as by a pool; nobody is told what does not hold for what he asked about."""
    scene = Scene()
    scene.play()
    for product in ("puer", "tgy", None):
        scene.ask("shipping.dispatch", product=product, viewer=product or "all", age=0 if product else 6_000)
    assert waiting(scene) == {None: ["puer", "tgy", "all"]}
    scene.fact("hours", 72, product="puer")
    assert waiting(scene) == {None: ["tgy", "all"]}
    scene.swap(slow())
    assert waiting(scene) == {None: ["all"]}
    assert [(one.reason, one.product) for one in scene.all(Decision)] == [("no_reply", "puer"), ("no_reply", "tgy")]


def test_who_waits_for_his_product_joins_all_others_once_it_has_no_own_value() -> None:
    """One reply serves them all."""
    scene = Scene(slow(value=24))
    scene.play()
    scene.ask("shipping.dispatch", product="tgy", viewer="a")
    scene.ask("shipping.dispatch", product="puer", viewer="b")
    assert waiting(scene) == {"tgy": ["a"], None: ["b"]}
    scene.swap(pool("00000004"))
    assert waiting(scene) == {None: ["b", "a"]}


def test_who_lost_his_reply_goes_back_to_the_demand_where_he_belongs_now() -> None:
    """His product got a value of its own while the reply for the whole shop was on its way."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", product="puer", viewer="a")
    scene.ask("shipping.dispatch", product="tgy", viewer="b")
    scene.wait(3_000)
    assert scene.insertion.product is None
    scene.fact("hours", 24, product="puer")
    scene.report("rejected", scene.insertion.id)
    assert waiting(scene) == {"puer": ["a"], None: ["b"]}


def test_a_reply_for_the_whole_shop_is_taken_back_where_one_of_its_viewers_has_another_value_now() -> None:
    """On its way only: the others get it once more."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.dispatch", product="puer", viewer="a")
    scene.ask("shipping.dispatch", product="tgy", viewer="b")
    scene.wait(3_000)
    first = scene.insertion
    scene.fact("hours", 72, product="puer")
    assert scene.all(Withdraw)[-1].insertion == first.id
    scene.report("rejected", first.id)
    assert [(one.reason, one.product) for one in scene.all(Decision)] == [("no_reply", "puer")]
    assert waiting(scene) == {None: ["b"]}
