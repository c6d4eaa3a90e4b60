"""What a sentence of the script seems to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.events.understanding import Outcome, Understanding
from engine.pool.load import load
from engine.pool.model import Pool, Reply, ScriptPlan, Segment, Sentence
from engine.understanding.lookahead import Judged, proposals

REPLIES = {
    "product.price": (
        Reply("price", "product.price", "{product}今天{price}", "zh", True, ("product", "price")),
        Reply("price-en", "product.price", "{product} is {price}", "en", True, ("product", "price")),
    ),
    "shipping.dispatch": (
        Reply("hours", "shipping.dispatch", "拍下{hours}小时之内就发货", "zh", False, ("hours",)),
        Reply("days", "shipping.dispatch", "付款以后由店里的同事按顺序打包寄出去", "zh", False),
    ),
    "product.stock": (
        Reply(
            "stock", "product.stock", "{product}还有{stock}个，{hours}小时发", "zh", True, ("product", "stock", "hours")
        ),
    ),
}


def told(pool: Pool, *texts: str, product: str | None = "bear", judged: Judged | None = None) -> list[dict[str, str]]:
    """What is proposed for each of the sentences, which stand in one segment."""
    sentences = tuple(Sentence(f"s{n}", text, 3.0) for n, text in enumerate(texts))
    intents = {name: replace(pool.intents[name], replies=replies) for name, replies in REPLIES.items()}
    plan = ScriptPlan("evening", "zh", True, (Segment("one", product, sentences),))
    found = proposals(replace(pool, intents={**pool.intents, **intents}, scripts={"evening": plan}), judged)
    answers: list[dict[str, str]] = [{} for _ in texts]
    for proposal in found:
        answers[proposal.number] = dict(proposal.answers)
    return answers


def test_a_sentence_that_speaks_all_facts_of_a_reply_answers_its_intent(pool: Pool) -> None:
    """A part of them is no answer, and a reply about a product needs a segment about one."""
    first, second, third = told(pool, "这只{price}", "{hours}小时发出", "大家好")
    assert list(first) == ["product.price"]
    assert first["product.price"] == "it speaks {price}, as the reply `price` does"
    assert list(second) == ["shipping.dispatch"]
    assert third == {}
    assert told(pool, "还有{stock}个", "{stock}个，{hours}小时发")[1].keys() >= {"product.stock"}
    assert told(pool, "这只{price}", product=None) == [{}]


def test_a_sentence_that_says_what_a_reply_says_answers_its_intent(pool: Pool) -> None:
    """By its words, where no fact tells."""
    filler = ("我们先看看这个颜色", "小朋友都喜欢抱着它睡觉", "里面是棉花，洗了不变形", "下面给大家看细节")
    (found, *others) = told(pool, "付款以后呢，同事会按顺序打包寄出去的", *filler)
    assert found == {"shipping.dispatch": "it says nearly what the reply `days` says"}
    assert others == [{}] * 4


def test_rules_and_the_model_are_heard(pool: Pool) -> None:
    """A rule that fires; what the model is sure of, but no chatter, and nothing that it doubts."""

    outcomes: dict[str, tuple[Outcome, str]] = {
        "甲": ("accepted", "product.stock"),
        "乙": ("low_confidence", "product.stock"),
        "丙": ("accepted", "social.greeting"),
    }

    def judged(texts: Sequence[str]) -> list[Understanding]:
        found: list[tuple[Outcome, str | None]] = [outcomes.get(text, ("chatter", None)) for text in texts]
        return [Understanding(outcome, "", "zh", intent, 0.97) for outcome, intent in found]

    rule, sure, doubted, chatter = told(pool, "有人问多少钱", "甲", "乙", "丙", judged=judged)
    assert rule == {"product.price": "the rule `多少钱` fires"}
    assert sure == {"product.stock": "the model takes it for that, with 0.97"}
    assert doubted == chatter == {}


def test_a_shop_without_replies_gets_no_proposal(pool: Pool) -> None:
    """There is nothing that a sentence could say instead."""
    plan = ScriptPlan("evening", "zh", True, (Segment("one", None, (Sentence("s", "多少钱", 3.0),)),))
    assert list(proposals(replace(pool, scripts={"evening": plan}))) == []


@pytest.mark.slow
def test_what_the_editors_of_the_example_tagged_is_proposed() -> None:
    """Nine in ten of the tags, so that the proposals are worth reading."""
    root = Path(__file__).resolve().parents[3]
    pool = load(root / "intents", root / "examples" / "tea-shop").pool
    found = {(p.segment, p.number): dict(p.answers) for p in proposals(pool)}
    tags = hits = 0
    for n, segment in enumerate(pool.scripts["evening"].segments):
        for m, sentence in enumerate(segment.sentences):
            tags += len(sentence.answers)
            hits += sum(intent in found.get((n, m), {}) for intent in sentence.answers)
    assert tags > 40
    assert hits >= 0.9 * tags
