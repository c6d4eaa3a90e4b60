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
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.understanding.training.compiled import compiled

F32 = NDArray[np.float32]
U32 = NDArray[np.uint32]  # of a signed number each look-up would ask whether it counts from the end
Kinds = NDArray[np.intp]

SEED: Final = 5  # of the order of lines; its model is among the better ones of six (ADR 0038)
CACHE_LINE: Final = 16  # numbers of four bytes that the processor fetches together
AT_ONCE: Final = 1024  # lines, or features, that are worked on by NumPy together
_STEPS: Final = 50  # of Newton's method for a bias; it takes about five
_END: Final = 1e-6  # a step so small is the last


@dataclass(frozen=True, slots=True)
class Machine:
    """What one machine tells from what. A kind that stands on both sides is its own; one that stands on neither it does not hear."""

    own: Kinds
    against: Kinds
    own_cost: float
    """Of a violated margin, the SVM's C; above 0."""
    against_cost: float


def learn(
    features: sparse.csr_array,
    kinds: Kinds,
    machines: Sequence[Machine],
    rounds: int,
    averaged: int = 1,
    columns: F32 | None = None,
) -> tuple[F32, F32]:
    """`[feature, machine]` weights and `[machine]` bias: the mean of what they are after each of the last `averaged` of so many rounds
    over the lines. With `columns`, `[machine, column]`, these machines' sums: `[feature, column]` and `[column]`. A line has no feature
    twice.

    A machine stays 0 where it has nothing of its own, or nothing to tell that from.
    """
    starts = features.indptr.astype(np.int32, copy=False).view(np.uint32)
    rows = features.indices.astype(np.int32, copy=False).view(np.uint32)
    values, kind = features.data.astype(np.float32, copy=False), kinds.astype(np.uint32)
    lengths = _lengths(starts, values)
    width, sweep, move = loops(len(machines))
    sides, slack = _heard(machines, int(kinds.max(initial=-1)) + 1, width)
    lines = np.flatnonzero(np.any(sides, axis=1).take(kinds)).astype(np.uint32)
    draw = np.random.default_rng(SEED)
    orders = [draw.permutation(len(lines)).astype(np.uint32) for _ in range(rounds)]
    if columns is None:
        columns = np.eye(len(machines), dtype=np.float32)
    found: F32 | None = None
    offset = np.zeros(columns.shape[1], dtype=np.float32)
    for first in range(0, sides.shape[1], width):
        own = sides[:, first : first + width].copy(), slack[:, first : first + width].copy()
        weights, duals = _aligned(features.shape[1], width), _aligned(len(lines), width)
        bias, moves = np.zeros(width, dtype=np.float32), np.zeros_like(duals)
        for nth, order in enumerate(orders):
            sweep(order, lines, starts, rows, values, lengths, kind, *own, weights, bias, duals)
            if averaged > 1 and nth >= rounds - averaged:
                moves += duals
        if averaged > 1 and rounds:  # weights hang on the dual variables alone, which are much fewer
            moves /= min(averaged, rounds)
            moves -= duals
            move(lines, starts, rows, values, kind, own[0], moves, weights, bias)
        part = np.zeros((width, columns.shape[1]), dtype=np.float32)
        part[: len(columns) - first] = columns[first : first + width]
        offset += bias @ part
        found = _summed(weights, part, found)
    return np.zeros((features.shape[1], len(offset)), dtype=np.float32) if found is None else found, offset


