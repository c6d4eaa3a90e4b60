"""Folders become a pool; the packs that ship are valid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import PoolError
from engine.pool.encoding import decode_pool, encode_pool
from engine.pool.load import load, load_pool, shop_id
from engine.pool.model import UNLISTED, Courtesies, Fact, Limits, Pool, TrainingLine
from engine.pool.paths import base_pack, example_shop
from tests.unit.pool.shops import CATALOGUE, REPLIES, SHOP, write


def pool_of(root: Path, **changed: str | bytes | None) -> Pool:
    return load_pool(*write(root, **changed), model_of=lambda training: training.hash)


def test_a_pool_holds_what_the_files_say(tmp_path: Path) -> None:
    """Values of the base pack, overridden by the shop, with defaults where nobody wrote one."""
    pool = pool_of(tmp_path)
    price, dispatch = pool.intents["product.price"], pool.intents["shipping.dispatch"]
    assert (price.priority, price.needs_product, price.answer_within_ms) == (60, True, 45_000)
    assert (dispatch.priority, dispatch.needs_product, dispatch.cooldown_ms) == (70, False, 90_000)
    reply = price.replies[0]
    assert reply.placeholders == ("product", "price", "link")
    assert (reply.lang, reply.needs_product, reply.memory_ms) == ("zh", True, 600_000)
    assert pool.products["tgy"].facts["price"] == Fact("price", 129, "CNY", floor=99.0, ceiling=169.0)
    assert pool.products["puer"].name == {"zh": "普洱", "en": "普洱"}
    assert pool.guard.disclosure_every_ms == 600_000
    assert pool.limits == Limits()
    assert pool.scripts["evening"].segments[0].sentences[0].answers == ("product.price",)


def test_the_training_set_is_sorted_and_knows_the_shops_own(tmp_path: Path) -> None:
    """Lines of both sides in one order, background without an intent, the shop's additions apart."""
    training = pool_of(tmp_path).training
    assert TrainingLine("哈哈哈", None) in training.lines
    assert TrainingLine("铁观音咋卖", "product.price") in training.lines
    assert training.own == (TrainingLine("铁观音咋卖", "product.price"),)
    assert training.negatives == (TrainingLine("多少天", "product.price"),)
    assert {line.text for line in training.tests} == {"啥价", "观音几钱"}
    assert list(training.lines) == sorted(training.lines, key=lambda line: (line.intent or "", line.text))


def test_only_lines_change_the_training_hash(tmp_path: Path) -> None:
    """Replies, facts, limits, keywords and tests leave the model as it is; an example does not."""
    before = pool_of(tmp_path)
    edited = pool_of(
        tmp_path,
        shop_intents_all_yaml=REPLIES.replace("之内发", "之内寄").replace("[观音几钱]", "[观音多少银子]"),
        shop_catalogue_yaml=CATALOGUE.replace("value: 48", "value: 24"),
        shop_shop_yaml=SHOP.replace("10m", "20m"),
    )
    assert edited.training.hash == before.training.hash
    assert edited.hash != before.hash
    taught = pool_of(tmp_path, shop_intents_all_yaml=REPLIES.replace("铁观音咋卖", "铁观音咋卖, 咋卖的呀"))
    assert taught.training.hash != before.training.hash


def test_lines_of_the_shops_background_are_its_own(tmp_path: Path) -> None:
    """A shop may say what asks nothing; those lines act at once, like its examples."""
    base, shop = write(tmp_path)
    (shop / "intents" / "background").mkdir()
    (shop / "intents" / "background" / "more.txt").write_text("# ours\r\n昨天的茶收到了\r\n")
    assert TrainingLine("昨天的茶收到了", None) in load(base, shop).pool.training.own


def test_questions_of_no_intent_have_a_folder_of_their_own(tmp_path: Path) -> None:
    """They are learnt as questions, and never as an intent; a shop's own act at once."""
    base, shop = write(tmp_path)
    (base / "unlisted").mkdir()
    (base / "unlisted" / "zh.txt").write_text("能参观工厂吗\n")
    (shop / "intents" / "unlisted").mkdir()
    (shop / "intents" / "unlisted" / "ours.txt").write_text("茶山能去看吗\n")
    training = load(base, shop).pool.training
    assert {TrainingLine("能参观工厂吗", UNLISTED), TrainingLine("茶山能去看吗", UNLISTED)} <= set(training.lines)
    assert TrainingLine("茶山能去看吗", UNLISTED) in training.own


