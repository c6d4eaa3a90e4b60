"""What reasons mean: a remedy that is told is one that works."""

from __future__ import annotations

from dataclasses import replace

from engine.events.meanings import REASONS
from engine.pool.model import Product
from tests.unit.room.scene import Scene, intent, pool, reply


def test_the_remedy_for_what_is_not_sold_is_the_catalogue() -> None:
    """A reply that needs no product changes nothing; a product that is taken out of `not_sold`, or goes on sale, does."""
    intents = {
        "shipping.area": intent("shipping.area", reply("shipping.area", "area", "全国都发")),
        "product.name": intent("product.name", reply("product.name", "name", "{product}", needs_product=True)),
    }
    scene = Scene(pool(intents=intents))
    assert scene.ask("shipping.area", not_sold="咖啡") == "not_sold"
    assert scene.ask("product.name", product="old") == "not_sold"
    live = pool("0000000a", intents=intents)
    scene.swap(replace(live, products={**live.products, "old": Product("old", {"zh": "旧茶"})}))
    assert scene.ask("product.name", product="old") == "shadowed"
    remedy = REASONS["not_sold"].remedy
    assert "`not_sold`" in remedy
    assert "`on_sale: true`" in remedy
    assert "needs no product" not in remedy
