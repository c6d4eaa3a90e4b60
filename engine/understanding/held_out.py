"""What models say of lines that they never saw: five folds, each also without a fifth of the intents.

The lines of an intent that a fold's model goes without stand for the questions that nobody listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.understanding.calibration import BACKGROUND, Ranked, rank
from engine.understanding.corpus import NO_CLASS, Chosen, Corpus, Labels
from engine.understanding.fitting import fit
from engine.understanding.folds import FOLDS, folds
from engine.understanding.linear import F32
from engine.understanding.ngrams import grams


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Each row: one line as a model without it ranked it. A line stands there twice where its intent was hidden once."""

    rows: Labels
    """Which line of the corpus."""
    truth: Labels
    listed: Chosen
    """False where the line's intent was hidden: no answer would be right."""
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


def hold_out(corpus: Corpus, idf: F32) -> HeldOut:
    """All lines but `not:` lines, judged out of fold."""
    fold_of = folds(corpus)
    parts: list[tuple[Labels, Chosen, Ranked]] = []
    for fold in range(FOLDS):
        hidden = (corpus.labels > BACKGROUND) & (corpus.labels % FOLDS == fold)
        linear = fit(corpus, (fold_of != fold) & ~hidden, idf)
        rows = np.flatnonzero(((fold_of == fold) | hidden) & (corpus.labels != NO_CLASS))
        forms = [corpus.forms[row] for row in rows]
        parts.append((rows, ~hidden[rows], rank(linear.scores(grams(forms)), forms, corpus.asked[rows])))
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
