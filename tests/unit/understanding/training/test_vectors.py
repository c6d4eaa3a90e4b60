"""Lines as unit rows: what the model makes of their texts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.understanding.linear import Linear
from engine.understanding.ngrams import DIMENSION, counts, grams
from engine.understanding.training.vectors import unit_rows

TEXTS = ["多少钱", "how much is it", "哈哈哈哈哈", "how much how much how much", "沪", "多少钱一斤多少钱"]


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(st.integers(0, len(TEXTS) - 1), max_size=8), seed=st.integers(0, 10**6), known=st.floats(0, 1))
def test_each_line_is_what_the_model_makes_of_its_text(lines: list[int], seed: int, known: float) -> None:
    """Whether a model knows all of its features, some, or none; none stands there twice, nor one that is unknown."""
    draw = np.random.default_rng(seed)
    rows = np.flatnonzero(draw.random(DIMENSION) < known)
    index = np.zeros(DIMENSION, dtype=np.int32)
    index[rows] = 1 + draw.permutation(len(rows))
    idf = np.concatenate(([0.0], 0.5 + draw.random(len(rows)))).astype(np.float32)
    batch = grams([TEXTS[line] for line in lines])
    found = unit_rows(counts(grams(TEXTS)), np.array(lines, dtype=np.int32), index, idf)
    nothing = np.zeros((len(idf), 2), dtype=np.float32)
    expected = Linear(index, idf, nothing, nothing[0]).vectors(batch)
    expected.sum_duplicates()
    found.sort_indices()
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.data, expected.data, atol=1e-6)
