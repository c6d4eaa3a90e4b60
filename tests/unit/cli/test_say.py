"""`livechat say`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import Exit
from tests.unit.cli.conftest import Invoke


def test_reply_is_told_with_every_check(base: Path, shop: Path, invoke: Invoke) -> None:
    """An answerable comment: all checks pass, and the reply is filled."""
    result = invoke("say", "铁观音多少钱", "--shop", shop, "--base", base)
    assert result.exit_code == 0
    assert "✗" not in result.stdout
    assert "would be said" in result.stdout
    assert "安溪铁观音今天129元，拍3号。" in result.stdout


def test_product_on_screen_answers_a_question_that_names_none(base: Path, shop: Path, invoke: Invoke) -> None:
    """`--product` is what the viewer sees."""
    without = json.loads(invoke("say", "多少钱", "--shop", shop, "--base", base, "--json").stdout)
    assert without["reason"] == "no_product"
    assert without["reply"] is None
    shown = json.loads(invoke("say", "多少钱", "--shop", shop, "--base", base, "--json", "-p", "tgy").stdout)
    assert shown["reason"] == "shadowed"
    assert shown["product"] == "tgy"
    assert shown["reply"]["text"] == "安溪铁观音今天129元，拍3号。"


def test_a_link_that_no_product_has_is_told(base: Path, shop: Path, invoke: Invoke) -> None:
    """Also while a product is on screen: that is not what was meant."""
    result = invoke("say", "99号链接多少钱", "--shop", shop, "--base", base, "-p", "tgy")
    assert "a link that no product has" in result.stdout
    assert "129元" not in result.stdout


def test_failed_check_is_named_and_the_rest_is_not_reached(base: Path, shop: Path, invoke: Invoke) -> None:
    """The first check that applies decides, as in the room."""
    told = json.loads(invoke("say", "今天好热", "--shop", shop, "--base", base, "--json").stdout)
    assert told["reason"] == "chatter"
    assert [check["passed"] for check in told["checks"]] == [True, False, *[None] * 7]
    assert told["intent"] is None


def test_fact_that_is_missing_is_named(base: Path, shop: Path, invoke: Invoke) -> None:
    """A product without a price has replies that cannot be said, each with its trouble."""
    told = json.loads(invoke("say", "普洱多少钱", "--shop", shop, "--base", base, "--json").stdout)
    assert told["reason"] == "fact_missing"
    assert {reply["trouble"] for reply in told["replies"]} == {"fact_missing: price"}


def test_language_of_the_room_chooses_the_reply(base: Path, shop: Path, invoke: Invoke) -> None:
    """`--lang en` is an English room."""
    told = json.loads(invoke("say", "铁观音多少钱", "--shop", shop, "--base", base, "--json", "--lang", "en").stdout)
    assert told["reply"]["id"] == "price-en"


@pytest.mark.parametrize("text", ["", "   ", "!!", "。。。"])
def test_a_text_without_words_has_nothing_to_be_understood(text: str, base: Path, shop: Path, invoke: Invoke) -> None:
    """No intent is called likely, or the runner-up, of a text that says nothing."""
    page = invoke("say", text, "--shop", shop, "--base", base).stdout
    assert "nothing is to be understood" in page
    assert "likeliest" not in page
    assert "runner-up" not in page
    assert "Nothing is asked." in page
    told = json.loads(invoke("say", text, "--shop", shop, "--base", base, "--json").stdout)
    assert (told["best"], told["runner_up"], told["confidence"], told["intents"]) == (None, None, 0.0, [])
    assert told["reason"] == "chatter"


def test_unknown_product_is_told(base: Path, shop: Path, invoke: Invoke) -> None:
    """With the ones that there are."""
    result = invoke("say", "多少钱", "--shop", shop, "--base", base, "-p", "cake")
    assert result.exit_code == Exit.USAGE
    assert "its products are: puer, tgy" in result.stderr
