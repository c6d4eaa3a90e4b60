"""Every mistake of an editor is told with file, line, column and a remedy that helps."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import PoolError, Problem
from engine.pool import nodes
from engine.pool.documents import Document, read
from engine.pool.files import CatalogueFile, FileModel, GuardFile, IntentsFile, ScriptFile, ShopFile
from engine.pool.lint import check
from engine.pool.load import load
from engine.pool.nodes import MAX_BYTES, Node, parse
from tests.unit.pool.shops import BASE, CATALOGUE, GUARD, REPLIES, SCRIPT, SHOP, write

INTENTS, CAT, SHOPF, GUARDF, PLAY, PACK = (
    "shop_intents_all_yaml", "shop_catalogue_yaml", "shop_shop_yaml", "shop_guard_yaml", "shop_scripts_evening_yaml",
    "base_pack_yaml",
)  # fmt: skip
ORIGINAL = {INTENTS: REPLIES, CAT: CATALOGUE, SHOPF: SHOP, GUARDF: GUARD, PLAY: SCRIPT, PACK: BASE}

# (file, text that is replaced, by what, line, column, part of the message, part of the remedy)
MISTAKES = [
    # syntax
    (SHOPF, "  id: tea", "\tid: tea", 2, 1, "\\t", "blanks, not with tabs"),
    (SHOPF, "{zh: 茶铺, en: Tea}", "{zh: 茶铺, en: Tea", 4, 12, "expected", "bracket"),
    (SHOPF, "id: tea", "id: tea: 2", 2, 10, "mapping values", "double quotes"),
    (SHOPF, "id: tea", "id: 'tea", 8, 1, "end of stream", "close the quotes"),
    (SHOPF, "id: tea", "id: @tea", 2, 7, "cannot start", "double quotes"),
    (SHOPF, "id: tea", "id: &x tea", 2, 7, "anchor", "write the value out"),
    (SHOPF, "id: tea", "id: *x", 2, 7, "alias", "write the value out"),
    (SHOPF, "id: tea", "id: !!str tea", 2, 7, "tag", "delete it"),
    (SHOPF, "  languages:", "  id: tee\n  languages:", 4, 3, "`id` stands here twice, first in line 2", "delete one"),
    (SHOPF, "limits:", "---\nlimits:", 6, 1, "second document", "---"),
    (SHOPF, "id: tea", "id: " + "[" * 25, 2, 25, "deeper than 20", "flatten"),
    (INTENTS, "text: 拍下", "text: {product}拍下", 12, 24, "expected", 'double quotes: "{product} …"'),
    # keys and types
    (INTENTS, "    examples: [铁观音咋卖]", "    exampels: [铁观音咋卖]", 3, 5, "unknown key `exampels`", "did you mean `examples`?"),
    (INTENTS, "- id: dispatch", "- ID: dispatch", 11, 9, "unknown key `ID`", "did you mean `id`?"),
    (SHOPF, "memory: 10m", "memory: 10", 7, 11, "`10` is no duration", "45s, 10m or 1h"),
    (SHOPF, "memory: 10m", "memory: 90h", 7, 11, "out of range", "0s to 24h"),
    (SHOPF, "memory: 10m", "airtime_share: 25%", 7, 18, "is no number", "0.01 to 0.9"),
    (SHOPF, "memory: 10m", "max_demands: 1.5", 7, 16, "no whole number", "1 to 200"),
    (SHOPF, "[zh, en]", "[zh, fr]", 4, 19, "`fr` is not known", "zh or en"),
    (SHOPF, "[zh, en]", "zh", 4, 14, "not a list", "[a, b]"),
    (SHOPF, "  default_language: zh\n", "", 2, 3, "`default_language` is missing", "add `default_language: …`"),
    (SHOPF, "id: tea", "id:", 2, 3, "nothing is written", "delete the line"),
    (PACK, "needs_product: true", "needs_product: yes", 4, 20, "neither true nor false", "true or false"),
    (PACK, "priority: 60", "priority: 500", 5, 15, "out of range", "1 to 100"),
    (PACK, "priority: 60", "priority: 060", 5, 15, "no whole number", "1 to 100"),
    (PACK, "re: ^多少钱$", "re: (多少", 7, 16, "RE2 cannot read it", "RE2"),
    (PACK, "shipping.dispatch:", "dispatch:", 10, 3, "`dispatch` cannot be an id", "joined by a dot"),
    (PACK, "    title: {zh: 多少钱, en: How much is it}\n", "", 3, 5, "no title", "title: {zh: …, en: …}"),
    (CAT, "unit: CNY", "unit: RMB", 9, 33, "`RMB` is no unit", "CNY, USD"),
    (GUARDF, "every: 10m", "every: 0s", 2, 61, "out of range", "1m to 1h"),
    (GUARDF, "zh: 我是数字人", 'zh: "我是{host}"', 2, 20, "holds a brace", "write it out"),
    (GUARDF, "zh: 我是数字人", "zh: 我是国家级数字人", 2, 20, "banned term `国家级`", "say it without it"),
    (GUARDF, "zh: 我是数字人", "zh: 只要9元", 2, 20, "typed price", "without the amount"),
    (GUARDF, "disclosure:", "exempt: [{term: 最, reason: x}]\ndisclosure:", 2, 17, "no list bars `最`", "|"),
    (GUARDF, "disclosure:", "exempt: [{term: 国家级, reason: x}]\ndisclosure:", 2, 17, "no list bars", "delete it from `banned`"),
    (GUARDF, "disclosure:", "exempt: [{list: x, reason: x}]\ndisclosure:", 2, 17, "no list `x`", "|"),
    (GUARDF, "disclosure:", "exempt: [{reason: x}]\ndisclosure:", 2, 10, "names a `term`", "one of the two"),
    (GUARDF, "disclosure:", "exempt: [{term: 最}]\ndisclosure:", 2, 10, "`reason` is missing", "add `reason"),
    (CAT, "    link: 3", "    correction: '{product}是{prise}'\n    link: 3", 7, 17, "no fact {prise}", "did you mean `price`"),
    (CAT, "    link: 3", "    correction: 刚才说错了\n    link: 3", 7, 17, "does not name it", "{product} or {link}"),
    (CAT, "    link: 3", "    correction: '{product}只要99元'\n    link: 3", 7, 17, "typed price", "put the amount into a fact"),
    (CAT, "ceiling: 169}", "ceiling: 169, spoken: 一百三十九块}", 9, 71, "says another amount", "say that amount"),
    (CAT, "value: 48", "value: soon, unit: day", 2, 27, "no number of the unit `day`", "range such as 3-5"),
    (CAT, "value: 48", "value: 5-3, unit: day", 2, 27, "no number of the unit `day`", "range such as 3-5"),
    (CAT, "value: 48", "value: 25:00, unit: time", 2, 27, "no time of day", "20:00"),
    (CAT, "value: 48", "value: 48, unit: hour", None, None, "types the unit", "write {name} alone"),
    (CAT, "value: 48", "value: 48, source: ''", 2, 39, "nothing is written", "write a value"),
    (INTENTS, "id: dispatch", "id: disclosure-zh", 11, 13, "kept for what the room says", "another id"),
    (SHOPF, "limits:", "formats: {money: {zh: coins}}\nlimits:", 6, 23, "`coins` is not known", "word or sign or exact"),
    (CAT, "unit: CNY", "unit: [CNY]", 9, 33, "is no unit", "CNY, USD"),
    (CAT, "value: 48", "value: 48, from: 2026-01-01T00:00:00", 2, 37, "time zone", "+08:00"),
    (CAT, "value: 48", "value: 48, until: soon", 2, 38, "is no time", "2026-01-31T20:00:00+08:00"),
    (CAT, "dispatch_hours", "link", 2, 3, "`link` cannot be an id", "product and link are taken"),
    (INTENTS, "拍下{dispatch_hours}", "拍下{dispatch_hours", 12, 15, "`{` at character 3", "{name}"),
    (INTENTS, "text: 拍下", "text: " + "长" * 301 + "拍下", 12, 15, "characters", "shorten it to 300"),
    # across files
    (INTENTS, "{dispatch_hours}", "{dispach_hours}", 12, 15, "no fact {dispach_hours}", "did you mean `dispatch_hours`?"),
    (INTENTS, "{product}今天{price}，拍{link}号。", "今天{price}。", 6, 30, "does not name it", "{product} or {link}"),
    (INTENTS, "今天{price}", "今天{price}，原价199元", 6, 30, "typed price `199元`", "fact"),
    (INTENTS, "{price}，", "{price}元，", 6, 30, "types a currency beside a fact", "unit"),
    (INTENTS, "小时之内发", "小时之内发国 家级", 12, 15, "banned term `国家级`", "guard.yaml"),
    (INTENTS, "{dispatch_hours}小", "{product}小", 12, 15, "no product is known here", "needs_product: true"),
    (INTENTS, "lang: en, text", "lang: en, products: [tgi], text", 7, 45, "no product `tgi`", "did you mean `tgy`?"),
    (INTENTS, "id: dispatch\n", "id: price-en\n", 11, 13, "taken by the intent `product.price`", "another id"),
    (INTENTS, "id: price-en", "id: price-zh", 7, 14, "twice", "another id"),
    (INTENTS, "    priority: 70", "    cooldown: 20m", 9, 15, "shorter than the intent's cooldown", "1200s"),
    (INTENTS, "        text: 拍", "        memory: 5s\n        text: 拍", 12, 17, "shorter than the intent's cooldown", "90s"),
    (INTENTS, "    priority: 70", "    insert: now", 9, 13, "none of its replies may", "may_interrupt: true"),
    (INTENTS, "        text: 拍", "        may_interrupt: true\n        text: 拍", 12, 24, "waits for the end", "insert: now"),
    (INTENTS, "        text: 拍", "        on_screen_only: true\n        text: 拍", 12, 25, "and needs none", "needs_product: true"),
    (INTENTS, "        text: 拍", "        seconds: 80\n        text: 拍", 12, 18, "replies have 75 s of 300 s", "airtime"),
    (SHOPF, "memory: 10m", "airtime_window: 10s\n  airtime_share: 0.05", None, None, "and replies have 0.5 s of 10 s", "shorten it"),
    (INTENTS, "text: 拍下", "text: 这款拍下", 12, 15, "`这款` in the reply `dispatch` is whatever is on screen", "{product} or {link}"),
    (INTENTS, "text: 拍下", "text: 这个茶拍下", 12, 15, "`这个茶` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "text: 拍下", "text: 这茶拍下", 12, 15, "`这茶` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "text: 拍下", "text: 此茶拍下", 12, 15, "`此茶` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "text: 拍下", "text: 这铁观音拍下", 12, 15, "`这铁观音` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "text: 拍下", "text: 那瓶面霜拍下", 12, 15, "`那瓶面霜` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "text: 拍下", "text: 您看它拍下", 12, 15, "`您看它` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "text: 拍下", "text: This tea 拍下", 12, 15, "`This tea` in the reply `dispatch` is whatever is on", "{link}"),
    (INTENTS, "lang: en, text: \"{product}", "lang: en, products: [tgy], text: \"It", 7, 57, "does not name it", "{product} or {link}"),
    (INTENTS, "{product} is {price}", "Like 普洱, {product} is {price}", 7, 40, "names `普洱`", "products: [puer]"),
    (INTENTS, "examples: [铁观音咋卖]", "examples: [观音几钱]", 4, 13, "it proves nothing", "take it out"),
    (INTENTS, "    priority: 70", "    examples: [HOW  much]", 9, 16, "is an example of `product.price`", "`not`"),
    (INTENTS, "    priority: 70", "    examples: [哈哈哈]", None, None, "is background here", "one of the two"),
    (CAT, "value: 129", "value: 98", 9, 22, "below its floor 99", "lower the floor"),
    (CAT, "value: 129", "value: 1699", 9, 22, "above its ceiling 169", "raise the ceiling"),
    (CAT, "value: 129", "value: 一百", 9, 22, "takes no text", "digits"),
    (CAT, "value: 129", "value: 0129", 9, 22, "takes no text", "digits"),
    (CAT, "value: 129", "value: 119.999", 9, 22, "amounts of CNY have at most 2 digits", "to 120.00"),
    (CAT, "value: 129, unit: CNY", "value: 119.5, unit: JPY", 9, 22, "amounts of JPY have no digits", "to 120"),
    (CAT, "value: 48", "value: 国家级的快", 2, 27, "banned term `国家级`", "guard.yaml"),
    (CAT, "value: 48", "value: {zh: 满199元减20元}", 2, 27, "typed price `199元`", "a fact of its own"),
    (CAT, "value: 48", 'value: "{x}"', 2, 27, "holds a brace", "no placeholders"),
    (CAT, "floor: 99", "floor: 199", 9, 45, "above its ceiling", "exchange"),
    (CAT, "value: 48", "value: 4, from: 2026-01-02T00:00:00Z, until: 2026-01-01T00:00:00Z", 2, 65, "ends before", "later"),
    (CAT, "name: 普洱", "name: 铁观音", 6, 15, "names the products `puer` and `tgy`", "one of them"),
    (CAT, "link: 5", "link: 3", 7, 11, "have the link 3", "own number"),
    (CAT, "[咖啡]", "[铁观音]", 13, 12, "names the product `tgy`", "not_sold"),
    (CAT, "name: 普洱", "name: 国家级普洱", 11, 11, "banned term", "guard.yaml"),
    (SHOPF, "[zh, en]", "[zh]", None, None, "does not speak `en`", "languages"),
    (SHOPF, "[zh, en]\n  default_language: zh", "[zh]\n  default_language: en", 5, 21, "default language", "use zh"),
    # contradictions
    (INTENTS, "lang: en, text", "lang: en, channel: chat, seconds: 3, text", 7, 58, "only posted and has `seconds`", "channel: both"),
    (INTENTS, "lang: en, text", "lang: en, channel: chat, memory: 10m, text", 7, 57, "only posted and has `memory`", "channel: both"),
    (INTENTS, "lang: en, text", "lang: en, channel: both, on_screen_only: true, text", 7, 65, "does not name its product", "{link}"),
    (INTENTS, "lang: en, text", "lang: en, channel: text, text", 7, 43, "`text` is not known here", "voice or chat or both"),
    (INTENTS, "    priority: 70", "    stakes: high\n    owner: people", 9, 13, "belongs to people", "delete `stakes: high`"),
    (INTENTS, "    priority: 70", "    stakes: high\n    kind: chatter", 9, 13, "nobody answers", "kind: question"),
    (INTENTS, "    priority: 70", "    stakes: huge", 9, 13, "`huge` is not known here", "usual or high"),
    (SHOPF, "memory: 10m", "room_posts_per_minute: 4\n  platform_posts_per_minute: 5", 8, 30, "never acts", "at most 4"),
    (SHOPF, "memory: 10m", "platform_posts_per_minute: 3\n  viewer_posts_per_minute: 4", 8, 28, "never acts", "at most 3"),
    (SHOPF, "memory: 10m", "room_posts_per_minute: 0\n  platform_posts_per_minute: 3", 8, 30, "never acts", "delete it"),
    (SHOPF, "limits:", "understanding: {wrong_answers: 3, wrong_answers_solo: 4}\nlimits:", 6, 55, "never acts", "at most 3"),
    (SHOPF, "memory: 10m", "handoff_repeats: 1", 7, 20, "out of range", "2 to 10, or 0"),
    (SHOPF, "memory: 10m", "high_stakes_confidence: 90", 7, 27, "out of range", "0.5 to 1"),
    (SHOPF, "memory: 10m", "post_cooldown: 1h", 7, 18, "out of range", "0s to 2m"),
    (PLAY, "product: tgy", "product: tgz", 6, 16, "no product `tgz`", "did you mean `tgy`?"),
    (PLAY, "[product.price]", "[product.prise]", 8, 73, "no intent `product.prise`", "did you mean `product.price`?"),
    (PLAY, "product: tgy", "product: puer", 8, 26, "the fact {price}", "catalogue.yaml"),
    (PLAY, "id: s2", "id: s1", 9, 16, "twice", "another id"),
    (PLAY, "喝茶。", "喝茶，只要￥9。", 9, 26, "typed price `￥9`", "fact"),
    (PLAY, "seconds: 1,", "seconds: 0,", 9, 42, "out of range", "0.3 to 120"),
]  # fmt: skip


def problems_of(root: Path, **changed: str | bytes | None) -> tuple[Problem, ...]:
    base, shop = write(root, **changed)
    with pytest.raises(PoolError) as caught:
        load(base, shop)
    return caught.value.problems


def test_the_unbroken_shop_loads(tmp_path: Path) -> None:
    """The files that the other tests break are valid."""
    pool = load(*write(tmp_path)).pool
    assert pool.shop == "tea"
    assert [reply.id for reply in pool.intents["product.price"].replies] == ["price-zh", "price-en"]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{n}-{mistake[5][:24]}" for n, mistake in enumerate(MISTAKES)])
def test_a_mistake_is_told_with_place_and_remedy(
    tmp_path: Path, mistake: tuple[str, str, str, int | None, int | None, str, str]
) -> None:
    """File, line and column are where an editor looks; the remedy names what to write."""
    file, old, new, line, column, message, remedy = mistake
    assert old in ORIGINAL[file]
    found = problems_of(tmp_path, **{file: ORIGINAL[file].replace(old, new, 1)})
    hits = [
        problem
        for problem in found
        if any(part in problem.message for part in message.split("|"))
        and any(part in problem.remedy for part in remedy.split("|"))
    ]
    assert hits, [str(problem) for problem in found]
    if line is not None:
        assert hits[0].file.replace("/", "_").replace(".", "_").endswith(file)
        assert (hits[0].line, hits[0].column) == (line, column), str(hits[0])


def test_a_reply_that_would_be_posted_where_nothing_is(tmp_path: Path) -> None:
    """Told at the reply, with both ways out; a shop that just allows fewer than the default is no contradiction."""
    posted = REPLIES.replace("lang: en, text", "lang: en, channel: chat, text")
    (found,) = problems_of(
        tmp_path / "none",
        shop_intents_all_yaml=posted,
        shop_shop_yaml=SHOP.replace("memory: 10m", "room_posts_per_minute: 0"),
    )
    assert (found.line, found.column) == (7, 43)
    assert "`limits.room_posts_per_minute` is 0" in found.message
    assert "`channel: voice`" in found.remedy
    few = SHOP.replace("memory: 10m", "room_posts_per_minute: 1")
    pool = load(*write(tmp_path / "few", shop_intents_all_yaml=posted, shop_shop_yaml=few)).pool
    assert [reply.channel for reply in pool.intents["product.price"].replies] == ["voice", "chat"]


def test_what_is_only_posted_need_not_be_remembered_as_long_as_speech(tmp_path: Path) -> None:
    """The rule of memory and cooldown is about what is heard."""
    posted = REPLIES.replace("- id: dispatch\n", "- id: dispatch\n        channel: chat\n").replace(
        "    priority: 70", "    cooldown: 20m"
    )
    assert (
        load(*write(tmp_path, shop_intents_all_yaml=posted)).pool.intents["shipping.dispatch"].cooldown_ms == 1_200_000
    )


def test_a_list_whose_entries_are_wrong_is_not_called_empty(tmp_path: Path) -> None:
    """Only the entry is told; a list with nothing in it still is."""
    (found,) = problems_of(tmp_path / "wrong", shop_shop_yaml=SHOP.replace("[zh, en]", "[fr]"))
    assert (found.message, found.remedy) == ("`fr` is not known here", "use zh or en")
    (found,) = problems_of(tmp_path / "empty", shop_shop_yaml=SHOP.replace("[zh, en]", "[]"))
    assert found.message == "`languages` is empty"


def test_all_files_are_told_at_once(tmp_path: Path) -> None:
    """One run names the mistakes of every file, sorted by place."""
    found = problems_of(
        tmp_path,
        shop_shop_yaml=SHOP.replace("10m", "10"),
        shop_catalogue_yaml=CATALOGUE.replace("value: 48", "valeu: 48"),
        shop_intents_all_yaml=REPLIES + "\t",
        shop_guard_yaml="banned: 5\n",
        shop_scripts_evening_yaml="script: {}\n",
        base_background_idle_txt=b"ok\n\xff\n",
    )
    assert {Path(problem.file).name for problem in found} == {
        "shop.yaml", "catalogue.yaml", "all.yaml", "guard.yaml", "evening.yaml", "idle.txt",
    }  # fmt: skip
    assert list(found) == sorted(found)


WRONG = (
    REPLIES
    + """\
      - {id: typed, text: 只要129元}
      - {id: unknown, text: "{nofact}哦"}
      - {id: boast, text: 国家级的茶}
