"""The solver's loops, which Numba compiles: one round over the lines, for many machines or for two (`solver.py` says what they learn).

Both take the same steps; they differ in what the processor waits for. Of many machines it is the weights, which no cache holds: those of
the next line are asked for feature by feature while a line is worked on. How many they are is known when it is compiled, and their sums
stand where no array reaches, so that machines are worked on by the register. Only what compiles imports this module, since it imports
Numba, which keeps what it compiled as long as this file is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_void_p
from typing import cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable
from numba.np.numpy_support import carray

from engine.understanding.training.prefetch import soon
from engine.understanding.training.solver import CACHE_LINE, F32, U32

TWO = 2
WIDE = 64  # machines that one pass over the lines serves: of more, the weights of a line leave the processor's cache


def _room(_context):  # type: ignore[no-untyped-def]
    def generate(_context, builder, _signature, _arguments):  # type: ignore[no-untyped-def]
        place = cgutils.alloca_once(builder, ir.ArrayType(ir.FloatType(), WIDE))  # type: ignore[no-untyped-call]
        place.align = CACHE_LINE * 4
        return builder.bitcast(place, ir.FloatType().as_pointer())

    return types.CPointer(types.float32)(), generate  # type: ignore[no-untyped-call]


# Room for a number of each machine, where no array reaches: where one might, each sum would be read and written anew at each feature.
room = cast("Callable[[], c_void_p]", intrinsic(_room))


@register_jitable
def _row_soon(weights: F32, row: int) -> None:
    """Asks for the weights that all machines have of a feature."""
    first = np.int64(row) * WIDE
    for place in range(first, first + WIDE, CACHE_LINE):
        soon(weights, place)


@register_jitable
def _line_soon(rows: U32, values: F32, start: int, end: int) -> None:
    """Asks for the features of a line."""
    for at in range(start, end, CACHE_LINE):
        soon(rows, at)
        soon(values, at)


@register_jitable
def _step(margin: np.float32, side: np.float32, slack: np.float32, length: np.float32, dual: np.float32) -> np.float32:
    """The exact step of a machine's dual variable at a line that it hears."""
    return max((np.float32(1.0) - side * margin - slack * dual) / (length + slack), -dual)


def many(
    order: U32,
    lines: U32,
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
) -> None:
    """One round over these lines in this order, `WIDE` machines at once. Line `i` has the features `rows[starts[i]:starts[i + 1]]` with
    their `values`; `duals` has a row for each of `lines`."""
    zero = np.float32(0.0)
    steps = carray(room(), (WIDE,), np.float32)
    for nth in range(len(order)):
        place = order[nth]
        line = lines[place]
        kind, length, start, end = kinds[line], lengths[line], starts[line], starts[line + 1]
        coming, until = np.int64(0), np.int64(0)  # features of the next line
        if nth + 1 < len(order):
            following = lines[order[nth + 1]]
            coming, until = np.int64(starts[following]), np.int64(starts[following + 1])
        if nth + 2 < len(order):
            following = lines[order[nth + 2]]
            _line_soon(rows, values, starts[following], starts[following + 1])
        for machine in range(WIDE):
            steps[machine] = bias[machine]
        # Four features at a time: the sums are read and written a fourth as often.
        last = end - (end - start) % 4
        for at in range(start, last, 4):
            row_a, row_b, row_c, row_d = rows[at], rows[at + 1], rows[at + 2], rows[at + 3]
            a, b, c, d = values[at], values[at + 1], values[at + 2], values[at + 3]
            for near in range(coming, min(coming + 4, until)):
                _row_soon(weights, rows[near])
            coming += 4
            for machine in range(WIDE):
                steps[machine] += (
                    a * weights[row_a, machine]
                    + b * weights[row_b, machine]
                    + c * weights[row_c, machine]
                    + d * weights[row_d, machine]
                )
        for near in range(coming, until):
            _row_soon(weights, rows[near])
        for at in range(last, end):
            row, value = rows[at], values[at]
            for machine in range(WIDE):
                steps[machine] += value * weights[row, machine]
        for machine in range(WIDE):
            side, dual = sides[kind, machine], duals[place, machine]
            step = zero
            if side != zero:
                step = _step(steps[machine], side, slack[kind, machine], length, dual)
            duals[place, machine] = dual + step
            steps[machine] = side * step
            bias[machine] += steps[machine]
        # Most steps are 0, and yet it is quicker to add all of them, as many at once as a register holds.
        for at in range(start, end):
            row, value = rows[at], values[at]
            for machine in range(WIDE):
                weights[row, machine] += value * steps[machine]


def two(
    order: U32,
    lines: U32,
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
) -> None:
    """As `many`, of two machines."""
    zero = np.float32(0.0)
    for nth in range(len(order)):
        place = order[nth]
        line = lines[place]
        kind, length, start, end = kinds[line], lengths[line], starts[line], starts[line + 1]
        if nth + 1 < len(order):
            following = lines[order[nth + 1]]
            _line_soon(rows, values, starts[following], starts[following + 1])
        last = end - (end - start) % 4
        margin, other = bias[0], bias[1]
        for at in range(start, last, 4):
            row_a, row_b, row_c, row_d = rows[at], rows[at + 1], rows[at + 2], rows[at + 3]
            a, b, c, d = values[at], values[at + 1], values[at + 2], values[at + 3]
            margin += a * weights[row_a, 0] + b * weights[row_b, 0] + c * weights[row_c, 0] + d * weights[row_d, 0]
            other += a * weights[row_a, 1] + b * weights[row_b, 1] + c * weights[row_c, 1] + d * weights[row_d, 1]
        for at in range(last, end):
            margin += values[at] * weights[rows[at], 0]
            other += values[at] * weights[rows[at], 1]
        step, other_step = zero, zero
        if sides[kind, 0] != zero:
            step = _step(margin, sides[kind, 0], slack[kind, 0], length, duals[place, 0])
            duals[place, 0] += step
            step *= sides[kind, 0]
        if sides[kind, 1] != zero:
            other_step = _step(other, sides[kind, 1], slack[kind, 1], length, duals[place, 1])
            duals[place, 1] += other_step
            other_step *= sides[kind, 1]
        if step == zero and other_step == zero:
            continue
        bias[0] += step
        bias[1] += other_step
        for at in range(start, end):
            row, value = rows[at], values[at]
            weights[row, 0] += value * step
            weights[row, 1] += value * other_step


def move(
    lines: U32,
    starts: U32,
    rows: U32,
    values: F32,
    kinds: U32,
    sides: F32,
    moves: F32,
    weights: F32,
    bias: F32,
) -> None:
    """The weights and bias of dual variables that are this much larger."""
    width = weights.shape[1]
    for nth in range(len(lines)):
        line = lines[nth]
        kind = kinds[line]
        for machine in range(width):
            moves[nth, machine] *= sides[kind, machine]
            bias[machine] += moves[nth, machine]
        for at in range(starts[line], starts[line + 1]):
            row, value = rows[at], values[at]
            for machine in range(width):
                weights[row, machine] += value * moves[nth, machine]
