"""Folds and the clusters that they keep together."""

from __future__ import annotations

import numpy as np

from engine.pool.model import TrainingLine, TrainingSet
from engine.understanding.training.corpus import Corpus
from engine.understanding.training.folds import FOLDS, folds
from engine.understanding.training.twins import clusters


def test_near_duplicates_share_a_fold() -> None:
    """Whatever their intents are: a model must not be asked about a line that it saw."""
    lines = [TrainingLine(text, intent) for text, intent in (
        ("这款保温杯多少钱一个", "a.price"), ("这款保温杯多少钱一个呀", "a.price"), ("这款保温杯多少钱一个啊", None),
        ("什么时候发货", "a.send"), ("今天天气不错", None), ("昨晚的球赛看了没", None),
    )]  # fmt: skip
    corpus = Corpus.of_lines(lines)
    found = clusters(corpus)
    assert found[0] == found[1] == found[2]
    assert len(set(found.tolist())) == 4
    dealt = folds(corpus)
    assert dealt[0] == dealt[1] == dealt[2]


def test_folds_are_about_as_large(training: TrainingSet) -> None:
    """Of every class: no fold is more than one cluster ahead of another."""
    corpus = Corpus.of(training)
    dealt, largest = folds(corpus), int(np.bincount(clusters(corpus)).max())
    for label in range(corpus.classes):
        sizes = np.bincount(dealt[corpus.labels == label], minlength=FOLDS)
        assert sizes.max() - sizes.min() <= largest
