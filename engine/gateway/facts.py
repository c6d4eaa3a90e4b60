"""The facts that players fill their scripts with: the live pool's catalogue, and live values over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from engine.events import wire
from engine.events.inputs import ANY_PRODUCT, FactSet, FactValue, LocalText, PoolLive, ShopEvent
from engine.pool import model
from engine.pool.facts import catalogue_version, live_version
from engine.pool.model import Pool

PoolSource = Callable[[str], Awaitable[Pool | None]]
"""Finds a pool by its hash; None while it is not on the bus."""

MAX_CATALOGUES: Final = 64  # shops whose facts are kept; a catalogue takes some 100 KiB at most


class ShopFacts:
    """Live facts and live pools of every shop."""

    def __init__(self, pools: PoolSource) -> None:
        self._pools = pools
        self._live: dict[str, dict[tuple[str, str], tuple[int, FactSet]]] = {}
        self._pool_live: dict[str, tuple[int, PoolLive]] = {}
        self._catalogues: dict[str, Mapping[tuple[str, str], wire.Fact]] = {}

    def apply(self, offset: int, event: ShopEvent) -> None:
        """A record of `shop-events`; the newest of a key counts, and no lower generation of a pool unless it is a rollback."""
        if isinstance(event, FactSet):
            facts = self._live.setdefault(event.shop, {})
            place = (event.product, event.name)
            if offset >= facts.get(place, (-1, event))[0]:
                facts[place] = (offset, event)
        elif isinstance(event, PoolLive):
            before = self._pool_live.get(event.shop)
            newer = before is None or (
                offset >= before[0] and (event.generation >= before[1].generation or event.rollback)
            )
            if newer:
                self._pool_live[event.shop] = (offset, event)

    async def of_shop(self, shop: str | None) -> tuple[wire.Fact, ...]:
        """All facts of a shop: the catalogue's, then the live ones. Empty for an unknown shop. Raises `BusError`."""
        if shop is None:
            return ()
        catalogue = await self._catalogue(shop)
        live = [self._fact(offset, event, catalogue) for offset, event in self._live.get(shop, {}).values()]
        return (*catalogue.values(), *live)

    async def changed(self, offset: int, event: FactSet) -> wire.Fact:
        """One live fact, as players get it. Raises `BusError`."""
        return self._fact(offset, event, await self._catalogue(event.shop))

    async def _catalogue(self, shop: str) -> Mapping[tuple[str, str], wire.Fact]:
        live = self._pool_live.get(shop)
        if live is None:
            return {}
        name = live[1].pool
        if name not in self._catalogues:
            pool = await self._pools(name)
            if pool is None:
                return {}
            while len(self._catalogues) >= MAX_CATALOGUES:
                del self._catalogues[next(iter(self._catalogues))]
            self._catalogues[name] = catalogue_facts(pool)
        return self._catalogues[name]

    @staticmethod
    def _fact(offset: int, event: FactSet, catalogue: Mapping[tuple[str, str], wire.Fact]) -> wire.Fact:
        base = catalogue.get((event.product, event.name))
        return wire.Fact(
            product=event.product, name=event.name, value=event.value, version=live_version(offset), live=True,
            currency=base.currency if base is not None else None, start=event.start, until=event.until,
        )  # fmt: skip


def catalogue_facts(pool: Pool) -> dict[tuple[str, str], wire.Fact]:
    """Every fact of a pool by (product, name); the shop's own stand under product `*`."""
    found = {(ANY_PRODUCT, name): _of_catalogue(ANY_PRODUCT, fact) for name, fact in pool.facts.items()}
    for product in pool.products.values():
        found |= {(product.id, name): _of_catalogue(product.id, fact) for name, fact in product.facts.items()}
    return found


def _of_catalogue(product: str, fact: model.Fact) -> wire.Fact:
    value: FactValue
    value = (
        fact.value
        if isinstance(fact.value, int | float)
        else LocalText(zh=fact.value.get("zh"), en=fact.value.get("en"))
    )
    return wire.Fact(
        product=product, name=fact.name, value=value, currency=fact.currency, version=catalogue_version(fact),
        start=fact.start, until=fact.until,
    )  # fmt: skip
