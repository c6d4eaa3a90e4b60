"""`/metrics`, `/healthz` and `/readyz` of a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from engine.errors import UsageError
from engine.metrics import Metrics
from engine.settings import HttpSettings, address

Readiness = Callable[[], Mapping[str, bool]]
"""Role → whether it is ready."""


class HttpServer:
    """Answers health checks and scrapes. `ready`: all roles are, and the process is not draining.

    A process whose log cannot be written is not ready either, and says why.
    """

    def __init__(self, settings: HttpSettings, metrics: Metrics, ready: Readiness) -> None:
        self._settings = settings
        self._metrics = metrics
        self._ready = ready
        self._runner: web.AppRunner | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; returns where. Raises `UsageError` where that is impossible."""
        app = web.Application()
        app.router.add_get("/metrics", self._scrape)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/readyz", self._readiness)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        host, port = address(self._settings.listen)
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise UsageError(
                f"cannot listen on {self._settings.listen} ({error.strerror}): free the port, or set `http.listen`"
            ) from error
        self._runner = runner
        bound = runner.addresses[0]
        return str(bound[0]), int(bound[1])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _scrape(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=generate_latest(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _health(self, request: web.Request) -> web.Response:
        """The event loop answers: the process lives."""
        del request
        return web.json_response({"healthy": True})

    async def _readiness(self, request: web.Request) -> web.Response:
        del request
        roles, troubles = dict(self._ready()), self._metrics.troubles
        roles |= dict.fromkeys(troubles, False)
        ready = all(roles.values())
        answer: dict[str, object] = {"ready": ready, "roles": roles}
        if troubles:
            answer["reasons"] = dict(troubles)
        return web.json_response(answer, status=200 if ready else 503)