"""
)
MEANINGS = {"typed price `129元`", "no fact {nofact}", "banned term `国家级`"}


def meanings(found: tuple[Problem, ...]) -> set[str]:
    return {part for part in MEANINGS for problem in found if part in problem.message}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (SHOPF, "memory: 10m", "memory: 10"),
        (SHOPF, "id: tea", "\tid: tea"),
        (CAT, "link: 5", "link: five"),
        (PLAY, "seconds: 1,", "seconds: 0,"),
        (PACK, "priority: 60", "priority: 500"),
        (INTENTS, "priority: 70", "priority: 700"),
        (INTENTS, "id: dispatch", "ID: dispatch"),
    ],
)
def test_a_mistake_of_shape_hides_no_mistake_of_meaning(tmp_path: Path, file: str, old: str, new: str) -> None:
    """What could be read is checked, also the rest of the same file."""
    files = {**ORIGINAL, INTENTS: WRONG}
    plain = problems_of(tmp_path / "plain", **files)
    assert (len(plain), meanings(plain)) == (3, MEANINGS)
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    found = problems_of(tmp_path / "broken", **files)
    assert meanings(found) == MEANINGS
    assert len(found) > 3


def test_an_unreadable_guard_hides_only_what_it_bans(tmp_path: Path) -> None:
    """The other two are told."""
    found = problems_of(tmp_path, **{INTENTS: WRONG, GUARDF: "["})
    assert meanings(found) == MEANINGS - {"banned term `国家级`"}


def test_an_intent_in_two_files_hides_nothing(tmp_path: Path) -> None:
    """Both are checked, also replies that have one id; so are two scripts with one id."""
    base, shop = write(tmp_path, **{INTENTS: WRONG})
    (shop / "intents" / "copy.yaml").write_text(WRONG.replace("129元", "128元"))
    (shop / "scripts" / "more.yaml").write_text(SCRIPT.replace("喝茶", "只要9元"))
    with pytest.raises(PoolError) as caught:
        load(base, shop)
    told = str(caught.value)
    assert told.count("stands in") >= 2
    for part in (*MEANINGS, "`128元`", "`9元`", "is taken by"):
        assert part in told


def test_a_reply_id_that_stands_twice_hides_nothing(tmp_path: Path) -> None:
    """The second text is checked, too."""
    found = problems_of(tmp_path, **{INTENTS: WRONG.replace("id: typed", "id: dispatch")})
    assert meanings(found) == MEANINGS
    assert any("stands in this intent twice" in problem.message for problem in found)


def slips() -> list[tuple[str, str]]:
    """(file, its content with one mistake of shape): every key misspelt, every value in braces emptied, every line cut."""
    texts = []
    for file, content in ORIGINAL.items():
        texts += [
            (file, content[: found.start()] + "xx_" + content[found.start() :])
            for found in re.finditer(r"[a-z_.]+(?=:)", content)
        ]
        texts += [
            (file, content[: found.start()] + "[[]]" + content[found.end() :])
            for found in re.finditer(r"(?<=: )[^\n\[{]+?(?=[\n,}])", content)
        ]
        texts.append((file, content + "]"))
    return texts


@pytest.mark.parametrize("slip", slips(), ids=[f"{n}-{file}" for n, (file, _) in enumerate(slips())])
def test_what_a_mistake_leaves_out_is_no_mistake_of_others(tmp_path: Path, slip: tuple[str, str]) -> None:
    """In a shop that is right otherwise, only the mistake itself is told: nothing that refers to what was left out."""
    file, content = slip
    kinds: dict[str, type[FileModel]] = {
        INTENTS: IntentsFile, PACK: IntentsFile, CAT: CatalogueFile, SHOPF: ShopFile, GUARDF: GuardFile, PLAY: ScriptFile,
    }  # fmt: skip
    _, own = read("f", content.encode(), kinds[file])
    base, shop = write(tmp_path, **{file: content})
    try:
        load(base, shop)
    except PoolError as error:
        found = error.problems
    else:
        found = ()
    if own:
        assert [problem.message for problem in found] == [problem.message for problem in sorted(own)]


def test_products_in_a_list_are_known_by_their_ids(tmp_path: Path) -> None:
    """Only the two lists are told, not each line that says what stands in them."""
    content = "products: [{id: tgy, facts: [{name: price}]}, {id: puer, link: 5}]\nfacts: [{name: dispatch_hours, value: 3}]\n"
    shape = problems_of(tmp_path / "listed", **{CAT: content})
    assert [problem.message for problem in shape] == ["`products` is not a mapping", "`facts` is not a mapping"]
    empty = problems_of(tmp_path / "empty", **{CAT: "products: []\n"})
    assert any("no fact {price}" in problem.message for problem in empty)


def test_missing_and_misnamed_files_are_told(tmp_path: Path) -> None:
    """A missing shop.yaml, a slip in a file's name and `.yml` are named, with the right name."""
    base, shop = write(tmp_path, shop_shop_yaml=None)
    (shop / "catalog.yaml").write_text("facts: {}")
    (shop / "intents" / "more.yml").write_text("intents: {}")
    (shop / "script").mkdir()
    (shop / "script" / "a.yaml").write_text("script: {}")
    with pytest.raises(PoolError) as caught:
        load(base, shop)
    told = str(caught.value)
    assert len(caught.value.problems) == 4
    for part in ("shop.yaml", "did you mean `catalogue.yaml`?", "rename it to more.yaml", "did you mean `scripts`?"):
        assert part in told


