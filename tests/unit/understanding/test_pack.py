"""The shipped pack, trained: floors under what it reaches today, so that no change lowers them unseen."""

from __future__ import annotations

import numpy as np
import pytest

from engine.pool.load import load_pool
from engine.pool.model import Pool
from engine.pool.paths import base_pack, example_shop
from engine.understanding.linear import BACKGROUND
from engine.understanding.model import MAX_BYTES, Model, model_hash
from engine.understanding.strays import strays
from engine.understanding.training.corpus import Corpus
from engine.understanding.training.twins import clusters
from engine.understanding.understander import Understander
from tests.unit.example_model import example_cache, example_trainer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pack() -> Pool:
    return load_pool(base_pack(), example_shop(), model_of=model_hash)


@pytest.fixture(scope="module")
def trained(pack: Pool, tmp_path_factory: pytest.TempPathFactory) -> Model:
    trainer = example_trainer(example_cache(tmp_path_factory))
    return Model.from_bytes(trainer.content(pack.model))


def test_the_folds_reach_the_floor(trained: Model) -> None:
    """Out of fold: many listed questions are accepted, idle lines and unlisted questions nearly never."""
    assert trained.report["accuracy"] >= 0.87
    assert trained.report["coverage"] >= 0.325
    assert trained.report["accepted_of_background"] <= 0.0015  # of real ones a tenth as many, or fewer
    assert trained.report["accepted_of_unlisted"] <= 0.015
    assert trained.report["risk"] <= 0.03  # what is certified by default
    assert len(trained.to_bytes()) <= MAX_BYTES


def test_lines_for_tests_are_understood(pack: Pool, trained: Model) -> None:
    """Lines that were never trained on: most are understood, hardly any wrongly."""
    tests = pack.training.tests
    results = Understander(pack, trained).understand([line.text for line in tests])
    decided = {"accepted", "chatter", "abuse"}
    right = sum(
        result.outcome in decided and result.intent == line.intent for result, line in zip(results, tests, strict=True)
    )
    wrong = sum(
        result.outcome == "accepted" and result.intent != line.intent
        for result, line in zip(results, tests, strict=True)
    )
    assert right >= 0.55 * len(tests)
    assert wrong <= 0.03 * len(tests)


def test_the_packs_lines_are_unlike_each_other(pack: Pool) -> None:
    """No frame is repeated with a noun exchanged: hardly any line has a near-duplicate, and none has many."""
    corpus = Corpus.of(pack.training)
    cluster = clusters(corpus)
    sizes = np.bincount(cluster)[cluster]
    assert (sizes[corpus.labels > BACKGROUND] > 1).mean() <= 0.06
    assert (sizes[corpus.labels <= BACKGROUND] > 1).mean() <= 0.02
    assert sizes.max() <= 16


def test_no_rule_fires_astray(pack: Pool) -> None:
    """A rule counts as sure, so the pack has none that contradicts its own lines."""
    assert not strays(pack)


def test_no_not_line_is_understood_as_its_intent(pack: Pool, trained: Model) -> None:
    """`not:` holds."""
    negatives = pack.training.negatives
    results = Understander(pack, trained).understand([line.text for line in negatives])
    assert not [
        line.text
        for result, line in zip(results, negatives, strict=True)
        if result.outcome == "accepted" and result.intent == line.intent
    ]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("孕妇能喝龙井吗", "product.suitability"),
        ("大红袍卖多少", "product.price"),
        ("铁观音买回去能放多久不坏", "product.shelf_life"),
        ("2号还剩多少盒", "product.stock"),
        ("how much for the puer cake", "product.price"),
    ],
)
def test_a_question_that_names_a_product_is_understood(pack: Pool, trained: Model, text: str, intent: str) -> None:
    """No training line knows this shop's products."""
    result = Understander(pack, trained).understand([text])[0]
    assert (result.outcome, result.intent) == ("accepted", intent)


@pytest.mark.parametrize("line", ["{} thx", "{} 谢谢", "{} pls", "hi {} thank you"])
@pytest.mark.parametrize("question", ["多少钱", "how much", "包邮吗"])
def test_thanks_behind_a_question_take_nothing_from_it(pack: Pool, trained: Model, line: str, question: str) -> None:
    understander = Understander(pack, trained)
    alone, thanked = understander.understand([question, line.format(question)])
    assert (thanked.outcome, thanked.intent) == (alone.outcome, alone.intent) == ("accepted", alone.intent)


@pytest.mark.parametrize(
    "text", ["[色][色][色]", "已拍", "拍了", "买买买买买", "支持数字人", "数字人好真", "good price", ":heart_eyes:"]
)
def test_cheering_and_remarks_are_chatter(pack: Pool, trained: Model, text: str) -> None:
    """Pictures, announcements of a purchase, cheering, remarks on the host: nobody asks."""
    assert Understander(pack, trained).understand([text])[0].outcome not in {"accepted", "ambiguous", "abuse"}
