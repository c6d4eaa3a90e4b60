"""Chat replies at a connector: handed one after the other to whoever posts, in time and once; what became of each is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final, Literal

from engine import logs
from engine.client.connection import Connection
from engine.events import wire
from engine.events.fields import MAX_SHORT
from engine.events.outputs import ChatReply, ChatWithdraw

REMEMBERED: Final = 1_000  # chat replies that are known, so that one that is pushed again is not posted again

State = Literal["waiting", "posting", "unsure", "posted", "failed"]
Place = tuple[str, str]
"""Room and id of a chat reply."""

Post = Callable[[ChatReply], Awaitable[None]]
"""Posts one chat reply into the platform's chat. Returns once the platform took it, raises `Unsure` where nobody can know (a time-out),
anything else where it surely was not posted."""

log = logs.get(__name__)


class Unsure(Exception):
    """Nobody can know whether the platform took it: nothing is reported, and the engine does not have it posted again."""


class Posting:
    """Posts what comes, never one twice. `sources`: the platforms that are served here; empty: all.

    One at a time on each platform, so that what still waits for its turn can be withdrawn, or is too late and said to be.
    """

    def __init__(self, connection: Connection, post: Post, sources: Collection[str] = ()) -> None:
        self._connection = connection
        self._post = post
        self._sources = frozenset(sources)
        self._known: dict[Place, tuple[State, str]] = {}
        self._turns: dict[str, tuple[asyncio.Queue[ChatReply], asyncio.Task[None]]] = {}

    def take(self, record: ChatReply | ChatWithdraw) -> None:
        """What the engine pushed. What came before is reported again."""
        if self._sources and record.source not in self._sources:
            return
        place = record.room, record.reply if isinstance(record, ChatWithdraw) else record.id
        state, error = self._known.get(place, (None, ""))
        if state == "posted" or state == "failed":
            self._report(place, state, error)
        elif isinstance(record, ChatWithdraw):
            if state in (None, "waiting"):
                self._end(place, "failed", f"withdrawn before it was posted: {record.reason}")
        elif state is None:
            self._remember(place, "waiting")
            self._turn(record.source).put_nowait(record)

    async def close(self) -> None:
        """Nothing more is posted; what is being posted right now is of unknown outcome."""
        tasks = [task for _, task in self._turns.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _turn(self, source: str) -> asyncio.Queue[ChatReply]:
        """The queue of a platform."""
        if source not in self._turns:
            queue: asyncio.Queue[ChatReply] = asyncio.Queue()
            self._turns[source] = queue, asyncio.create_task(self._run(queue), name=f"posts on {source}")
        return self._turns[source][0]

    async def _run(self, queue: asyncio.Queue[ChatReply]) -> None:
        while True:
            record = await queue.get()
            place = record.room, record.id
            if self._known.get(place) != ("waiting", ""):
                continue  # withdrawn meanwhile
            if self._connection.now() > record.not_after:
                self._end(place, "failed", "its turn came too late")
                continue
            self._remember(place, "posting")
            try:
                await self._post(record)
            except Unsure as error:
                log.warning(
                    "nobody knows whether a chat reply was posted",
                    source=record.source,
                    insertion=record.id,
                    error=error,
                )
                self._remember(place, "unsure")
            except Exception as error:  # noqa: BLE001 - whatever the platform's own code raises is why it was not posted
                log.warning("a chat reply was not posted", source=record.source, insertion=record.id, error=error)
                self._end(place, "failed", str(error) or type(error).__name__)
            else:
                self._end(place, "posted", "")

    def _end(self, place: Place, state: Literal["posted", "failed"], error: str) -> None:
        self._remember(place, state, error)
        self._report(place, state, error)

    def _remember(self, place: Place, state: State, error: str = "") -> None:
        self._known.pop(place, None)
        self._known[place] = state, error
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def _report(self, place: Place, state: Literal["posted", "failed"], error: str) -> None:
        room, reply = place
        request = wire.ReportChat(
            id=self._connection.next_id(), room=room, reply=reply, status=state, error=error[:MAX_SHORT]
        )  # fmt: skip
        self._connection.post(request).add_done_callback(_told)


def _told(answer: asyncio.Future[wire.Answer]) -> None:
    """A report that was refused: the engine counts the post as unknown."""
    if not answer.cancelled() and (error := answer.exception()) is not None:
        log.warning("what became of a chat reply was not taken", error=error)
