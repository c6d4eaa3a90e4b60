"""Lines that models judge without having learnt them."""

from __future__ import annotations

import numpy as np
import pytest

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet, Trust
from engine.understanding.calibration import joined, looks_asked, rank
from engine.understanding.linear import BACKGROUND
from engine.understanding.ngrams import grams
from engine.understanding.training import held_out
from engine.understanding.training.certificate import Mix
from engine.understanding.training.corpus import NO_CLASS, OTHER, Corpus
from engine.understanding.training.fitting import fit
from engine.understanding.training.folds import FOLDS, folds
from engine.understanding.training.held_out import HeldOut, hold_out


@pytest.fixture(scope="module")
def corpus(training: TrainingSet) -> Corpus:
    strange = [TrainingLine(f"{first}{second}吗", UNLISTED) for first in "招收租借寄存" for second in "人车店货"]
    return Corpus.of_lines([*training.lines, *strange], training.negatives)


@pytest.fixture(scope="module")
def held(corpus: Corpus) -> HeldOut:
    return hold_out(corpus)


def test_each_line_is_judged_once_and_once_more_where_it_was_hidden(corpus: Corpus, held: HeldOut) -> None:
    """Idle and unlisted lines once; lines of an intent also by the model that went without it, which could not know."""
    for label in np.unique(held.truth).tolist():
        of_label = held.truth == label
        lines = int((corpus.labels == label).sum())
        never = label > BACKGROUND and label % held_out.HIDDEN >= FOLDS  # no fold went without it
        once = label in (BACKGROUND, OTHER) or never
        assert len(np.unique(held.rows[of_label])) == lines
        assert (of_label & held.listed).sum() <= (0 if label == OTHER else lines)
        assert of_label.sum() == lines or not once


def test_however_many_are_judged_together(corpus: Corpus, held: HeldOut, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_out, "AT_ONCE", 7)
    parts = hold_out(corpus)
    np.testing.assert_array_equal(parts.rows, held.rows)
    np.testing.assert_array_equal(parts.ranked.best, held.ranked.best)
    np.testing.assert_allclose(parts.ranked.signals, held.ranked.signals, atol=1e-4)


def test_folds_that_are_known_are_taken(corpus: Corpus) -> None:
    """Of the first alone its lines are judged, and those of intents that its model went without."""
    fold_of = np.arange(len(corpus)) % FOLDS
    hidden = (corpus.labels > BACKGROUND) & (corpus.labels % held_out.HIDDEN == 0)
    expected = np.flatnonzero(((fold_of == 0) | hidden) & (corpus.labels != NO_CLASS))
    np.testing.assert_array_equal(hold_out(corpus, 1, fold_of).rows, expected)


def test_a_line_is_ranked_by_a_model_without_it(corpus: Corpus) -> None:
    """As that model ranks its text."""
    fold_of = folds(corpus)
    rows, _, lots = held_out._judged(corpus, fold_of, looks_asked(corpus.forms), 1)
    hidden = (corpus.labels > BACKGROUND) & (corpus.labels % held_out.HIDDEN == 1)
    linear = fit(corpus, (fold_of != 1) & ~hidden)
    forms = [corpus.forms[row] for row in rows.tolist()]
    expected = rank(linear.scores(grams(forms)), forms, looks_asked(forms))
    found = joined(lots)
    np.testing.assert_array_equal(found.best, expected.best)
    np.testing.assert_allclose(found.signals, expected.signals, atol=1e-4)


@pytest.mark.parametrize("enough", [1, 10_000])
def test_the_live_mix_is_what_comes_in_a_room(held: HeldOut, enough: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlisted questions are those written for it and those of hidden intents; where few are written, the hidden ones stand for all."""
    monkeypatch.setattr(held_out, "ENOUGH", enough)
    trust = Trust()
    mix = held.live(trust)
    assert (mix.idle, mix.listed) == (trust.idle, trust.listed)
    assert mix.unlisted + mix.hidden == pytest.approx(trust.unlisted)
    assert held.hidden.any() == (enough == 1) == (mix.hidden > 0)
    mass = held.mass(mix)
    assert mass.sum() == pytest.approx(1.0)
    assert mass[held.background].sum() == pytest.approx(trust.idle)
    assert mass[held.questions].sum() == pytest.approx(trust.listed)
    assert mass[~held.listed].sum() == pytest.approx(trust.unlisted)
    double = held.mass(Mix(*(2 * part for part in (mix.idle, mix.listed, mix.unlisted, mix.hidden))))
    np.testing.assert_allclose(double, mass)
