"""`/metrics`, `/healthz`, `/readyz`."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import make_mocked_request

from engine.cli.http import HttpServer, Readiness
from engine.errors import Exit, PortInUse, UsageError
from engine.metrics import Metrics
from engine.settings import HttpSettings
from engine.worker.readiness import PartitionReadiness

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def asking(server: HttpServer) -> AsyncIterator[Callable[[str], Awaitable[tuple[int, object]]]]:
    """Asks the listening server for a path: status and JSON."""
    host, port = await server.start()
    try:
        async with ClientSession(f"http://{host}:{port}") as session:

            async def ask(path: str) -> tuple[int, object]:
                async with session.get(path) as answer:
                    return answer.status, await answer.json()

            yield ask
    finally:
        await server.close()


async def test_ready_tells_of_roles_and_partitions() -> None:
    """200 where all is ready; else 503 with why, so that nobody has to read logs. What is not known is left out."""
    partition = PartitionReadiness(partition=3, state="ready", lease=2, seq=7, rooms=1, lag={"comments": 0})
    answers = [
        Readiness(
            ready=False,
            roles={"worker": False},
            reasons={"worker": "partition 3 is restoring"},
            partitions=(PartitionReadiness(partition=3, state="restoring"),),
        ),
        Readiness(ready=True, roles={"worker": True}, partitions=(partition,)),
    ]
    server = HttpServer(HttpSettings(listen="127.0.0.1:0"), Metrics(), lambda: answers.pop(0))
    async with asking(server) as ask:
        assert await ask("/readyz") == (
            503,
            {
                "ready": False,
                "roles": {"worker": False},
                "reasons": {"worker": "partition 3 is restoring"},
                "partitions": [{"partition": 3, "state": "restoring"}],
            },
        )
        assert await ask("/readyz") == (
            200,
            {"ready": True, "roles": {"worker": True}, "partitions": [partition.model_dump()]},
        )
        assert await ask("/healthz") == (200, {"healthy": True})


def test_the_example_of_the_documentation_is_one() -> None:
    """Operators build their checks by it."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (example,) = re.findall(r"^    (\{\"ready\".*\n(?:     .*\n)*)", page, re.MULTILINE)
    answer = Readiness.model_validate_json(example)
    assert not answer.ready
    assert answer.partitions is not None
    assert {one.state for one in answer.partitions} == {"restoring", "catching up", "ready"}
    given = {name for one in answer.partitions for name in one.model_fields_set}
    assert given == set(PartitionReadiness.model_fields)


async def test_metrics_are_those_of_the_process() -> None:
    """In Prometheus's text format."""
    metrics = Metrics()
    metrics.comments.inc(3)
    roles = {"worker": False, "gateway": True}
    answer = await HttpServer(HttpSettings(), metrics, lambda: Readiness(ready=False, roles=roles))._scrape(
        make_mocked_request("GET", "/metrics")
    )
    assert metrics.registry.get_sample_value("livechat_role_ready", {"role": "worker"}) == 0
    assert metrics.registry.get_sample_value("livechat_role_ready", {"role": "gateway"}) == 1
    assert metrics.registry.get_sample_value("livechat_role_ready", {"role": "insight"}) is None
    assert isinstance(answer.body, bytes)
    assert b"livechat_comments_total 3.0\n" in answer.body
    assert answer.headers["Content-Type"].startswith("text/plain")


async def test_a_port_in_use_may_be_free_later() -> None:
    """It is told with the setting, and is no wrong setting; a place that is none of this machine is."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = f"127.0.0.1:{other.getsockname()[1]}"
        server = HttpServer(HttpSettings(listen=place), Metrics(), lambda: Readiness(ready=True, roles={}))
        with pytest.raises(PortInUse) as error:
            await server.start()
    assert error.value.exit_code == Exit.UNAVAILABLE
    assert str(error.value) == f"another process listens on {place}: end it, or set `http.listen` to another port"
    with pytest.raises(
        UsageError, match=r"cannot listen on 192.0.2.1:0 \(.*\): set `http.listen` to a place of this machine"
    ):
        await HttpServer(HttpSettings(listen="192.0.2.1:0"), Metrics(), lambda: Readiness(ready=True, roles={})).start()
