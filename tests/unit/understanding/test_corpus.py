"""Training lines as a corpus."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.pool.model import TrainingLine
from engine.understanding import corpus
from engine.understanding.corpus import NO_CLASS, Corpus, counts, frequencies
from engine.understanding.linear import BACKGROUND
from engine.understanding.ngrams import DIMENSION, Grams, grams

LINES = [
    TrainingLine("多少钱", "a.price"),
    TrainingLine("多少钱！！", "a.price"),
    TrainingLine("哈哈", None),
    TrainingLine("☺☺", None),
    TrainingLine("发货吗", "a.send"),
]


def test_a_line_counts_once_and_must_be_worded() -> None:
    """Equal normal forms are one line; signs alone are never judged, so they teach nothing."""
    corpus = Corpus.of_lines(LINES)
    assert corpus.forms == ["多少钱", "哈哈", "发货吗"]
    assert [corpus.intent(label) for label in corpus.labels.tolist()] == ["a.price", None, "a.send"]
    assert corpus.labels[1] == BACKGROUND


@given(st.lists(st.lists(st.sampled_from((0, 1, 7, DIMENSION - 1)), min_size=1, max_size=5), max_size=6), st.booleans())
def test_features_are_counted_in_order(texts: list[list[int]], many: bool) -> None:
    """However often one stands in a text, and however many texts there are; no text counts what its neighbour has."""
    texts = texts + [[DIMENSION - 1, 0]] * 4100 * many
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    found = counts(Grams(np.array([*chain(*texts)], dtype=np.int32), starts))
    told = [sorted(Counter(text).items()) for text in texts]
    assert np.diff(found.indptr).tolist() == list(map(len, told))
    assert list(zip(found.indices.tolist(), found.data.tolist(), strict=True)) == [
        pair for text in told for pair in text
    ]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (TrainingLine("多少年", "a.price"), True),
        (TrainingLine("发货吗", "a.price"), False),  # it is a line of another intent already
        (TrainingLine("多少年", "a.other"), False),  # nothing is learnt about that intent
    ],
)
def test_not_lines_stand_last_and_have_no_class(line: TrainingLine, counts: bool) -> None:
    """They speak against one intent alone."""
    corpus = Corpus.of_lines(LINES, [line])
    assert len(corpus) == 3 + counts
    if counts:
        assert (corpus.labels[-1], corpus.intent(int(corpus.against[-1]))) == (NO_CLASS, "a.price")


def test_features_do_not_hang_on_how_many_are_looked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines stand in their order, however many threads share them, and a feature counts once in each line that has it."""
    lines = [TrainingLine("多少钱" * (1 + at % 3) + str(at), "a.price") for at in range(50)]
    whole = Corpus.of_lines(lines)
    monkeypatch.setattr(corpus, "AT_ONCE", 3)
    monkeypatch.setattr(corpus, "ENTRIES", 7)
    parts = Corpus.of_lines(lines)
    np.testing.assert_array_equal(whole.features.indices, parts.features.indices)
    np.testing.assert_array_equal(whole.features.indptr, parts.features.indptr)
    np.testing.assert_array_equal(whole.features.data, parts.features.data)
    columns = np.arange(whole.features.shape[1])
    np.testing.assert_array_equal(
        frequencies(parts.features), np.bincount(whole.features.indices, minlength=len(columns))
    )
    assert frequencies(parts.features).max() == len(parts)


def test_the_features_of_lines_are_those_of_their_texts() -> None:
    """Of any lines, in any order, as often as they stand there."""
    lines = Corpus.of_lines(TrainingLine(text, "a.price") for text in ("多少多少多少", "ok ok", "贵不贵", "x"))
    rows = np.array([2, 0, 3, 0])
    found, made = lines.grams(rows), grams([lines.forms[row] for row in rows.tolist()])
    np.testing.assert_array_equal(found.starts, made.starts)
    assert found.columns.dtype == made.columns.dtype
    for start, end in zip(made.starts[:-1], made.starts[1:], strict=True):
        assert sorted(found.columns[start:end].tolist()) == sorted(made.columns[start:end].tolist())
