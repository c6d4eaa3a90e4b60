"""The WebSocket server: sockets in, frames to the gateway. All that knows the `websockets` library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Origin

from engine.events.closes import CloseCode
from engine.gateway.peer import Link, Peer
from engine.metrics import Metrics
from engine.settings import GatewaySettings, address, not_listening

PATHS: Final = ("/", "/ws")
OPEN_TIMEOUT_S: Final = 5.0  # for the handshake; cuts off clients that dribble it
CLOSE_TIMEOUT_S: Final = 1.0  # for the answer to a close frame
DRAIN_S: Final = 2.0  # longest that a stop waits for clients
MAX_QUEUE: Final = 4  # frames of a client read ahead; the rest waits in the socket, which slows the client down


class Accept(Protocol):
    """What the gateway does with connections."""

    def connected(self, link: Link) -> Peer: ...

    async def received(self, peer: Peer, frame: str | bytes) -> None: ...

    async def gone(self, peer: Peer) -> None: ...


class SocketLink:
    """A WebSocket as a `Link`. Frames go straight into the transport, whose buffer is the outbox."""

    def __init__(self, socket: ServerConnection, outbox_bytes: int, metrics: Metrics) -> None:
        self._socket = socket
        self._outbox_bytes = outbox_bytes
        self._metrics = metrics
        self._closing: asyncio.Task[None] | None = None
        self._cut = False
        self.closed_with: int | None = None

    def send(self, data: bytes) -> None:
        if self._cut:
            return
        broadcast((self._socket,), data, text=True)  # the library's way to write without waiting for a slow reader
        self._metrics.frames.labels("out").inc()
        if self.unsent > self._outbox_bytes and self._closing is None:
            self._count(CloseCode.SLOW_CONSUMER)
            self.cut()

    def end(self, code: CloseCode, reason: str) -> None:
        if self._closing is None:
            self._count(code)
            self._closing = asyncio.create_task(self._socket.close(int(code), reason), name="close a client")

    def allow(self, frame_bytes: int) -> None:
        self._socket.protocol.max_message_size = frame_bytes

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client to read."""
        return self._socket.transport.get_write_buffer_size()

    def cut(self) -> None:
        """Break the connection without a word."""
        self._cut = True
        self._socket.transport.abort()

    async def ended(self) -> None:
        """The connection is over: wait for our close handshake; a close that the library began by itself is counted, too."""
        protocol = self._socket.protocol
        if protocol.close_sent is not None and not protocol.close_rcvd_then_sent:  # a frame too large, or broken
            self._count(protocol.close_sent.code)
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)  # a socket that broke meanwhile is closed too

    def _count(self, code: int) -> None:
        """Once a connection, whoever ends it next."""
        if self.closed_with is None:
            self.closed_with = int(code)
            self._metrics.closes.labels(str(int(code))).inc()


class SocketServer:
    """Listens, and runs one task per connection."""

    def __init__(self, settings: GatewaySettings, metrics: Metrics, accept: Accept) -> None:
        self._settings = settings
        self._metrics = metrics
        self._accept = accept
        self._links: set[SocketLink] = set()
        self._server: Server | None = None

    async def start(self) -> tuple[str, int]:
        """Listen; returns where. Raises `PortInUse`, and `UsageError` where that is impossible."""
        host, port = address(self._settings.listen)
        try:
            self._server = await serve(
                self._serve, host, port, process_request=_check, origins=self._origins(), compression=None,
                max_size=self._settings.max_frame_bytes, max_queue=MAX_QUEUE, open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S, ping_interval=None, server_header=None,
            )  # fmt: skip
        except OSError as error:
            raise not_listening(self._settings.listen, "gateway.listen", error) from error
        bound = next(iter(self._server.sockets)).getsockname()
        return str(bound[0]), int(bound[1])

    async def close(self) -> None:
        """Tell every client that we restart, wait for them at most `DRAIN_S`, cut off the rest."""
        if self._server is None:
            return
        self._server.close(close_connections=False)
        for link in self._links:
            link.end(CloseCode.RESTART, "the server restarts; connect again")
        try:
            async with asyncio.timeout(DRAIN_S):
                await self._server.wait_closed()
        except TimeoutError:
            for link in self._links:
                link.cut()
            await self._server.wait_closed()

    def measure(self) -> None:
        """Fill the gauge of what clients have not read."""
        self._metrics.outbox_bytes.set(max((link.unsent for link in self._links), default=0))

    def _origins(self) -> list[Origin | None]:
        return [None, *(Origin(origin) for origin in self._settings.origins)]

    async def _serve(self, socket: ServerConnection) -> None:
        link = SocketLink(socket, self._settings.outbox_bytes, self._metrics)
        if len(self._links) >= self._settings.max_clients:
            link.end(CloseCode.TRY_LATER, "too many clients; try later")
            await link.ended()
            return
        self._links.add(link)
        peer = self._accept.connected(link)
        received: Callable[[], None] = self._metrics.frames.labels("in").inc
        try:
            async for frame in socket:
                received()
                await self._accept.received(peer, frame)
        except ConnectionClosed:
            pass  # however it ended, what follows is the same
        finally:
            self._links.discard(link)
            await self._accept.gone(peer)
            await link.ended()


def _check(socket: ServerConnection, request: Request) -> Response | None:
    """Refuse what is no WebSocket handshake for us, in plain words."""
    if request.method != "GET":
        return socket.respond(HTTPStatus.METHOD_NOT_ALLOWED, "connect with a WebSocket client (GET)\n")
    if request.path.partition("?")[0] not in PATHS:
        return socket.respond(HTTPStatus.NOT_FOUND, "the WebSocket is at /ws\n")
    return None
