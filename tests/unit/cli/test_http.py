"""`/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from engine.cli.http import HttpServer
from engine.errors import UsageError
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


async def test_metrics_are_those_of_the_process() -> None:
    """In Prometheus's text format."""
    metrics = Metrics()
    metrics.comments.inc(3)
    answer = await HttpServer(HttpSettings(), metrics, dict)._scrape(make_mocked_request("GET", "/metrics"))
    assert isinstance(answer.body, bytes)
    assert b"livechat_comments_total 3.0\n" in answer.body
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("listen", ["8701", "127.0.0.1:", "127.0.0.1:http"])
async def test_wrong_address_is_told(listen: str) -> None:
    """The setting is named."""
    with pytest.raises(UsageError, match=r"`http\.listen` is"):
        await HttpServer(HttpSettings(listen=listen), Metrics(), dict).start()


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999", ":80"])
def test_a_place_that_is_none_is_told_before_anything_starts(listen: str) -> None:
    """The setting is named, with how to write it."""
    with pytest.raises(UsageError, match=r"`http\.listen` is .*HOST:PORT"):
        HttpServer(HttpSettings(listen=listen), Metrics(), dict)
