"""Ends a process that no longer makes progress: a stuck loop or client serves nobody, a restarted one takes over from the journal."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from engine import logs
from engine.errors import Exit
from engine.metrics import Metrics
from engine.worker.standstill import Place, Standstill

LAG_EVERY_S = 0.5  # how often the event loop's lag is measured; a fraction of any alert's window
log = logs.get(__name__)


def leave(reason: str) -> None:
    """End the process at once: nothing that is stuck can be waited for, and the journal holds all that was committed."""
    log.critical("ending the process so that it can be restarted", error=reason)
    logging.shutdown()
    os._exit(Exit.STALLED)


class Watchdog:
    """Told of progress by `beat`; a thread of its own looks at it, since a blocked event loop runs no task."""

    def __init__(
        self,
        stall_s: float,
        metrics: Metrics,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        on_stall: Callable[[str], None] = leave,
    ) -> None:
        self._stall_s = stall_s
        self._metrics = metrics
        self._monotonic = monotonic
        self._on_stall = on_stall
        self._standstill = Standstill(monotonic)
        self._last = monotonic()
        self._what = "start"
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def beat(self, what: str) -> None:
        """Progress was made; `what` is being done next."""
        self._last = self._monotonic()
        self._what = what

    def check(self) -> bool:
        """Whether all is well; calls `on_stall` where it is not."""
        stalled = self._monotonic() - self._last
        if stalled <= self._stall_s:
            return True
        self._on_stall(f"the worker made no progress for {stalled:.0f} s (during: {self._what})")
        return False

    def look_at_readers(self, readers: Mapping[Place, tuple[int, int]]) -> None:
        """`readers`: place → (position, records before it), now and then; calls `on_stall` where one stood still for too long."""
        stands, place = self._standstill.longest(readers)
        self._metrics.standstill_seconds.set(stands)
        if place is not None and stands > self._stall_s:
            self._on_stall(f"{place[1]} of partition {place[0]} stood still for {stands:.0f} s with records to be read")

    def start(self) -> None:
        """Watch from a thread until `stop`."""
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(min(1.0, self._stall_s / 4)):
            if not self.check():
                return

    async def measure_lag(self) -> None:
        """Fill the event loop's lag, for ever."""
        while True:
            before = self._monotonic()
            await asyncio.sleep(LAG_EVERY_S)
            self._metrics.loop_lag_seconds.set(max(0.0, self._monotonic() - before - LAG_EVERY_S))
