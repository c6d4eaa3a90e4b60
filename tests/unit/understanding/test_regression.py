"""Logistic regression on signals and their products."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.understanding import regression
from engine.understanding.regression import F64, Terms, logistic, weighted


def laid_out(signals: F64) -> F64:
    """`[row, term]`, the slow way: one, the signals, the product of each two."""
    left, right = np.triu_indices(signals.shape[1])
    return np.column_stack((np.ones(len(signals)), signals, signals[:, left] * signals[:, right]))


def test_a_fitted_regression_gives_back_the_rates() -> None:
    """Where one signal decides, the probabilities match the observed shares."""
    signals = np.repeat([0.0, 1.0], 1000)[:, None]
    truth = np.concatenate([np.arange(1000) < 200, np.arange(1000) < 900]).astype(np.float64)
    for pairs in (True, False):
        weights = Terms.of(signals, pairs=pairs).fit(truth, np.ones(2000))
        found = logistic(signals, weights if pairs else np.append(weights, 0.0))
        assert found[[0, -1]] == pytest.approx([0.2, 0.9], abs=0.01)


def test_a_product_tells_what_no_signal_does() -> None:
    """Two signals, and a truth that only both together tell."""
    draw = np.random.default_rng(3)
    signals = draw.normal(size=(4_000, 2))
    truth = (signals[:, 0] * signals[:, 1] > 0).astype(np.float64)
    found = logistic(signals, Terms.of(signals).fit(truth, np.ones(4_000))) > 0.5
    assert (found == truth).mean() > 0.95


def test_where_the_search_begins_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """With many rows a part of them tells where; all of them, whatever they weigh, where it ends."""
    draw = np.random.default_rng(5)
    signals = draw.normal(size=(5_000, 4))
    weights = np.zeros(15)
    weights[:4] = -2.0, 1.5, -1.0, 0.3
    truth = (draw.random(5_000) < logistic(signals, weights)).astype(np.float64)
    mass = draw.random(5_000) * 3
    found = Terms.of(signals).fit(truth, mass)
    monkeypatch.setattr(regression, "_PARTLY", 10_000)
    monkeypatch.setattr(regression, "_END", 1e-12)
    assert found == pytest.approx(Terms.of(signals).fit(truth, mass), abs=1e-4)


@pytest.mark.parametrize("always", [0.1, 0.3, 5.7, 1_000.0])
def test_a_signal_that_is_always_the_same_tells_nothing(always: float) -> None:
    """Its terms are the constant over again, or another signal, and no weight grows without end."""
    draw = np.random.default_rng(2)
    signals = np.column_stack((draw.normal(size=500), np.full(500, always), np.zeros(500)))
    truth = (signals[:, 0] > 0.5).astype(np.float64)
    weights = Terms.of(signals).fit(truth, np.ones(500))
    assert np.abs(weights).max() < 1_000
    assert ((logistic(signals, weights) > 0.5) == truth).mean() > 0.98


def test_a_signal_of_little_spread_tells_as_much() -> None:
    """A thousandth of its size is not nothing."""
    draw = np.random.default_rng(2)
    signals = 1.0 + 0.001 * draw.normal(size=(500, 1))
    truth = (signals[:, 0] > 1.0).astype(np.float64)
    assert ((logistic(signals, Terms.of(signals).fit(truth, np.ones(500))) > 0.5) == truth).mean() > 0.98


def test_a_rare_truth_is_not_pulled_towards_a_half() -> None:
    """The constant is free: what is true of one row in a thousand stays so rare."""
    signals, truth = np.zeros((1_000, 1)), np.zeros(1_000)
    truth[0] = 1.0
    weights = Terms.of(signals).fit(truth, np.ones(1_000))
    assert logistic(signals, weights)[0] == pytest.approx(0.001, rel=0.01)


def test_a_step_too_far_is_halved() -> None:
    """Where a few rows weigh as much as all others, and lie far from them: what is found is never worse than to tell nothing apart."""
    draw = np.random.default_rng(39)
    count = int(draw.integers(20, 200))
    signals = draw.standard_t(1.2, size=(count, 2)) * 10 ** draw.uniform(-1, 1.5)
    truth = (draw.random(count) < draw.uniform(0.02, 0.98)).astype(np.float64)
    mass = draw.pareto(0.5, size=count) * 10 ** draw.uniform(-1, 4)
    weights = Terms.of(signals).fit(truth, mass)
    chance = np.log(mass @ truth / (mass @ (1.0 - truth)))
    alone = np.zeros_like(weights)
    alone[0] = chance

    def loss(of: F64) -> float:
        score = np.clip(weighted(signals, of), -30.0, 30.0)
        return float(mass @ (np.logaddexp(0.0, score) - truth * score))

    assert loss(weights) < loss(alone)


def test_weights_of_other_terms_are_refused() -> None:
    with pytest.raises(ValueError, match="5 weights for the terms of 3 signals"):
        weighted(np.ones((2, 3)), np.ones(5))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 40), count=st.integers(1, 5), pairs=st.booleans())
def test_what_is_never_laid_out_is_what_is(seed: int, rows: int, count: int, pairs: bool) -> None:
    """Sums of weighted terms, of terms over rows, and of products of two terms over rows, as of a table of all terms."""
    draw = np.random.default_rng(seed)
    signals = draw.normal(size=(rows, count)) + 1.0
    table = laid_out(signals)[:, : None if pairs else 1 + count]
    terms = Terms.of(signals, pairs=pairs)
    scaled = (table - terms.means) / terms.spreads
    weights, mass = draw.normal(size=(table.shape[1],)), draw.random(rows)
    np.testing.assert_allclose(terms.weighted(weights), scaled @ weights, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(terms.sums(mass), scaled.T @ mass, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(terms.bent(mass), (scaled.T * mass) @ scaled, rtol=1e-3, atol=1e-3)
    if pairs:
        np.testing.assert_allclose(weighted(signals, weights), table @ weights, rtol=1e-9, atol=1e-9)
    if rows > 2:  # of one mean and spread, but for the constant
        np.testing.assert_allclose(scaled[:, 1:].mean(axis=0), 0.0, atol=1e-6)
        np.testing.assert_allclose(scaled[:, 1:].std(axis=0), 1.0, atol=1e-3)


def test_however_many_rows_are_laid_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    terms, mass = Terms.of(np.random.default_rng(1).normal(size=(50, 3))), np.arange(50.0)
    whole = terms.bent(mass)
    monkeypatch.setattr(regression, "_AT_ONCE", 7)
    np.testing.assert_allclose(terms.bent(mass), whole, rtol=1e-4, atol=1e-3)
