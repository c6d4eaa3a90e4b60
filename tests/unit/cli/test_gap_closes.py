"""Each kind of gap, from the question to the edit that answers it: the room core says why it was not answered, the board prints the stub,
the stub goes into the shop's folder, the shop is read again, and the next viewer gets an answer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

from engine.cli import stubs
from engine.cli.shop import OpenShop
from engine.errors import PoolError
from engine.events.gaps import Gap
from engine.events.inputs import (
    AppliedShopEvent,
    Cursor,
    FactSet,
    Playback,
    PlayerSeen,
    RoomOpened,
    Script,
    ScriptSegment,
    ScriptSentence,
)
from engine.events.journal import AnyEntry, CommentEntry, LeaseEntry, PoolEntry, RoomEntry, ShopEntry
from engine.events.outputs import Decision, Reason
from engine.insight.board import Boards, ShopPool
from engine.insight.features import Rarity
from engine.insight.window import Window
from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop
from engine.room.rooms import Rooms
from engine.understanding.cache import load_or_train
from engine.understanding.model import Model, model_hash
from engine.understanding.understander import Understander
from tests.unit.example_model import example_cache
from tests.unit.insight.made import NOW

SHOP = "tea-shop"


@dataclass(frozen=True, slots=True)
class Case:
    """`asked`: what viewers write, `next`: what the next one does; `next` is empty where it is the first of many `asked` that has the gap:
    which lines have it hangs on the model. `change`: makes the example shop one that has the gap."""

    reason: Reason
    asked: tuple[str, ...]
    next: str
    fill: Mapping[str, str] = field(default_factory=dict)
    product: str | None = "longjing"
    change: Callable[[Path], None] = lambda shop: None
    live: FactSet | None = None


def replaced(file: str, *changes: tuple[str, str]) -> Callable[[Path], None]:
    """An edit of a file of the shop; what is replaced must be there."""

    def change(shop: Path) -> None:
        path = shop / file
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text, f"{file} has no `{old}`"
            text = text.replace(old, new, 1)
        path.write_text(text, "utf-8")

    return change


def without(file: str, intent: str) -> Callable[[Path], None]:
    """The shop without its entry of an intent."""

    def change(shop: Path) -> None:
        path = shop / file
        kept, skipping = [], False
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("  ") and not line.startswith("   "):
                skipping = line.strip() == f"{intent}:"
            if not skipping:
                kept.append(line)
        path.write_text("\n".join(kept) + "\n", "utf-8")

    return change


def fact(name: str, value: float | str, product: str = "longjing", **more: int) -> FactSet:
    return FactSet.model_validate(
        {"id": "f", "at": NOW - 120_000, "shop": SHOP, "product": product, "name": name, "value": value, **more}
    )


QUESTIONS = (
    "什么时候发货", "还有货吗", "包邮吗", "怎么买", "多少钱", "哪里产的", "怎么泡", "送什么赠品", "有优惠吗", "推荐哪款", "口感怎么样",
)  # fmt: skip
"""Each of which the example shop replies to."""
PAIRS = tuple(between.join(two) for between in (" ", "", "还有", "和") for two in permutations(QUESTIONS, 2))

CASES: Mapping[str, Case] = {
    "a new intent": Case(
        "unknown_intent", ("能刻字吗", "可以刻名字吗", "能定制刻字不", "罐子能刻字吗"), "能刻字吗",
        {"text": "可以刻字，下单备注要刻的字就行。"},
    ),
    "a line that the pack lists as no intent's": Case("unknown_intent", ("你们招人吗",), "你们招人吗", {"text": "暂时不招人。"}),
    "examples": Case("low_confidence", ("一罐几张毛爷爷", "一罐得花多少", "几块能拿一罐", "一罐啥价码", "多少米一罐"), ""),
    "two intents apart": Case("ambiguous", PAIRS, ""),
    "which product": Case(
        "no_product", ("怎么泡",), "怎么泡", {"text": "您说一下是几号链接，我马上讲。"}, product=None,
    ),
    "goods that are not sold": Case("not_sold", ("咖啡多少钱", "有没有咖啡卖"), "有没有咖啡卖"),
    "a reply": Case(
        "no_reply", ("龙井能放多久",), "龙井能放多久", {"text": "{product}放冰箱可以存{shelf_life}。"},
        change=without("intents/product.yaml", "product.shelf_life"),
    ),
    "a missing fact": Case(
        "fact_missing", ("龙井还有多少库存",), "龙井还有多少库存", {"value": "180"},
        change=replaced("catalogue.yaml", ("      stock: {value: 180}\n", "")),
    ),
    "a fact that ended": Case(
        "fact_expired", ("龙井送什么",), "龙井送什么", {"value": "一只玻璃杯", "until": "2090-01-31T20:00:00+08:00"},
        change=replaced("catalogue.yaml", ("from: 2025-01-01T00:00:00+08:00", "until: 2020-01-01T00:00:00+08:00")),
    ),
    "a price out of bounds": Case(
        "fact_out_of_bounds", ("龙井多少钱",), "龙井多少钱", {"floor": "80", "ceiling": "198"}, live=fact("price", 88),
    ),
    "a reply that the guard refuses": Case(
        "guard_blocked", ("龙井口感怎么样",), "龙井口感怎么样", {"text": "{product}香气很舒服，您放心喝。"},
        live=fact("flavour", "全国第一的豆香"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Model:
    cache = example_cache(tmp_path_factory) / "livechat-engine" / "models"
    return load_or_train(load_pool(base_pack(), example_shop(), model_of=model_hash).training, cache)


@pytest.fixture
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example shop, each time at the same place: only the files that a test edits are read anew."""
    folder = tmp_path_factory.getbasetemp() / "closing-shop"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(example_shop(), folder)
    shutil.rmtree(folder / "scripts")  # which needs facts that the cases take away
    return folder


