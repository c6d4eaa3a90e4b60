"""Which comments a room has seen: their identities for ten minutes, bounded, in 14–24 bytes each.

A thousand busy rooms remember sixteen million identities, and a dict of integers would take 110 bytes for each. So they lie in an
array, in the order in which they came, and a table of places in that array finds them: open addressing with linear probing, at
most half full. Nothing is ever deleted from the table; once the array is full, both are made anew from what is still remembered.
"""

from __future__ import annotations

import base64
import sys
from array import array
from typing import Final

from engine.events.fields import Part

SEEN_MS: Final = 600_000  # an older comment is past every deadline, so that a repeat of it is `expired` anyway
SEEN_CAP: Final = 16_384
SEEN_GRAIN_MS: Final = 10_000  # times of identities are kept this coarsely: a snapshot then holds at most 61 runs
SEEN_GRAINS: Final = SEEN_MS // SEEN_GRAIN_MS
SMALLEST: Final = 64  # places of a new room's table


class SeenState(Part):
    """`runs`: (grain, how many); `ids`: the 8-byte hashes in order, base64."""

    runs: list[tuple[int, int]]
    ids: str


class SeenIds:
    """Identities handled in the last 10 minutes, at most 16,384, as 8-byte hashes. Times given to it never fall."""

    __slots__ = ("_gone", "_ids", "_runs", "_table")

    def __init__(self) -> None:
        self._ids = array("Q")
        """Oldest first; the first `_gone` are forgotten."""
        self._gone = 0
        self._runs: list[list[int]] = []
        """(grain, how many) of those that are remembered, in order."""
        self._table = array("H", bytes(2 * SMALLEST))
        """Place in `_ids` plus one; 0: free. `SEEN_CAP` keeps places below 2¹⁶."""

    def __len__(self) -> int:
        return len(self._ids) - self._gone

    def add(self, identity: int, now: int) -> bool:
        """Remember it; False where it was handled within the last 10 minutes. At the cap the oldest goes."""
        runs, grain = self._runs, now // SEEN_GRAIN_MS
        if runs and runs[0][0] < grain - SEEN_GRAINS:
            self.forget(now)
        ids, table = self._ids, self._table
        mask = len(table) - 1
        slot = identity & mask
        while place := table[slot]:
            if ids[place - 1] == identity:
                if place > self._gone:
                    return False
                break  # a forgotten one gives its place away
            slot = (slot + 1) & mask
        if len(ids) - self._gone >= SEEN_CAP:
            self._drop(1)
        if 2 * len(ids) >= len(table):
            self._renew()
            ids, table = self._ids, self._table
            mask = len(table) - 1
            slot = identity & mask
            while table[slot]:
                slot = (slot + 1) & mask
        ids.append(identity)
        table[slot] = len(ids)
        if runs and runs[-1][0] == grain:
            runs[-1][1] += 1
        else:
            runs.append([grain, 1])
        return True

    def forget(self, now: int) -> None:
        """Drop what is older than 10 minutes; nobody can tell, but memory."""
        horizon = now // SEEN_GRAIN_MS - SEEN_GRAINS
        self._drop(sum(count for grain, count in self._runs if grain < horizon))

    def encode(self) -> SeenState:
        ids = self._ids[self._gone :]
        if sys.byteorder == "little":
            ids.byteswap()
        return SeenState(runs=[(grain, count) for grain, count in self._runs], ids=base64.b64encode(ids).decode())

    @classmethod
    def decode(cls, state: SeenState) -> SeenIds:
        seen = cls()
        ids = array("Q", base64.b64decode(state.ids))
        if sys.byteorder == "little":
            ids.byteswap()
        seen._ids = ids
        seen._runs = [[grain, count] for grain, count in state.runs]
        seen._renew()
        return seen

    def _drop(self, count: int) -> None:
        """Forget the oldest."""
        self._gone += count
        runs = self._runs
        while count:
            taken = min(count, runs[0][1])
            runs[0][1] -= taken
            count -= taken
            if not runs[0][1]:
                del runs[0]

    def _renew(self) -> None:
        """Array and table anew, at most a third full, without what is forgotten."""
        ids = self._ids = self._ids[self._gone :]
        self._gone = 0
        size = SMALLEST
        while size < 3 * len(ids):
            size *= 2
        table = self._table = array("H", bytes(2 * size))
        mask = size - 1
        for place, identity in enumerate(ids, 1):
            slot = identity & mask
            while table[slot]:
                slot = (slot + 1) & mask
            table[slot] = place
