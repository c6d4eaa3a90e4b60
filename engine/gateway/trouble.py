"""Since when the log does not serve the gateway. Clients hear it with every request; the log of the process says it once at each end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine import logs
from engine.metrics import Metrics

CALM_MS: Final = 15_000  # a gateway that nobody asks to write anything is taken for well again after so long

log = logs.get(__name__)


class Trouble:
    """Told of each failed attempt and of each success. `/readyz` tells the reason in between. `steady`: ms that never jump."""

    def __init__(self, metrics: Metrics, steady: Callable[[], int]) -> None:
        self._metrics = metrics
        self._steady = steady
        self._since: int | None = None
        self._last = 0
        self._refused = 0

    def failed(self, reason: str) -> None:
        """The log could not serve a request."""
        self._last = self._steady()
        self._refused += 1
        self._metrics.troubles["gateway"] = reason
        if self._since is None:
            self._since = self._last
            log.warning("the log does not serve the gateway, clients are asked to wait", error=reason)

    def over(self) -> None:
        """The log was written."""
        self._metrics.troubles.pop("gateway", None)
        if self._since is not None:
            seconds = (self._steady() - self._since) / 1_000
            log.warning("the log serves the gateway again", seconds=seconds, refusals=self._refused)
            self._since, self._refused = None, 0

    def calm(self) -> None:
        """Time passed: who was not asked for a while does not know of any trouble. What was said of it is not said again."""
        if self._steady() - self._last >= CALM_MS:
            self._metrics.troubles.pop("gateway", None)