def test_a_shop_may_list_what_the_pack_calls_unlisted(tmp_path: Path) -> None:
    """Its example goes before the pack's line of no intent, which is gone; what asks nothing in the pack it cannot make a question."""
    base, shop = write(tmp_path)
    (base / "unlisted").mkdir()
    (base / "unlisted" / "zh.txt").write_text("能参观工厂吗\n")
    (shop / "intents" / "more.yaml").write_text("intents: {product.price: {examples: [能参观工厂吗]}}\n")
    lines = load(base, shop).pool.training.lines
    assert [line.intent for line in lines if line.text == "能参观工厂吗"] == ["product.price"]
    (base / "unlisted" / "zh.txt").rename(base / "background" / "more.txt")
    with pytest.raises(PoolError, match="is background here, and stands under"):
        load(base, shop)


@pytest.mark.parametrize("folder", ["background", "unlisted"])
@pytest.mark.parametrize("name", ["examples", "tests"])
def test_a_shops_line_of_no_intent_goes_before_the_packs(tmp_path: Path, folder: str, name: str) -> None:
    """The pack's example or test of the same text is gone, whatever its width and case, and a note tells so."""
    base, shop = write(tmp_path)
    (base / "more.yaml").write_text(f"intents: {{pack.more: {{title: {{zh: 多, en: More}}, {name}: [几许 OK]}}}}\n")
    before = load(base, shop)
    assert before.notes == ()
    (shop / "intents" / folder).mkdir()
    (shop / "intents" / folder / "own.txt").write_text("# ours\n几许 ok\n")
    loaded = load(base, shop)
    training = loaded.pool.training
    intent = None if folder == "background" else UNLISTED
    assert [line.intent for line in (*training.lines, *training.tests) if line.text.startswith("几许")] == [intent]
    assert TrainingLine("几许 ok", intent) in training.own
    assert [(Path(note.file).name, note.line) for note in loaded.notes] == [("own.txt", 2)]
    assert f"`{name}` of `pack.more` in the base pack: yours counts" in loaded.notes[0].message


def test_of_the_packs_lines_of_no_intent_the_shop_says_which_ask(tmp_path: Path) -> None:
    base, shop = write(tmp_path)
    (base / "unlisted").mkdir()
    (base / "unlisted" / "zh.txt").write_text("能参观工厂吗\n天气好吗\n")
    (shop / "intents" / "background").mkdir()
    (shop / "intents" / "background" / "own.txt").write_text("天气好吗\n")
    loaded = load(base, shop)
    asked = {line.text: line.intent for line in loaded.pool.training.lines if line.text in ("能参观工厂吗", "天气好吗")}
    assert asked == {"能参观工厂吗": UNLISTED, "天气好吗": None}
    assert [note.line for note in loaded.notes] == [1]


@pytest.mark.parametrize(
    ("folder", "line", "message"),
    [
        ("unlisted", "铁观音咋卖", "is unlisted here, and stands under"),
        ("background", "铁观音咋卖", "is background here, and stands under"),
        ("unlisted", "茶收到了", "stands in the other folder, too"),
    ],
)
def test_a_line_has_one_place(tmp_path: Path, folder: str, line: str, message: str) -> None:
    base, shop = write(tmp_path)
    (shop / "intents" / "background").mkdir()
    (shop / "intents" / "background" / "more.txt").write_text("茶收到了\n")
    (shop / "intents" / folder).mkdir(exist_ok=True)
    (shop / "intents" / folder / "own.txt").write_text(f"{line}\n")
    with pytest.raises(PoolError, match=message):
        load(base, shop)


def test_a_shop_may_teach_spellings(tmp_path: Path) -> None:
    """They are part of what a model learns from, and a shop's own go before the pack's."""
    base, shop = write(tmp_path)
    before = load(base, shop).pool.training
    for place, text in (
        (base, "包油 = 包邮\n茗茶 = 好茶\n克服 = 客服\n"),
        (shop / "intents", "# ours\n茗茶 = 名茶\n克服 = 克服\n"),
    ):
        (place / "spellings").mkdir()
        (place / "spellings" / "zh.txt").write_text(text)
    after = load(base, shop).pool.training
    assert after.spellings == (("克服", "克服"), ("包油", "包邮"), ("茗茶", "名茶"))
    assert after.hash != before.hash


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("包油包邮", "is no spelling"),
        ("包油 =", "is no spelling"),
        ("包 = 包邮", "holds `包` again"),
        ("hm = hm hm", "holds `hm` again"),
        ("包油 = 包邮\n包油 = 包运费", "stands for `包邮` already"),
    ],
)
def test_spellings_that_cannot_be_are_told(tmp_path: Path, line: str, message: str) -> None:
    base, shop = write(tmp_path)
    (shop / "intents" / "spellings").mkdir()
    (shop / "intents" / "spellings" / "own.txt").write_text(line + "\n")
    with pytest.raises(PoolError, match=message):
        load(base, shop)


