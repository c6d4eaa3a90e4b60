"""Products by alias and link number, and goods that are not sold."""

from __future__ import annotations

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


def test_a_shop_without_names_finds_none() -> None:
    """Nothing is named where nothing has a name."""
    scanner = Scanner()
    assert Names((), (), scanner).find("3号链接", scanner.scan("3号链接")).product is None
