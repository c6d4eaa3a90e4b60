"""Lines that say nearly the same: which hang together, and which other line a line is nearest to.

Likeness is the cosine of the features of two lines, without those that very many lines have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.pool.model import TrainingLine, TrainingSet
from engine.understanding.linear import Rows
from engine.understanding.ngrams import DIMENSION, ordered
from engine.understanding.normalise import normal_form
from engine.understanding.training import meetings
from engine.understanding.training.compiled import compiled
from engine.understanding.training.corpus import Corpus, Labels
from engine.understanding.training.frequencies import frequencies

ALIKE: Final = 0.7  # cosine from which two lines are near-duplicates
TWIN: Final = 0.85  # cosine from which an editor is told: as a rule the two differ by a particle
COMMON: Final = (
    300  # lines; a feature of more says little of how alike two are, and comparing by it takes most of the time
)
MEETINGS: Final = (
    8  # rare features that a pair shares before it is compared; with 4 it takes a fifth longer, with 2 twice as long
)
AT_ONCE: Final = 1024  # lines whose features are put in order together: more of them leave the processor's cache
SLACK: Final = 1e-6  # of rounding

_Meet = Callable[[Rows, Rows, Rows, Rows, int, float, float, float, Rows, Rows], int]


@dataclass(frozen=True, slots=True)
class Twin:
    """`line` says nearly what `other` says."""

    line: TrainingLine
    other: TrainingLine
    cosine: float


@dataclass(frozen=True, slots=True)
class Sets:
    """Lines as sets of the features that do not very many lines have."""

    shared: sparse.csr_array
    """The sets without what only one line has, each from its rarest feature on."""
    sizes: NDArray[np.int32]
    """Of the whole sets."""

    @classmethod
    def of(cls, corpus: Corpus) -> Sets:
        features = corpus.features
        frequency, _ = frequencies(features, np.arange(len(corpus), dtype=np.int32), corpus.labels)
        telling = np.flatnonzero((frequency > 1) & (frequency <= COMMON))
        order = np.full(DIMENSION, -1, dtype=np.int32)
        order[telling[np.argsort(frequency[telling], kind="stable")]] = np.arange(len(telling))
        alone = frequency == 1
        starts = features.indptr
        rows, end = np.empty(features.nnz, dtype=np.int32), 0
        ends, sizes = np.zeros(len(corpus) + 1, dtype=np.int32), np.zeros(len(corpus), dtype=np.int32)
        for line in range(0, len(corpus), AT_ONCE):
            part = starts[line : line + AT_ONCE + 1]
            entries = features.indices[part[0] : part[-1]]
            places = order.take(entries)
            shared = places >= 0
            often = np.add.reduceat(shared, part[:-1] - part[0], dtype=np.int32)
            sizes[line : line + AT_ONCE] = np.add.reduceat(alone.take(entries), part[:-1] - part[0], dtype=np.int32)
            before, end = end, end + int(often.sum())
            rows[before:end] = ordered(places[shared], often)
            ends[line + 1 : line + len(part)] = before + np.cumsum(often)
        sizes += np.diff(ends)
        ones = np.ones(end, dtype=np.int8)
        return cls(sparse.csr_array((ones, rows[:end], ends), shape=(len(corpus), max(1, len(telling)))), sizes)

    def near(self, similar_from: float) -> tuple[Labels, Labels]:
        """Pairs of lines with at least this cosine, each pair once.

        Two such sets share `similar_from²` of the larger one at least. So they meet `MEETINGS` times even without their most common
        features, and only pairs that do are compared (prefix filtering: Chaudhuri, Ganti and Kaushik, "A primitive operator for
        similarity joins in data cleaning", 2006).
        """
        sizes = self.sizes.astype(np.int64)
        starts, features = self.shared.indptr, self.shared.indices
        alone = sizes - np.diff(starts)  # what only this line has stands before all else
        first = sizes - np.ceil(similar_from**2 * sizes - SLACK).astype(np.int64) + MEETINGS - alone
        rare = starts[:-1] + np.clip(first, 0, np.diff(starts)).astype(np.int32)
        meet, room = loop(), len(sizes)
        while True:
            left, right = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
            found = meet(
                starts, features, rare, self.sizes, self.shared.shape[1], similar_from, float(MEETINGS), SLACK, left, right
            )  # fmt: skip
            if found <= room:
                return left[:found].astype(np.intp), right[:found].astype(np.intp)
            room = found


def loop() -> _Meet:
    """What it rests on, compiled."""
    import numba

    numbers, number, count = numba.int32[::1], numba.float64, numba.int64
    return compiled(meetings.meet, count(*[numbers] * 4, count, *[number] * 3, numbers, numbers))


def clusters(corpus: Corpus, similar_from: float = ALIKE) -> Labels:
    """The cluster of each line: lines that a chain of near-duplicates connects."""
    from scipy.sparse.csgraph import connected_components  # only training needs it, and every start would pay

    left, right = Sets.of(corpus).near(similar_from)
    graph = sparse.coo_array((np.ones(len(left)), (left, right)), shape=(len(corpus), len(corpus)))
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
    sets = Sets.of(corpus)
    rows = sets.shared.astype(np.float32)
    rows.data /= np.repeat(np.sqrt(np.maximum(sets.sizes, 1)), np.diff(rows.indptr)).astype(np.float32)
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
