"""Corpus → linear model: a one-vs-rest SVM, balanced over the classes; background ("nothing asked") is a class of its own.

A `not:` line speaks against its intent and says nothing of the others: a near variant of it is then not taken for that intent
either. Deterministic: the same lines give the same weights on the same machine.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.understanding.corpus import NO_CLASS, Chosen, Corpus
from engine.understanding.linear import F32, Linear
from engine.understanding.ngrams import DIMENSION

COST = 3.0  # of a margin violation, the SVM's C; out of fold 1 accepted 3 points less at the same share of idle lines
ABSENT = -4.0  # bias of a class without a line: a margin far below all others


def column_weights(corpus: Corpus) -> F32:
    """Root of the inverse document frequency (its square made rare 5-grams outweigh the words)."""
    frequency = np.bincount(corpus.counts().indices, minlength=DIMENSION)
    idf: F32 = np.sqrt(np.log((1.0 + len(corpus)) / (1.0 + frequency)) + 1.0).astype(np.float32)
    return idf


def fit(corpus: Corpus, chosen: Chosen, idf: F32) -> Linear:
    """A model of the chosen lines, to which all other lines look as unfamiliar as new ones."""
    from sklearn.svm import LinearSVC  # seconds to import, and a start with a stored model never trains

    seen = _seen(corpus, chosen)
    empty = Linear(idf, seen, np.zeros((DIMENSION, 1), np.float32), np.zeros(1, np.float32))
    vectors = empty.vectors(corpus.batch)[np.flatnonzero(chosen)]
    vectors.sum_duplicates()
    used = np.unique(vectors.indices)  # liblinear's time hangs on the number of columns too
    features = sparse.csr_matrix(vectors[:, used].astype(np.float64))
    labels, against = corpus.labels[chosen], corpus.against[chosen]
    present = np.unique(labels[labels != NO_CLASS])
    balance = (labels != NO_CLASS).sum() / len(present)
    weights = np.zeros((DIMENSION, corpus.classes), dtype=np.float32)
    bias = np.full(corpus.classes, ABSENT, dtype=np.float32)
    for at in present.tolist():
        own = labels == at
        heard = np.flatnonzero((labels != NO_CLASS) | (against == at))
        machine = LinearSVC(C=COST, class_weight={True: balance / own.sum()}, dual=True, random_state=0, max_iter=4000)
        machine.fit(features[heard], own[heard])
        # Half precision, as in the serialised model: a model read from bytes decides exactly like the one just trained.
        weights[used, at] = machine.coef_[0].astype(np.float16)
        bias[at] = machine.intercept_[0]
    return Linear(idf, seen, weights, bias)


def _seen(corpus: Corpus, chosen: Chosen) -> F32:
    """1 in the columns that occur in the chosen lines."""
    rows = np.repeat(chosen, np.diff(corpus.batch.starts))
    seen = np.zeros(DIMENSION, dtype=np.float32)
    seen[corpus.batch.columns[rows]] = 1.0
    return seen