def opened(shop: Path, trained: Model) -> OpenShop:
    """The shop as it is live two seconds after an edit: with its new pool, and the model that was trained before."""
    pool = load_pool(base_pack(), shop, model_of=lambda _: trained.hash)
    return OpenShop(pool, trained, Understander(pool, trained))


@cache
def rarity(hash: str, lines: tuple[str, ...]) -> Rarity:  # noqa: A002 - as the pool calls it
    return Rarity.of(lines)


def decided(shop: OpenShop, text: str, case: Case, viewer: str) -> Decision:
    """What the room core decides, of a room in which a script runs."""
    pool, since = shop.pool, NOW - 60_000
    rooms = Rooms({pool.hash: pool}.__getitem__)
    sentence = ScriptSentence(id="s", text="喝茶", seconds=120)
    segment = ScriptSegment(id="s", product=case.product, sentences=(sentence,))
    cursor = Cursor(version="v", lap=0, segment="s", sentence="s")
    entries: list[AnyEntry] = [LeaseEntry(1, 1), PoolEntry(pool.shop, pool.hash, 1, 0)]
    if case.live is not None:
        entries.append(ShopEntry(AppliedShopEvent(offset=1, event=case.live)))
    entries += [
        RoomEntry(event, pool.shop)
        for event in (
            RoomOpened(room="r", id="o", at=since, shop=pool.shop),
            PlayerSeen(room="r", id="p", at=since, session="x", identified=True),
            Script(room="r", id="q", at=since, session="x", script="s", version="v", segments=(segment,)),
            Playback(room="r", id="b", at=since, session="x", kind="sentence_started", cursor=cursor),
        )
    ]
    for seq, entry in enumerate(entries):
        rooms.handle(seq, since, entry)
    understood = shop.understander.understand([text])[0]
    comment = CommentEntry("r", "s", viewer, viewer, text, NOW, NOW, pool.shop, understood, model=pool.model)
    rooms.handle(len(entries), NOW, comment)
    return next(record for record in rooms.take().records if isinstance(record, Decision))


def asked(shop: OpenShop, case: Case) -> tuple[list[Decision], str]:
    """What is decided of a case's lines, and what the next viewer asks."""
    found = (decided(shop, text, case, f"v{n}") for n, text in enumerate(case.asked))
    if case.next:
        return list(found), case.next
    return next(([one], text) for one, text in zip(found, case.asked, strict=False) if one.reason == case.reason)


def only_gap(shop: OpenShop, found: list[Decision]) -> Gap:
    """The gap that the board makes of them."""
    made = Boards(Window(3_600_000), 100)
    lines = tuple(line.text for line in shop.pool.training.lines)
    made.pooled(SHOP, ShopPool({}, rarity(shop.pool.training.hash, lines)))
    for decision in found:
        made.decided(decision, NOW)
    list(made.changes(NOW))
    (gap,) = made.board(SHOP, NOW)
    return gap


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_stub_closes_the_gap(case: Case, shop: Path, trained: Model) -> None:
    """What the board prints, filled in and put into the shop, answers the next viewer; unfilled, or refused, it changes no file."""
    case.change(shop)
    before = opened(shop, trained)
    found, following = asked(before, case)
    assert {decision.reason for decision in found} == {case.reason}
    gap = only_gap(before, found)
    if stubs.empty_keys(gap.stub):
        files = {path: path.read_bytes() for path in shop.rglob("*.yaml")}
        with pytest.raises(PoolError):
            stubs.write(gap.stub.replace(': ""', ': "" # empty'), base_pack(), shop)
        assert {path: path.read_bytes() for path in shop.rglob("*.yaml")} == files
    stubs.write(stubs.filled(gap.stub, case.fill), base_pack(), shop)
    assert decided(opened(shop, trained), following, case, "next").reason == "shadowed"


HELD = "intents:\n  product.stock: {priority: 51}"
"""Of a file whose last line has no end."""


@pytest.mark.parametrize("name", ["a new intent", "examples", "a reply", "two intents apart", "which product"])
def test_it_may_be_appended_to_a_file(name: str, shop: Path, trained: Model) -> None:
    """`livechat gaps stub ID >> intents/new.yaml`, the text filled in, needs no other edit, whatever stands in it and in the shop."""
    case = CASES[name]
    case.change(shop)
    before = opened(shop, trained)
    found, following = asked(before, case)
    gap = only_gap(before, found)
    (shop / "intents" / "new.yaml").write_text(HELD + stubs.appendable(stubs.filled(gap.stub, case.fill)), "utf-8")
    assert decided(opened(shop, trained), following, case, "next").reason == "shadowed"


def test_a_file_of_several_edits_is_edited_where_the_intent_stands(shop: Path) -> None:
    """`--write` finds the document that has the intent; the others stay byte for byte."""
    file = shop / "intents" / "new.yaml"
    first = "# mine\nintents:\n  promo.coupon: {priority: 51, cooldown: 90s}\n"
    file.write_text(f"{first}---\n# mine, too\nintents:\n  shipping.dispatch: {{priority: 52}}\n", "utf-8")
    stubs.write("intents:\n  promo.coupon:\n    examples: [新客有没有减免的券呀]\n", base_pack(), shop)
    written = file.read_text("utf-8")
    assert "priority: 51, cooldown: 90s, examples: [新客有没有减免的券呀]" in written
    assert written.endswith("---\n# mine, too\nintents:\n  shipping.dispatch: {priority: 52}\n")