def _heard(machines: Sequence[Machine], of_kinds: int, width: int) -> tuple[F32, F32]:
    """`[kind, machine]`, of so many machines more that their number is a multiple of `width`: the side on which a machine hears a kind,
    0 where it does not, and what its cost adds to the length of a line."""
    count = -(-len(machines) // width) * width
    sides, slack = np.zeros((of_kinds, count), dtype=np.float32), np.ones((of_kinds, count), dtype=np.float32)
    for column, machine in enumerate(machines):
        against = np.setdiff1d(machine.against, machine.own)
        if len(machine.own) and len(against):
            sides[machine.own, column], slack[machine.own, column] = 1.0, 0.5 / machine.own_cost
            sides[against, column], slack[against, column] = -1.0, 0.5 / machine.against_cost
    return sides, slack


def _aligned(rows: int, width: int) -> F32:
    """Zeros that begin where the processor begins to fetch, and so does each row of them that is as long as what it fetches, or longer."""
    room = np.zeros(rows * width + CACHE_LINE, dtype=np.float32)
    first = -(room.ctypes.data // room.itemsize) % CACHE_LINE
    return room[first : first + rows * width].reshape(rows, width)


def settled(features: sparse.csr_array, kinds: Kinds, machine: Machine, weights: F32, bias: float) -> float:
    """The bias at which a machine with these weights errs least. Of all that is learnt it is the last to settle, since each line moves it,
    and it decides how many lines a machine takes for its own: after a few rounds, more hangs on their order than on the lines."""
    sides = np.zeros(int(kinds.max(initial=-1)) + 1)
    sides[machine.against], sides[machine.own] = -1.0, 1.0
    side = sides[kinds]
    heard = np.flatnonzero(side)
    side = side[heard]
    cost = np.where(side > 0, machine.own_cost, machine.against_cost)
    margins = side * (features @ weights)[heard]
    for _ in range(_STEPS):
        lacking = np.maximum(1.0 - margins - side * bias, 0.0)
        slope = bias - 2.0 * float((cost * side) @ lacking)
        step = slope / (1.0 + 2.0 * float(cost @ (lacking > 0)))
        bias -= step
        if abs(step) < _END:
            break
    return bias


def _summed(weights: F32, columns: F32, others: F32 | None) -> F32:
    """`weights @ columns`, and what other machines add; written where the weights stood if there is room: they are most of the memory
    that training takes."""
    width, wide = columns.shape
    found, flat = others, weights.reshape(-1)
    if found is None and wide > width:
        found = np.zeros((len(weights), wide), dtype=np.float32)
    for first in range(0, len(weights), AT_ONCE):
        part = weights[first : first + AT_ONCE] @ columns
        if found is None:
            flat[first * wide : first * wide + part.size] = part.ravel()
        else:
            found[first : first + AT_ONCE] += part
    return flat[: len(weights) * wide].reshape(-1, wide) if found is None else found


def _lengths(starts: U32, values: F32) -> F32:
    """Of each line, squared, with the bias; told by so many lines at a time that no room for all their features is needed."""
    lengths, total = np.empty(len(starts) - 1, dtype=np.float32), 0.0
    for first in range(0, len(lengths), AT_ONCE):
        part = starts[first : first + AT_ONCE + 1]
        squares = np.cumsum(np.concatenate(([total], np.square(values[part[0] : part[-1]]))))
        lengths[first : first + AT_ONCE] = 1.0 + np.diff(squares[part - part[0]])
        total = float(squares[-1])
    return lengths


_Sweep = Callable[[U32, U32, U32, U32, F32, F32, U32, F32, F32, F32, F32, F32], None]
_Move = Callable[[U32, U32, U32, F32, U32, F32, F32, F32, F32], None]


def loops(machines: int) -> tuple[int, _Sweep, _Move]:
    """For so many machines: how many a pass serves, a round over the lines, and what moves of the dual variables make of the weights, in
    machine code."""
    import numba

    from engine.understanding.training import sweeps

    numbers, vector, table = numba.uint32[::1], numba.float32[::1], numba.float32[:, ::1]
    a_round = numba.void(
        numbers, numbers, numbers, numbers, vector, vector, numbers, table, table, table, vector, table
    )
    a_move = numba.void(numbers, numbers, numbers, vector, numbers, table, table, table, vector)
    width, sweep = (sweeps.TWO, sweeps.two) if machines <= sweeps.TWO else (sweeps.WIDE, sweeps.many)
    return width, compiled(sweep, a_round), compiled(sweeps.move, a_move)
