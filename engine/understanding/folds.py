"""Lines held out by folds: near-duplicates stay together, or the folds would flatter the model."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from engine.understanding.calibration import BACKGROUND
from engine.understanding.corpus import Corpus, Labels
from engine.understanding.ngrams import DIMENSION

FOLDS = 4  # five told nearly the same, and took a fifth longer
DUPLICATE = 0.7  # cosine of features from which two lines are near-duplicates
COMMON = (
    300  # lines; a feature of more says little of how alike two lines are, and comparing by it takes most of the time
)


def clusters(corpus: Corpus, similar_from: float = DUPLICATE) -> Labels:
    """The cluster of each line: lines that a chain of near-duplicates connects."""
    from scipy.sparse.csgraph import connected_components  # only training needs it, and every start would pay

    counts = corpus.counts()
    counts.data[:] = 1.0
    frequency = np.bincount(counts.indices, minlength=DIMENSION)
    counts = sparse.csr_array(counts[:, np.flatnonzero((frequency > 1) & (frequency <= COMMON))])
    sizes = np.diff(counts.indptr)
    counts.data /= np.repeat(np.sqrt(np.maximum(sizes, 1).astype(np.float32)), sizes)
    similar = (counts @ counts.T).tocoo()
    near = similar.data >= similar_from
    graph = sparse.coo_array((np.ones(int(near.sum())), (similar.row[near], similar.col[near])), shape=similar.shape)
    _, cluster = connected_components(graph, directed=False)
    return cluster.astype(np.intp)


def folds(corpus: Corpus) -> Labels:
    """A fold per line; lines of one cluster share it. Clusters are dealt by size, then by order."""
    cluster = clusters(corpus)
    sizes = np.bincount(cluster)
    fold = np.zeros(len(sizes), dtype=np.intp)
    filled = np.zeros((FOLDS, corpus.classes), dtype=np.int64)
    first = np.zeros(len(sizes), dtype=np.intp)
    first[cluster[::-1]] = np.arange(len(cluster))[::-1]
    for group in np.lexsort((first, -sizes)):
        label = max(BACKGROUND, corpus.labels[first[group]])
        fold[group] = int(np.argmin(filled[:, label]))
        filled[fold[group], label] += sizes[group]
    return fold[cluster]
