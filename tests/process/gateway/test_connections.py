"""Connections: how mistakes, stalls, limits and stops end them."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from engine.client.connection import Connection
from engine.client.operator import Operator
from engine.errors import PortInUse, Unavailable
from engine.events.closes import CloseCode
from engine.gateway.service import Gateway
from tests.patience import PATIENCE_S
from tests.process.gateway.stage import aired_line, eventually, pushes, put, staged

pytestmark = pytest.mark.process


IDENTIFY = {"type": "identify", "role": "source", "rooms": ["r1"], "token": "t"}


TOKEN = {"name": "a", "token": "t", "roles": ["source"], "rooms": ["r1"]}


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["nonsense"], CloseCode.NOT_JSON),
        ([b"{}"], CloseCode.NOT_JSON),
        ([{"type": "comments", "id": "1", "comments": []}], CloseCode.NOT_IDENTIFIED),
        ([{**IDENTIFY, "token": "wrong"}], CloseCode.BAD_TOKEN),
        ([{**IDENTIFY, "role": "operator"}], CloseCode.WRONG_ROLE),
        ([{**IDENTIFY, "rooms": ["r2"]}], CloseCode.WRONG_ROLE),
        ([{**IDENTIFY, "version": 9}], CloseCode.UNKNOWN_VERSION),
        ([{**IDENTIFY, "rooms": 5}], CloseCode.BAD_IDENTIFY),
        ([IDENTIFY, {"type": "kill", "id": "1", "scope": "*", "on": True}], CloseCode.WRONG_ROLE),
        ([IDENTIFY, "x" * 70_000], CloseCode.TOO_LARGE),
        ([], CloseCode.IDENTIFY_TIMEOUT),
        ([IDENTIFY], CloseCode.HEARTBEAT_MISSED),
    ],
)
async def test_each_mistake_has_its_close_code(tmp_path: Path, frames: list[object], code: CloseCode) -> None:
    """As documented; silence too."""
    async with staged(tmp_path, open=False, tokens=[TOKEN], identify_s=0.2, heartbeat_s=0.1) as stage:
        async with connect(stage.url) as socket:
            for frame in frames:
                await socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            async with asyncio.timeout(PATIENCE_S):
                await socket.wait_closed()
            assert socket.close_code == code
        await eventually(lambda: stage.metrics.closes.labels(str(int(code)))._value.get() == 1)
        counted = [sample for sample in next(iter(stage.metrics.closes.collect())).samples if sample.value]
        assert [sample.labels["code"] for sample in counted if sample.name.endswith("_total")] == [str(int(code))]
        assert stage.gateway.ready


async def test_a_close_that_the_client_asked_for_is_not_counted_as_ours(tmp_path: Path) -> None:
    """Nor is a connection that broke."""
    async with staged(tmp_path) as stage:
        async with connect(stage.url) as socket:
            await socket.send(json.dumps(IDENTIFY))
        async with connect(stage.url) as socket:
            await socket.send(json.dumps(IDENTIFY))
            socket.transport.abort()
        await eventually(lambda: not stage.gateway._peers)
        assert not any(sample.value for sample in next(iter(stage.metrics.closes.collect())).samples)


async def test_what_is_no_websocket_for_us_is_refused_in_http(tmp_path: Path) -> None:
    """Another path, another method, a browser of an origin that nobody listed."""
    async with staged(tmp_path, origins=["https://studio.example"]) as stage:
        host, _, port = stage.url.removeprefix("ws://").removesuffix("/ws").partition(":")
        for request, status in ((b"GET /else HTTP/1.1", b"404"), (b"POST /ws HTTP/1.1", b"405")):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request + b"\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert status in await reader.readline()
            writer.close()
        with pytest.raises(InvalidStatus) as caught:
            await connect(stage.url, origin=Origin("https://evil.example"))
        assert caught.value.response.status_code == 403
        async with connect(stage.url, origin=Origin("https://studio.example")) as socket:
            assert json.loads(await socket.recv())["type"] == "hello"


async def test_a_reader_that_stalls_is_cut_off_and_nobody_else_suffers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Above the outbox the connection is cut, counted, and told with its code; others get everything."""
    caplog.set_level("INFO", logger="engine")
    async with staged(tmp_path, outbox_bytes=65_536) as stage:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.setblocking(False)
        host, _, port = stage.url.removeprefix("ws://").removesuffix("/ws").partition(":")
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        stalled = await connect(stage.url, sock=raw, max_queue=1, compression=None)
        await stalled.send(json.dumps({"type": "identify", "role": "observer", "rooms": ["*"], "streams": ["aired"]}))
        code = str(int(CloseCode.SLOW_CONSUMER))
        async with Connection(stage.url, role="observer", rooms=("r1",), streams=("aired",)) as healthy:
            got, outbox = 0, 0.0
            for n in range(300):
                await put(stage.bus, *(aired_line(n * 10 + k) for k in range(10)))
                got += len(await pushes(healthy, 10))
                stage.gateway._server.measure()
                outbox = max(outbox, stage.metrics.outbox_bytes._value.get())
            assert got == 3_000
            assert stage.metrics.closes.labels(code)._value.get() == 1
            assert outbox > 0
            await eventually(lambda: f"code={code}" in caplog.text)
        assert "socket.send() raised" not in caplog.text
        stalled.transport.abort()


async def test_a_stop_tells_everyone_and_is_quick(tmp_path: Path) -> None:
    """Clients get 1012, which says: connect again; one that does not answer is cut off."""
    async with staged(tmp_path) as stage:
        polite = await connect(stage.url)
        host, _, port = stage.url.removeprefix("ws://").removesuffix("/ws").partition(":")
        _, mute = await asyncio.open_connection(host, int(port))
        mute.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await eventually(lambda: len(stage.gateway._peers) == 2)
        async with asyncio.timeout(PATIENCE_S):
            await stage.gateway.close()
        await polite.wait_closed()
        assert polite.close_code == CloseCode.RESTART
        assert not stage.gateway._peers
        mute.close()


async def test_above_the_limit_clients_are_told_to_try_later(tmp_path: Path) -> None:
    """The connection is refused with its code; a client library gives up in time, saying what to do."""
    async with staged(tmp_path, max_clients=1) as stage, Operator(stage.url):
        with pytest.raises(Unavailable, match="nobody answers"):
            await Connection(stage.url, role="observer", rooms=("*",), patience_s=0.3).start()


async def test_a_client_without_a_server_says_so(tmp_path: Path) -> None:
    """In one sentence, after its patience."""
    connection = Connection("ws://127.0.0.1:9/ws", role="observer", rooms=("*",), patience_s=0.0)
    with pytest.raises(Unavailable, match="livechat serve"):
        await connection.start()


async def test_a_port_in_use_is_told_and_nothing_goes_on(tmp_path: Path) -> None:
    """The start fails with the remedy, and no reader is left behind to follow a log that is closed next."""
    async with staged(tmp_path) as stage:
        listen = stage.url.removeprefix("ws://").removesuffix("/ws")
        taken = stage.settings.gateway.model_copy(update={"listen": listen})
        before = asyncio.all_tasks()
        with pytest.raises(PortInUse, match=r"another process listens on .*`gateway.listen`"):
            await Gateway(stage.bus, stage.settings.model_copy(update={"gateway": taken}), stage.metrics).start()
        assert asyncio.all_tasks() <= before
