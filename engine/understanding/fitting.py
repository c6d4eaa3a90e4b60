"""Corpus → linear model: a one-vs-rest SVM, balanced over the classes; background ("nothing asked") is a class of its own.

An intent's machine hears the questions alone: which of them it is. Two more hear all lines: whether it is background, and whether it is a
question at all (as good out of fold as machines that all hear everything, in two fifths of the time); a third, whether a question is one
of the list or belongs to no intent. The machines that hear the questions are trained by one call, which lays the lines out once. A
`not:` line speaks against its intent and says nothing of the others: when all else is learnt, it moves the machine of that intent alone,
until a near variant of it is not taken for that intent either. A feature is known where at least two lines have it, unless there are
few lines at all: one line's own features only told that line. Names of intents tell, too: what those have in common that share a word
is learnt from the lines of all of them, and of few lines the words of a name are one more. Deterministic: the same lines give the same
weights on the same machine (in one thread: the solver draws from one generator for the whole process).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from engine.understanding.calibration import F64
from engine.understanding.corpus import NO_CLASS, OTHER, Chosen, Corpus, Labels, counts
from engine.understanding.linear import BACKGROUND, EXTRA, F32, Linear, Rows, rounded
from engine.understanding.names import kin, words
from engine.understanding.ngrams import DIMENSION, grams
from engine.understanding.plain import normal_forms

COST = 3.0  # of a margin violation, the SVM's C; out of fold 1 accepted 3 points less at the same share of idle lines
KNOWN = 2  # lines that must have a feature; with 3 half a point less is answered out of fold
MANY = 10_000  # lines from which that holds: of fewer, one line's own features tell as much as they mislead, or more, and cost no memory
TOLERANCE = 1.0  # of the solver; a tenth of it changes nothing out of fold, 2 costs a point
TOLERANCE_FEW = 0.1  # of fewer lines than `MANY`, whose solution is not as well determined and costs no time
TOLERANCE_ALL = 2.0  # of the machines that hear all lines; a twentieth of it changes nothing
KIN = 0.2  # weight of what intents with a word of their names in common share; of few lines 0.4 is better still, of many no better than 0
ABSENT = -4.0  # bias of a class without a line: a margin far below all others


def fit(corpus: Corpus, chosen: Chosen) -> Linear:
    """A model of the chosen lines; to it, all other lines are as unfamiliar as new ones."""
    counted, labels, against = corpus.features[chosen], corpus.labels[chosen], corpus.against[chosen]
    few = counted.shape[0] < MANY
    if few:
        counted, labels, against = _with_names(corpus, counted, labels, against)
    index, idf = _known(counted, 1 if few else KNOWN)
    vectors = _vectors(counted, index, idf)
    weights = np.zeros((corpus.classes + EXTRA, len(idf)), dtype=np.float32)  # by class, as they are learnt
    bias = np.full(corpus.classes + EXTRA, ABSENT, dtype=np.float32)
    listed, other, idle = labels > BACKGROUND, labels == OTHER, labels == BACKGROUND
    asks, heard = listed | other, labels != NO_CLASS
    present, sizes = np.unique(labels[asks], return_counts=True)
    balance = listed.sum() / max(1, int((present > BACKGROUND).sum()))
    # The lines of no intent weigh as much as all of the list: their machine is the one that tells both apart, from the other side.
    shares = {
        label: float((listed.sum() if label == OTHER else balance) / size)
        for label, size in zip(present.tolist(), sizes.tolist(), strict=True)
    }
    questions = vectors[asks]
    heard_of = np.flatnonzero(np.bincount(questions.indices, minlength=len(idf)))  # a machine has no more to look at
    known, tolerance = questions[:, heard_of], TOLERANCE_FEW if few else TOLERANCE
    machines, offsets = _machines(known, labels[asks], shares, tolerance)
    _lean_on_kin(corpus, present, machines, offsets, known, labels[asks], tolerance)
    bias[-1] = 0.0
    machine = np.zeros(len(idf))
    for label, part, offset in zip(present.tolist(), machines, offsets.tolist(), strict=True):
        machine[:] = 0.0
        machine[heard_of] = part
        if label == OTHER:
            weights[-1], bias[-1] = rounded(-machine), -offset
        else:
            _move(machine, offset, vectors[against == label])
            weights[label], bias[label] = rounded(machine), offset
    if idle.any():
        of_all, idle_of_all = vectors[heard], idle[heard].astype(np.intp)
        for column, sign, share in ((BACKGROUND, 1, balance / idle.sum()), (-2, -1, asks.sum() / idle.sum())):
            machines, offsets = _machines(of_all, idle_of_all, {1: float(share)}, TOLERANCE_ALL)
            weights[column], bias[column] = rounded(sign * machines[1]), sign * offsets[1]
    weights[:, 0] = 0.0
    return Linear(index, idf, np.ascontiguousarray(weights.T), bias)


def _with_names(
    corpus: Corpus, counted: sparse.csr_array, labels: Labels, against: Labels
) -> tuple[sparse.csr_array, Labels, Labels]:
    """The lines and one more of each of their intents: the words of its name."""
    present = np.unique(labels[labels > BACKGROUND])
    forms = normal_forms([" ".join(words(corpus.intents[label - 1])) for label in present.tolist()])
    return (
        sparse.vstack((counted, counts(grams(forms))), format="csr"),
        np.concatenate((labels, present)),
        np.concatenate((against, np.full(len(present), NO_CLASS))),
    )


def _lean_on_kin(
    corpus: Corpus,
    present: Labels,
    machines: F64,
    offsets: F64,
    features: sparse.csr_matrix,
    labels: Labels,
    tolerance: float,
) -> None:
    """Add a little of what tells all intents with a word in their names from the rest to the machine of each of them."""
    listed = np.flatnonzero(present > BACKGROUND)
    for places in kin([corpus.intents[label - 1] for label in present[listed].tolist()]):
        rows = listed[places]
        ours = np.isin(labels, present[rows])
        share = len(ours) / 2.0
        of_all, offset = _machines(
            features, ours.astype(np.intp), {0: share / (~ours).sum(), 1: share / ours.sum()}, tolerance
        )
        machines[rows] += KIN * of_all[1]
        offsets[rows] += KIN * offset[1]


def _known(counted: sparse.csr_array, lines: int) -> tuple[Rows, F32]:
    """Rows of the features that so many lines have, and their root inverse document frequency (its square made rare 5-grams outweigh
    the words).

    The most frequent come first: what most texts need then stands close together, and a product of weights is a third faster for it.
    """
    frequency = np.bincount(counted.indices, minlength=DIMENSION)
    known = np.flatnonzero(frequency >= lines)
    known = known[np.argsort(-frequency[known], kind="stable")]
    index = np.zeros(DIMENSION, dtype=np.int32)
    index[known] = np.arange(1, len(known) + 1)
    idf = np.sqrt(np.log((1 + counted.shape[0]) / (1.0 + frequency[known])) + 1.0)
    return index, np.concatenate(([0.0], idf)).astype(np.float32)


def _vectors(counted: sparse.csr_array, index: Rows, idf: F32) -> sparse.csr_matrix:
    """What `Linear.vectors` makes of the same lines, each feature once and the unknown ones left out."""
    rows = index[counted.indices]
    values = idf[rows]
    squares = np.add.reduceat(counted.data * values * values, counted.indptr[:-1])
    lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
    values *= counted.data / np.repeat(lengths, np.diff(counted.indptr))
    known = rows > 0
    ends = np.concatenate(([0], np.cumsum(known)))[counted.indptr].astype(np.int32)
    return sparse.csr_matrix((values[known].astype(np.float64), rows[known], ends), shape=(counted.shape[0], len(idf)))


def _machines(
    features: sparse.csr_matrix, labels: Labels, shares: Mapping[int, float], tolerance: float
) -> tuple[F64, F64]:
    """Weights and bias of each class, in ascending order, against all others; each line of a class counts its share."""
    classes = len(np.unique(labels))
    if classes < 2:  # nothing to tell it from
        return np.zeros((classes, features.shape[1])), np.zeros(classes)
    from sklearn.svm import LinearSVC  # seconds to import, and a start with a stored model never trains

    machine = LinearSVC(C=COST, class_weight=dict(shares), dual=True, tol=tolerance, random_state=0)
    machine.fit(features, labels)
    if classes == 2:  # one machine says both
        return np.concatenate((-machine.coef_, machine.coef_)), np.concatenate(
            (-machine.intercept_, machine.intercept_)
        )
    return machine.coef_, machine.intercept_


def _move(machine: F64, offset: float, against: sparse.csr_matrix) -> None:
    """Move a machine's weights by what each of these lines still lacks of a margin: one round of the solver's own step.

    The bias stays: it is that of all other lines, which are not heard again.
    """
    for line in range(against.shape[0]):
        part = slice(against.indptr[line], against.indptr[line + 1])
        rows, values = against.indices[part], against.data[part]
        lacking = 1.0 + float(machine[rows] @ values) + offset
        if lacking > 0:
            machine[rows] -= lacking / (float(values @ values) + 0.5 / COST) * values
