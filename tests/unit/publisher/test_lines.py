"""What a pool makes of its own lines and rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.pool.load import Loaded, load
from engine.pool.model import Product
from engine.publisher.lines import repeated, straying, unreadable
from engine.understanding import products
from tests.unit.pool.shops import write

SPELLINGS = "小黄车 = 购物车\nu = you\n有获吗 = 有货吗\n"


def loaded(folder: Path, intent: str = "", **files: str) -> Loaded:
    """A shop with an intent of its own; `files`: further lines of its folders."""
    base, shop = write(folder)
    (base / "spellings").mkdir()
    (base / "spellings" / "all.txt").write_text(SPELLINGS)
    (base / "background").mkdir(exist_ok=True)
    (base / "background" / "pack.txt").write_text("今天好热\n")
    (shop / "intents" / "own.yaml").write_text(f"intents:\n  shop.own:\n    title: {{zh: 自己, en: Own}}\n{intent}")
    for name, text in files.items():
        (shop / "intents" / name).mkdir(exist_ok=True)
        (shop / "intents" / name / "own.txt").write_text(text)
    return load(base, shop)


@pytest.mark.parametrize("folder", ["background", "unlisted"])
def test_lines_that_are_read_as_one_are_told_with_both_places(tmp_path: Path, folder: str) -> None:
    """The line of the shop, at its place; the example beside it, with file and line."""
    found = [*repeated(loaded(tmp_path, "    examples: [有货吗]\n", **{folder: "有获吗\n"}))]
    told = [problem for problem in found if "word for word" in problem.message]
    assert [(Path(problem.file).parent.name, problem.line) for problem in told] == [(folder, 1)]
    assert "`有获吗`" in told[0].message
    assert "`有货吗` of `shop.own` (" in told[0].message
    assert "own.yaml:4)" in told[0].message


def test_a_spelling_that_makes_two_lines_one_is_told(tmp_path: Path) -> None:
    """Where the shop's own spelling takes an example for a line of the pack's background."""
    found = repeated(loaded(tmp_path, "    examples: [天热发吗]\n", spellings="天热发吗 = 今天好热\n"))
    told = [problem for problem in found if "word for word" in problem.message]
    assert len(told) == 1
    assert "pack.txt:1)" in told[0].message


def test_lines_that_are_read_otherwise_are_not_told(tmp_path: Path) -> None:
    shop = loaded(tmp_path, "    examples: [有货吗, 有获吗]\n", background="有火吗\n")
    assert not [problem for problem in repeated(shop) if "word for word" in problem.message]


@pytest.mark.parametrize(
    "rule", ["re: Gift Wrap", "re: 錢包在那", "re: 三号馆", "re: 小黄车.{0,3}打不开", "re: ^do (you|u) barter"]
)
def test_expressions_of_the_shop_that_never_fire_are_told(tmp_path: Path, rule: str) -> None:
    told = [*straying(loaded(tmp_path, f'    examples: [在吗]\n    keywords: ["{rule}"]\n'))]
    assert [(Path(problem.file).name, problem.line) for problem in told] == [("own.yaml", 5)]
    assert "never fires" in told[0].message
    assert "is read as" in told[0].message


@pytest.mark.parametrize("rule", ["!!!", ":smile:", "打不开 + ！！"])
def test_rules_that_say_nothing_are_mistakes_with_their_place(tmp_path: Path, rule: str) -> None:
    """Of punctuation and emoji nothing is left of a comment either."""
    told = unreadable(loaded(tmp_path, f'    examples: [在吗]\n    keywords: [打不开, "{rule}"]\n'))
    assert [(Path(problem.file).name, problem.line, problem.column) for problem in told] == [("own.yaml", 5, 21)]
    assert "nothing is left of" in told[0].message


def test_rules_that_are_too_large_together_are_a_mistake(tmp_path: Path) -> None:
    """The largest of them is named; each by itself is small enough."""
    rules = [f"re: 罐{number}a[一-龥a-z]{{0,400}}b[一-龥]{{0,{300 + number}}}c" for number in range(100)]
    listed = "".join(f'      - "{rule}"\n' for rule in rules)
    again = listed.replace("罐", "杯")
    (told,) = unreadable(
        loaded(
            tmp_path,
            f"    examples: [在吗]\n    keywords:\n{listed}  shop.more:\n    title: {{zh: 多, en: More}}\n"
            f"    examples: [有吗]\n    keywords:\n{again}",
        )
    )
    assert "64 MiB" in told.message
    assert told.line in (105, 209)


def test_too_many_names_of_goods_are_a_mistake_of_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of thousands of signs: here the room is less."""
    shop = loaded(tmp_path, "    examples: [在吗]\n")
    monkeypatch.setattr(products, "MEMORY_BYTES", 1 << 13)
    pool = replace(
        shop.pool,
        products={"a": Product("a", {"zh": "铁观音"}, tuple(f"第{number}种乌龙茶" for number in range(1, 200)))},
    )
    (told,) = unreadable(replace(shop, pool=pool))
    assert "201 names of goods are too large together" in told.message


@pytest.mark.parametrize("rule", ["小黄车 + 打不开", "u > barter", "re: gift wrap", "re: 钱包在那", "Gift Wrap"])
def test_rules_that_fire_are_not_told(tmp_path: Path, rule: str) -> None:
    assert not [*straying(loaded(tmp_path, f'    examples: [在吗]\n    keywords: ["{rule}"]\n'))]
