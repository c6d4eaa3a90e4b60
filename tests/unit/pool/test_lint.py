"""The check of a shop's files: errors, warnings, counts."""

from __future__ import annotations

from pathlib import Path

from engine.pool.lint import check
from tests.unit.pool.shops import CATALOGUE, REPLIES, SCRIPT, write


def warnings(root: Path, **changed: str | None) -> str:
    report = check(*write(root, **changed))
    assert report.errors == ()
    return "\n".join(str(warning) for warning in report.warnings)


def test_broken_files_give_errors_only(tmp_path: Path) -> None:
    """Where files are broken nothing else can be said."""
    report = check(*write(tmp_path, shop_guard_yaml="banned: 5"))
    assert [Path(problem.file).name for problem in report.errors] == ["guard.yaml"]
    assert (report.warnings, report.counts) == ((), {})


def test_what_is_there_is_counted(tmp_path: Path) -> None:
    """Intents, replies, products, facts, scripts, sentences and lines."""
    counts = check(*write(tmp_path)).counts
    assert counts == {
        "intents": 2, "replies": 3, "products": 2, "facts": 2, "scripts": 1, "sentences": 2,
        "examples": 6, "background": 2, "unlisted": 0, "tests": 2, "own examples": 1,
    }  # fmt: skip


def test_doubtful_things_are_told(tmp_path: Path) -> None:
    """Missing replies and languages, products that lack facts, near-duplicates, few examples."""
    told = warnings(tmp_path)
    assert "`shipping.dispatch` has no reply in `en`" in told
    assert "`price-zh` cannot be said for puer" in told
    assert "has 2 examples" in told
    assert "no reply in `zh`" not in told
    alone = warnings(tmp_path, shop_intents_all_yaml=None)
    assert "`product.price` has no reply" in alone
    alike = warnings(tmp_path, shop_intents_all_yaml=REPLIES.replace("铁观音咋卖", "多少钱？"))
    assert "`多少钱？` is nearly `多少钱` of `product.price`" in alike


def test_what_means_too_much_is_told(tmp_path: Path) -> None:
    """An alias of one Chinese sign, and a rule that two intents have."""
    told = warnings(tmp_path, shop_catalogue_yaml=CATALOGUE.replace("aliases: [", "aliases: [茶, ", 1))
    assert "the alias `茶` of" in told
    assert "aliases: [茶, " in CATALOGUE.replace("aliases: [", "aliases: [茶, ", 1)
    own = "".join(
        f"  shop.{name}:\n    title: {{zh: {name}, en: {name}}}\n    examples: [{name}]\n    keywords: [{rule}]\n"
        for name, rule in (("one", "free + Returns"), ("two", "Free + Returns"))
    )
    told = warnings(tmp_path, shop_intents_all_yaml=REPLIES + own)
    assert "`shop.one` has the rule `Free + Returns`, too" in told


def test_doubtful_facts_are_told(tmp_path: Path) -> None:
    """Money without bounds, names in one language only, products that nobody can name."""
    told = warnings(
        tmp_path,
        shop_catalogue_yaml=CATALOGUE.replace(", floor: 99", "")
        .replace("value: 48}", "value: 48}\n  deal: {value: {zh: 满减}}")
        .replace("    link: 5\n", "")
        .replace("{zh: 安溪铁观音, en: Anxi Tieguanyin}", "{zh: 安溪铁观音}"),
    )
    for part in ("is not bounded", "`deal` has no `en`", "name `puer` only", "name of `tgy` has no `en`"):
        assert part in told


def test_an_own_value_that_no_reply_says_is_told(tmp_path: Path) -> None:
    """At the value, with the remedy; not where it is equal, or a reply names the product."""
    own = CATALOGUE.replace("ceiling: 169}", "ceiling: 169}\n      dispatch_hours: {value: 72}")
    told = warnings(tmp_path, shop_catalogue_yaml=own)
    assert "catalogue.yaml:10:" in told
    assert "`tgy` has its own `dispatch_hours`, and `dispatch` of `shipping.dispatch` speaks for the whole shop" in told
    assert "write a reply with {product}, {dispatch_hours} and `needs_product: true`" in told
    assert "its own" not in warnings(tmp_path, shop_catalogue_yaml=own.replace("72", "48"))
    named = '      - {id: dispatch-of, text: "{product}{dispatch_hours}小时之内发。", needs_product: true}\n'
    assert "its own" not in warnings(tmp_path, shop_catalogue_yaml=own, shop_intents_all_yaml=REPLIES + named)


def test_doubtful_scripts_are_told(tmp_path: Path) -> None:
    """A script that says nowhere what it answers, and seconds far from the text's length."""
    told = warnings(
        tmp_path, shop_scripts_evening_yaml=SCRIPT.replace(", answers: [product.price]", "").replace("2.5", "25")
    )
    assert "says what it answers" in told
    assert "`s1` says 25 s" in told


def test_a_line_that_goes_before_the_packs_is_told(tmp_path: Path) -> None:
    base, shop = write(tmp_path)
    (base / "more.yaml").write_text("intents: {pack.more: {title: {zh: 多, en: More}, examples: [几许]}}\n")
    (shop / "intents" / "unlisted").mkdir()
    (shop / "intents" / "unlisted" / "own.txt").write_text("几许\n")
    report = check(base, shop)
    assert not report.errors
    assert [warning.line for warning in report.warnings if "yours counts" in warning.message] == [1]
