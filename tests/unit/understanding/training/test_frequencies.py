"""In how many lines a feature stands, and whose they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.understanding.ngrams import counts, grams
from engine.understanding.training.frequencies import SEVERAL, frequencies

TEXTS = ("多少钱", "多少", "发货吗", "how much", "哈哈哈哈", "much")


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(-2, 3), st.booleans()), min_size=1, max_size=12))
def test_they_are_told_of_the_chosen_lines_alone(lines: list[tuple[str, int, bool]]) -> None:
    """A feature that stands in a line twice counts once; of lines of one class it tells the class."""
    counted = counts(grams([text for text, _, _ in lines]))
    chosen = np.flatnonzero([take for _, _, take in lines]).astype(np.int32)
    often, of_class = frequencies(counted, chosen, np.array([label for _, label, _ in lines], dtype=np.intp))
    for column in np.unique(counted.indices).tolist():
        labels = [label for text, label, take in lines if take and column in grams([text]).columns]
        assert often[column] == len(labels)
        if labels:
            assert of_class[column] == (labels[0] if len(set(labels)) == 1 else SEVERAL)
    assert often.sum() == np.diff(counted.indptr)[chosen].sum()
