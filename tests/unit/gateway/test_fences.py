"""What kills and fact changes forbid."""

from __future__ import annotations

import pytest

from engine.events.inputs import FactSet, Kill
from engine.events.outputs import FactUse
from engine.gateway.fences import Fences, Verdict
from tests.unit.gateway.made import NOW, insertion


def kill(scope: str, target: str = "*", *, on: bool = True, hold: bool = False) -> Kill:
    return Kill.model_validate({"id": "k", "at": NOW, "scope": scope, "target": target, "on": on, "hold_script": hold})


def fact(product: str = "longjing", name: str = "price", **fields: object) -> FactSet:
    return FactSet.model_validate(
        {"id": "f", "at": NOW, "shop": "tea", "product": product, "name": name, "value": 1, **fields}
    )


def use(product: str = "longjing", version: str = "catalogue:1", *, price: bool = True) -> FactUse:
    return FactUse(product=product, name="price", version=version, text="129元", price=price)


@pytest.mark.parametrize(("scope", "target", "hit"), [
    ("*", "*", True), ("shop", "tea", True), ("shop", "toys", False), ("room", "r1", True), ("room", "r2", False),
])  # fmt: skip
def test_a_kill_forbids_everything_in_its_scope(scope: str, target: str, hit: bool) -> None:
    """Of its room, its shop or everything."""
    fences = Fences()
    fences.apply(7, kill(scope, target))
    assert fences.forbids(insertion()) == (Verdict("killed", 7) if hit else None)


def test_what_was_made_before_a_kill_stays_forbidden_after_it_is_lifted() -> None:
    """The record that lifts a kill is a fence, too; what knows of it may be said."""
    fences = Fences()
    fences.apply(7, kill("room", "r1"))
    fences.apply(9, kill("room", "r1", on=False))
    assert fences.forbids(insertion(shop_offset=6)) == Verdict("killed", 9)
    assert fences.forbids(insertion(shop_offset=8)) == Verdict("killed", 9)
    assert fences.forbids(insertion(shop_offset=9)) is None


def test_the_newest_record_of_a_key_counts_whatever_the_order() -> None:
    """A kill that is read again, or late, does not come back."""
    fences = Fences()
    fences.apply(9, kill("*", on=False))
    fences.apply(7, kill("*"))
    assert fences.forbids(insertion(shop_offset=9)) is None
    fences.apply(12, fact())
    fences.apply(11, fact(start=NOW + 10**9))
    assert fences.forbids(insertion(shop_offset=11, facts=(use(),))) == Verdict("fact_changed", 12, price=True)


def test_a_changed_fact_forbids_what_did_not_know_it() -> None:
    """Another version of a used fact, unless the insertion knew the change, or the change begins after its end."""
    fences = Fences()
    fences.apply(7, fact())
    assert fences.forbids(insertion(facts=(use(),))) == Verdict("fact_changed", 7, price=True)
    assert fences.forbids(insertion(facts=(use(price=False),))) == Verdict("fact_changed", 7, price=False)
    assert fences.forbids(insertion(facts=(use(version="live:7"),))) is None
    assert fences.forbids(insertion(facts=(use(),), shop_offset=7)) is None
    assert fences.forbids(insertion(facts=(use("other"),))) is None
    assert fences.forbids(insertion(shop="toys", facts=(use(),))) is None
    fences.apply(8, fact(start=NOW + 12_001))
    assert fences.forbids(insertion(facts=(use(),))) is None
    fences.apply(9, fact(start=NOW + 12_000))
    assert fences.forbids(insertion(facts=(use(),))) == Verdict("fact_changed", 9, price=True)


def test_a_product_gets_a_fact_of_its_own_in_place_of_the_shops() -> None:
    """An insertion that used the shop's fact is void once its product has one."""
    fences = Fences()
    fences.apply(7, fact("longjing"))
    assert fences.forbids(insertion(facts=(use("*"),))) == Verdict("fact_changed", 7, price=True)
    assert fences.forbids(insertion(facts=(use("*"),), product="puer")) is None


def test_a_price_among_several_changes_decides() -> None:
    """Where a price changed with other facts, the verdict says price."""
    fences = Fences()
    fences.apply(7, fact(name="stock"))
    fences.apply(8, fact())
    stock = FactUse(product="longjing", name="stock", version="catalogue:2", text="3")
    assert fences.forbids(insertion(facts=(stock, use()))) == Verdict("fact_changed", 8, price=True)
    assert fences.forbids(insertion(facts=(use(), stock))) == Verdict("fact_changed", 8, price=True)


def test_a_kill_may_hold_the_script() -> None:
    """As long as one kill with `hold_script` is on; a shop's only where the room's shop is known."""
    fences = Fences()
    fences.apply(1, kill("shop", "tea", hold=True))
    assert fences.holds_script("r1", "tea") is not None
    assert fences.holds_script("r1", None) is None
    fences.apply(2, kill("*"))
    fences.apply(3, kill("shop", "tea", on=False, hold=True))
    assert fences.holds_script("r1", "tea") is None


def test_switches_that_are_on_are_known_with_their_time() -> None:
    """By scope; one that was lifted counts no more."""
    fences = Fences()
    fences.apply(1, kill("room", "r1"))
    fences.apply(2, kill("room", "r2"))
    fences.apply(3, kill("shop", "tea"))
    fences.apply(4, kill("room", "r2", on=False))
    assert fences.kills_since() == {"room": [NOW], "shop": [NOW], "*": []}


def test_what_has_started_ends_earlier_than_what_may_start_late() -> None:
    """A price that changes after its end cuts nothing; one that changes before it does."""
    fences = Fences()
    said = insertion(facts=(use(),))
    end = NOW + said.duration_ms
    fences.apply(7, fact(start=end + 1))
    assert fences.forbids(said) == Verdict("fact_changed", 7, price=True)
    assert fences.forbids(said, NOW) is None
    assert fences.forbids(said, NOW + 1) == Verdict("fact_changed", 7, price=True)


@pytest.mark.parametrize(("lifted", "shop", "still"), [
    (("room", "r1"), "tea", ("kill/*", "kill/shop/tea")), (("room", "r1"), None, ("kill/*",)), (("shop", "tea"), None, ("kill/*",)),
    (("*", "*"), None, ("kill/room/r1", "kill/shop/tea")),
])  # fmt: skip
def test_what_still_holds_where_one_is_lifted(
    lifted: tuple[str, str], shop: str | None, still: tuple[str, ...]
) -> None:
    """Switches above it; where the widest is lifted, those below."""
    fences = Fences()
    for offset, switch in enumerate((kill("*"), kill("shop", "tea"), kill("room", "r1"), kill("room", "r2", on=False))):
        fences.apply(offset, switch)
    assert fences.still(kill(*lifted, on=False), shop) == still
    assert fences.still(kill(*lifted), shop) == ()
