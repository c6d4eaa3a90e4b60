"""Lines of two places that are read as one."""

from __future__ import annotations

import pytest

from engine.pool.load import load
from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.pool.paths import base_pack, example_shop
from engine.understanding.clashes import clashes

SPELLINGS = (("pls", "please"), ("有获", "有货"))
STOCK = TrainingLine("有货吗", "product.stock")


@pytest.mark.parametrize("text", ["有获吗", "有貨嗎", "有 货 吗！", "有货吗", "有 货吗"])
@pytest.mark.parametrize("intent", [None, UNLISTED, "product.price"])
def test_lines_that_are_read_alike_clash(text: str, intent: str | None) -> None:
    """Whatever makes them alike; the shop's own line is told of, and the other one is named."""
    own = TrainingLine(text, intent)
    training = TrainingSet("0" * 32, (own, STOCK), own=(own,), spellings=SPELLINGS)
    if text == "有 货吗":
        assert not clashes(training)  # a blank parts words, where not all signs have one
        return
    assert [(clash.line, clash.other, clash.form) for clash in clashes(training)] == [(own, STOCK, "有货吗")]


@pytest.mark.parametrize(
    ("text", "intent"), [("有货吗呀", None), ("有火吗", None), ("有获吗", "product.stock"), ("!!", None)]
)
def test_other_lines_do_not(text: str, intent: str | None) -> None:
    """Lines of one place may be read alike, and what has no letter is understood by no word."""
    lines = (TrainingLine(text, intent), STOCK, TrainingLine("??", "product.stock"))
    assert not clashes(TrainingSet("0" * 32, lines, own=lines[:1], spellings=SPELLINGS))


def test_no_example_of_the_pack_is_read_like_a_line_of_another_place() -> None:
    training = load(base_pack(), example_shop()).pool.training
    idle = (None, UNLISTED)
    assert not [found for found in clashes(training) if {found.line.intent, found.other.intent} - {*idle}]
