"""The facts that players fill their scripts with: the live pool's catalogue, and live values over it.

What an operator sets is held against the same catalogue: an unknown name or a value out of bounds would only show as silence later.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from engine import logs
from engine.events import wire
from engine.events.inputs import ANY_PRODUCT, FactSet, FactValue, LocalText, PoolLive, ShopEvent
from engine.events.told import Fact
from engine.pool import model
from engine.pool.banned import Banned
from engine.pool.documents import did_you_mean
from engine.pool.facts import catalogue_version, live_version, objection, texts_of
from engine.pool.forms import form
from engine.pool.model import Pool

PoolSource = Callable[[str], Awaitable[Pool | None]]
"""Finds a pool by its hash; None while it is not on the bus."""

MAX_CATALOGUES: Final = 64  # shops whose facts are kept; a catalogue takes some 100 KiB at most
log = logs.get(__name__)

Place = tuple[str, str]
"""Product and name of a fact; the shop's own stand under product `*`."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a gateway keeps of a pool. `told`: the facts as players get them."""

    products: tuple[str, ...] = ()
    facts: Mapping[Place, model.Fact] = field(default_factory=dict)
    told: Mapping[Place, Fact] = field(default_factory=dict)
    banned: Banned = field(default_factory=lambda: Banned(()))
    formats: model.Formats = field(default_factory=model.Formats)

    @classmethod
    def of(cls, pool: Pool) -> Catalogue:
        facts: dict[Place, model.Fact] = {(ANY_PRODUCT, name): fact for name, fact in pool.facts.items()}
        for product in pool.products.values():
            facts |= {(product.id, name): fact for name, fact in product.facts.items()}
        told = {place: _of_catalogue(place[0], fact, pool.formats) for place, fact in facts.items()}
        return cls(tuple(pool.products), facts, told, Banned.of(pool.guard), pool.formats)

    def objection(self, request: wire.SetFact) -> str | None:
        """Why the shop's files do not allow this fact, or this value of it."""
        product, name = request.product, request.name
        if product != ANY_PRODUCT and product not in self.products:
            return f"product: shop `{request.shop}` has no product `{product}`: {did_you_mean(product, self.products)}"
        fact = self.facts.get((product, name))
        if fact is None:
            whose = f"product `{product}`" if product != ANY_PRODUCT else f"shop `{request.shop}` itself"
            known = [other for owner, other in self.facts if owner == product]
            remedy = did_you_mean(name, known, "add it to catalogue.yaml first")
            return f"name: {whose} has no fact `{name}` in its catalogue: {remedy}"
        return self.refusal(name, request.value, fact)

    def refusal(self, name: str, value: FactValue | None, fact: model.Fact | None) -> str | None:
        """Why nobody may say this value, with its place and remedy; None where it may be said, or is none."""
        wrong = objection(name, value, fact, self.banned, self.formats) if value is not None else None
        return f"value: {wrong.message}: {wrong.remedy}" if wrong is not None else None


