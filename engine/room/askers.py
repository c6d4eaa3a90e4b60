"""Who asked a room, or was answered in its chat, how often lately; bounded."""

from __future__ import annotations

from bisect import insort
from typing import Final

ASKERS_CAP: Final = 400  # viewers who are counted; the one who was counted longest ago is forgotten first
ASK_WINDOW_MS: Final = 60_000


class Askers:
    """When each viewer was counted within the last minute."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[str, list[int]] = {}

    def allow(self, viewer: str, now: int, limit: int) -> bool:
        """Whether this viewer may be counted once more; counts it if so."""
        recent = self._recent(self._times.pop(viewer, None), now)
        allowed = len(recent) < limit
        if allowed:
            recent.append(now)
        self._times[viewer] = recent
        if len(self._times) > ASKERS_CAP:
            del self._times[next(iter(self._times))]
        return allowed

    def count(self, viewer: str, at: int) -> None:
        """It happened at `at`, allowed or not."""
        times = self._times.pop(viewer, None) or []
        insort(times, at)
        self._times[viewer] = times
        if len(self._times) > ASKERS_CAP:
            del self._times[next(iter(self._times))]

    def free_at(self, viewer: str, now: int, limit: int) -> int:
        """When the viewer may be counted once more: `now`, or later."""
        recent = self._recent(self._times.get(viewer), now)
        return recent[-limit] + ASK_WINDOW_MS if len(recent) >= limit else now

    def take_back(self, viewer: str, at: int) -> None:
        """What was counted at `at` was nothing after all."""
        times = self._times.get(viewer)
        if times is not None and at in times:
            times.remove(at)
            if not times:
                del self._times[viewer]

    @staticmethod
    def _recent(times: list[int] | None, now: int) -> list[int]:
        return [time for time in times if time > now - ASK_WINDOW_MS] if times else []

    def encode(self) -> list[tuple[str, list[int]]]:
        return list(self._times.items())

    @classmethod
    def decode(cls, state: list[tuple[str, list[int]]]) -> Askers:
        askers = cls()
        askers._times = {viewer: list(times) for viewer, times in state}
        return askers
