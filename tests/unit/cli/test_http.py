"""`/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

import json

from aiohttp.test_utils import make_mocked_request

from engine.cli.http import HttpServer
from engine.metrics import Metrics
from engine.settings import HttpSettings


async def test_ready_only_when_every_role_is() -> None:
    """503 tells which role is missing."""
    roles = {"worker": False, "gateway": True}
    server = HttpServer(HttpSettings(), Metrics(), lambda: roles)
    request = make_mocked_request("GET", "/readyz")
    answer = await server._readiness(request)
    assert (answer.status, json.loads(answer.text or "")) == (503, {"ready": False, "roles": roles})
    roles["worker"] = True
    answer = await server._readiness(request)
    assert (answer.status, json.loads(answer.text or "")) == (200, {"ready": True, "roles": roles})
    assert (await server._health(request)).status == 200


async def test_not_ready_while_the_log_cannot_be_written() -> None:
    """503 with the reason, and 200 again afterwards."""
    metrics = Metrics()
    server = HttpServer(HttpSettings(), metrics, lambda: {"worker": True, "gateway": True})
    request = make_mocked_request("GET", "/readyz")
    metrics.troubles["worker"] = "there is no space left"
    answer = await server._readiness(request)
    assert answer.status == 503
    assert json.loads(answer.text or "") == {
        "ready": False,
        "roles": {"worker": False, "gateway": True},
        "reasons": {"worker": "there is no space left"},
    }
    metrics.troubles.clear()
    assert (await server._readiness(request)).status == 200


async def test_metrics_are_those_of_the_process() -> None:
    """In Prometheus's text format."""
    metrics = Metrics()
    metrics.comments.inc(3)
    answer = await HttpServer(HttpSettings(), metrics, dict)._scrape(make_mocked_request("GET", "/metrics"))
    assert isinstance(answer.body, bytes)
    assert b"livechat_comments_total 3.0\n" in answer.body
    assert answer.headers["Content-Type"].startswith("text/plain")
