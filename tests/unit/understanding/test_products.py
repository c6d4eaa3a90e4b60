"""Products by alias and link number, and goods that are not sold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.pool.model import Pool
from engine.understanding.normalise import normal_form
from engine.understanding.products import Names
from engine.understanding.scanner import Scanner


@pytest.mark.parametrize(
    ("text", "product", "not_sold"),
    [
        ("小熊多少钱", "bear", None),
        ("How much is the BEAR?", "bear", None),
        ("teddy bear pls", "bear", None),
        ("bearable", None, None),
        ("3号链接还有吗", "bear", None),
        ("三號多少錢", "bear", None),
        ("#3", "bear", None),
        ("link 12 price", "kite", None),
        ("item number 3", "bear", None),
        ("链接12", "kite", None),
        ("99号链接", None, None),
        ("三号", "bear", None),
        ("3号", "bear", None),
        ("三号链接", "bear", None),
        ("３號連結多少錢", "bear", None),
        ("3 号 链接", "bear", None),
        ("3链接", "bear", None),
        ("链接三", "bear", None),
        ("第三个", "bear", None),
        ("第3个多少钱", "bear", None),
        ("第十二个链接", "kite", None),
        ("十二号宝贝", "kite", None),
        ("第三款有货吗", "bear", None),
        ("number 3", "bear", None),
        ("No.3 price?", "bear", None),
        ("number three please", "bear", None),
        ("link three", "bear", None),
        ("LINK#3", "bear", None),
        ("the third link", "bear", None),
        ("3rd item how much", "bear", None),
        ("item 12", "kite", None),
        ("第三个问题", None, None),
        ("第三个颜色好看", None, None),
        ("no one answers", None, None),
        ("number one fan", None, None),
        ("3号能到吗", None, None),
        ("3号可以发货吗", None, None),
        ("11.3号", None, None),
        ("link 33", None, None),
        ("99号链接和3号链接", "bear", None),
        ("3号发货吗", None, None),
        ("5月3号到吗", None, None),
        ("13号链接", None, None),
        ("有积木吗", None, "积木"),
        ("got any LEGO", None, "lego"),
        ("北极熊有吗", None, "北极熊"),
        ("大风筝和熊", "kite", None),
        ("今天好热", None, None),
    ],
)
def test_names_are_found(pool: Pool, text: str, product: str | None, not_sold: str | None) -> None:
    """The longest name wins, Latin names are whole words, a day of the month is no link number."""
    scanner = Scanner()
    names = Names(pool.products.values(), pool.not_sold, scanner)
    form = normal_form(text)
    named = names.find(form, scanner.scan(form))
    assert (named.product, named.not_sold) == (product, not_sold)


@pytest.mark.parametrize(
    ("text", "stranger"),
    [
        ("99号链接多少钱", True),
        ("link 99 price", True),
        ("#99", True),
        ("链接99", True),
        ("第九个链接", True),
        ("the 9th link", True),
        ("99号链接和3号链接", False),
        ("99号链接的小熊", False),
        ("36号还有吗", False),
        ("第九个", False),
        ("number 9", False),
        ("链接在哪", False),
        ("多少钱", False),
    ],
)
def test_a_link_that_no_product_has_is_told(pool: Pool, text: str, stranger: bool) -> None:
    """Only where a link is meant for sure: a number alone may be a size or a day."""
    scanner = Scanner()
    names = Names(pool.products.values(), pool.not_sold, scanner)
    form = normal_form(text)
    assert names.find(form, scanner.scan(form)).stranger is stranger


def test_links_have_up_to_four_digits(pool: Pool) -> None:
    """As the catalogue allows."""
    far = replace(pool.products["bear"], link=1234)
    scanner = Scanner()
    names = Names([far], (), scanner)
    for text in ("1234号链接", "link 1234", "#1234", "1234号"):
        form = normal_form(text)
        assert names.find(form, scanner.scan(form)).product == "bear"


def test_a_shop_without_names_finds_none() -> None:
    """Nothing is named where nothing has a name."""
    scanner = Scanner()
    assert Names((), (), scanner).find("3号链接", scanner.scan("3号链接")).product is None
