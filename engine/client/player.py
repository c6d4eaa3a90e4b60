"""The reference player: speaks a script (by calling you back), inserts replies, reports playback. Copy it, and voice what it says.

Time is the server's throughout. At `speed` N everything is heard N times as fast: the script's seconds are divided before they are
sent, so that the engine plans with the true ones; the length of a reply is the engine's `duration_ms` divided by N, so at a speed
other than 1 replies end earlier than the engine expects (it goes by the reports).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from engine import logs
from engine.client.connection import PATIENCE_S, Connection, OnOutage
from engine.client.playhead import LEAD_MS, Event, Playhead, Say, Tell
from engine.client.refusals import RequestRefused
from engine.client.scripts import FactBook
from engine.events import wire
from engine.events.inputs import PlaybackKind
from engine.events.outputs import Alert, Insertion, Stop, Withdraw

IDLE_S: Final = 60.0  # longest sleep without anything to do; guards against nothing, it only bounds a wait

OVERTAKEN: Final[frozenset[PlaybackKind]] = frozenset({"sentence_started", "sentence_ended", "idle"})
"""Reports that are not kept for later: the next one, or the state told when it identifies, says more."""
RETRY_S: Final = 1.0  # until a report is told again that the engine could not take, where it does not say itself

log = logs.get(__name__)

ScriptMaker = Callable[[FactBook, int, str], wire.SetScript]
"""Facts, now, request id → the script with these facts. Called at first and whenever facts change."""

OnSay = Callable[[Say], None]
OnTell = Callable[[Tell | Alert], None]

_News = wire.Push | wire.Processed | wire.Facts | wire.Identified


class ReferencePlayer:
    """Plays one room, whether the engine is there or not. `on_say`: what is heard; `on_tell`: what is reported, and alerts.

    `patience_s`: how long to wait for an engine that never answered; one that did may be away for as long as it likes (`on_outage`).
    """

    def __init__(
        self,
        url: str,
        *,
        room: str,
        script: ScriptMaker,
        on_say: OnSay,
        on_tell: OnTell | None = None,
        token: str = "",
        shop: str | None = None,
        lead_ms: int = LEAD_MS,
        stream_delay_ms: int | None = None,
        speed: float = 1.0,
        patience_s: float | None = PATIENCE_S,
        on_outage: OnOutage | None = None,
    ) -> None:
        self.playhead = Playhead(lead_ms=lead_ms, stream_delay_ms=stream_delay_ms, speed=speed)
        self.connection = Connection(
            url, role="player", rooms=(room,), token=token, shop=shop, state=self.playhead.state,
            handler=self._on_message, patience_s=patience_s, on_outage=on_outage,
        )  # fmt: skip
        self._room, self._shop = room, shop
        self._make = script
        self._on_say = on_say
        self._on_tell = on_tell
        self._facts = FactBook()
        self._script: wire.SetScript | None = None
        self._checked = 0
        self._other_shop: str | None = None
        """The room's shop, where it is not the script's; told once."""
        self._refusal: wire.Refused | None = None
        """Why the last report that was refused was; told once."""
        self._inbox: deque[_News] = deque()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Play until cancelled. Raises `Unavailable` where nobody ever answered, `ProtocolError` when the engine refuses the session."""
        await self.connection.start()
        over = asyncio.ensure_future(self.connection.wait())
        over.add_done_callback(lambda _: self._news.set())
        try:
            while not over.done():
                self.step()
                self._news.clear()
                if not self._inbox:
                    await self._sleep()
            over.result()
        finally:
            over.cancel()
            await self.connection.close()

    def step(self) -> None:
        """Take in what arrived, then let time pass up to now."""
        while self._inbox:
            self._take(self._inbox.popleft())
        change = self._facts.next_change(self._checked) if self._script is not None else None
        if change is not None and change <= self.connection.now():
            self._refresh()
        self._do(self.playhead.advance(self.connection.now()))

    async def _sleep(self) -> None:
        """Until the next deadline or message."""
        deadline = self.playhead.next_deadline()
        wait_s = IDLE_S if deadline is None else max(0.0, (deadline - self.connection.now()) / 1_000)
        try:
            async with asyncio.timeout(min(wait_s, IDLE_S)):
                await self._news.wait()
        except TimeoutError:
            pass  # the deadline came

    def _on_message(self, message: _News) -> None:
        self._inbox.append(message)
        self._news.set()

    def _take(self, message: _News) -> None:
        now = self.connection.now()
        match message:
            case wire.Identified():
                if (
                    self._shop is not None
                    and message.shop not in (None, self._shop)
                    and message.shop != self._other_shop
                ):
                    self._other_shop = message.shop
                    log.warning(
                        "the room is of another shop than this player's script: the replies will not fit",
                        room=self._room, shop=message.shop, script_shop=self._shop,
                    )  # fmt: skip
                self._facts = FactBook(message.facts)
                self._refresh()
            case wire.Facts():
                self._facts.take(message)
                self._refresh()
            case wire.Push(record=Insertion() as insertion):
                self._do(self.playhead.insert(insertion, now))
            case wire.Push(record=Withdraw() as withdraw):
                self._do(self.playhead.withdraw(withdraw, now))
            case wire.Push(record=Stop() as stop):
                self._do(self.playhead.stop(stop, now))
            case wire.Push(record=Alert() as alert):
                if alert.kind == "script_mismatch" and self._script is not None:
                    # The room lost the script, or never had it: without it, it knows no boundary.
                    self._post(self._script.model_copy(update={"id": self.connection.next_id()}))
                if self._on_tell is not None:
                    self._on_tell(alert)
            case _:
                pass  # other records of the stream are not for players

    def _refresh(self) -> None:
        """The script with the facts as they are now, where it changed."""
        self._checked = self.connection.now()
        script = self._make(self._facts, self._checked, self.connection.next_id())
        if self._script is None or script.version != self._script.version:
            self._script = script
            self._post(script)
            self._do(self.playhead.load(script, self._checked))

    def _do(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Say):
                self._on_say(event)
                continue
            if self._on_tell is not None:
                self._on_tell(event)
            if event.kind in OVERTAKEN and not self.connection.up:
                continue
            self._post(
                wire.ReportPlayback(
                    id=self.connection.next_id(), at=event.at, kind=event.kind, cursor=event.cursor,
                    insertion=event.insertion, reason=event.reason[:300],
                )
            )  # fmt: skip

    def _post(self, request: wire.SetScript | wire.ReportPlayback) -> None:
        """Send in order without waiting."""
        self.connection.post(request).add_done_callback(partial(self._answered, request))

    def _answered(
        self, request: wire.SetScript | wire.ReportPlayback, answer: asyncio.Future[wire.Done | wire.Received]
    ) -> None:
        """What cannot be taken now is told again later, unless something newer says more; why is told once, not for each report."""
        if answer.cancelled():
            return
        error = answer.exception()
        if error is None:
            if self._refusal is not None and self._refusal.temporary:
                log.warning("reports are taken again")
                self._refusal = None
        elif isinstance(error, RequestRefused):  # else the session is over, which `run` tells
            told, self._refusal = self._refusal, error.refused
            if told is None or told.code != error.refused.code or not told.temporary:
                log.warning("a report was not taken", error=error)
            if error.refused.temporary and not self._is_overtaken(request):
                again_s = RETRY_S if error.refused.retry_ms is None else error.refused.retry_ms / 1_000
                asyncio.get_running_loop().call_later(again_s, self._post, request)

    def _is_overtaken(self, request: wire.SetScript | wire.ReportPlayback) -> bool:
        """Whether something newer says more than this request."""
        if isinstance(request, wire.ReportPlayback):
            return request.kind in OVERTAKEN
        return self._script is None or request.version != self._script.version
