"""Parts of a comment, and what one of them may settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events.fields import MAX_TEXT
from engine.events.understanding import Outcome, Understanding
from engine.pool.load import load_pool
from engine.pool.paths import base_pack, example_shop
from engine.understanding.clauses import LEAST, MOST, Withdrawals, clauses, settle
from engine.understanding.model import model_hash
from engine.understanding.normalise import normal_form
from engine.understanding.spellings import Spellings
from engine.understanding.understander import Understander


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("第一次用 要怎麼下單", ["第一次用", "要怎麼下單"]),
        ("我过敏体质，面霜里含不含酒精？", ["我过敏体质", "面霜里含不含酒精"]),
        ("my ceiling is low, how tall is the shelf", ["my ceiling is low", "how tall is the shelf"]),
        ("还有别的花色没[捂脸]这几个太艳了", ["还有别的花色没", "这几个太艳了"]),
        ("收到了😭能退吗", ["收到了", "能退吗"]),
        ("能送到吗我新疆的", ["能送到吗", "我新疆的"]),
        ("會掉色嗎上次那件染一腿", ["會掉色嗎", "上次那件染一腿"]),
        ("能退吗退个屁", []),  # no fact: the answer is told
        ("发货了吗我的发了", []),
        ("包邮吗亲", []),
        ("我20号买的499，今天变成439,差价能退吗", ["我20号买的499", "今天变成439", "差价能退吗"]),
        ("见 http://a.b/c?d=e 多少钱", []),  # one sign is no clause
        ("多少钱", []),
        ("how much is the blue one", []),
        ("1,299 or 19.9?", []),
        ("don't ship", []),
        ("a, b, c", []),
        ("", []),
    ],
)
def test_clauses_stand_between_punctuation_pictures_and_chinese_blanks(text: str, parts: list[str]) -> None:
    assert clauses(text) == parts


def test_a_speech_has_no_clauses() -> None:
    assert len(clauses("，".join(["多少钱"] * MOST))) == MOST
    assert clauses("，".join(["多少钱"] * (MOST + 1))) == []


@given(
    st.text(st.characters(exclude_categories=()), max_size=MAX_TEXT + 50) | st.text("多少钱 ，,.?:[a]1&;#", max_size=60)
)
def test_any_text_has_few_and_short_clauses(text: str) -> None:
    parts = clauses(text)
    assert len(parts) <= MOST
    assert all(len(part) >= LEAST for part in parts)
    assert sum(map(len, parts)) <= MAX_TEXT * 2  # an entity may stand for more letters than one


def told(outcome: Outcome, intent: str, confidence: float) -> Understanding:
    return Understanding(
        outcome, "key", "zh", intent, confidence, "product.stock", confidence, True, "tea", None, "***"
    )


WHOLE = "我过敏 多少钱"
NONE = Withdrawals((), Spellings(()))


@pytest.mark.parametrize(
    ("outcome", "part", "settled"),
    [
        ("low_confidence", told("accepted", "product.price", 0.97), True),
        ("low_confidence", told("accepted", "shipping.fee", 0.97), False),
        ("low_confidence", told("low_confidence", "product.price", 0.97), False),
        ("low_confidence", told("accepted", "product.price", 0.5), False),
        ("unknown", told("accepted", "product.price", 0.97), False),
        ("chatter", told("accepted", "product.price", 0.97), False),
    ],
)
def test_a_clause_settles_only_what_was_likely(outcome: Outcome, part: Understanding, settled: bool) -> None:
    """Where its intent is that of the whole, and it is surer; what the line names and masks stays."""
    asked: list[Sequence[str]] = []

    def understand(texts: Sequence[str]) -> list[Understanding]:
        asked.append(texts)
        return [told("chatter", "product.price", 0.0), part]

    whole = told(outcome, "product.price", 0.6)
    found = settle([WHOLE], [whole], understand, NONE)
    assert found == ({0: "多少钱"} if settled else {})
    assert whole.outcome == ("accepted" if settled else outcome)
    assert whole.confidence == (part.confidence if settled else 0.6)
    assert (whole.key, whole.product, whole.masked) == ("key", "tea", "***")
    assert asked == ([["我过敏", "多少钱"]] if outcome == "low_confidence" else [])


@pytest.fixture(scope="module")
def withdrawals() -> Withdrawals:
    """Those of the pack."""
    pool = load_pool(base_pack(), example_shop(), model_of=model_hash)
    return Withdrawals(pool.withdrawals, Spellings(pool.training.spellings))


@pytest.mark.parametrize(
    "text",
    [
        "多少钱 别问了", "多少錢 別問了", "我又没问 多少钱", "楼上问 多少钱", "已解決，怎么退", "以前在淘宝 多少钱",
        "Never mind, how much", "NVM how much", "my mom ASKED, how much",
    ],
)  # fmt: skip
def test_what_is_taken_back_or_retold_is_not_settled_by_a_clause(withdrawals: Withdrawals, text: str) -> None:
    """In whatever script and case."""
    whole = replace(told("low_confidence", "product.price", 0.6), key=normal_form(text))
    assert settle([text], [whole], lambda texts: pytest.fail(f"{texts} were asked"), withdrawals) == {}
    assert whole.outcome == "low_confidence"


@pytest.mark.parametrize(
    "text",
    [
        "我过敏，多少钱", "masked tolds, how much", "请问我昨天拍的两件，有没有优惠券", "没问题的话我就拍了，今天能发货吗",
        "听说过你家，有没有优惠券", "特别家常的那种，多久发货", "其他问题没有，新疆包邮吗", "双十二以前能到吗，我在新疆",
        "as you said, when does it ship",
    ],
)  # fmt: skip
def test_words_of_other_words_take_nothing_back(withdrawals: Withdrawals, text: str) -> None:
    assert not withdrawals.stand_in(normal_form(text))


def test_facts_around_a_question_do_not_silence_it(understander: Understander) -> None:
    """And `explain` tells which clause was judged."""
    text = "小的 还有没有货"
    (found,) = understander.understand([text])
    explained = understander.explain(text)
    assert found == explained.understanding
    assert (found.outcome, found.intent, explained.judged) == ("accepted", "product.stock", "还有没有货")
    assert explained.form == found.key
