"""A virtual clock: an event loop whose time jumps to the next deadline, so that minutes of a live take milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable

START = 1_800_000_000_000
"""Milliseconds since the epoch at which every simulation begins."""


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: time moves on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None] = lambda _: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("the simulation waits for something that will never come")
        if timeout > 0:
            self.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop under virtual time."""

    def __init__(self) -> None:
        self._virtual = 0.0
        selector = _Jumping()
        super().__init__(selector)
        selector.advance = self._advance

    def _advance(self, seconds: float) -> None:
        self._virtual += seconds

    def time(self) -> float:
        """Seconds since the begin."""
        return self._virtual

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return START + round(self._virtual * 1_000)
