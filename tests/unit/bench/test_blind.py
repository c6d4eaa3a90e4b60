"""Blind lines as folds judge their own."""

from __future__ import annotations

import numpy as np

from bench.blind import of_folds
from engine.pool.model import UNLISTED, TrainingLine
from engine.understanding.training.corpus import Corpus
from tests.unit.understanding.conftest import training_set

TRAINING = training_set()
LINES = len(TRAINING.lines)


def test_only_lines_unlike_those_of_the_pack_are_asked() -> None:
    """Neither what stands there, nor its near-duplicates; of abuse none either way."""
    same = TrainingLine("when will it ship", "shipping.dispatch")
    near = TrainingLine("and how soon do you dispatch", "shipping.dispatch")
    new = [TrainingLine("sell me seven of them", "product.stock"), TrainingLine("能不能寄到月球上面去", UNLISTED)]
    idle, abuse = TrainingLine("电视剧第三集演到哪了", None), TrainingLine("这什么狗东西欠揍", "abuse.insult")
    _, blind = of_folds(TRAINING, [same, near, *new, idle, abuse])
    assert sorted(blind.kinds.tolist()) == ["idle", "listed", "unlisted"]


def test_no_blind_line_moves_the_folds() -> None:
    """They are asked beside the pack's lines, and nothing is learnt from them."""
    corpus = Corpus.of(TRAINING)
    alone, _ = of_folds(TRAINING, [TrainingLine("电视剧第三集演到哪了", None)])
    other, _ = of_folds(
        TRAINING, [TrainingLine(f"第{number}颗纽扣掉了谁来赔", "product.stock") for number in "甲乙丙丁戊己"]
    )
    assert len(alone.kinds) == int((corpus.labels == 0).sum()) + int((alone.kinds != "idle").sum())
    np.testing.assert_array_equal(alone.sure, other.sure)
