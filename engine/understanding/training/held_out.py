"""What models say of lines that they never saw: folds, each also without a fifth of the intents.

The lines of an intent that a fold's model goes without stand for the questions that nobody listed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.pool.model import Trust
from engine.understanding.calibration import Ranked, joined, looks_asked, rank
from engine.understanding.linear import BACKGROUND
from engine.understanding.regression import F64
from engine.understanding.training.certificate import Mix
from engine.understanding.training.corpus import NO_CLASS, OTHER, Chosen, Corpus, Labels
from engine.understanding.training.fitting import fit
from engine.understanding.training.folds import FOLDS, folds
from engine.understanding.training.margins import scores

AT_ONCE = 1024  # lines that are judged together
SIDE_BY_SIDE = 2  # folds whose models are learnt at a time, each in some 200 MB of memory
HIDDEN = 5  # every fifth intent is hidden from one fold
ENOUGH = 200  # questions of no intent from which they stand for the unlisted ones, and hidden intents count little
WRITTEN = 0.7  # of the unlisted questions' weight in a live room theirs; the rest is that of hidden intents


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

    @property
    def hidden(self) -> Chosen:
        """The others among the questions that no answer would be right for."""
        found: Chosen = ~self.listed & ~self.unlisted
        return found

    def live(self, trust: Trust, written: float = WRITTEN) -> Mix:
        """What comes in a live room, the unlisted questions in these two parts."""
        share = written if self.hidden.any() else 1.0
        return Mix(trust.idle, trust.listed, trust.unlisted * share, trust.unlisted * (1.0 - share))

    def mass(self, mix: Mix) -> F64:
        """Weight of each line so that the kinds weigh what they do in this mix; the sum is 1."""
        found: F64 = np.zeros(len(self.rows))
        for kind, weight in (
            (self.background, mix.idle),
            (self.questions, mix.listed),
            (self.unlisted, mix.unlisted),
            (self.hidden, mix.hidden),
        ):
            found[kind] = weight / max(1, int(kind.sum()))
        found /= found.sum()
        return found


def hold_out(corpus: Corpus, judged: int = FOLDS, fold_of: Labels | None = None) -> HeldOut:
    """All lines but `not:` lines, judged out of fold; or those of the first folds alone, each of which takes a model. `fold_of`: the fold
    of each line, where it is known."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        asked = threads.submit(looks_asked, corpus.forms)
        if fold_of is None:
            fold_of = folds(corpus)  # needs next to no Python
        found = list(threads.map(partial(_judged, corpus, fold_of, asked.result()), range(judged)))
    rows = np.concatenate([rows for rows, _, _ in found])
    listed = np.concatenate([listed for _, listed, _ in found])
    return HeldOut(rows, corpus.labels[rows], listed, joined([ranked for _, _, lots in found for ranked in lots]))


def _judged(corpus: Corpus, fold_of: Labels, asked: F64, fold: int) -> tuple[Labels, Chosen, list[Ranked]]:
    """The lines that a fold's model did not learn, which of them it could know, and how it ranks them, by the lot."""
    hidden = (corpus.labels > BACKGROUND) & (corpus.labels % HIDDEN == fold)
    linear = fit(corpus, (fold_of != fold) & ~hidden)
    rows = np.flatnonzero(((fold_of == fold) | hidden) & (corpus.labels != NO_CLASS))
    listed = ~hidden[rows] & (corpus.labels[rows] != OTHER)
    ranked = []
    for start in range(0, len(rows), AT_ONCE):
        lot = rows[start : start + AT_ONCE]
        forms = [corpus.forms[at] for at in lot.tolist()]
        found = scores(linear, corpus.features, lot.astype(np.int32))
        ranked.append(rank(found, forms, asked[lot]))
    return rows, listed, ranked