def worded(tmp_path: Path, folder: str, in_pack: str, in_shop: str) -> Pool:
    """The pool with these lines in such a folder of pack and shop, of which a model learns nothing."""
    base, shop = write(tmp_path)
    before = load_pool(base, shop, model_of=lambda training: training.hash)
    for place, text in ((base, in_pack), (shop / "intents", in_shop)):
        (place / folder).mkdir()
        (place / folder / "own.txt").write_text(text)
    after = load_pool(base, shop, model_of=lambda training: training.hash)
    assert after.training == before.training
    assert after.hash != before.hash
    assert decode_pool(encode_pool(after)) == after
    return after


def test_a_shop_may_name_courtesies(tmp_path: Path) -> None:
    """An ellipsis tells where the question is, and a blank beside it has to be there; what a model learns from stays the same."""
    after = worded(tmp_path, "courtesies", "请问…\n…谢谢\n… 急\n主播\n", "# ours\nhello ...\n茶友\n主播\n")
    assert after.courtesies == Courtesies(("hello ", "请问"), (" 急", "谢谢"), ("主播", "茶友"))


@pytest.mark.parametrize("line", ["…", "… 谢谢 …", "请问 … 谢谢", "……", "…！"])
def test_courtesies_that_cannot_be_are_told(tmp_path: Path, line: str) -> None:
    base, shop = write(tmp_path)
    (shop / "intents" / "courtesies").mkdir()
    (shop / "intents" / "courtesies" / "own.txt").write_text(f"# ours\n{line}\n")
    with pytest.raises(PoolError, match=r"own.txt:2:1.*is no courtesy.*before a question"):
        load(base, shop)


def test_a_shop_may_name_withdrawals(tmp_path: Path) -> None:
    """Words that take a question back, beside the pack's; what a model learns from stays the same."""
    after = worded(tmp_path, "withdrawals", "别问了\nnever mind\n", "# ours\n隔壁老王\n别问了\n")
    assert after.withdrawals == ("never mind", "别问了", "隔壁老王")
    other = load_pool(tmp_path / "base", write(tmp_path / "other")[1], model_of=lambda training: training.hash)
    assert after.hash != other.hash


@pytest.mark.parametrize("line", ["…", "！", "别问了…", "问"])
def test_withdrawals_that_cannot_be_are_told(tmp_path: Path, line: str) -> None:
    base, shop = write(tmp_path)
    (shop / "intents" / "withdrawals").mkdir()
    (shop / "intents" / "withdrawals" / "own.txt").write_text(f"# ours\n{line}\n")
    with pytest.raises(PoolError, match=r"own.txt:2:1.*takes no question back.*never mind"):
        load(base, shop)


def test_a_shop_says_how_sure_answers_have_to_be(tmp_path: Path) -> None:
    """In percent, in shop.yaml; what is left of all comments asks nothing."""
    understanding = "understanding: {wrong_answers: 2.5, comments_listed: 12, comments_unlisted: 3}\n"
    trust = pool_of(tmp_path, shop_shop_yaml=SHOP + understanding).training.trust
    assert (trust.risk, trust.listed, trust.unlisted, trust.idle) == (0.025, 0.12, 0.03, 0.85)


def test_optional_files_may_be_missing(tmp_path: Path) -> None:
    """A shop without guard, scripts and replies is a shop."""
    pool = pool_of(
        tmp_path,
        shop_guard_yaml=None,
        shop_scripts_evening_yaml=None,
        shop_intents_all_yaml=None,
        shop_catalogue_yaml=None,
    )
    assert (pool.products, pool.scripts, pool.guard.banned) == ({}, {}, ())


def test_the_shops_id_is_readable_while_other_files_are_broken(tmp_path: Path) -> None:
    """Which shop a folder is hangs on shop.yaml alone."""
    _, shop = write(tmp_path, shop_guard_yaml="[")
    assert shop_id(shop) == "tea"
    write(tmp_path, shop_shop_yaml="[")
    assert shop_id(shop) is None


def test_missing_folders_are_told(tmp_path: Path) -> None:
    """A wrong path ends as a problem that names it."""
    with pytest.raises(PoolError, match="nowhere"):
        load(tmp_path / "nowhere", tmp_path / "neither")


def test_a_fact_that_only_some_products_have_is_allowed(tmp_path: Path) -> None:
    """The price reply serves two products, one of which has no price: that is known at run time."""
    assert "price" not in pool_of(tmp_path).products["puer"].facts


def test_the_packs_that_ship_are_valid() -> None:
    """Base pack and example shop load without a problem, and survive their encoding."""
    pool = load_pool(base_pack(), example_shop(), model_of=lambda training: training.hash)
    assert decode_pool(encode_pool(pool)) == pool
    assert replace(pool, hash="") != pool
    assert len(pool.intents) >= 20
    assert pool.scripts["evening"].loop
