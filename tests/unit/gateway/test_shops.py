"""Which shop a room has, and what is said of one that is not live."""

from __future__ import annotations

from pathlib import Path

from engine.gateway.shops import Published, RoomShops, not_live
from tests.unit.cli.conftest import write_shop


def test_a_record_goes_before_a_client_and_that_before_the_default() -> None:
    """Per room."""
    shops = RoomShops("default")
    shops.suppose("a", "said")
    shops.suppose("b", "said")
    shops.learn("b", "known")
    assert [shops.of(room) for room in "abc"] == ["said", "known", "default"]


def test_the_shops_that_are_live_are_named() -> None:
    """As many as a reader takes in; none where there is none, or where they are nobody's business."""
    assert not_live("x", []) == "shop: no pool of shop `x` is live; publish it first"
    assert not_live("x", ["a", "b"]) == "shop: no pool of shop `x` is live; live: `a`, `b`"
    assert not_live("x", list("abcdef")).endswith("`e`, …")


def test_a_shop_on_its_way_is_known_by_its_folder(tmp_path: Path) -> None:
    """One whose file is wrong, or whose folder is gone, is none."""
    _, folder = write_shop(tmp_path)
    published = Published([tmp_path / "gone", folder])
    assert "tea" in published
    assert "tee" not in published
