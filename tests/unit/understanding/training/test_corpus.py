"""Training lines as a corpus."""

from __future__ import annotations

import numpy as np
import pytest

from engine.pool.model import TrainingLine
from engine.understanding.linear import BACKGROUND
from engine.understanding.ngrams import counts, grams
from engine.understanding.training import corpus
from engine.understanding.training.corpus import NO_CLASS, Corpus

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


def test_nothing_hangs_on_how_many_lines_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines stand in their order, each once, with the features of their forms; `not:` lines, too."""
    lines = [TrainingLine("多少钱" * (1 + at % 3) + str(at % 4), "a.price") for at in range(50)]
    negatives = [TrainingLine("多少年", "a.price")]
    whole = Corpus.of_lines(lines, negatives)
    monkeypatch.setattr(corpus, "AT_ONCE", 3)
    parts = Corpus.of_lines(lines, negatives)
    assert parts.forms == whole.forms
    expected = counts(grams(whole.forms))
    for found in (whole.features, parts.features):
        np.testing.assert_array_equal(found.indptr, expected.indptr)
        np.testing.assert_array_equal(found.indices, expected.indices)
        np.testing.assert_array_equal(found.data, expected.data)