def test_a_file_that_is_no_text_or_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that are no UTF-8, control characters and files above the cap end as one problem with a place."""
    assert str(parse("f", "乙: ".encode() + b"\xff")).startswith("f:1:6: these bytes are no UTF-8")
    assert str(parse("f", b"a: \x01")).startswith("f:1:4: a character that YAML does not allow")
    assert "split it" in str(parse("f", b"a: " + b"x" * MAX_BYTES))
    assert nodes.MAX_NODES == 100_000
    monkeypatch.setattr(nodes, "MAX_NODES", 1_000)  # to parse a hundred times as many takes six seconds
    assert isinstance(parse("f", b"a: [" + b"1," * 990 + b"]"), nodes.Node)
    assert "more than 1,000 values" in str(parse("f", b"a: [" + b"1," * 1_001 + b"]"))


@pytest.mark.parametrize("key", ["title", "examples", "keywords", "not", "tests"])
def test_half_a_character_is_told(key: str) -> None:
    """A surrogate written as an escape could not be stored."""
    value = '"a\\ud800b"' if key == "title" else '["a\\ud800b"]'
    _, problems = read("f", f"intents:\n  a.b:\n    {key}: {value}\n".encode(), IntentsFile)
    assert [(problem.line, "U+D800" in problem.message) for problem in problems] == [(3, True)]


def test_scalars_stay_what_was_written() -> None:
    """YAML 1.1's traps are text: 12:30, no, 010, 1e3, ~, dates."""
    root = parse("f", b"intents:\n  a.b:\n    examples: [12:30, no, 010, 1e3, ~, 2026-01-01, 666, 'true', 0x1F]\n")
    assert isinstance(root, Node)
    document, _ = read(
        "f",
        b"intents:\n  a.b:\n    examples: [12:30, no, 010, 1e3, ~, 2026-01-01, 666, 'true', 0x1F]\n",
        IntentsFile,
    )
    assert isinstance(document, Document)
    lines = ("12:30", "no", "010", "1e3", "~", "2026-01-01", "666", "true", "0x1F")
    assert document.model.intents["a.b"].examples == lines


