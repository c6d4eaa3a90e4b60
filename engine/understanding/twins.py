"""Lines that say nearly the same: which hang together, and which other line a line is nearest to.

Likeness is the cosine of the features of two lines, without those that very many lines have.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.pool.model import TrainingLine, TrainingSet
from engine.understanding.corpus import Corpus, Labels
from engine.understanding.ngrams import DIMENSION
from engine.understanding.normalise import normal_form

ALIKE: Final = 0.7  # cosine from which two lines are near-duplicates
TWIN: Final = 0.85  # cosine from which an editor is told: as a rule the two differ by a particle
COMMON: Final = (
    300  # lines; a feature of more says little of how alike two are, and comparing by it takes most of the time
)


@dataclass(frozen=True, slots=True)
class Twin:
    """`line` says nearly what `other` says."""

    line: TrainingLine
    other: TrainingLine
    cosine: float


def _rows(corpus: Corpus) -> sparse.csr_array:
    """Lines as unit rows, as far as another line has the same features."""
    counts = corpus.counts()
    counts.data[:] = 1.0
    frequency = np.bincount(counts.indices, minlength=DIMENSION)
    telling = (frequency <= COMMON).astype(np.float32)
    lengths = np.sqrt(np.maximum(counts @ telling, 1.0))
    shared = sparse.csr_array(counts[:, np.flatnonzero((frequency > 1) & (frequency <= COMMON))])
    shared.data /= np.repeat(lengths, np.diff(shared.indptr)).astype(np.float32)
    return shared


def clusters(corpus: Corpus, similar_from: float = ALIKE) -> Labels:
    """The cluster of each line: lines that a chain of near-duplicates connects."""
    from scipy.sparse.csgraph import connected_components  # only training needs it, and every start would pay

    rows = _rows(corpus)
    similar = (rows @ rows.T).tocoo()
    near = similar.data >= similar_from
    graph = sparse.coo_array((np.ones(int(near.sum())), (similar.row[near], similar.col[near])), shape=similar.shape)
    _, cluster = connected_components(graph, directed=False)
    return cluster.astype(np.intp)


def twins(training: TrainingSet, of: Collection[TrainingLine]) -> list[Twin]:
    """For each of these lines the nearest other one, where that says nearly the same. Of two such lines the later is told of."""
    corpus = Corpus.of_lines(training.lines)
    lines = {
        (form, corpus.intent(label)): at
        for at, (form, label) in enumerate(zip(corpus.forms, corpus.labels.tolist(), strict=True))
    }
    first: dict[int, TrainingLine] = {}
    asked: dict[int, TrainingLine] = {}
    wanted = frozenset(of)
    for line in training.lines:
        at = lines.get((normal_form(line.text), line.intent))
        if at is None:
            continue
        first.setdefault(at, line)
        if line in wanted:
            asked.setdefault(at, line)
    rows = _rows(corpus)
    own = np.array(sorted(asked), dtype=np.intp)
    if not len(own):
        return []
    similar = (rows[own] @ rows.T).tocsr()
    found = []
    for row, at in enumerate(own.tolist()):
        part = slice(similar.indptr[row], similar.indptr[row + 1])
        others: NDArray[np.intp] = similar.indices[part].astype(np.intp)
        cosines = np.where((others == at) | ((others > at) & np.isin(others, own)), 0.0, similar.data[part])
        if len(cosines) and cosines.max() >= TWIN:
            best = int(cosines.argmax())
            found.append(Twin(asked[at], first[int(others[best])], round(float(cosines[best]), 4)))
    return found
