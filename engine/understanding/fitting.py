"""Corpus → linear model: a one-vs-rest SVM, balanced over the classes; background ("nothing asked") is a class of its own.

An intent's machine hears the questions alone: which of them it is. Two more hear all lines: whether it is background, and whether it is a
question at all (as good out of fold as machines that all hear everything, in two fifths of the time); a third, whether a question is one
of the list or belongs to no intent. A `not:` line speaks against
its intent and says nothing of the others: a near variant of it is then not taken for that intent either. A feature is known where at
least two lines have it: one line's own features only told that line. Deterministic: the same lines give the same weights on the same
machine (in one thread: the solver draws from one generator for the whole process).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.understanding.calibration import BACKGROUND
from engine.understanding.corpus import NO_CLASS, OTHER, Chosen, Corpus, counts
from engine.understanding.linear import EXTRA, F32, Linear, Rows, rounded
from engine.understanding.ngrams import DIMENSION, Grams

COST = 3.0  # of a margin violation, the SVM's C; out of fold 1 accepted 3 points less at the same share of idle lines
KNOWN = 2  # lines that must have a feature
TOLERANCE = 0.1  # of the solver; a tenth of it changes nothing out of fold
ABSENT = -4.0  # bias of a class without a line: a margin far below all others


def fit(corpus: Corpus, chosen: Chosen) -> Linear:
    """A model of the chosen lines; to it, all other lines are as unfamiliar as new ones."""
    rows = np.flatnonzero(chosen)
    index, idf = _features(_only(corpus.batch, chosen))
    empty = Linear(index, idf, np.zeros((len(idf), EXTRA), np.float32), np.zeros(EXTRA, np.float32))
    vectors = empty.vectors(corpus.batch)[rows]
    vectors.sum_duplicates()
    features = sparse.csr_matrix(vectors.astype(np.float64))
    labels, against = corpus.labels[chosen], corpus.against[chosen]
    is_line = labels != NO_CLASS
    present = np.unique(labels[labels >= BACKGROUND])
    balance = (labels > BACKGROUND).sum() / max(1, len(present) - 1)
    weights = np.zeros((len(idf), corpus.classes + EXTRA), dtype=np.float32)
    bias = np.full(corpus.classes + EXTRA, ABSENT, dtype=np.float32)
    listed, other = labels > BACKGROUND, labels == OTHER
    for at in present.tolist():
        own = labels == at
        heard = is_line if at == BACKGROUND else listed | other | (against == at)
        weights[:, at], bias[at] = _machine(features[heard], own[heard], balance / own.sum())
    if BACKGROUND in present:
        asks = listed | other
        weights[:, -2], bias[-2] = _machine(features[is_line], asks[is_line], (~asks[is_line]).sum() / asks.sum())
    bias[-1] = 0.0
    if other.any():
        heard = listed | other
        weights[:, -1], bias[-1] = _machine(features[heard], listed[heard], other.sum() / listed.sum())
    weights[0] = 0.0
    return Linear(index, idf, weights, bias)


def _only(batch: Grams, chosen: Chosen) -> Grams:
    sizes = np.diff(batch.starts)
    starts = np.concatenate(([0], np.cumsum(sizes[chosen]))).astype(np.int32)
    return Grams(batch.columns[np.repeat(chosen, sizes)], starts)


def _features(batch: Grams) -> tuple[Rows, F32]:
    """Rows of the known features, and their root inverse document frequency (its square made rare 5-grams outweigh the words)."""
    frequency = np.bincount(counts(batch).indices, minlength=DIMENSION)
    known = np.flatnonzero(frequency >= KNOWN)
    index = np.zeros(DIMENSION, dtype=np.int32)
    index[known] = np.arange(1, len(known) + 1)
    idf = np.sqrt(np.log(len(batch.starts) / (1.0 + frequency[known])) + 1.0)
    return index, np.concatenate(([0.0], idf)).astype(np.float32)


def _machine(features: sparse.csr_matrix, own: Chosen, weight: float) -> tuple[F32, float]:
    """Weights and bias of one class against all others; each of its lines counts `weight`."""
    from sklearn.svm import LinearSVC  # seconds to import, and a start with a stored model never trains

    machine = LinearSVC(C=COST, class_weight={True: weight}, dual=True, tol=TOLERANCE, random_state=0)
    machine.fit(features, own)
    return rounded(machine.coef_[0]), float(machine.intercept_[0])
