"""A pool's script filled with the facts that the gateway told."""

from __future__ import annotations

import dataclasses

import pytest

from engine.client.scripts import FactBook, NothingToSay, fill_script
from engine.events.inputs import LocalText
from engine.events.told import Fact
from engine.events.wire import Facts
from engine.pool.model import Guard, Limits, Pool, Product, ScriptPlan, Segment, Sentence, TrainingSet

NOW = 1_767_225_600_000
PLAN = ScriptPlan("evening", "zh", True, (
    Segment("open", None, (Sentence("o1", "满{free_from}就包邮。", 3.0), Sentence("o2", "{deal}。", 2.0, ("promo.discount",)))),
    Segment("tea", "longjing", (Sentence("t1", "{link}号{product}，今天{price}。", 4.0, hold=True),)),
))  # fmt: skip
POOL = Pool(
    hash="ab" * 16, shop="tea", name={"zh": "茶"}, languages=("zh", "en"), default_language="zh", intents={},
    products={"longjing": Product("longjing", {"zh": "龙井", "en": "Longjing"}, link=1)}, facts={}, not_sold=(),
    guard=Guard(), limits=Limits(), scripts={"evening": PLAN}, training=TrainingSet("cd" * 16, ()), model="ef" * 16,
)  # fmt: skip
FREE = Fact(product="*", name="free_from", value=99, currency="CNY", version="catalogue:1")
DEAL = Fact(
    product="*", name="deal", value=LocalText(zh="买二送一", en="2+1"), version="catalogue:2", until=NOW + 1_000
)
PRICE = Fact(product="longjing", name="price", value=129, currency="CNY", version="catalogue:3")


def fill(*facts: Fact, now: int = NOW, speed: float = 1.0) -> tuple[list[str], list[tuple[str, str]], str]:
    filled = fill_script(POOL, PLAN, FactBook(facts), now=now, request="r1", speed=speed)
    texts = [sentence.text for segment in filled.script.segments for sentence in segment.sentences]
    return texts, list(filled.left_out), filled.script.version


def test_placeholders_are_filled_and_their_versions_told() -> None:
    """Money with its currency, texts in the script's language, the product's name and link number; `answers` and `hold` with them."""
    filled = fill_script(POOL, PLAN, FactBook((FREE, DEAL, PRICE)), now=NOW, request="r1")
    opening, tea = filled.script.segments
    assert [sentence.text for sentence in opening.sentences] == ["满99元就包邮。", "买二送一。"]
    assert tea.sentences[0].text == "1号龙井，今天129元。"
    assert tea.product == "longjing"
    assert opening.sentences[0].facts == {"*/free_from": "catalogue:1"}
    assert tea.sentences[0].facts == {"longjing/price": "catalogue:3"}
    assert opening.sentences[1].answers == ("promo.discount",)
    assert tea.sentences[0].hold is True
    assert (filled.script.id, filled.script.script, filled.script.loop, filled.left_out) == ("r1", "evening", True, ())


def test_a_sentence_without_its_fact_is_left_out() -> None:
    """Withdrawn, over, not begun, never told: what nobody stands for is not said; without any sentence there is no script."""
    withdrawn = PRICE.model_copy(update={"value": None, "live": True})
    assert fill(FREE, PRICE, withdrawn, DEAL, now=NOW + 1_000)[:2] == (
        ["满99元就包邮。"],
        [("o2", "no value for deal"), ("t1", "no value for price")],
    )
    later = FREE.model_copy(update={"start": NOW + 1})
    with pytest.raises(NothingToSay) as error:
        fill(later)
    assert str(error.value) == (
        "no sentence of script `evening` can be said now (`o1`: no value for free_from); publish shop `tea` on the server, "
        "or correct its facts"
    )
    assert [sentence for sentence, _ in error.value.left_out] == ["o1", "o2", "t1"]


