"""`pool score`: what held-out lines tell of a pack."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.cli.score import summary
from engine.pool.model import Pool, TrainingLine, Trust
from engine.understanding.calibration import BINS
from engine.understanding.model import Model
from engine.understanding.training.score import Line, Score, score


@pytest.fixture(scope="module")
def scored(pool: Pool, model: Model) -> Score:
    return score(pool, model)


def test_each_intent_has_its_figures(scored: Score, pool: Pool) -> None:
    """Shares are shares, tests are counted, and intents with few lines are told."""
    assert {row.intent for row in scored.intents} == {line.intent for line in pool.training.lines if line.intent}
    for row in scored.intents:
        assert 0 <= row.recall <= row.best <= 1
        assert 0 <= row.precision <= 1
        assert 0 <= row.tests_passed <= row.tests
    assert [row.recall for row in scored.intents] == sorted(row.recall for row in scored.intents)
    assert sum(row.tests for row in scored.intents) == len([line for line in pool.training.tests if line.intent])


def test_a_line_in_the_wrong_place_is_named(pool: Pool, model: Model) -> None:
    """Among the confusions, and as one that hurts where a model without it is sure."""
    training = pool.training
    like = next(line for line in training.lines if line.intent == "product.price")
    lost = TrainingLine(f"{like.text}呀", "shipping.dispatch")
    found = score(replace(pool, training=replace(training, lines=(*training.lines, lost))), model)
    pairs = [(one.intent, one.taken_for) for one in found.confusions for line in one.lines if line.text == lost.text]
    assert pairs == [("shipping.dispatch", "product.price")]


def test_curves_are_in_order(scored: Score) -> None:
    """Coverage grows along the curve, and the diagram has as many points as bins."""
    assert list(scored.coverage_at_risk.y) == sorted(scored.coverage_at_risk.y)
    assert all(0 <= risk <= 1 for risk in scored.coverage_at_risk.x)
    assert len(scored.reliability.x) == len(scored.reliability.y) == BINS
    assert 0 <= scored.calibration_error <= 1


def test_lines_are_shown_as_they_are_written(pool: Pool, model: Model) -> None:
    """Whoever looks for one in the files finds it; the shop's own stand first, since those can be mended at once."""
    training = pool.training
    like = next(line for line in training.lines if line.intent == "product.price")
    lost = TrainingLine(f"ＯＫ {like.text}呀！！", "shipping.dispatch")
    own = replace(training, lines=(*training.lines, lost), own=(*training.own, lost))
    found = score(replace(pool, training=own), model)
    assert Line(lost.text, is_own=True) in [
        one.lines[0] for one in found.confusions if one.taken_for == "product.price"
    ]
    written = {line.text for line in own.lines}
    for one in (*found.hurting, *found.idle):
        assert one.line.text in written
        assert (one.intent is None) == (one in found.idle)
    assert {line.text for one in found.confusions for line in one.lines} <= written


def test_a_share_that_cannot_be_kept_is_told(pool: Pool, model: Model) -> None:
    """A target of few wrong answers where hardly anything is asked: the operator hears that it is not certain."""
    strict = replace(pool.training, trust=Trust(risk=0.005, solo_risk=0.005, idle=0.998, listed=0.001, unlisted=0.001))
    found = score(replace(pool, training=strict), model)
    assert (found.report["certified"], found.report["certified_solo"]) == (0.0, 0.0)
    assert "no threshold surely keeps the share" in summary(found)
