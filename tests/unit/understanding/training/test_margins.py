"""What a model says of lines of a corpus: the same as of their texts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.understanding.linear import Linear
from engine.understanding.model import Model
from engine.understanding.ngrams import DIMENSION, counts, grams
from engine.understanding.training.margins import scores

TEXTS = ["多少钱", "how much is it", "哈哈哈哈哈", "how much how much how much", "沪", "多少钱一斤多少钱", "龘"]


def assert_same(linear: Linear, texts: list[str], lines: list[int]) -> None:
    found = scores(linear, counts(grams(texts)), np.array(lines, dtype=np.int32))
    expected = linear.scores(grams([texts[line] for line in lines]))
    for name in ("margins", "asks", "listed", "familiar", "support", "questioning"):
        mine, its = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(mine, its, atol=2e-5, err_msg=name)
        assert mine.dtype == its.dtype


@settings(max_examples=50, deadline=None)
@given(
    lines=st.lists(st.integers(0, len(TEXTS) - 1), max_size=8),
    seed=st.integers(0, 10**6),
    known=st.floats(0, 1),
    classes=st.integers(2, 20),
)
def test_they_are_those_of_the_texts(lines: list[int], seed: int, known: float, classes: int) -> None:
    """Whether a model knows all of their features, some, or none, and however many classes it has."""
    draw = np.random.default_rng(seed)
    rows = np.flatnonzero(draw.random(DIMENSION) < known)
    index = np.zeros(DIMENSION, dtype=np.int32)
    index[rows] = 1 + draw.permutation(len(rows))
    idf = np.concatenate(([0.0], 0.5 + draw.random(len(rows)))).astype(np.float32)
    weights = draw.normal(size=(len(idf), classes + 2)).astype(np.float32)
    weights[0] = 0.0
    assert_same(Linear(index, idf, weights, draw.normal(size=classes + 2).astype(np.float32)), TEXTS, lines)


def test_of_a_trained_model(model: Model) -> None:
    assert_same(model.linear, TEXTS, [6, 0, 0, 3, 1, 2, 5, 4])
