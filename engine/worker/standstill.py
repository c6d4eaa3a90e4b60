"""Readers that stand still with records before them: a client of a broker may stop delivering without any error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Place = tuple[int, str]
"""Partition and input topic."""


class Standstill:
    """Told now and then where each reader stands and how much lies before it; says who has not moved for how long."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic`: seconds."""
        self._monotonic = monotonic
        self._since: dict[Place, tuple[int, float]] = {}

    def longest(self, readers: Mapping[Place, tuple[int, int]]) -> tuple[float, Place | None]:
        """The longest standstill in seconds, and whose. `readers`: place → (position, records before it).

        Only who has records before it can stand still, and who is not named is forgotten.
        """
        now = self._monotonic()
        since: dict[Place, tuple[int, float]] = {}
        for place, (position, behind) in readers.items():
            if behind > 0:
                known = self._since.get(place)
                since[place] = known if known is not None and known[0] == position else (position, now)
        self._since = since
        worst = min(since, key=lambda place: since[place][1], default=None)
        return (now - since[worst][1], worst) if worst is not None else (0.0, None)