def test_a_sentence_that_gets_too_long_is_left_out() -> None:
    """Up to 300 characters are said at a time, whatever the log holds; the others go on."""
    deal = DEAL.model_copy(update={"until": None, "live": True})
    fits = deal.model_copy(update={"value": "很" * 299})
    assert fill(PRICE, fits)[:2] == (["很" * 299 + "。", "1号龙井，今天129元。"], [("o1", "no value for free_from")])
    texts, left, _ = fill(FREE, PRICE, deal.model_copy(update={"value": "很" * 3_000}))
    assert texts == ["满99元就包邮。", "1号龙井，今天129元。"]
    assert left == [("o2", "3,001 characters with deal, at most 300 can be said at a time")]
    huge = PRICE.model_copy(update={"value": 10**300, "live": True})
    assert [sentence for sentence, _ in fill(FREE, huge)[1]] == ["o2", "t1"]


@pytest.mark.parametrize("value", ["", " ", "\n", LocalText(zh="", en=None), LocalText(zh=" ", en="")])
def test_an_empty_text_is_no_value(value: str | LocalText) -> None:
    """Nothing would be heard in its place."""
    deal = DEAL.model_copy(update={"value": value, "live": True})
    assert fill(FREE, PRICE, deal)[1] == [("o2", "no value for deal")]


def test_a_live_fact_goes_before_the_catalogue_while_it_holds() -> None:
    """Before and after it the catalogue counts; the product's own fact hides the shop's."""
    live = PRICE.model_copy(update={"value": 99, "live": True, "version": "live:7", "start": NOW, "until": NOW + 10})
    for now, said in ((NOW - 1, "129元"), (NOW, "99元"), (NOW + 10, "129元")):
        assert fill(PRICE, live, FREE, now=now)[0][-1] == f"1号龙井，今天{said}。"
    shops = PRICE.model_copy(update={"product": "*", "value": 5})
    assert fill(shops, FREE)[0][-1] == "1号龙井，今天5元。"
    over = PRICE.model_copy(update={"until": NOW})
    assert fill(shops, over, FREE)[1] == [("o2", "no value for deal"), ("t1", "no value for price")]


def test_the_version_follows_from_what_is_said() -> None:
    """Equal content gives an equal version, whatever the request; another price or speed another one."""
    assert fill(FREE, PRICE)[2] == fill(FREE, PRICE)[2]
    assert fill(FREE, PRICE)[2] != fill(FREE, PRICE.model_copy(update={"value": 119}))[2]
    assert fill(FREE, PRICE)[2] != fill(FREE, PRICE, speed=2.0)[2]


def test_seconds_are_divided_by_the_speed() -> None:
    """So that the engine plans with the true ones."""
    filled = fill_script(POOL, PLAN, FactBook((FREE, DEAL, PRICE)), now=NOW, request="r", speed=4.0)
    assert [s.seconds for segment in filled.script.segments for s in segment.sentences] == [0.75, 0.5, 1.0]


def test_the_book_knows_when_a_fact_changes_and_takes_pushes() -> None:
    """The next begin or end; a whole push replaces everything, a part adds to it."""
    book = FactBook((DEAL, PRICE))
    assert book.next_change(NOW) == NOW + 1_000
    assert book.next_change(NOW + 1_000) is None
    book.take(Facts(shop="tea", facts=(PRICE.model_copy(update={"value": 99, "live": True}),)))
    found = book.at("longjing", "price", NOW)
    assert found is not None
    assert found[1].value == 99
    book.take(Facts(shop="tea", whole=True, facts=(FREE,)))
    assert book.at("longjing", "price", NOW) is None
    assert book.at("longjing", "free_from", NOW) == (("*", "free_from"), FREE)


def test_a_product_without_a_link_number_has_none_to_say() -> None:
    """The sentence is left out."""
    pool = dataclasses.replace(POOL, products={"longjing": Product("longjing", {"zh": "龙井"})})
    filled = fill_script(pool, PLAN, FactBook((FREE, PRICE)), now=NOW, request="r")
    assert ("t1", "no value for link") in filled.left_out
