"""Since when the bus does not serve the worker: the one place that knows, says how long to wait, and when to wait no longer."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import BusGone
from engine.metrics import Metrics

RETRY_S = 0.1  # first pause after the bus could not serve; doubles up to RETRY_MOST_S
RETRY_MOST_S = 5.0


class Outage:
    """Told of each failed attempt and of the first success after it. `/readyz` tells the reason in between."""

    def __init__(
        self, give_up_s: float, metrics: Metrics, beat: Callable[[str], None], monotonic: Callable[[], float]
    ) -> None:
        """`give_up_s`: longest outage; 0: any. `monotonic`: seconds."""
        self._give_up_s = give_up_s
        self._metrics = metrics
        self._beat = beat
        self._monotonic = monotonic
        self._since: float | None = None
        self._pause = RETRY_S

    def failed(self, reason: str) -> None:
        """The bus could not serve. Raises `BusGone` where it has been so for too long."""
        now = self._monotonic()
        if self._since is None:
            self._since = now
        self._beat("waiting for the bus")
        self._metrics.troubles["worker"] = reason
        if self._give_up_s and now - self._since >= self._give_up_s:
            raise BusGone(now - self._since, reason)

    def pause(self) -> float:
        """Seconds until the next attempt; longer each time."""
        pause, self._pause = self._pause, min(RETRY_MOST_S, self._pause * 2)
        return pause

    def over(self) -> None:
        """The bus served."""
        self._since, self._pause = None, RETRY_S
        self._metrics.troubles.pop("worker", None)
