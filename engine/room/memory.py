"""What a room remembers for a while, bounded: identities seen, who asked how often, what was said, what was on screen."""

from __future__ import annotations

import base64
from itertools import islice
from typing import Final

from engine.events.fields import Part

SEEN_MS: Final = 600_000  # an older comment is past every deadline, so that a repeat of it is `expired` anyway
SEEN_CAP: Final = 16_384
SEEN_GRAIN_MS: Final = 10_000  # times of identities are kept this coarsely: a snapshot then holds at most 61 runs

ASKERS_CAP: Final = 400  # viewers whose questions are counted; the one who asked longest ago is forgotten first
ASK_WINDOW_MS: Final = 60_000


class SeenState(Part):
    """`runs`: (grain, how many); `ids`: the 8-byte hashes in order, base85."""

    runs: list[tuple[int, int]]
    ids: str


class SeenIds:
    """Identities handled in the last 10 minutes, at most 16,384, as 8-byte hashes."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._times)

    def has(self, identity: int, now: int) -> bool:
        """Whether it was handled within the last 10 minutes (whether or not older ones were dropped meanwhile)."""
        grain = self._times.get(identity)
        return grain is not None and grain >= (now - SEEN_MS) // SEEN_GRAIN_MS

    def add(self, identity: int, now: int) -> None:
        """Remember; the oldest goes when the cap is reached."""
        times = self._times
        times.pop(identity, None)
        times[identity] = now // SEEN_GRAIN_MS
        if len(times) > SEEN_CAP:
            del times[next(iter(times))]

    def forget(self, now: int) -> None:
        """Drop what is older than 10 minutes; nobody can tell, but memory."""
        horizon = (now - SEEN_MS) // SEEN_GRAIN_MS
        times = self._times
        old = 0
        for grain in times.values():
            if grain >= horizon:
                break
            old += 1
        for identity in list(islice(times, old)):
            del times[identity]

    def encode(self) -> SeenState:
        runs: list[tuple[int, int]] = []
        for grain in self._times.values():
            if runs and runs[-1][0] == grain:
                runs[-1] = (grain, runs[-1][1] + 1)
            else:
                runs.append((grain, 1))
        data = b"".join(identity.to_bytes(8, "big") for identity in self._times)
        return SeenState(runs=runs, ids=base64.b85encode(data).decode())

    @classmethod
    def decode(cls, state: SeenState) -> SeenIds:
        seen = cls()
        data = base64.b85decode(state.ids)
        grains = [grain for grain, count in state.runs for _ in range(count)]
        for number, grain in enumerate(grains):
            seen._times[int.from_bytes(data[8 * number : 8 * number + 8], "big")] = grain
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
