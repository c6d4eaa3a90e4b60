"""Remedies: each stub, filled in and put where it says, is taken by the pool's loader; left empty, it is refused."""

from __future__ import annotations

import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from engine.errors import PoolError
from engine.events.fields import TextLanguage
from engine.events.gaps import Gap
from engine.events.outputs import GAP_REASONS, Reason
from engine.insight.board import record
from engine.insight.cluster import Sight
from engine.insight.gaps import Gaps
from engine.insight.keys import UNREAD, GapKey
from engine.insight.remedy import remedy
from engine.insight.window import Window
from engine.pool.load import load
from engine.pool.model import Pool
from engine.pool.paths import base_pack, example_shop
from tests.unit.insight.made import NOW, decision

GAP = "0a1b2c3d" * 4


def sight(
    reason: Reason,
    *lines: str,
    intent: str | None = None,
    product: str | None = None,
    wanted: str | None = None,
    language_missing: bool = False,
    runner_up: str | None = None,
    language: TextLanguage = "zh",
) -> Sight:
    key = GapKey("tea-shop", reason, language_missing, intent, product, None, wanted)
    return Sight(key, reason, 3, 4, NOW, NOW, ("r1",), lines or ("这个能放多久呢",), language, intent, runner_up)


CASES = {
    "a reply for an intent that the shop has none of": sight("no_reply", intent="promo.coupon"),
    "a reply about one product": sight("no_reply", intent="product.shelf_life", product="longjing"),
    "a reply beside those of other products": sight("no_reply", intent="product.price", product="puer"),
    "a reply in another language": sight(
        "no_reply", "how long does it keep", intent="promo.coupon", language_missing=True, language="en"
    ),
    "a new intent": sight("unknown_intent", '能开"发票"吗: #1', "可以开专票么", "invoice - possible?"),
    "unsure without a guess": sight("low_confidence", "能带狗进店吗"),
    "examples for the likeliest intent": sight("low_confidence", "还能搁几年啊这个茶", intent="product.shelf_life"),
    "examples for an intent that the shop has lines of": sight(
        "low_confidence", "多少米一罐啊老板", intent="product.price"
    ),
    "two intents told apart": sight(
        "ambiguous", "拍两份划算不划算啊", intent="promo.discount", runner_up="product.price"
    ),
    "ambiguous between one": sight("ambiguous", "拍两份划算不划算啊", intent="promo.discount"),
    "another language": sight("unsupported_language", wanted="en"),
    "which product": sight("no_product", intent="product.usage"),
    "goods that are not sold": sight("not_sold", wanted="咖啡"),
    "a product taken off sale": sight("not_sold", wanted="puer", product="puer"),
    "a fact of a product": sight("fact_missing", intent="product.price", product="longjing", wanted="price"),
    "a fact of the shop": sight("fact_missing", intent="shipping.dispatch", wanted="dispatch_hours"),
    "a link": sight("fact_missing", intent="product.price", product="longjing", wanted="link"),
    "a fact that ended": sight("fact_expired", intent="promo.gift", product="longjing", wanted="gift"),
    "a fact out of bounds": sight("fact_out_of_bounds", intent="product.price", product="longjing", wanted="price"),
    "a reply that the guard refuses": sight("guard_blocked", intent="product.price", wanted="price-link"),
}


@lru_cache(maxsize=64)  # the example's own files, looked through for each stub
def intents_in(text: str) -> frozenset[str]:
    return frozenset(parsed(text)["intents"])


