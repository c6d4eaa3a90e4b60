"""Wordings → groups that mean the same: leader clustering, then groups that are alike merge, and what fits elsewhere better moves.

Pure, and the same for the same rows in the same order. A row's likeness to a group is its mean cosine with the group's rows; two groups'
likeness is the mean over all pairs. The work is done in slices: every `yield` is a moment at which others may have their turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.insight.features import Rows, dense

JOIN: Final = 0.08  # likeness from which a wording joins a group
MERGE: Final = (
    0.08  # likeness from which two groups are one; lower, since a mean over many pairs is surer than one over few
)
LEAVE: Final = JOIN / 2  # a wording that is less like the rest of its group than this stands by itself again
MOST: Final = 400  # groups, the largest, that are compared for merging; the others are of one or two wordings
SLICE: Final = 16  # rows between two pauses; some milliseconds where 5,000 are held

Labels = NDArray[np.int64]
"""The group of each row, from 0 on; the row at `i` is the `i`-th."""


def lead(rows: Rows, labels: Labels, start: int) -> Iterator[None]:
    """Give each row from `start` on a group: the most alike of those before it, else one of its own. Those before `start` have theirs."""
    size = rows.shape[0]
    packed = dense(rows)
    yield
    turned = packed.T.tocsr()
    yield
    count = int(labels[:start].max()) + 1 if start else 0
    sizes = np.zeros(size + count + 1, dtype=np.float64)
    sizes[:count] = np.bincount(labels[:start], minlength=count)[:count]
    for begin in range(start, size, SLICE):
        block = (packed[begin : begin + SLICE] @ turned).toarray()
        for at, cosines in enumerate(block, begin):
            best = count
            if count:
                likeness = np.bincount(labels[:at], weights=cosines[:at], minlength=count) / np.maximum(
                    sizes[:count], 1
                )
                nearest = int(likeness.argmax())
                if likeness[nearest] >= JOIN:
                    best = nearest
            labels[at] = best
            sizes[best] += 1
            count = max(count, best + 1)
        yield


def merge(rows: Rows, labels: Labels) -> Iterator[None]:
    """Groups that are alike become one, the most alike first. Their numbers stay, with holes."""
    count = int(labels.max()) + 1 if len(labels) else 0
    sizes = np.bincount(labels, minlength=count)
    chosen = np.argsort(-sizes, kind="stable")[:MOST]
    chosen = chosen[sizes[chosen] > 1]
    if len(chosen) < 2:
        return
    sums = _sums(rows, labels, count)[chosen]
    yield
    turned = sums.T.tocsr()
    yield
    total = np.zeros((len(chosen), len(chosen)))
    for begin in range(0, len(chosen), SLICE):
        total[begin : begin + SLICE] = (sums[begin : begin + SLICE] @ turned).toarray()
        yield
    weight = sizes[chosen].astype(np.float64)
    alive = np.ones(len(chosen), dtype=np.bool_)
    to = chosen.copy()
    likeness = total / np.outer(weight, weight)
    np.fill_diagonal(likeness, -1.0)
    for step in range(len(chosen)):
        one, other = divmod(int(likeness.argmax()), len(chosen))
        if likeness[one, other] < MERGE:
            break
        if (weight[other], -other) > (weight[one], -one):
            one, other = other, one
        to[to == chosen[other]] = chosen[one]
        total[one] += total[other]
        total[:, one] += total[:, other]
        weight[one] += weight[other]
        alive[other] = False
        row = np.where(alive, total[one] / (weight[one] * weight), -1.0)
        row[one] = -1.0
        likeness[one], likeness[:, one] = row, row
        likeness[other], likeness[:, other] = -1.0, -1.0
        if step % SLICE == SLICE - 1:
            yield
    numbers = np.arange(count)
    numbers[chosen] = to
    labels[:] = numbers[labels]


def settle(rows: Rows, labels: Labels) -> Iterator[None]:
    """Each row moves to the group that it is most like without itself; one that is like no other row of its group stands by itself."""
    if not len(labels):
        return
    count = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=count).astype(np.float64)
    sums = _sums(rows, labels, count)
    yield
    turned = sums.T.tocsr()
    yield
    own = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    settled = labels.copy()
    for begin in range(0, len(labels), SLICE):
        mine = labels[begin : begin + SLICE]
        at = np.arange(len(mine))
        total = (rows[begin : begin + SLICE] @ turned).toarray().astype(np.float64)
        total[at, mine] -= own[begin : begin + SLICE]
        others = np.repeat(sizes[None, :], len(mine), axis=0)
        others[at, mine] -= 1
        likeness = total / np.maximum(others, 1)
        best = likeness.argmax(axis=1)
        moves = (likeness[at, best] >= JOIN) & (likeness[at, best] > likeness[at, mine])
        alone = ~moves & (likeness[at, mine] < LEAVE) & (sizes[mine] > 1)
        settled[begin : begin + SLICE] = np.where(moves, best, mine)
        for row in np.flatnonzero(alone).tolist():
            settled[begin + row] = count
            count += 1
        yield
    labels[:] = settled


def group(rows: Rows, labels: Labels) -> Iterator[None]:
    """All three, from the start: `labels` is filled."""
    yield from lead(rows, labels, 0)
    packed = dense(rows)
    yield
    yield from merge(packed, labels)
    yield from settle(packed, labels)


def _sums(rows: Rows, labels: Labels, count: int) -> Rows:
    """The sum of each group's rows."""
    member = sparse.csr_array(
        (np.ones(len(labels), dtype=np.float32), (labels, np.arange(len(labels)))), shape=(count, len(labels))
    )
    return sparse.csr_array(member @ rows)
