"""What models say of lines that they never saw: folds, each also without a fifth of the intents.

The lines of an intent that a fold's model goes without stand for the questions that nobody listed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.pool.model import Trust
from engine.understanding.calibration import F64, Ranked, rank
from engine.understanding.corpus import NO_CLASS, OTHER, Chosen, Corpus, Labels
from engine.understanding.fitting import fit
from engine.understanding.folds import FOLDS, folds
from engine.understanding.linear import BACKGROUND
from engine.understanding.ngrams import grams

SIDE_BY_SIDE = 2  # folds whose models are learnt at a time, each in some 200 MB of memory
HIDDEN = 5  # every fifth intent is hidden from one fold
ENOUGH = 200  # questions of no intent from which they stand for the unlisted ones, and hidden intents count little
ASKED = (2.0, 0.5, 0.6, 1.5)  # weights of idle, listed, unlisted and hidden lines where "is anything asked?" is learnt
WRITTEN = 0.4  # their share of the unlisted questions' weight then


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Each row: one line as a model without it ranked it. A line stands there twice where its intent was hidden once."""

    rows: Labels
    """Which line of the corpus."""
    truth: Labels
    listed: Chosen
    """False where the line's intent was hidden, or it has none: no answer would be right."""
    ranked: Ranked

    @property
    def background(self) -> Chosen:
        found: Chosen = self.truth == BACKGROUND
        return found

    @property
    def questions(self) -> Chosen:
        """Lines of intents that the model knew."""
        return self.listed & ~self.background

    @property
    def right(self) -> Chosen:
        """The best intent is the line's."""
        found: Chosen = (self.ranked.best == self.truth) & self.listed
        return found

    @property
    def unlisted(self) -> Chosen:
        """What stands for the questions that nobody listed: those written for it, where there are enough, else hidden intents' lines."""
        written: Chosen = self.truth == OTHER
        return written if written.sum() >= ENOUGH else ~self.listed

    def live_mass(self, trust: Trust) -> F64:
        """Weight of each line so that the three kinds weigh what they do in a live room; the sum is 1."""
        written = WRITTEN if (~self.listed & ~self.unlisted).any() else 1.0
        return self._mass(trust.idle, trust.listed, trust.unlisted * written, trust.unlisted * (1.0 - written))

    def asked_mass(self) -> F64:
        """Weight of each line where questions are told from idle lines: those whose intent was hidden weigh most, for it is
        questions that no model knows which have to be heard."""
        return self._mass(*ASKED)

    def _mass(self, idle: float, listed: float, unlisted: float, hidden: float) -> F64:
        mass: F64 = np.zeros(len(self.rows))
        kinds = self.background, self.questions, self.unlisted, ~self.listed & ~self.unlisted
        for kind, weight in zip(kinds, (idle, listed, unlisted, hidden), strict=True):
            mass[kind] = weight / max(1, int(kind.sum()))
        mass /= mass.sum()
        return mass


def hold_out(corpus: Corpus, judged: int = FOLDS) -> HeldOut:
    """All lines but `not:` lines, judged out of fold; or those of the first folds alone, each of which takes a model."""
    fold_of = folds(corpus)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        parts = list(threads.map(partial(_judged, corpus, fold_of), range(judged)))
    rows = np.concatenate([rows for rows, _, _ in parts])
    return HeldOut(
        rows,
        corpus.labels[rows],
        np.concatenate([listed for _, listed, _ in parts]),
        Ranked(
            np.concatenate([ranked.best for _, _, ranked in parts]),
            np.concatenate([ranked.second for _, _, ranked in parts]),
            np.concatenate([ranked.share for _, _, ranked in parts]),
            np.concatenate([ranked.signals for _, _, ranked in parts]),
        ),
    )


def _judged(corpus: Corpus, fold_of: Labels, fold: int) -> tuple[Labels, Chosen, Ranked]:
    """The lines that a fold's model did not learn, which of them it could know, and how it ranks them."""
    hidden = (corpus.labels > BACKGROUND) & (corpus.labels % HIDDEN == fold)
    linear = fit(corpus, (fold_of != fold) & ~hidden)
    rows = np.flatnonzero(((fold_of == fold) | hidden) & (corpus.labels != NO_CLASS))
    forms = [corpus.forms[row] for row in rows]
    listed = ~hidden[rows] & (corpus.labels[rows] != OTHER)
    return rows, listed, rank(linear.scores(grams(forms)), forms, corpus.asked[rows])
