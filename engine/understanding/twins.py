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
MEETINGS: Final = 4  # rare features that a pair shares before it is compared; with 2 or 8 it takes longer
PAIRS: Final = 100_000  # compared at once: bounds the memory
LINES: Final = (
    2_048  # whose meetings with all others are counted at once: bounds the memory, and stays in the processor's cache
)
SLACK: Final = 1e-6  # of rounding


@dataclass(frozen=True, slots=True)
class Twin:
    """`line` says nearly what `other` says."""

    line: TrainingLine
    other: TrainingLine
    cosine: float


@dataclass(frozen=True, slots=True)
class Sets:
    """Lines as sets of the features that do not very many lines have, each set from its rarest feature on."""

    rows: sparse.csr_array
    alone: int
    """Features below this one are of a single line."""

    @classmethod
    def of(cls, corpus: Corpus) -> Sets:
        features = corpus.features
        frequency = np.bincount(features.indices, minlength=DIMENSION)
        telling = np.flatnonzero((frequency > 0) & (frequency <= COMMON))
        order = np.full(DIMENSION, -1, dtype=np.int32)
        order[telling[np.argsort(frequency[telling], kind="stable")]] = np.arange(len(telling))
        ordered = order[features.indices]
        whole = sparse.csr_array(
            (np.ones(len(ordered), dtype=np.float32), ordered, features.indptr), shape=(features.shape[0], len(telling))
        )
        rows = _only(whole, ordered >= 0)
        rows.sort_indices()
        return cls(rows, int((frequency == 1).sum()))

    @property
    def sizes(self) -> NDArray[np.int32]:
        found: NDArray[np.int32] = np.diff(self.rows.indptr)
        return found

    @property
    def shared(self) -> sparse.csr_array:
        """The sets without what only one line has."""
        return _only(self.rows, self.rows.indices >= self.alone)

    def near(self, similar_from: float) -> tuple[Labels, Labels]:
        """Pairs of lines with at least this cosine, each pair once.

        Two such sets share `similar_from²` of the larger one at least. So they meet `MEETINGS` times even without their most common
        features, and only pairs that do are compared (prefix filtering: Chaudhuri, Ganti and Kaushik, "A primitive operator for
        similarity joins in data cleaning", 2006).
        """
        sizes = self.sizes.astype(np.int64)
        place = np.arange(self.rows.nnz) - np.repeat(self.rows.indptr[:-1], sizes)
        first = sizes - np.ceil(similar_from**2 * sizes - SLACK) + MEETINGS
        rare = _only(self.rows, (place < np.repeat(first, sizes)) & (self.rows.indices >= self.alone))
        bearers, few = rare.T.tocsr(), similar_from * sizes < MEETINGS
        pairs = []
        for start in range(0, max(1, len(sizes)), LINES):
            meetings = rare[start : start + LINES] @ bearers
            row, column = start + np.repeat(np.arange(meetings.shape[0]), np.diff(meetings.indptr)), meetings.indices
            likely = (row < column) & ((meetings.data >= MEETINGS) | few[row] | few[column])
            row, column, often = row[likely], column[likely], meetings.data[likely]
            enough = often >= np.minimum(MEETINGS, similar_from * np.sqrt(sizes[row] * sizes[column]) - SLACK)
            pairs.append((row[enough], column[enough]))
        left, right = (np.concatenate(side).astype(np.intp) for side in zip(*pairs, strict=True))
        needed = similar_from * np.sqrt(sizes[left] * sizes[right]) - SLACK
        shared = self.shared
        common = np.zeros(len(left))
        for start in range(0, len(left), PAIRS):
            part = slice(start, start + PAIRS)
            common[part] = shared[left[part]].multiply(shared[right[part]]).sum(axis=1)
        near = common >= needed
        return left[near], right[near]


def _only(rows: sparse.csr_array, kept: NDArray[np.bool_]) -> sparse.csr_array:
    """Rows without the entries that are not kept."""
    ends = np.concatenate(([0], np.cumsum(kept)))[rows.indptr].astype(np.int32)
    return sparse.csr_array((rows.data[kept], rows.indices[kept], ends), shape=rows.shape)


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
    rows = sets.shared
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
