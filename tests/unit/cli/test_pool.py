"""`livechat pool check`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from engine.errors import Exit
from tests.unit.cli.conftest import Invoke


def test_right_shop_passes(base: Path, shop: Path, invoke: Invoke) -> None:
    """What is doubtful is told, and does not fail."""
    result = invoke("pool", "check", shop, "--base", base)
    assert result.exit_code == 0
    assert "may be published" in result.stdout
    assert "2 products" in result.stdout


def test_every_mistake_of_every_shop_is_told(base: Path, shop: Path, tmp_path: Path, invoke: Invoke) -> None:
    """All at once, with places, and exit code 2."""
    broken = tmp_path / "broken"
    shutil.copytree(shop, broken)
    (broken / "shop.yaml").write_text("shop: {id: tea}\n", encoding="utf-8")
    (broken / "guard.yaml").write_text("banned: 3\n", encoding="utf-8")
    result = invoke("pool", "check", shop, broken, "--base", base)
    assert result.exit_code == Exit.USAGE
    assert f"wrong {broken}/guard.yaml:1:9 " in result.stdout
    assert f"wrong {broken}/shop.yaml:1:7 " in result.stdout
    assert "cannot be published" in result.stdout


def test_json_for_programs(base: Path, shop: Path, invoke: Invoke) -> None:
    """One entry a shop."""
    result = invoke("pool", "check", "--shop", shop, "--base", base, "--json")
    (report,) = json.loads(result.stdout)
    assert report["errors"] == []
    assert report["counts"]["products"] == 2


def test_test_lines_that_are_not_understood_are_named_on_demand(base: Path, shop: Path, invoke: Invoke) -> None:
    """With their places and what they are taken for; they forbid nothing. Without the option the page says that they were not run."""
    replies = shop / "intents" / "replies.yaml"
    replies.write_text(replies.read_text() + "    tests: [多少钱啊, 来个啥都行的东西]\n", encoding="utf-8")
    assert "1 script, 2 sentences" in invoke("pool", "check", shop, "--base", base).stdout
    assert "2 test lines (not run: `--tests` does)" in invoke("pool", "check", shop, "--base", base).stdout
    result = invoke("pool", "check", shop, "--base", base, "--tests")
    assert result.exit_code == 0
    assert f"doubtful {replies}:11:13 the test line `多少钱啊` of `shipping.dispatch` is `" in result.stdout
    assert "(`product.price` " in result.stdout
    assert "2 test lines (0 understood)" in result.stdout
    (report,) = json.loads(invoke("pool", "check", shop, "--base", base, "--tests", "--json").stdout)
    assert report["tests_understood"] == 0
    (report,) = json.loads(invoke("pool", "check", shop, "--base", base, "--json").stdout)
    assert report["tests_understood"] is None


def test_what_a_sentence_seems_to_answer_is_proposed_until_an_editor_says(
    base: Path, shop: Path, tmp_path: Path, invoke: Invoke
) -> None:
    """With file and line; an `answers` that is written, be it empty, ends it. The files stay as they are."""
    own = tmp_path / "shop"
    shutil.copytree(shop, own)
    script = own / "scripts" / "evening.yaml"
    line = '        - {id: s3, text: "拍下{dispatch_hours}小时就发。", seconds: 2.5}\n'
    script.write_text(script.read_text(encoding="utf-8") + line, encoding="utf-8")
    before = script.read_bytes()
    result = invoke("pool", "check", own, "--base", base)
    assert result.exit_code == 0
    assert (
        f"proposed {script}:10:11 `s3` seems to answer `shipping.dispatch` (it speaks {{dispatch_hours}},"
        in result.stdout
    )
    assert "add `answers: [shipping.dispatch]` where it does, else `answers: []`" in result.stdout
    assert "1 proposal for the script" in result.stdout
    assert script.read_bytes() == before
    (report,) = json.loads(invoke("pool", "check", own, "--base", base, "--json").stdout)
    assert [(found["line"], found["column"]) for found in report["proposals"]] == [(10, 11)]
    script.write_text(before.decode().replace("seconds: 2.5}\n", "seconds: 2.5, answers: []}\n"), encoding="utf-8")
    assert "proposed" not in invoke("pool", "check", own, "--base", base).stdout


def test_a_base_pack_without_intents_is_named(tmp_path: Path, shop: Path, invoke: Invoke) -> None:
    """Not the shop, whose files are right."""
    (tmp_path / "empty").mkdir()
    result = invoke("pool", "check", shop, "--base", tmp_path / "empty")
    assert result.exit_code == Exit.USAGE
    assert f"wrong {tmp_path}/empty no file of intents" in result.stdout


def test_two_folders_with_one_id_are_told(base: Path, shop: Path, tmp_path: Path, invoke: Invoke) -> None:
    """They cannot be served together."""
    shutil.copytree(shop, tmp_path / "same")
    result = invoke("pool", "check", shop, tmp_path / "same", "--base", base)
    assert result.exit_code == Exit.USAGE
    assert f"wrong {tmp_path}/same/shop.yaml:2:" in result.stdout
    assert "1 mistake, cannot" in result.stdout


def test_a_folder_that_is_missing_is_named_as_it_was_typed(invoke: Invoke) -> None:
    """An argument is no option."""
    typed, option = invoke("pool", "check", "/nonexistent"), invoke("pool", "check", "--shop", "/nonexistent")
    assert typed.exit_code == option.exit_code == Exit.USAGE
    assert "`/nonexistent` is no folder" in typed.stderr
    assert "`--shop /nonexistent` is no folder" in option.stderr


def test_lines_are_scored(base: Path, shop: Path, tmp_path: Path, invoke: Invoke) -> None:
    """A table for people, JSON for programs, and a page that needs nothing else."""
    page = tmp_path / "score.html"
    told = invoke("pool", "score", "--shop", shop, "--base", base, "--html", page)
    assert told.exit_code == 0, told.stderr
    assert "each judged by a model without it" in told.stdout
    html = page.read_text("utf-8")
    assert html.count("<polyline") == 2
    found = json.loads(invoke("pool", "score", "--shop", shop, "--base", base, "--json").stdout)
    names = [row["intent"] for row in found["intents"]]
    assert "product.price" in names
    assert all(name in told.stdout and name in html for name in names)
    assert invoke("pool", "score", "--shop", shop, "--base", base, "--html", tmp_path).exit_code == Exit.USAGE


def test_too_few_lines_to_score_are_told(base: Path, shop: Path, tmp_path: Path, invoke: Invoke) -> None:
    """With what to do."""
    few = tmp_path / "few"
    shutil.copytree(base, few)
    (few / "background" / "idle.txt").unlink()
    told = invoke("pool", "score", "--shop", shop, "--base", few)
    assert told.exit_code == Exit.USAGE
    assert "write `examples`" in told.stderr


def test_a_rule_that_contradicts_lines_is_told(base: Path, shop: Path, invoke: Invoke) -> None:
    """Examples and test lines of another intent, and the intent's own `not:` lines; with the rule's place."""
    (shop / "intents" / "replies.yaml").write_text(
        "intents:\n"
        "  order.place:\n"
        "    examples: [啥号下单, 拍啥号, 几号链接拍, 跳哪里拍]\n"
        "    tests: [该拍几号呀]\n"
        "  product.size:\n"
        '    keywords: ["拍 + 号", "小只"]\n'
        "    not: [小只的狗]\n",
        encoding="utf-8",
    )
    told = invoke("pool", "check", shop, "--base", base).stdout
    place = f"doubtful {shop}/intents/replies.yaml"
    named = "`几号链接拍` of `order.place`, `拍啥号` of `order.place`, `该拍几号呀` of `order.place`"
    assert f"{place}:6:16 the rule `拍 + 号` of `product.size` fires on {named} → narrow the rule" in told
    assert f"{place}:6:25 the rule `小只` of `product.size` fires on `小只的狗` of `product.size` under `not` →" in told


def test_of_many_lines_three_are_named(base: Path, shop: Path, invoke: Invoke) -> None:
    """And the others are counted."""
    (shop / "intents" / "background").mkdir()
    (shop / "intents" / "background" / "own.txt").write_text("十几只猫\n几何题\n几点睡\n几度电\n", encoding="utf-8")
    (shop / "intents" / "replies.yaml").write_text(
        'intents:\n  product.size:\n    keywords: ["re: 几[何点度只]"]\n', encoding="utf-8"
    )
    told = invoke("pool", "check", shop, "--base", base).stdout
    assert "fires on `几何题` of background, `几度电` of background, `几点睡` of background and 1 more →" in told
