"""A client's session with a gateway: connect, identify, heartbeats, requests, pushes; connects again by itself and resumes.

    async with Connection("ws://127.0.0.1:8700/ws", role="observer", rooms=("*",), token="…") as connection:
        async for message in connection.messages():
            ...

Requests that were not answered when the connection broke are sent again after the next `identified`, with the same ids, so that
the server can recognise a repeat. Pushes may come twice, too; their records have ids.

Two limits, since two things may be wrong: where nobody ever answered, the URL is mistyped or nothing runs, and `patience_s` ends it;
a session that stood once is tried for again without end, with growing pauses, unless `outage_s` says how long its caller can wait.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import random
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import broadcast
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from engine import logs
from engine.client.refusals import RequestRefused, SessionRefused
from engine.clock import wall_clock
from engine.errors import LivechatError, ProtocolError, RecordError, Unavailable, UsageError
from engine.events import wire
from engine.events.closes import CLOSES, CloseCode, may_reconnect
from engine.events.codec import decode_as, encode

BACKOFF_FIRST_S: Final = 0.25
BACKOFF_MOST_S: Final = 10.0  # a restarted gateway is found again within this; jitter spreads a thousand clients out
PATIENCE_S: Final = 10.0  # for a server that is just being started to listen; what is mistyped is told soon
OPEN_TIMEOUT_S: Final = 5.0
CLOSE_S: Final = 1.0  # longest wait for answers at `close`
MAX_FRAME: Final = 2 * 1024 * 1024  # bytes from the server: a record is at most 512 KiB, a list of facts may be longer
MISSED: Final = 2  # heartbeat intervals of silence after which the server counts as gone
OFFSET_SAMPLES: Final = 8  # heartbeats over which the quickest round trip tells the clock offset best
MAX_UNREAD: Final = 10_000  # messages that nobody has iterated over; the oldest are dropped

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Outage:
    """The session lost its connection: told once when it begins (`seconds` None), and once when it is over, after so many."""

    why: str
    seconds: float | None = None


OnOutage = Callable[[Outage], None]
"""Hears when the server is away and when it is back. Must not wait."""

Handler = Callable[[wire.Push | wire.Processed | wire.Facts | wire.Identified], None]
"""Gets everything that the server sends by itself, in order. Must not wait."""


class Connection:
    """One session, over as many connections as it takes.

    `patience_s`: how long `start` tries to reach the server before `Unavailable` is raised (None: for ever). `outage_s`: the same for each
    outage of a session that stood once (None: for ever). `on_outage`: hears when one begins and ends.
    `held`: begins with what the server still holds. `state`: tells the player's state at each identify.
    `handler`: gets pushes as they come; without one, iterate `messages()`.
    """

    def __init__(
        self,
        url: str,
        *,
        role: wire.ClientRole,
        rooms: Sequence[str],
        token: str = "",
        shop: str | None = None,
        streams: Sequence[wire.Stream] | None = None,
        held: bool = False,
        session: str | None = None,
        state: Callable[[], wire.PlayerState] | None = None,
        handler: Handler | None = None,
        patience_s: float | None = PATIENCE_S,
        outage_s: float | None = None,
        on_outage: OnOutage | None = None,
        name: str = "livechat-engine",
    ) -> None:
        self.url = url
        self.session = session or uuid.uuid4().hex
        self.identified: wire.Identified | None = None
        self._role, self._token, self._shop = role, token, shop
        self._rooms, self._held = tuple(rooms), held
        self._streams = None if streams is None else tuple(streams)
        self._state = state
        self._handler = handler
        self._patience_s = patience_s
        self._outage_s = outage_s
        self._on_outage = on_outage
        self._outage: tuple[float, str] | None = None
        """Since when the server is away (steady seconds), and why; only once the session stood."""
        self._name = name
        self._points: dict[tuple[wire.Stream, str], int] = {}
        self._waiting: dict[str, tuple[bytes, asyncio.Future[wire.Answer]]] = {}
        self._unread: deque[wire.Push | wire.Processed | wire.Facts | wire.Identified] = deque(maxlen=MAX_UNREAD)
        self._news = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._up = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[wire.Identified] | None = None
        self._count = 0
        self._offsets: deque[tuple[int, int]] = deque(maxlen=OFFSET_SAMPLES)
        self._heard = time.monotonic()

    # ---- life ----------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> wire.Identified:
        """Connect and identify. Raises `Unavailable` (nobody there), `ProtocolError` (refused, with the close code)."""
        self._ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(), name=f"{self._role} connection")
        await asyncio.wait((self._ready, self._task), return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            await self._task
            raise Unavailable(f"the connection to {self.url} was closed")
        return self._ready.result()

    async def wait(self) -> None:
        """Until the session ends for good; raises why, unless `close` was called."""
        if self._task is not None:
            await asyncio.wait((self._task,))
            if not self._task.cancelled():
                self._task.result()

    async def close(self) -> None:
        """Wait a moment for the answers that are due, then say good-bye."""
        if self._task is None:
            return
        if self._up and self._waiting:
            await asyncio.wait([future for _, future in self._waiting.values()], timeout=CLOSE_S)
        self._closing = True
        if self._socket is not None:
            await self._socket.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._fail(Unavailable("the connection was closed"))

    @property
    def up(self) -> bool:
        """Whether the session stands on a connection now."""
        return self._up

    @property
    def ended(self) -> bool:
        """Whether the session is over for good."""
        return self._task is not None and self._task.done()

    # ---- what callers do -------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """The server's clock in ms, by the offset measured so far."""
        offset = min(self._offsets)[1] if self._offsets else 0
        return wall_clock() + offset

    def next_id(self) -> str:
        """An id that no other request of this session has."""
        self._count += 1
        return f"{self.session[:64]}.{self._count}"

    def post(self, request: wire.Request) -> asyncio.Future[wire.Answer]:
        """Send a request now, in order, or after the next connect; the future holds the answer or raises `RequestRefused`."""
        future: asyncio.Future[wire.Answer] = asyncio.get_running_loop().create_future()
        if self.ended:
            future.set_exception(Unavailable(f"the connection to {self.url} is over"))
            return future
        data = encode(request)
        self._waiting[request.id] = (data, future)
        if self._up:
            self._send(data)
        return future

    async def request(self, request: wire.Request) -> wire.Answer:
        """Send a request, wait for its answer. Raises `RequestRefused`, `Unavailable`, `ProtocolError`."""
        return await self.post(request)

    async def messages(self) -> AsyncIterator[wire.Push | wire.Processed | wire.Facts | wire.Identified]:
        """What the server sends by itself, until `close`; raises `Unavailable` or `ProtocolError` where the session ends otherwise."""
        while True:
            while self._unread:
                yield self._unread.popleft()
            if self.ended:
                await self.wait()
                return
            self._news.clear()
            await self._news.wait()

    # ---- the loop --------------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        pause, begun = BACKOFF_FIRST_S, time.monotonic()
        try:
            while True:
                try:
                    stood, why = await self._once()
                    if stood:
                        pause = BACKOFF_FIRST_S
                except (OSError, TimeoutError, InvalidHandshake) as error:
                    why = str(error) or type(error).__name__
                if self._closing:
                    return
                self._lost(why)
                left = self._left(begun, why)
                delay = min(random.uniform(0, pause), left)  # noqa: S311 -- jitter, no secret
                log.debug("connecting again", next_try_s=round(delay, 2), error=why)
                await asyncio.sleep(delay)
                pause = min(2 * pause, BACKOFF_MOST_S)
        except LivechatError as error:
            self._fail(error)
            raise
        finally:
            self._news.set()

    def _lost(self, why: str) -> None:
        """There is no connection: an outage begins, or goes on."""
        if self.identified is None or self._outage is not None:
            return
        self._outage = (time.monotonic(), why)
        log.info("the server is away", server=self.url, error=why)
        if self._on_outage is not None:
            self._on_outage(Outage(why))

    def _left(self, begun: float, why: str) -> float:
        """Seconds for which the caller still waits. Raises `Unavailable` where the server was away for longer."""
        now = time.monotonic()
        since, limit = (begun, self._patience_s) if self._outage is None else (self._outage[0], self._outage_s)
        if limit is None:
            return math.inf
        if now - since < limit:
            return limit - (now - since)
        if self._outage is None:
            raise Unavailable(f"nobody answers at {self.url} ({why}): start `livechat serve`, or check the URL")
        raise Unavailable(f"{self.url} has been away for {now - since:.0f} s ({why}): start it again")

    async def _once(self) -> tuple[bool, str]:
        """One connection, to its end: whether it got as far as `identified`, and why it ended.

        Raises `ProtocolError` where no other shall follow.
        """
        try:
            async with connect(
                self.url, compression=None, max_size=MAX_FRAME, ping_interval=None, open_timeout=OPEN_TIMEOUT_S,
                close_timeout=1, proxy=None if _is_local(self.url) else True,
            ) as socket:  # fmt: skip
                self._socket = socket
                beats: asyncio.Task[None] | None = None
                try:
                    async for frame in socket:
                        self._heard = time.monotonic()
                        hello = self._take(frame)
                        if hello is not None and beats is None:
                            beats = asyncio.create_task(self._beat(socket, hello.heartbeat_ms / 1_000))
                except ConnectionClosed:
                    pass  # the code is read below, as it is when the loop ends by itself
                finally:
                    self._socket = None
                    if beats is not None:
                        beats.cancel()
                        await asyncio.gather(beats, return_exceptions=True)
        except InvalidURI as error:
            raise UsageError(f"`{self.url}` is no WebSocket URL: write ws://HOST:PORT/ws") from error
        there, self._up = self._up, False
        code = socket.close_code
        if not self._closing and not may_reconnect(code):
            reason = socket.close_reason or CLOSES[CloseCode(code)].meaning if code in set(CloseCode) else ""
            raise SessionRefused(code or 1006, reason or "the server closed the connection")
        return there, socket.close_reason or "the connection broke"

    async def _beat(self, socket: ClientConnection, interval_s: float) -> None:
        while True:
            if time.monotonic() - self._heard > MISSED * interval_s:
                log.info("the server is silent", seconds=MISSED * interval_s)
                socket.transport.abort()
                return
            self._send(encode(wire.Heartbeat(sent=wall_clock())))
            await asyncio.sleep(interval_s)

    def _take(self, frame: str | bytes) -> wire.Hello | None:
        try:
            message = decode_as(wire.ServerMessage, frame, "server message")
        except RecordError as error:
            log.warning("a message of the server was passed over", error=error)
            return None
        match message:
            case wire.Hello():
                self._identify(message)
                return message
            case wire.Identified():
                self._stand(message)
            case wire.HeartbeatReply():
                now = wall_clock()
                trip = max(0, now - message.sent)
                self._offsets.append((trip, message.time - (message.sent + trip // 2)))
                self._reach(message.points)
            case wire.Done() | wire.Received() | wire.Proposals() | wire.Gaps():
                known = self._waiting.pop(message.id, None)
                if known is not None and not known[1].done():
                    known[1].set_result(message)
            case wire.Refused():
                self._refused(message)
            case wire.Push() | wire.Processed() | wire.Facts():
                self._emit(message)
                if isinstance(message, wire.Push) and message.epoch is not None and message.offset is not None:
                    place = (message.stream, message.epoch)
                    self._points[place] = max(message.offset, self._points.get(place, -1))
        return None

    def _identify(self, hello: wire.Hello) -> None:
        if not set(hello.versions) & set(wire.VERSIONS):
            raise ProtocolError(CloseCode.UNKNOWN_VERSION, f"the server speaks versions {hello.versions} only")
        points = (wire.Point(stream=stream, epoch=epoch, offset=at) for (stream, epoch), at in self._points.items())
        self._send(
            encode(
                wire.Identify(
                    token=self._token, role=self._role, rooms=self._rooms, session=self.session, shop=self._shop,
                    streams=self._streams, held=self._held, resume=tuple(points), client=self._name,
                    player=self._state() if self._state is not None else None,
                )
            )
        )  # fmt: skip

    def _stand(self, message: wire.Identified) -> None:
        self.identified, self._up = message, True
        if self._outage is not None:
            (since, why), self._outage = self._outage, None
            log.info("the server is back", server=self.url)
            if self._on_outage is not None:
                self._on_outage(Outage(why, time.monotonic() - since))
        self._reach(message.points)
        for data, _ in list(self._waiting.values()):
            self._send(data)
        self._emit(message)
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(message)

    def _reach(self, points: Sequence[wire.Point]) -> None:
        for point in points:
            place = (point.stream, point.epoch)
            self._points[place] = max(point.offset, self._points.get(place, -1))

    def _refused(self, message: wire.Refused) -> None:
        known = self._waiting.pop(message.id, None) if message.id is not None else None
        if known is None:
            log.warning("the server refused something", error=message.message, code=message.code)
        elif not known[1].done():
            known[1].set_exception(RequestRefused(message))

    def _emit(self, message: wire.Push | wire.Processed | wire.Facts | wire.Identified) -> None:
        if self._handler is not None:
            self._handler(message)
        else:
            self._unread.append(message)
            self._news.set()

    def _send(self, data: bytes) -> None:
        if self._socket is not None:
            # In order without waiting; what a source may have unanswered is bounded by its window.
            broadcast((self._socket,), data, text=True)

    def _fail(self, error: LivechatError) -> None:
        for _, future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever posted without waiting does not want to hear of it
        self._waiting.clear()


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
