"""What a room remembers for a while, bounded: identities seen, who asked how often, what was said, what was on screen."""

from __future__ import annotations

import base64
from collections import deque
from typing import Final

from engine.events.fields import Part

SEEN_MS: Final = 600_000  # an older comment is past every deadline, so that a repeat of it is `expired` anyway
SEEN_CAP: Final = 16_384
SEEN_GRAIN_MS: Final = 10_000  # times of identities are kept this coarsely: a snapshot then holds at most 61 runs

ASKERS_CAP: Final = 400  # viewers whose questions are counted; the one who asked longest ago is forgotten first
ASK_WINDOW_MS: Final = 60_000


class SeenState(Part):
    """`runs`: (grain, how many); `ids`: the 8-byte hashes in order, base64."""

    runs: list[tuple[int, int]]
    ids: str


class SeenIds:
    """Identities handled in the last 10 minutes, at most 16,384, as 8-byte hashes."""

    __slots__ = ("_order", "_times")

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._order: deque[int] = deque()
        """The same, oldest first: a dict that loses its first key again and again has to search for the next."""

    def __len__(self) -> int:
        return len(self._times)

    def has(self, identity: int, now: int) -> bool:
        """Whether it was handled within the last 10 minutes (whether or not older ones were dropped meanwhile)."""
        grain = self._times.get(identity)
        return grain is not None and grain >= (now - SEEN_MS) // SEEN_GRAIN_MS

    def add(self, identity: int, now: int) -> None:
        """Remember; the oldest goes when the cap is reached."""
        times = self._times
        if identity in times:
            self._order.remove(identity)
        times[identity] = now // SEEN_GRAIN_MS
        self._order.append(identity)
        if len(times) > SEEN_CAP:
            del times[self._order.popleft()]

    def forget(self, now: int) -> None:
        """Drop what is older than 10 minutes; nobody can tell, but memory."""
        horizon = (now - SEEN_MS) // SEEN_GRAIN_MS
        while self._order and self._times[self._order[0]] < horizon:
            del self._times[self._order.popleft()]

    def encode(self) -> SeenState:
        runs: list[tuple[int, int]] = []
        for grain in map(self._times.__getitem__, self._order):
            if runs and runs[-1][0] == grain:
                runs[-1] = (grain, runs[-1][1] + 1)
            else:
                runs.append((grain, 1))
        data = b"".join(identity.to_bytes(8, "big") for identity in self._order)
        return SeenState(runs=runs, ids=base64.b64encode(data).decode())

    @classmethod
    def decode(cls, state: SeenState) -> SeenIds:
        seen = cls()
        data = base64.b64decode(state.ids)
        grains = [grain for grain, count in state.runs for _ in range(count)]
        for number, grain in enumerate(grains):
            identity = int.from_bytes(data[8 * number : 8 * number + 8], "big")
            seen._times[identity] = grain
            seen._order.append(identity)
        return seen


class Askers:
    """When each viewer asked within the last minute."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[str, list[int]] = {}

    def allow(self, viewer: str, now: int, limit: int) -> bool:
        """Whether this viewer may ask once more; counts the question if so."""
        times = self._times.pop(viewer, None)
        recent = [time for time in times if time > now - ASK_WINDOW_MS] if times else []
        allowed = len(recent) < limit
        if allowed:
            recent.append(now)
        self._times[viewer] = recent
        if len(self._times) > ASKERS_CAP:
            del self._times[next(iter(self._times))]
        return allowed

    def encode(self) -> list[tuple[str, list[int]]]:
        return list(self._times.items())

    @classmethod
    def decode(cls, state: list[tuple[str, list[int]]]) -> Askers:
        askers = cls()
        askers._times = {viewer: list(times) for viewer, times in state}
        return askers