class ShopFacts:
    """Live facts and live pools of every shop."""

    def __init__(self, pools: PoolSource) -> None:
        self._pools = pools
        self._live: dict[str, dict[tuple[str, str], tuple[int, FactSet]]] = {}
        self._pool_live: dict[str, tuple[int, PoolLive]] = {}
        self._catalogues: dict[str, Catalogue] = {}

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

    async def of_shop(self, shop: str | None) -> tuple[Fact, ...]:
        """All facts of a shop: the catalogue's, then the live ones. Empty for an unknown shop. Raises `BusError`."""
        if shop is None:
            return ()
        catalogue = await self._catalogue(shop)
        live = [self._fact(offset, event, catalogue) for offset, event in self._live.get(shop, {}).values()]
        return (*catalogue.told.values(), *live)

    async def changed(self, offset: int, event: FactSet) -> Fact:
        """One live fact, as players get it. Raises `BusError`."""
        catalogue = await self._catalogue(event.shop)
        refusal = catalogue.refusal(event.name, event.value, catalogue.facts.get((event.product, event.name)))
        if refusal is not None:  # what clients ask for is refused before: another producer wrote it
            log.warning("a fact is not said, though the log has it", fact=event.key(), error=refusal)
        return self._fact(offset, event, catalogue)

    @property
    def live_shops(self) -> tuple[str, ...]:
        """Shops of which a pool went live, by name."""
        return tuple(sorted(self._pool_live))

    def is_live(self, shop: str) -> bool:
        """Whether a pool of this shop went live."""
        return shop in self._pool_live

    async def objection(self, request: wire.SetFact, *, shops: bool) -> str | None:
        """Why the shop's live pool does not allow this, as a sentence with its place and remedy; None where it does. Raises `BusError`.

        `shops`: whether whoever asks may hear which shops are live. What is live already may always be withdrawn. Where the pool is not
        whole on the bus only what nobody could say is refused: rooms, which cannot run without it, hold the rest against it.
        """
        if not self.is_live(request.shop):
            remedy = did_you_mean(request.shop, self._pool_live if shops else (), "publish the shop first")
            return f"shop: no pool of shop `{request.shop}` is live: {remedy}"
        if request.value is None and (request.product, request.name) in self._live.get(request.shop, {}):
            return None
        catalogue = await self._catalogue(request.shop)
        if catalogue is EMPTY:
            return EMPTY.refusal(request.name, request.value, None)
        return catalogue.objection(request)

    async def _catalogue(self, shop: str) -> Catalogue:
        live = self._pool_live.get(shop)
        if live is None:
            return EMPTY
        name = live[1].pool
        if name not in self._catalogues:
            pool = await self._pools(name)
            if pool is None:
                return EMPTY
            while len(self._catalogues) >= MAX_CATALOGUES:
                del self._catalogues[next(iter(self._catalogues))]
            self._catalogues[name] = Catalogue.of(pool)
        return self._catalogues[name]

    @staticmethod
    def _fact(offset: int, event: FactSet, catalogue: Catalogue) -> Fact:
        """What nobody may say counts as withdrawn, as it does in rooms."""
        base = catalogue.facts.get((event.product, event.name))
        value = event.value if catalogue.refusal(event.name, event.value, base) is None else None
        unit = base.unit if base is not None else None
        said, written = _forms(value, unit, catalogue.formats)
        return Fact(
            product=event.product, name=event.name, value=value, version=live_version(offset), live=True,
            currency=base.currency if base is not None else None, unit=base.measure if base is not None else None,
            said=said, written=written, start=event.start, until=event.until,
        )  # fmt: skip


def _of_catalogue(product: str, fact: model.Fact, formats: model.Formats) -> Fact:
    value: FactValue
    value = (
        fact.value
        if isinstance(fact.value, int | float)
        else LocalText(zh=fact.value.get("zh"), en=fact.value.get("en"))
    )
    said, written = _forms(fact.value, fact.unit, formats, fact.spoken)
    return Fact(
        product=product, name=fact.name, value=value, currency=fact.currency, unit=fact.measure, said=said, written=written,
        version=catalogue_version(fact), start=fact.start, until=fact.until,
    )  # fmt: skip


def _forms(
    value: FactValue | model.Localised | None,
    unit: str | None,
    formats: model.Formats,
    spoken: model.Localised | None = None,
) -> tuple[LocalText | None, LocalText | None]:
    """As it is voiced, and as it is read, in both languages."""
    if value is None:
        return None, None
    if isinstance(value, LocalText):
        value = texts_of(value)
    zh, en = form(value, unit, "zh", formats), form(value, unit, "en", formats)
    own = spoken or {}
    said = LocalText(zh=own.get("zh", zh.said), en=own.get("en", en.said))
    return said, LocalText(zh=zh.written, en=en.written)


EMPTY: Final = Catalogue()
"""Of a shop without a pool."""
