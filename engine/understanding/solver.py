"""Linear machines, all of them learnt in one pass over the lines: dual coordinate descent, compiled.

A machine is a support vector machine with the squared hinge loss and a bias, which is a feature of value 1. Each line has a kind, and a
machine is what it makes of the kinds: which are its own, which speak against it, which it does not hear, and what a violated margin of
each costs. Lines are taken in a seeded random order, again in each round; at each line, all machines that hear it take the exact step
of its dual variable (Hsieh, Chang, Lin, Keerthi and Sundararajan, "A dual coordinate descent method for large-scale linear SVM", 2008).
Weights stand together by feature, so that one look at a line serves all machines. Nothing is summed in another order by another
processor: the same lines give the same weights.

The first use compiles it, or loads what was compiled before. Numba is imported then: a start with a stored model never needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

F32 = NDArray[np.float32]
U32 = NDArray[np.uint32]  # of a signed number each look-up would ask whether it counts from the end
Kinds = NDArray[np.intp]

SEED: Final = (
    2  # of the order of lines: of four, the one whose model is nearest in its figures to that of the solver before
)
LANES: Final = 8  # machines that a processor's register holds: a pass over as many is as quick as over one


_COMPILING = Lock()


@dataclass(frozen=True, slots=True)
class Machine:
    """What one machine tells from what. A kind that stands on both sides is its own; one that stands on neither it does not hear."""

    own: Kinds
    against: Kinds
    own_cost: float
    """Of a violated margin, the SVM's C; above 0."""
    against_cost: float


def learn(
    features: sparse.csr_array, kinds: Kinds, machines: Sequence[Machine], rounds: int, averaged: int = 1
) -> tuple[F32, F32]:
    """`[feature, machine]` weights and `[machine]` bias: the mean of what they are after each of the last `averaged` of so many rounds
    over the lines. A line has no feature twice.

    A machine stays 0 where it has nothing of its own, or nothing to tell that from.
    """
    count, of_kinds = len(machines), int(kinds.max(initial=-1)) + 1
    if count > LANES:
        count = -(-count // LANES) * LANES
    sides, slack = np.zeros((of_kinds, count), dtype=np.float32), np.ones((of_kinds, count), dtype=np.float32)
    for column, machine in enumerate(machines):
        against = np.setdiff1d(machine.against, machine.own)
        if len(machine.own) and len(against):
            sides[machine.own, column], slack[machine.own, column] = 1.0, 0.5 / machine.own_cost
            sides[against, column], slack[against, column] = -1.0, 0.5 / machine.against_cost
    weights, bias = np.zeros((features.shape[1], count), dtype=np.float32), np.zeros(count, dtype=np.float32)
    duals = np.zeros((features.shape[0], count), dtype=np.float32)
    margins, moved = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.uint32)
    starts, rows = features.indptr.astype(np.uint32, copy=False), features.indices.astype(np.uint32, copy=False)
    values, kind = features.data.astype(np.float32, copy=False), kinds.astype(np.uint32)
    squares = np.concatenate(([0.0], np.cumsum(np.square(values), dtype=np.float64)))
    lengths = (1.0 + np.diff(squares[starts])).astype(np.float32)  # squared, with the bias
    lines = np.flatnonzero(np.any(sides, axis=1).take(kinds)).astype(np.uint32)
    draw = np.random.default_rng(SEED)
    with _COMPILING:
        compiled = _compiled()
    sums, offsets = (np.zeros_like(weights), np.zeros_like(bias)) if averaged > 1 else (weights, bias)
    for nth in range(rounds):
        compiled(
            draw.permutation(lines), starts, rows, values, lengths, kind, sides, slack, weights, bias, duals, margins, moved
        )  # fmt: skip
        if averaged > 1 and nth >= rounds - averaged:
            sums += weights
            offsets += bias
    if averaged > 1:
        sums /= averaged
        offsets /= averaged
    return sums[:, : len(machines)], offsets[: len(machines)]


def sweep(
    order: U32,
    starts: U32,
    rows: U32,
    values: F32,
    lengths: F32,
    kinds: U32,
    sides: F32,
    slack: F32,
    weights: F32,
    bias: F32,
    duals: F32,
    margins: F32,
    moved: U32,
) -> None:
    """One round over the lines in this order. Line `i` has the features `rows[starts[i]:starts[i + 1]]` with their `values`; `margins`
    and `moved` are room for one number per machine."""
    zero, one = np.float32(0.0), np.float32(1.0)
    width = weights.shape[1]
    for line in order:
        kind, length, start, end = kinds[line], lengths[line], starts[line], starts[line + 1]
        for machine in range(width):
            margins[machine] = bias[machine]
        # Four features at a time: the sums are read and written a fourth as often.
        last = end - (end - start) % 4
        for at in range(start, last, 4):
            row_a, row_b, row_c, row_d = rows[at], rows[at + 1], rows[at + 2], rows[at + 3]
            a, b, c, d = values[at], values[at + 1], values[at + 2], values[at + 3]
            for machine in range(width):
                margins[machine] += (
                    a * weights[row_a, machine]
                    + b * weights[row_b, machine]
                    + c * weights[row_c, machine]
                    + d * weights[row_d, machine]
                )
        for at in range(last, end):
            row, value = rows[at], values[at]
            for machine in range(width):
                margins[machine] += value * weights[row, machine]
        count = 0
        for machine in range(width):
            side, dual = sides[kind, machine], duals[line, machine]
            lacking = one - side * margins[machine] - slack[kind, machine] * dual
            if side == zero or (dual == zero and lacking <= zero):
                continue
            step = max(lacking / (length + slack[kind, machine]), -dual)
            if step != zero:
                duals[line, machine] = dual + step
                moved[count], margins[count] = machine, side * step
                count += 1
        for nth in range(count):
            bias[moved[nth]] += margins[nth]
        for at in range(start, end):
            row, value = rows[at], values[at]
            for nth in range(count):
                weights[row, moved[nth]] += value * margins[nth]


_Sweep = Callable[[U32, U32, U32, F32, F32, U32, F32, F32, F32, F32, F32, F32, U32], None]


@cache
def _compiled() -> _Sweep:
    """`sweep` in machine code, kept beside this module or in the user's cache (`NUMBA_CACHE_DIR` names another place)."""
    import numba

    numbers, vector, table = numba.uint32[::1], numba.float32[::1], numba.float32[:, ::1]
    signature = numba.void(
        numbers, numbers, numbers, vector, vector, numbers, table, table, table, vector, table, vector, numbers
    )
    try:
        return numba.njit(signature, nogil=True, error_model="numpy", cache=True)(sweep)
    except (OSError, RuntimeError):  # nowhere to keep it: each process compiles anew
        return numba.njit(signature, nogil=True, error_model="numpy")(sweep)
