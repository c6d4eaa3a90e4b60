"""Corpus → linear model: a one-vs-rest SVM, balanced over the classes; background ("nothing asked") is a class of its own.

An intent's machine hears the questions alone: which of them it is. Two more hear all lines: whether it is background, and whether it is a
question at all (as good out of fold as machines that all hear everything, in two fifths of the time); a third, whether a question is one
of the list or belongs to no intent. All machines that hear the same lines are learnt together (`solver.py`). A `not:` line speaks
against its intent and says nothing of the others: the machine of that intent alone hears it, beside the lines that speak for it, as which
it weighs no more than any other that speaks against. The more lines, the fewer rounds over them, and the more of them must have a feature
before it is known (`Pace`). Names of intents tell, too: what those have in common that share a word is learnt from the lines of all of
them, and of few lines the words of a name are one more. Deterministic: the same lines give the same weights on the same machine, in
whatever thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from engine.understanding.linear import BACKGROUND, EXTRA, F32, Linear, Rows
from engine.understanding.ngrams import DIMENSION
from engine.understanding.plain import normal_forms
from engine.understanding.regression import F64
from engine.understanding.training.corpus import NO_CLASS, OTHER, Chosen, Corpus, Labels
from engine.understanding.training.counting import Counting
from engine.understanding.training.frequencies import frequencies
from engine.understanding.training.names import kin, words
from engine.understanding.training.solver import Machine, learn, settled
from engine.understanding.training.vectors import unit_rows

COST = 2.0  # of a violated margin, the SVM's C; out of fold 3 answers as much, but is farther from its end after as many rounds
COST_ALL = 0.8  # of the machines that hear all lines: with 2.0 one or two in a hundred questions of hidden intents fewer are seen
MEAN = 3  # of the rounds, the last: of the same lines more is answered as surely, and less hangs on their order
WORD = 2.0  # weight of a whole word of ASCII signs beside its parts, of which there are five times as many
KIN = 0.2  # weight of what intents with a word of their names in common share; of few lines 0.4 is as good
ALL_LINES = [BACKGROUND, -2]  # columns of the machines that hear all lines
DENIED = -10  # and the class, below: the kind of lines that a `not:` says are none of it
ABSENT = -4.0  # bias of a class without a line: a margin far below all others


@dataclass(frozen=True, slots=True)
class Pace:
    """How thoroughly so many lines are learnt: of few, the solution is not as well determined, and costs no time."""

    known: int
    """Lines that must have a feature, or one less where all are questions of one intent."""
    rounds: int
    """Over the lines."""


FEW = 10_000  # lines; of fewer, one line's own features tell as much as they mislead, or more, and cost no memory
OF_FEW = Pace(known=1, rounds=30)
BETWEEN = Pace(known=3, rounds=6)  # with 4 or 5 rounds a few of the best intents fewer are right, with 8 as many
MANY = 50_000
# 3 and 6 take a third more time and memory, and as much is answered; with 3 rounds 1 to 2 points less.
OF_MANY = Pace(known=4, rounds=4)


def fit(corpus: Corpus, chosen: Chosen) -> Linear:
    """A model of the chosen lines; to it, all other lines are as unfamiliar as new ones."""
    counted, labels, against, whole_words = corpus.features, corpus.labels, corpus.against, corpus.words
    lines = np.flatnonzero(chosen).astype(np.int32)
    pace = OF_FEW if len(corpus) < FEW else OF_MANY if len(corpus) >= MANY else BETWEEN  # of a fold that of all lines
    if pace is OF_FEW:
        counted, labels, against, whole_words = _with_names(corpus, lines)
        lines = np.concatenate((lines, np.arange(len(corpus), len(labels), dtype=np.int32)))
    index, idf = _known(counted, lines, labels, pace.known, whole_words)
    vectors = unit_rows(counted, lines, index, idf)
    labels, against = labels[lines], against[lines]
    present, kinds = np.unique(np.where(labels == NO_CLASS, DENIED - against, labels), return_inverse=True)
    sizes = np.bincount(kinds).astype(np.float64)
    intents, names = present[present > BACKGROUND], corpus.intents
    relatives = kin([names[label - 1] for label in intents.tolist()])
    machines = _of_questions(present, sizes, relatives)
    columns = np.zeros((len(machines), corpus.classes + EXTRA), dtype=np.float32)  # what each machine adds to a column
    columns[np.arange(len(intents)), intents] = 1.0
    columns[len(intents), -1] = 1.0
    for at, places in enumerate(relatives, len(intents) + 1):
        columns[at, intents[places]] = KIN
    weights, bias = learn(vectors, kinds, machines, pace.rounds, MEAN, columns)
    bias[:-1][~columns[:, :-1].any(axis=0)] = ABSENT
    if BACKGROUND in present:
        machines = _of_all(present, sizes)
        weights[:, ALL_LINES], bias[ALL_LINES] = learn(vectors, kinds, machines, pace.rounds, MEAN)
        for column, machine in zip(ALL_LINES, machines, strict=True):
            bias[column] = settled(vectors, kinds, machine, weights[:, column], float(bias[column]))
    return Linear(index, idf, weights, bias)


def _of_questions(present: Labels, sizes: F64, relatives: Sequence[Sequence[int]]) -> list[Machine]:
    """A machine for each intent, one for the list against the questions of no intent, and one for each group of relatives."""
    intents, other = np.flatnonzero(present > BACKGROUND), np.flatnonzero(present == OTHER)
    asks, listed = np.concatenate((intents, other)), sizes[intents].sum()
    balance, half = listed / max(1, len(intents)), sizes[asks].sum() / 2
    # The lines of no intent weigh as much as all of the list.
    machines = []
    for at in intents.tolist():
        others = np.concatenate((asks, np.flatnonzero(present == DENIED - present[at])))
        machines.append(Machine(np.array([at]), others, COST * balance / sizes[at], COST))
    machines.append(Machine(intents, other, COST, COST * listed / max(1.0, sizes[other].sum())))
    for places in relatives:
        own = intents[places]
        rest = 2 * half - sizes[own].sum()
        machines.append(Machine(own, asks, COST * half / sizes[own].sum(), COST * half / rest))
    return machines


def _of_all(present: Labels, sizes: F64) -> list[Machine]:
    """The two machines that hear all lines: whether one is background, and whether it is a question at all."""
    idle, asks = np.flatnonzero(present == BACKGROUND), np.flatnonzero((present > BACKGROUND) | (present == OTHER))
    intents = present > BACKGROUND
    balance = sizes[intents].sum() / max(1, int(intents.sum()))
    many = sizes[idle].sum()
    return [
        Machine(idle, asks, COST_ALL * balance / many, COST_ALL),
        Machine(asks, idle, COST_ALL, COST_ALL * sizes[asks].sum() / many),
    ]


def _with_names(corpus: Corpus, lines: Rows) -> tuple[sparse.csr_array, Labels, Labels, Rows]:
    """Features, classes, what they speak against, and words of all lines, and of one more of each intent that these have: the words of its
    name."""
    present = np.unique(corpus.labels[lines])
    present = present[present > BACKGROUND]
    forms = normal_forms([" ".join(words(corpus.intents[label - 1])) for label in present.tolist()])
    with Counting() as counting:
        counting.add(forms)
        counted, of_names = counting.told()
    return (
        sparse.vstack((corpus.features, counted), format="csr"),
        np.concatenate((corpus.labels, present)),
        np.concatenate((corpus.against, np.full(len(present), NO_CLASS))),
        np.union1d(corpus.words, of_names),
    )


def _known(counted: sparse.csr_array, lines: Rows, labels: Labels, least: int, words: Rows) -> tuple[Rows, F32]:
    """Rows of the features that so many of the lines have, or one less where all of these are questions of one intent or of none, and
    their root inverse document frequency (its square made rare 5-grams outweigh the words), that of words times `WORD`.

    The most frequent come first: what most texts need then stands close together, and a product of weights is a third faster for it.
    Of the rarest, those that are no words come last.
    """
    frequency, of_class = frequencies(counted, lines, labels)
    known = frequency >= least
    if least > 1:
        known |= (frequency == least - 1) & ((of_class > BACKGROUND) | (of_class == OTHER))
    rows = np.flatnonzero(known)
    is_word = np.zeros(DIMENSION, dtype=np.bool_)
    is_word[words] = True
    rows = rows[np.lexsort((~is_word[rows], -frequency[rows]))]
    index = np.zeros(DIMENSION, dtype=np.int32)
    index[rows] = np.arange(1, len(rows) + 1)
    idf = np.sqrt(np.log((1 + len(lines)) / (1.0 + frequency[rows])) + 1.0)
    idf[is_word[rows]] *= WORD
    return index, np.concatenate(([0.0], idf)).astype(np.float32)
