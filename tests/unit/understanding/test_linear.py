"""What the linear model says of a text, beside its margins."""

from __future__ import annotations

import numpy as np
import pytest

from engine.understanding import linear as linear_module
from engine.understanding.linear import BACKGROUND, EXTRA, Linear, scales, to_steps
from engine.understanding.model import Model
from engine.understanding.ngrams import grams

FORMS = ["小熊多少钱", "什么时候发货呀", "主播今天真好看", "how much is the bear", "q", "龘龘"]


def by_hand(linear: Linear, form: str) -> tuple[float, float, float]:
    """Margin of the best intent, what supports it, and what speaks for a question: from one feature after another."""
    features = [int(linear.index[column]) for column in grams([form]).columns]
    values = np.array([float(linear.idf[row]) for row in features])
    values /= max(1e-9, float(np.sqrt((values**2).sum())))
    weights = np.stack([linear.weights[row].astype(np.float64) for row in features])
    margins = values @ weights + linear.bias
    best = int(margins[BACKGROUND + 1 : -EXTRA].argmax()) + BACKGROUND + 1
    support = sum(value**2 for value, row in zip(values, weights, strict=True) if row[best] > 0)
    questioning = sum(max(0.0, value * row[-2]) for value, row in zip(values, weights, strict=True))
    return float(margins[best]), support, questioning


def test_evidence_is_that_of_the_features(model: Model) -> None:
    """Of each text of a batch: the share of its weight that speaks for the best intent, and all that speaks for a question."""
    scores = model.linear.scores(grams(FORMS))
    for at, form in enumerate(FORMS):
        margin, support, questioning = by_hand(model.linear, form)
        assert scores.margins[at, BACKGROUND + 1 :].max() == pytest.approx(margin, abs=1e-4)
        assert scores.support[at] == pytest.approx(support, abs=1e-4)
        assert scores.questioning[at] == pytest.approx(questioning, abs=1e-4)


def test_what_no_line_had_supports_nothing(model: Model) -> None:
    scores = model.linear.scores(grams(["龘龘"]))
    assert (scores.familiar[0], scores.support[0], scores.questioning[0]) == (0.0, 0.0, 0.0)


def test_a_word_alone_supports_less_than_a_question_all_of_which_is_known(model: Model) -> None:
    """One word makes an intent the best; the rest of the text speaks against it, or says nothing of it."""
    whole, word = model.linear.scores(grams(["这个多少钱", "我刚才看到多少钱的红包雨好像没有抢到"])).support.tolist()
    assert 0.0 < word < whole <= 1.0 + 1e-6


def test_weights_are_rounded_to_the_steps_of_the_whole_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few rows are rounded at a time."""
    draw = np.random.default_rng(1)
    weights = draw.normal(size=(50, 3)).astype(np.float32) * np.array([1.0, 9.0, 0.0], dtype=np.float32)
    expected = np.rint(weights / scales(weights)) * scales(weights)
    monkeypatch.setattr(linear_module, "AT_ONCE", 7)
    to_steps(weights)
    np.testing.assert_array_equal(weights, expected)
