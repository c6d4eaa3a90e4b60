"""A source of comments: sends batches, gets both acknowledgements, loses nothing when the connection breaks.

Where it is told how to post, it also posts the chat replies that answer them, and reports what became of each.

Acknowledgement 1 (*received*): the comment is durable. Acknowledgement 2 (*processed*): it has its verdict. After a reconnect every
comment without the second is sent again; the engine recognises repeats, whose verdict is then `duplicate`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Final, Self, TypeVar

from engine import logs
from engine.client.connection import PATIENCE_S, Connection, Outage
from engine.client.posting import Post, Posting
from engine.client.refusals import RequestRefused
from engine.errors import LivechatError
from engine.events import wire
from engine.events.codec import encode
from engine.events.fields import Language
from engine.events.inputs import Comment
from engine.events.outputs import ChatReply, ChatWithdraw

BATCH: Final = 200  # comments of one frame: about 40 KiB, below the frame limit of 64 KiB with texts of usual length
FRAME_BYTES: Final = 60_000  # of comments as JSON in one frame; the server may allow less
ENVELOPE_BYTES: Final = 300  # of the message around them
WINDOW: Final = 10_000  # comments without a verdict; below what the gateway remembers for one source (20,000)
STALL_S: Final = 5.0  # without an acknowledgement, after which somebody hears of it; a commit takes well below a second

IMPLIED: Final = frozenset({"type", "v", "received"})  # fields of a comment that its frame or the gateway says

log = logs.get(__name__)

Answer = TypeVar("Answer")
Key = tuple[str, str, str]
Processed = Callable[[Comment, str, bool], None]
"""Gets a comment, its verdict and whether that is final. Must not wait."""

OnHeld = Callable[[str | None], None]
"""Hears once why nothing is acknowledged, and None once it is again. Must not wait."""


class Source:
    """Sends comments. `window`: how many may be without a verdict before `send` waits; None: never waits for verdicts.

    `patience_s`: how long to wait for an engine that never answered. One that did is waited for without end: `on_held` hears of it.
    `on_warning`: hears once each what the engine finds odd about comments that it took.
    `post`: posts a chat reply (see `engine.client.posting.Post`); None: none is posted here. `posts_for`: only those for these platforms
    (`source` of comments); empty: all. Of each platform exactly one connector should post.
    """

    def __init__(
        self,
        url: str,
        *,
        rooms: Sequence[str],
        token: str = "",
        processed: Processed | None = None,
        window: int | None = WINDOW,
        patience_s: float | None = PATIENCE_S,
        on_held: OnHeld | None = None,
        on_warning: Callable[[str], None] | None = None,
        post: Post | None = None,
        posts_for: Collection[str] = (),
    ) -> None:
        self.connection = Connection(
            url, role="source", rooms=rooms, token=token, handler=self._on_message, patience_s=patience_s,
            on_outage=self._on_outage, streams=() if post is None else None,
        )  # fmt: skip
        self._posting = None if post is None else Posting(self.connection, post, posts_for)
        self.received = 0
        self.refused: list[tuple[Comment, str]] = []
        self.warnings: dict[str, None] = {}
        """What the engine found odd about comments that it took, each once."""
        self._processed = processed
        self._window = window
        self._on_held = on_held
        self._on_warning = on_warning
        self._held = False
        self._owed: dict[Key, Comment] = {}
        self._room = asyncio.Event()
        self._identified = 0
        self._again: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.connection.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the session; what has no verdict yet keeps going without us."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)
        if self._posting is not None:
            await self._posting.close()
        await self.connection.close()

    async def open_room(self, room: str, *, shop: str | None = None, language: Language | None = None) -> None:
        """A live begins. Raises `RequestRefused`."""
        request = wire.OpenRoom(id=self.connection.next_id(), room=room, shop=shop, language=language)
        await self.connection.request(request)

    async def close_room(self, room: str) -> None:
        """A live ends. Raises `RequestRefused`."""
        await self.connection.request(wire.CloseRoom(id=self.connection.next_id(), room=room))

    async def send(self, comments: Iterable[Comment]) -> None:
        """Send; returns when all are received (or refused: see `refused`). Waits while the window is full.

        Raises `Unavailable` or `ProtocolError` when the session is over.
        """
        for batch in _batches(comments, self._frame_bytes):
            while self._window is not None and len(self._owed) >= self._window:
                self._room.clear()
                await self._patiently(self._wait_for_room(), "no verdicts come; is a worker running?")
            for comment in batch:
                self._owed[comment.room, comment.source, comment.id] = comment
            await self._send(batch)

    async def drained(self) -> None:
        """Until every comment sent has its verdict."""
        while self._owed:
            self._room.clear()
            await self._wait_for_room()

    @property
    def owed(self) -> int:
        """Comments without a verdict."""
        return len(self._owed)

    @property
    def _frame_bytes(self) -> int:
        told = self.connection.identified
        return told.max_frame_bytes if told is not None else FRAME_BYTES

    async def _wait_for_room(self) -> None:
        if self.connection.ended:
            await self.connection.wait()
        ended = asyncio.ensure_future(self.connection.wait())
        room = asyncio.ensure_future(self._room.wait())
        try:
            done, _ = await asyncio.wait((ended, room), return_when=asyncio.FIRST_COMPLETED)
            if ended in done:
                ended.result()
        finally:
            ended.cancel()
            room.cancel()

    async def _send(self, batch: Sequence[Comment]) -> None:
        lines = tuple(_line(comment) for comment in batch)
        while True:
            request = wire.Comments(id=self.connection.next_id(), comments=lines)
            try:
                answer = await self._patiently(self.connection.request(request), "the engine does not answer")
            except RequestRefused as error:
                if not error.refused.temporary:
                    raise
                if error.refused.code != "slow_down":  # that is how a quick source is paced
                    self._hold(f"the engine takes no comments: {error.refused.message}")
                await asyncio.sleep((error.refused.retry_ms or 1_000) / 1_000)
                continue
            if isinstance(answer, wire.Received):
                self._release()
                self._note(batch, answer)
            return

    async def _patiently(self, work: Awaitable[Answer], why: str) -> Answer:
        """Wait for an acknowledgement, and say so where it takes long."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task,), timeout=STALL_S)
            if not task.done():
                self._hold(why)
            return await task
        finally:
            task.cancel()

    def _hold(self, why: str) -> None:
        if not self._held:
            self._held = True
            if self._on_held is not None:
                self._on_held(why)

    def _release(self) -> None:
        if self._held:
            self._held = False
            if self._on_held is not None:
                self._on_held(None)

    def _on_outage(self, outage: Outage) -> None:
        if outage.seconds is None:
            self._hold(f"the engine is away ({outage.why})")
        elif not self._owed:  # else the next acknowledgement tells whether it takes what is sent
            self._release()

    def _note(self, batch: Sequence[Comment], answer: wire.Received) -> None:
        for comment, receipt in zip(batch, answer.results, strict=True):
            if receipt.error is None:
                self.received += 1
            else:
                self._owed.pop((comment.room, comment.source, comment.id), None)
                self.refused.append((comment, receipt.error))
        for warning in answer.warnings:
            if warning not in self.warnings:
                self.warnings[warning] = None
                if self._on_warning is not None:
                    self._on_warning(warning)
        self._room.set()

    def _on_message(self, message: wire.Push | wire.Processed | wire.Facts | wire.Identified) -> None:
        if isinstance(message, wire.Processed):
            self._release()
            for line in message.results:
                comment = self._owed.pop((message.room, line.source, line.comment), None)
                if comment is not None and self._processed is not None:
                    self._processed(comment, line.verdict, line.final)
            self._room.set()
        elif isinstance(message, wire.Push):
            if self._posting is not None and isinstance(message.record, ChatReply | ChatWithdraw):
                self._posting.take(message.record)
        elif isinstance(message, wire.Identified):
            self._identified += 1
            if self._identified > 1 and self._owed:
                if self._again is not None:
                    self._again.cancel()
                self._again = asyncio.create_task(self._send_again(list(self._owed.values())), name="send again")

    async def _send_again(self, comments: Sequence[Comment]) -> None:
        log.info("sending comments without a verdict again", count=len(comments))
        try:
            for batch in _batches(comments, self._frame_bytes):
                await self._send(batch)
        except LivechatError as error:
            log.warning("comments could not be sent again", error=error)


