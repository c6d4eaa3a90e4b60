"""A threshold with a proof."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from engine.understanding.training.certificate import DOUBT, UNCERTAIN, Hardness, Mix, Sample, lower, upper

ROOM = Mix(0.93, 0.05, 0.02)
EVEN = Hardness()


def sample(draw: np.random.Generator, size: int, noise: float) -> Sample:
    """Lines whose confidence tells much of what they are: idle and unlisted ones score lower, by chance not always."""
    kind = draw.integers(0, 3, size)
    right = (kind == 1) & (draw.random(size) < 0.97)
    score = 1 / (1 + np.exp(-(np.where(right, 3.0, -3.0) + noise * draw.normal(size=size))))
    return Sample(score, right, kind == 0, kind == 1, kind == 2, kind == 3)


def risk_of(found: Sample, threshold: float) -> float:
    """The share of wrong answers at the live mix, as it is in a sample."""
    said = found.confidence >= threshold

    def share(lines: np.ndarray, of: np.ndarray) -> float:
        return float((lines & said).sum() / of.sum())

    wrong = (
        ROOM.idle * share(found.idle, found.idle)
        + ROOM.listed * share(found.listed & ~found.right, found.listed)
        + ROOM.unlisted * share(found.unlisted, found.unlisted)
    )
    return wrong / (wrong + ROOM.listed * share(found.listed & found.right, found.listed))


@given(st.integers(1, 5_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_bounds_are_exact_for_one_kind(counted: tuple[int, int]) -> None:
    """Below, SciPy's exact binomial interval; above, the exact one of a Poisson count (chi-square with two degrees more)."""
    hits, of = counted
    exact = binomtest(hits, of).proportion_ci(1 - DOUBT, method="exact")
    assert lower(np.array([float(hits)]), of)[0] == pytest.approx(exact.low, abs=1e-7)
    poisson = chi2.ppf(1 - DOUBT / 2, 2 * hits + 2) / 2
    assert upper([np.array([float(hits)])], [1 / of])[0] == pytest.approx(poisson / of)


def test_kinds_that_weigh_the_same_count_as_one() -> None:
    """And a kind without a hit still counts by its weight: nothing seen is no proof of nothing."""
    three = upper([np.array([2.0]), np.array([3.0]), np.array([0.0])], [0.1, 0.1, 0.1])
    assert three[0] == pytest.approx(upper([np.array([5.0])], [0.1])[0])
    assert upper([np.array([5.0]), np.array([0.0])], [0.1, 0.4])[0] > upper([np.array([5.0])], [0.1])[0]


def test_a_certificate_is_kept_by_lines_to_come() -> None:
    """Of 200 samples at most about one in twenty gives a threshold that a far larger one shows to be wrong."""
    draw = np.random.default_rng(7)
    truth = sample(draw, 300_000, 1.5)
    broken = 0
    for _ in range(200):
        threshold = sample(draw, 6_000, 1.5).threshold(0.05, ROOM, EVEN)
        broken += risk_of(truth, threshold) > 0.05
    assert broken <= 200 * DOUBT


def test_what_an_operator_allows_more_is_answered_more() -> None:
    """A looser target never gives a stricter threshold."""
    found = sample(np.random.default_rng(3), 20_000, 1.5)
    thresholds = [found.threshold(risk, ROOM, EVEN) for risk in (0.01, 0.03, 0.05, 0.1, 0.2)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]


def test_errors_that_live_rooms_make_less_often_count_less() -> None:
    """A kind that is known to be harder than live lines counts so much less where it is answered wrongly, never where rightly."""
    kind = np.repeat([0, 1, 2], 4_000)
    right = (kind == 1) & (np.arange(12_000) % 10 > 0)
    found = Sample(np.full(12_000, 0.9), right, kind == 0, kind == 1, kind == 2, kind == 3)
    at = np.array([0.5])
    odds = [
        float(risk / (1 - risk))
        for risk in (found.risks(at, ROOM, hard)[0] for hard in (Hardness(), Hardness(idle=8.0), Hardness(listed=2.0)))
    ]
    assert odds[1] / odds[0] == pytest.approx((0.93 / 8 + 0.005 + 0.02) / (0.93 + 0.005 + 0.02), rel=0.05)
    assert odds[2] / odds[0] == pytest.approx((0.93 + 0.0025 + 0.02) / (0.93 + 0.005 + 0.02), rel=0.001)
    assert odds[2] < odds[0]


def test_hidden_intents_are_unlisted_too() -> None:
    """What is answered of them is wrong, at their own weight; where they weigh something, lines of them must have been held out."""
    kind = np.repeat([0, 1, 2, 3], 4_000)
    score = np.where(
        kind == 3, np.arange(16_000) % 4 * 0.3, np.where(kind == 1, 0.9, 0.1)
    )  # a quarter of the hidden at 0.9
    at, none = np.array([0.7]), np.zeros(16_000, dtype=np.bool_)
    found = Sample(score, kind == 1, kind == 0, kind == 1, kind == 2, kind == 3)
    assert found.risks(at, ROOM, EVEN)[0] < 0.02
    half = Mix(0.93, 0.05, 0.01, 0.01)
    assert 0.0025 / 0.0525 < found.risks(at, half, EVEN)[0] < 0.07
    assert 0.00125 / 0.05125 < found.risks(at, half, Hardness(listed=2.0))[0] < 0.0025 / 0.0525
    assert Sample(score, kind == 1, kind == 0, kind == 1, kind == 2, none).risks(at, half, EVEN)[0] == 1.0


def test_of_few_lines_nothing_is_certain() -> None:
    """A sample without an error is no proof where it is small."""
    few = Sample(
        np.array([0.9] * 20 + [0.1] * 40), np.arange(60) < 20, np.arange(60) >= 40, np.arange(60) < 20,
        (np.arange(60) >= 20) & (np.arange(60) < 40), np.arange(60) < 0,
    )  # fmt: skip
    assert few.threshold(0.05, ROOM, EVEN) == UNCERTAIN
    none = np.zeros(5, dtype=np.bool_)
    assert Sample(np.zeros(5), none, ~none, none, none, none).threshold(0.05, ROOM, EVEN) == UNCERTAIN


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3.0), st.floats(0.01, 0.2))
def test_a_certified_threshold_keeps_the_target_in_its_own_sample(seed: int, noise: float, risk: float) -> None:
    found = sample(np.random.default_rng(seed), 3_000, noise)
    threshold = found.threshold(risk, ROOM, EVEN)
    assert threshold == UNCERTAIN or risk_of(found, threshold) <= risk
