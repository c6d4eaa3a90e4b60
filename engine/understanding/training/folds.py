"""Lines held out by folds: near-duplicates stay together, or the folds would flatter the model."""

from __future__ import annotations

import numpy as np

from engine.understanding.linear import BACKGROUND
from engine.understanding.training.corpus import OTHER, Corpus, Labels
from engine.understanding.training.twins import clusters

FOLDS = 3


def folds(corpus: Corpus) -> Labels:
    """A fold per line; lines of one cluster share it. Clusters are dealt by size, then by order."""
    cluster = clusters(corpus)
    sizes = np.bincount(cluster)
    fold = np.zeros(len(sizes), dtype=np.intp)
    filled = [[0] * FOLDS for _ in range(corpus.classes + 1)]
    first = np.zeros(len(sizes), dtype=np.intp)
    first[cluster[::-1]] = np.arange(len(cluster))[::-1]
    kinds = np.where(corpus.labels == OTHER, corpus.classes, np.maximum(BACKGROUND, corpus.labels))[first].tolist()
    lines = sizes.tolist()
    for group in np.lexsort((first, -sizes)).tolist():
        kind = filled[kinds[group]]
        fold[group] = emptiest = kind.index(min(kind))
        kind[emptiest] += lines[group]
    return fold[cluster]
