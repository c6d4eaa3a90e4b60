"""Who asked a room how often lately, bounded."""

from __future__ import annotations

from typing import Final

ASKERS_CAP: Final = 400  # viewers whose questions are counted; the one who asked longest ago is forgotten first
ASK_WINDOW_MS: Final = 60_000


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
