"""Lines held out by folds: near-duplicates stay together, or the folds would flatter the model."""

from __future__ import annotations

import numpy as np

from engine.understanding.corpus import OTHER, Corpus, Labels
from engine.understanding.linear import BACKGROUND
from engine.understanding.twins import clusters

FOLDS = 3


def folds(corpus: Corpus) -> Labels:
    """A fold per line; lines of one cluster share it. Clusters are dealt by size, then by order."""
    cluster = clusters(corpus)
    sizes = np.bincount(cluster)
    fold = np.zeros(len(sizes), dtype=np.intp)
    filled = np.zeros((FOLDS, corpus.classes + 1), dtype=np.int64)
    first = np.zeros(len(sizes), dtype=np.intp)
    first[cluster[::-1]] = np.arange(len(cluster))[::-1]
    for group in np.lexsort((first, -sizes)):
        label = corpus.labels[first[group]]
        label = corpus.classes if label == OTHER else max(BACKGROUND, label)
        fold[group] = int(np.argmin(filled[:, label]))
        filled[fold[group], label] += sizes[group]
    return fold[cluster]