def test_numbers_are_plain_and_texts_are_quoted() -> None:
    """A quoted number is a text fact, a plain one a number, and whole numbers stay whole."""
    document, _ = read("f", b'facts: {a: {value: 5}, b: {value: "5"}, c: {value: 5.50}, d: {value: 05}}', CatalogueFile)
    assert isinstance(document, Document)
    values = [document.model.facts[name].value for name in "abcd"]
    assert values == [5, {"zh": "5", "en": "5"}, 5.5, {"zh": "05", "en": "05"}]
    assert isinstance(values[0], int)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@\n\t ", max_size=60).map(str.encode))
def test_no_bytes_of_an_editor_raise(data: bytes) -> None:
    """Whatever stands in a file, reading it gives a document or problems inside the file."""
    document, found = read("f", data, IntentsFile)
    lines = data.count(b"\n") + data.count(b"\r") + 2
    assert document is not None or found
    if found:
        assert all(problem.file == "f" and 0 <= problem.line <= lines * 3 and problem.remedy for problem in found)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 30), st.integers(0, 6), st.sampled_from(["exampels", "prority", "tilte"]))
def test_a_problem_stands_where_the_key_stands(blank: int, indent: int, key: str) -> None:
    """Lines before and deeper indents move the place with the key."""
    pad = " " * indent
    text = f"{'#' * 3}\n" * blank + f"intents:\n {pad}a.b:\n  {pad}{pad}{key}: [x]\n"
    _, found = read("f", text.encode(), IntentsFile)
    assert [(problem.line, problem.column) for problem in found] == [(blank + 3, 3 + 2 * indent)]


def test_a_typed_name_counts_where_the_reply_is_for_that_product_alone(tmp_path: Path) -> None:
    """The remedy of the one mistake is not the next one."""
    typed = REPLIES.replace('lang: en, text: "{product} is', 'lang: en, products: [tgy], text: "Anxi Tieguanyin is')
    assert check(*write(tmp_path, shop_intents_all_yaml=typed)).errors == ()


@pytest.mark.parametrize(
    "text",
    [
        "这个时候拍下",
        "这边拍下",
        "其它拍下",
        "优惠券在页面上，点它拍下",
        "这包邮的拍下",
        "这个问题您放心，拍下",
        "that way 拍下",
    ],
)
def test_what_only_sounds_like_pointing_is_said(tmp_path: Path, text: str) -> None:
    """Time, place and the matter itself are no products; 它 may stand for what was just named."""
    assert check(*write(tmp_path, shop_intents_all_yaml=REPLIES.replace("拍下", text))).errors == ()
