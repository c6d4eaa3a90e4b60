"""What models say of lines that they never saw: folds, each also without a fifth of the intents.

The lines of an intent that a fold's model goes without stand for the questions that nobody listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.understanding.calibration import BACKGROUND, F64, Ranked, rank
from engine.understanding.corpus import NO_CLASS, Chosen, Corpus, Labels
from engine.understanding.fitting import fit
from engine.understanding.folds import FOLDS, folds
from engine.understanding.ngrams import grams

HIDDEN = 5  # every fifth intent is hidden from one fold
# What a live room's lines ask (measured: 5–9 % look like questions; how many of those are unlisted is assumed).
LIVE_BACKGROUND, LIVE_LISTED, LIVE_UNLISTED = 0.93, 0.055, 0.015


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

    def live_mass(self) -> F64:
        """Weight of each line so that the three kinds weigh what they do in a live room; the sum is 1."""
        mass: F64 = np.zeros(len(self.rows))
        for kind, weight in (
            (self.background, LIVE_BACKGROUND),
            (self.questions, LIVE_LISTED),
            (~self.listed, LIVE_UNLISTED),
        ):
            mass[kind] = weight / max(1, int(kind.sum()))
        mass /= mass.sum()
        return mass


def hold_out(corpus: Corpus) -> HeldOut:
    """All lines but `not:` lines, judged out of fold."""
    fold_of = folds(corpus)
    parts: list[tuple[Labels, Chosen, Ranked]] = []
    for fold in range(FOLDS):
        hidden = (corpus.labels > BACKGROUND) & (corpus.labels % HIDDEN == fold)
        linear = fit(corpus, (fold_of != fold) & ~hidden)
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
