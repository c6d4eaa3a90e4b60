"""Confidence and thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from engine.understanding.calibration import looks_asked, rank, reliability
from engine.understanding.linear import Scores


def test_reliability_tells_how_true_confidence_is() -> None:
    """Where nine of ten lines are right that say so, nothing is wrong; where all are, a tenth is."""
    confidence = np.full(1000, 0.9)
    assert reliability(confidence, np.arange(1000) % 10 > 0, np.ones(1000)).error == pytest.approx(0.0, abs=1e-9)
    found = reliability(confidence, np.ones(1000, dtype=np.bool_), np.ones(1000))
    assert found.error == pytest.approx(0.1)
    assert found.told == (0.9,) * 10
    assert found.right == (1.0,) * 10


def test_reliability_weighs_lines() -> None:
    """What does not come in a live room does not count."""
    confidence = np.repeat([0.2, 0.8], 500)
    right = np.zeros(1000, dtype=np.bool_)
    assert reliability(confidence, right, np.repeat([1.0, 0.0], 500)).error == pytest.approx(0.2)


def test_background_is_never_the_best_intent() -> None:
    """The ranking names intents only; how near background is stands in the signals."""
    one = np.array([1.0], np.float32)
    scores = Scores(np.array([[2.0, -1.0, 0.5]], np.float32), one, one, one, one, one)
    ranked = rank(scores, ["x"], looks_asked(["x"]))
    assert (ranked.best[0], ranked.second[0]) == (2, 1)
    assert 0 < ranked.share[0] < 1


def test_what_signs_tell_is_told_of_each_text_of_a_batch() -> None:
    """The last four signals but for whether it looks asked: length, Chinese share, blanks, whether there is a digit."""
    forms = ["多少 钱12", "", "how much 1", "x"]
    some = np.ones(len(forms), np.float32)
    scores = Scores(np.ones((len(forms), 3), np.float32), some, some, some, some, some)
    signals = rank(scores, forms, looks_asked(forms)).signals[:, 11:16]
    expected = [(6, 3, 1, 1.0), (1, 0, 0, 0.0), (10, 0, 2, 1.0), (1, 0, 0, 0.0)]
    for found, (length, chinese, blanks, digit) in zip(signals[:, [0, 2, 3, 4]], expected, strict=True):
        assert found == pytest.approx([np.log(length), chinese / length, np.log1p(blanks), digit])


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("好吃?", 1.0), ("怎么卖", 1.0), ("how much", 1.0), ("招不招人", 1.0), ("名单公布了没", 1.0), ("有专柜没", 1.0), ("发国外不", 1.0),
        ("好看", 0.0), ("nice showing", 0.0), ("我还没", 0.0), ("要不", 0.0), ("说不定", 0.0),
    ],
)  # fmt: skip
def test_questions_show(form: str, asked: float) -> None:
    """A question mark or a question word is seen, in both languages, as a whole word."""
    assert looks_asked([form])[0] == asked