def parsed(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def filled(stub: str, product: str | None) -> str:
    """What an editor writes into the empty places."""
    text = "{product}，好的，这就说给您听。" if product or "price-link" in stub else "好的，这就说给您听。"
    for empty, written in {
        'text: ""': f'text: "{text}"',
        'value: ""': "value: 150",
        'until: ""': 'until: "2090-01-31T20:00:00+08:00"',
        'link: ""': "link: 99",
        'floor: ""': "floor: 80",
        'ceiling: ""': "ceiling: 998",
    }.items():
        stub = stub.replace(empty, written)
    return stub


def put(into: Any, more: Any) -> None:
    """Merge as an editor does: keys at their places, lines appended, a reply with a known id changed."""
    for key, value in more.items():
        known = into.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            put(known, value)
        elif key == "replies" and known is not None:
            by_id = {reply["id"]: reply for reply in known}
            for reply in value:
                if reply["id"] in by_id:
                    by_id[reply["id"]].update(reply)
                else:
                    known.append(reply)
        elif isinstance(value, list) and isinstance(known, list) and key != "languages":
            known.extend(value)
        else:
            into[key] = value


def edit(file: Path, more: Any) -> None:
    yaml = YAML(pure=True)
    content = yaml.load(file.read_text(encoding="utf-8")) if file.exists() else {}
    put(content, more)
    with file.open("w", encoding="utf-8") as out:
        yaml.dump(content, out)


def apply(stub: str, shop: Path) -> None:
    """Put a stub where its comment says."""
    content = parsed(stub)
    for intent, entry in content.get("intents", {}).items():
        files = sorted((shop / "intents").glob("*.yaml"))
        home = next((file for file in files if intent in intents_in(file.read_text(encoding="utf-8"))), None)
        edit(home or shop / "intents" / "gaps.yaml", {"intents": {intent: entry}})
    if "shop" in content:
        edit(shop / "shop.yaml", {"shop": content["shop"]})
    catalogue = {key: content[key] for key in ("facts", "products") if key in content}
    if catalogue:
        edit(shop / "catalogue.yaml", catalogue)
        goods = [product["name"] for product in catalogue.get("products", {}).values() if "name" in product]
        content = parsed((shop / "catalogue.yaml").read_text(encoding="utf-8"))
        edit(shop / "catalogue.yaml", {"not_sold": []})
        if goods:
            content["not_sold"] = [good for good in content["not_sold"] if good not in goods]
            (shop / "catalogue.yaml").unlink()
            edit(shop / "catalogue.yaml", content)


@pytest.fixture
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the example shop, each time at the same place: the loader reads only the files anew that a test edits."""
    shop = tmp_path_factory.getbasetemp() / "remedied-shop"
    shutil.rmtree(shop, ignore_errors=True)
    shutil.copytree(example_shop(), shop)
    return shop


def with_stub(copy: Path, stub: str) -> Pool:
    apply(stub, copy)
    return load(base_pack(), copy).pool


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_stub_is_taken_once_it_is_filled_in(case: Sight, copy: Path) -> None:
    """What a gap prints passes the check, with nothing changed but the empty places."""
    found = remedy(GAP, case)
    assert found.sentence.endswith(".")
    assert parsed(found.stub)
    with_stub(copy, filled(found.stub, case.key.product))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_empty_stub_is_refused(case: Sight, copy: Path) -> None:
    """A stub that nobody filled in never goes live."""
    stub = remedy(GAP, case).stub
    if '""' in stub:
        with pytest.raises(PoolError):
            with_stub(copy, stub)


def test_a_reply_stub_closes_the_gap(copy: Path) -> None:
    """The reply is for the intent and product of the gap, in the language of its viewers."""
    case = sight("no_reply", intent="product.shelf_life", product="longjing")
    pool = with_stub(copy, filled(remedy(GAP, case).stub, "longjing"))
    (reply,) = pool.intents["product.shelf_life"].replies
    assert (reply.products, reply.lang, reply.needs_product) == (("longjing",), "zh", True)


def test_a_reply_that_needs_no_product_answers_without_one(copy: Path) -> None:
    """With it, a viewer who names no product gets an answer."""
    pool = with_stub(copy, filled(remedy(GAP, CASES["which product"]).stub, None))
    assert not all(reply.needs_product for reply in pool.intents["product.usage"].replies)


def test_covered_lines_are_no_examples() -> None:
    """A line with masked personal data is shown to editors, and not offered for training where there is another."""
    stub = remedy(GAP, sight("unknown_intent", "电话***能打吗", "能打电话吗")).stub
    assert parsed(stub)["intents"]["other.gap_0a1b2c3d"]["examples"] == ["能打电话吗"]


def test_a_language_that_is_not_spoken_has_no_edit() -> None:
    """Where no edit helps, there is a sentence and no stub."""
    found = remedy(GAP, sight("unsupported_language", wanted="other"))
    assert found.stub == ""
    assert found.sentence


visible = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(
    st.sampled_from(GAP_REASONS),
    st.lists(visible, min_size=1, max_size=8),
    st.sampled_from([None, "tgy", "null", "7up"]),
)
def test_any_line_fits_into_its_stub(reason: Reason, texts: list[str], product: str | None) -> None:
    """Whatever viewers type, the record stays inside its bounds and its stub stays YAML that holds the line as it is."""
    gaps = Gaps("tea", Window(3_600_000), 100)
    for n, text in enumerate(texts):
        norm = texts[0][:200] if reason in UNREAD else f"{n}"
        gaps.add(decision(reason, text=text, norm=norm, product=product, wanted="price", runner_up="promo.gift"), NOW)
    for _ in gaps.arrange(NOW):
        pass
    (standing,) = gaps.ranked(10, NOW)
    gap: Gap = record(standing, gaps)
    content = parsed(gap.stub) if gap.stub else {}
    for entry in content.get("intents", {}).values():
        for line in entry.get("examples", []):
            assert line in gap.lines or not gap.lines
