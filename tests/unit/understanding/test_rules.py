"""Sure rules, on comments as they are read."""

from __future__ import annotations

import pytest

from engine.pool.load import load
from engine.pool.model import Intent
from engine.pool.paths import base_pack, example_shop
from engine.understanding.reading import Reader
from engine.understanding.rules import Rules
from engine.understanding.scanner import Scanner
from engine.understanding.spellings import Spellings

SPELLINGS = Spellings((("小黄车", "购物车"), ("wanna", "want to"), ("u", "you")))


@pytest.mark.parametrize(
    ("rule", "text", "fires"),
    [
        ("小黄车 + 打不开", "小黄车打不开", True),
        ("小黄车 + 打不开", "購物車打不開", True),
        ("小黄车 + 打不开", "小黄车打开了", False),
        ("wanna > haggle", "I wanna haggle", True),
        ("u > barter", "do U barter", True),
        ("u > barter", "youth barter", False),
    ],
)
def test_a_term_fires_on_what_it_is_written_like(rule: str, text: str, fires: bool) -> None:
    """Term and comment are read in one spelling."""
    scanner = Scanner()
    rules = Rules([Intent("a.b", {"zh": "a", "en": "a"}, keywords=(rule,))], scanner, SPELLINGS)
    assert bool(rules.fired(scanner.scan(SPELLINGS.form(text)))) == fires


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("狗东西", "abuse.insult"),
        ("你个狗东西", "abuse.insult"),
        ("nmsl", "abuse.insult"),
        ("cnm", "abuse.insult"),
        ("煞笔", "abuse.insult"),
        ("蟹蟹主播", "social.thanks"),
        ("tysm", "social.thanks"),
        ("這個咋賣", "product.price"),
        ("几多钱", "product.price"),
        ("😂 你好主播 多少钱呀", "product.price"),
        ("wow how much pls", "product.price"),
        ("小黄车在哪", "order.how_to_buy"),
        ("link pls", "order.how_to_buy"),
        ("有木有优惠卷", "promo.coupon"),
        ("1号还有木有", "product.stock"),
        ("do u have any vouchers", "promo.coupon"),
        ("what's the diff between 1 and 2?", "product.compare"),
        ("我1米65 120斤穿什么码", "product.size_fit"),
    ],
)
def test_rules_of_the_pack_fire_on_other_spellings(text: str, intent: str) -> None:
    reading = Reader(load(base_pack(), example_shop()).pool).read([text])[0]
    assert [fired for fired, _ in reading.fired] == [intent]