def _batches(comments: Iterable[Comment], frame_bytes: int) -> Iterable[list[Comment]]:
    """Batches in order, each of a size that fits the server's frames."""
    batch: list[Comment] = []
    size = 0
    limit = min(FRAME_BYTES, frame_bytes - ENVELOPE_BYTES)
    for comment in comments:
        length = len(encode(comment)) + 1
        if batch and (len(batch) >= BATCH or size + length > limit):
            yield batch
            batch, size = [], 0
        batch.append(comment)
        size += length
    if batch:
        yield batch


class Pace:
    """When to send recorded comments: their recorded distances, divided by `speed`. `now` in seconds of a steady clock."""

    def __init__(self, speed: float, first_at: float, now: float) -> None:
        self._speed = speed
        self._first_at = first_at
        self._start = now

    def wait(self, at: float, now: float) -> float:
        """Seconds from `now` until a comment recorded at `at` seconds is due; 0 where it is due already."""
        return max(0.0, self._start + (at - self._first_at) / self._speed - now)


async def paced(
    comments: Iterable[tuple[float, Comment]], *, speed: float, clock: Callable[[], float]
) -> AsyncIterator[list[Comment]]:
    """Recorded comments (seconds, comment) at `speed`, those that are due together in one list."""
    pace: Pace | None = None
    due: list[Comment] = []
    for at, comment in comments:
        now = clock()
        pace = pace or Pace(speed, at, now)
        wait = pace.wait(at, now)
        if wait > 0:
            if due:
                yield due
                due = []
            await asyncio.sleep(max(0.0, pace.wait(at, clock())))
        due.append(comment)
        if len(due) >= BATCH:
            yield due
            due = []
    if due:
        yield due


def _line(comment: Comment) -> dict[str, object]:
    """The comment as a frame carries it."""
    return {name: value for name, value in asdict(comment).items() if value is not None and name not in IMPLIED}
