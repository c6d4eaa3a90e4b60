"""`/metrics`, `/healthz` and `/readyz` of a process."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from engine.metrics import Metrics
from engine.settings import HttpSettings, address, not_listening
from engine.worker.readiness import PartitionReadiness


class Readiness(BaseModel):
    """The answer of `/readyz`; 200 where `ready`, else 503."""

    model_config = ConfigDict(frozen=True)

    ready: bool = Field(description="Every role is.")
    roles: dict[str, bool] = Field(
        description="Whether each role of the process is ready; none is while it starts or ends."
    )
    reasons: dict[str, str] | None = Field(default=None, description="Why each role that is not ready is not.")
    partitions: tuple[PartitionReadiness, ...] | None = Field(
        default=None, description="Of a worker: those that the group gave to it."
    )


class HttpServer:
    """Answers health checks and scrapes."""

    def __init__(self, settings: HttpSettings, metrics: Metrics, readiness: Callable[[], Readiness]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._ask = readiness
        self._runner: web.AppRunner | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; returns where. Raises `PortInUse`, and `UsageError` where that is impossible."""
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
            raise not_listening(self._settings.listen, "http.listen", error) from error
        self._runner = runner
        bound = runner.addresses[0]
        return str(bound[0]), int(bound[1])

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _scrape(self, request: web.Request) -> web.Response:
        del request
        for role, is_ready in self._ask().roles.items():
            self._metrics.role_ready.labels(role).set(is_ready)
        return web.Response(body=generate_latest(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _health(self, request: web.Request) -> web.Response:
        """The event loop answers: the process lives."""
        del request
        return web.json_response({"healthy": True})

    async def _readiness(self, request: web.Request) -> web.Response:
        del request
        answer = self._ask()
        text = answer.model_dump_json(exclude_none=True)
        return web.Response(text=text, content_type="application/json", status=200 if answer.ready else 503)
