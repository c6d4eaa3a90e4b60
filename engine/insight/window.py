"""A sliding window in steps: it moves by a sixtieth of its length, so that what it holds can be counted by step and forgotten by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STEPS: Final = 60  # an hour moves by the minute


@dataclass(frozen=True, slots=True)
class Window:
    """The last `span_ms`, up to one step less: what is inside depends only on a record's own time and on `now`."""

    span_ms: int

    @property
    def step_ms(self) -> int:
        """Length of a step; the last 60 of them reach back no further than the span."""
        return max(1, self.span_ms // STEPS)

    def step(self, time: int) -> int:
        """The step that `time` (ms) falls into."""
        return time // self.step_ms

    def first(self, now: int) -> int:
        """The first step that is inside at `now`."""
        return self.step(now) - STEPS + 1

    def begins(self, now: int) -> int:
        """The moment at which the window begins at `now`, ms."""
        return self.first(now) * self.step_ms
