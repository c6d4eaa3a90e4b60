"""An operator: modes, kill switches, facts, take-overs, verdicts on proposals, handoffs. Each call returns once its record is durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Final, Literal, Self, TypeGuard

from engine.client.connection import PATIENCE_S, Connection, OnOutage
from engine.events import wire
from engine.events.gaps import Gap
from engine.events.handoffs import Handoff
from engine.events.inputs import ANY_PRODUCT, FactValue, GapMarkKind, Mode
from engine.events.outputs import ChatReply, Insertion, Proposal, ProposalVoid

OUTCOME_S: Final = 3.0  # until a room that has an owner answered a verdict

News = Proposal | ProposalVoid | Insertion | ChatReply
"""What is told of proposals. An insertion, or a chat reply, is the end of the one that it names."""


class Operator:
    """One operator session. All calls raise `RequestRefused`, `Unavailable`, `ProtocolError`.

    Somebody waits for its answers: it ends where the server is away for longer than `patience_s`, at first and later. `stays`: for ever
    later; `on_outage` hears of it. `streams`: what it gets; None: all of an operator. `held`: it begins with what the server still holds.
    """

    def __init__(
        self,
        url: str,
        *,
        rooms: Sequence[str] = ("*",),
        token: str = "",
        patience_s: float | None = PATIENCE_S,
        stays: bool = False,
        on_outage: OnOutage | None = None,
        streams: Sequence[wire.Stream] | None = None,
        held: bool = False,
    ) -> None:
        self.connection = Connection(
            url, role="operator", rooms=rooms, token=token, patience_s=patience_s,
            outage_s=None if stays else patience_s, on_outage=on_outage, streams=streams, held=held,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        await self.connection.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.close()

    async def open_room(self, room: str, *, shop: str | None = None) -> None:
        """A live begins."""
        await self._do(wire.OpenRoom(id=self._id, room=room, shop=shop))

    async def close_room(self, room: str) -> None:
        """A live ends."""
        await self._do(wire.CloseRoom(id=self._id, room=room))

    async def set_mode(self, room: str, mode: Mode, *, known: bool = False) -> None:
        """`auto`, `approve`, `shadow` or `paused`. `known`: refuse it for a room that was never seen."""
        await self._do(wire.SetMode(id=self._id, room=room, mode=mode, known=known))

    async def set_shop_mode(self, shop: str, mode: Mode, *, known: bool = False) -> int | None:
        """The mode of all rooms of a shop, those to come included. `known`: refuse it for a shop that is not live."""
        return await self._do(wire.SetShopMode(id=self._id, shop=shop, mode=mode, known=known))

    async def kill(
        self,
        scope: Literal["room", "shop", "*"],
        target: str = "*",
        *,
        on: bool,
        hold_script: bool = False,
        reason: str = "",
        known: bool = False,
    ) -> int | None:
        """Throw a kill switch, or lift it; returns the offset of its fence. `known`: refuse it for a room or shop that was never seen."""
        request = wire.SetKill(
            id=self._id, scope=scope, target=target, on=on, hold_script=hold_script, reason=reason, known=known
        )  # fmt: skip
        return await self._do(request)

    async def lift(
        self, scope: Literal["room", "shop", "*"], target: str = "*", *, reason: str = "", known: bool = False
    ) -> tuple[str, ...]:
        """Lift a kill switch; returns the keys of those that still silence what it silenced, such as `kill/shop/tea`."""
        request = wire.SetKill(id=self._id, scope=scope, target=target, on=False, reason=reason, known=known)
        answer = await self.connection.request(request)
        return answer.still if isinstance(answer, wire.Done) else ()

    async def set_fact(
        self,
        shop: str,
        name: str,
        value: FactValue | None,
        *,
        product: str = ANY_PRODUCT,
        start: int | None = None,
        until: int | None = None,
        source: str = "",
    ) -> int | None:
        """A live value (None withdraws the fact); returns its offset."""
        request = wire.SetFact(
            id=self._id, shop=shop, product=product, name=name, value=value, start=start, until=until, source=source
        )  # fmt: skip
        return await self._do(request)

    async def take_over(
        self, room: str, who: Literal["person", "engine"], *, at_boundary: bool = True, known: bool = False
    ) -> None:
        """A person takes the room, or hands it back. `known`: refuse it for a room that was never seen."""
        await self._do(wire.TakeRoom(id=self._id, room=room, who=who, at_boundary=at_boundary, known=known))

    # ---- proposals -----------------------------------------------------------------------------------------------------

    async def proposals(self, room: str | None = None) -> wire.Proposals:
        """The proposals that are open or approved now, of a room or of all that the session covers."""
        answer = await self.connection.request(wire.ListProposals(id=self._id, room=room))
        assert isinstance(answer, wire.Proposals)
        return answer

    async def approve(self, room: str, proposal: str, verdict: Literal["approve", "refuse"]) -> None:
        """A verdict on a proposal. What comes of it is told in `news`."""
        await self._do(wire.Approve(id=self._id, room=room, proposal=proposal, verdict=verdict))

    async def decide(self, room: str, proposal: str, verdict: Literal["approve", "refuse"]) -> News | None:
        """A verdict on a proposal, and what came of it; None where the room did not answer within `OUTCOME_S`.

        Reads the session's messages: not beside `news`.
        """
        await self.approve(room, proposal, verdict)
        try:
            async with asyncio.timeout(OUTCOME_S):
                async for told in self.news():
                    if isinstance(told, Proposal):
                        if told.id == proposal and told.state == "approved" and verdict == "approve":
                            return told
                    elif told.proposal == proposal:
                        return told
        except TimeoutError:
            pass
        return None

    async def news(self) -> AsyncIterator[News]:
        """What is proposed, approved, said and void, as it comes; first, and after each connect, all that stands. Nothing comes twice."""
        told: dict[str, int] = {}
        async for message in self.connection.messages():
            found: Sequence[News] = ()
            if isinstance(message, wire.Identified):
                found = (await self.proposals()).proposals
            elif isinstance(message, wire.Push) and _is_news(record := message.record):
                found = (record,)
            for news in found:
                if not isinstance(news, Proposal):
                    told.pop(news.proposal or "", None)
                elif told.get(news.id, -1) < news.revision:
                    told[news.id] = news.revision
                else:
                    continue
                yield news

    async def close_handoff(self, room: str, handoff: str, state: Literal["answered", "dismissed"]) -> None:
        """A question that was passed to people is answered, or needs no answer. One that is closed already stays as it is."""
        await self._do(wire.SetHandoff(id=self._id, room=room, handoff=handoff, state=state))

    async def open_handoffs(self) -> list[Handoff]:
        """Those that are open now, the oldest first. Needs a session with `held` and the stream `handoffs` alone, once."""
        told = self.connection.identified
        found: dict[str, Handoff] = {}
        left = told.backlog if told is not None else 0
        if left:
            async for handoff in self.handoffs():
                found.pop(handoff.id, None)
                if handoff.state == "open":
                    found[handoff.id] = handoff
                left -= 1
                if not left:
                    break
        return sorted(found.values(), key=lambda handoff: (handoff.created, handoff.id))

    async def handoffs(self) -> AsyncIterator[Handoff]:
        """Handoffs as they are opened, joined and closed, until the session ends."""
        async for message in self.connection.messages():
            if isinstance(message, wire.Push) and isinstance(message.record, Handoff):
                yield message.record

    # ---- gaps ----------------------------------------------------------------------------------------------------------

    async def gaps(self, shop: str | None = None) -> list[Gap]:
        """What stands on the topic `gaps` now, of a shop or of all that the token covers; marked gaps too."""
        found: list[Gap] = []
        after: str | None = None
        while True:
            page = await self.connection.request(wire.ListGaps(id=self._id, shop=shop, after=after))
            assert isinstance(page, wire.Gaps)
            found += page.gaps
            after = page.after
            if after is None:
                return found

    async def mark_gap(self, shop: str, gap: str, mark: GapMarkKind, *, version: str | None = None) -> None:
        """An editor's mark on a gap; `open` takes it back. `version`: hash of the pool in which it is closed."""
        await self._do(wire.MarkGap(id=self._id, shop=shop, gap=gap, mark=mark, version=version))

    @property
    def _id(self) -> str:
        return self.connection.next_id()

    async def _do(self, request: wire.Request) -> int | None:
        answer = await self.connection.request(request)
        return answer.offset if isinstance(answer, wire.Done) else None


def _is_news(record: object) -> TypeGuard[News]:
    return isinstance(record, Proposal | ProposalVoid) or (
        isinstance(record, Insertion | ChatReply) and record.proposal is not None
    )
