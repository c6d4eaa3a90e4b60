"""How many questions could be answered in time at most, by one who knows the future: a linear relaxation, solved by HiGHS.

A reply to an intent may start in any slot of `SLOT_MS`, also in part: that part of everybody who then waits for it is answered. What stays
is the airtime, the deadlines, the cooldowns, and that those who ask while a reply is said join it. What is left out (sentence
boundaries, the minimum pause, one reply at a time, whole replies) can only lower the figure; so can the slots, since a start moved
to its slot's begin moves each limit by a slot in favour of the bound.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from bench.hours import HOUR_S
from bench.stage import COOLDOWN_MS, DEADLINE_MS, Case
from engine.pool.model import Limits

SLOT_MS = 5_000  # with 1 s the bound is 1 to 3 % lower, and takes half a minute instead of a second


class Rows:
    """Sparse rows of A x ≤ b."""

    def __init__(self) -> None:
        self._row: list[int] = []
        self._column: list[int] = []
        self._value: list[float] = []
        self.limits: list[float] = []

    def add(self, terms: dict[int, float], limit: float) -> None:
        self._row += [len(self.limits)] * len(terms)
        self._column += terms
        self._value += terms.values()
        self.limits.append(limit)

    def matrix(self, columns: int) -> coo_array:
        return coo_array((self._value, (self._row, self._column)), shape=(len(self.limits), columns))


def bound(case: Case, limits: Limits | None = None) -> float:
    """Questions that can be answered in time at most."""
    limits = limits or Limits()
    asked = len(case.hour)
    slots = (HOUR_S * 1_000 + DEADLINE_MS) // SLOT_MS + 1
    starts: dict[tuple[int, int], int] = {}
    rows = Rows()
    for number in range(asked):
        intent, at = int(case.asked[number]), int(case.hour.at[number])
        first = max(0, (at - round(case.seconds[intent] * 1_000)) // SLOT_MS)
        useful = range(first, (at + DEADLINE_MS) // SLOT_MS + 1)
        served = {starts.setdefault((intent, slot), asked + len(starts)): -1.0 for slot in useful}
        rows.add({number: 1.0, **served}, 0.0)
    _cool(case, starts, rows)
    columns = asked + len(starts)
    columns = _air(case, starts, rows, slots, limits, columns)
    goal = np.zeros(columns)
    goal[:asked] = -1.0
    free = np.column_stack((np.zeros(columns), np.ones(columns)))
    free[asked + len(starts) :, 1] = np.inf
    found = linprog(goal, A_ub=rows.matrix(columns), b_ub=rows.limits, bounds=free, method="highs")  # type: ignore[call-overload] # its stubs know no sparse matrices
    if not found.success:
        raise RuntimeError(f"{case.hour.name}: the bound was not found: {found.message}")
    return float(-found.fun)


def _cool(case: Case, starts: dict[tuple[int, int], int], rows: Rows) -> None:
    """Of one intent no more than one reply in each span of a reply and its cooldown."""
    of: dict[int, list[int]] = {}
    for intent, slot in sorted(starts):
        of.setdefault(intent, []).append(slot)
    for intent, slots in of.items():
        span = int((case.seconds[intent] * 1_000 + COOLDOWN_MS) // SLOT_MS)
        for place, slot in enumerate(slots):
            inside = [other for other in slots[place:] if other < slot + span]
            if len(inside) > 1:
                rows.add({starts[intent, other]: 1.0 for other in inside}, 1.0)


def _air(case: Case, starts: dict[tuple[int, int], int], rows: Rows, slots: int, limits: Limits, columns: int) -> int:
    """Airtime in each window, by its running sum as further columns; returns how many columns there are then."""
    spoken: list[dict[int, float]] = [{} for _ in range(slots + 8)]
    for (intent, slot), column in starts.items():
        left, at = float(case.seconds[intent]) * 1_000, slot
        while left > 0 and at < len(spoken):
            spoken[at][column] = min(left, SLOT_MS) / 1_000
            left, at = left - SLOT_MS, at + 1
    for number, terms in enumerate(spoken):  # what was said until the end of this slot is at least …
        before = {columns + number - 1: 1.0} if number else {}
        rows.add({**terms, **before, columns + number: -1.0}, 0.0)
        after = {column: -value for column, value in terms.items()}  # … and at most that
        rows.add({**after, **dict.fromkeys(before, -1.0), columns + number: 1.0}, 0.0)
    window = limits.airtime_window_ms // SLOT_MS - 1
    budget = limits.airtime_share * limits.airtime_window_ms / 1_000
    for number in range(len(spoken)):
        before = {columns + number - window: -1.0} if number >= window else {}
        rows.add({columns + number: 1.0, **before}, budget)
    return columns + len(spoken)
