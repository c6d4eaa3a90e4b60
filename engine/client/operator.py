"""An operator: modes, kill switches, facts, take-overs, verdicts on proposals. Each call returns once its record is durable."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Self

from engine.client.connection import PATIENCE_S, Connection
from engine.events import wire
from engine.events.inputs import ANY_PRODUCT, FactValue, Mode


class Operator:
    """One operator session. All calls raise `RequestRefused`, `Unavailable`, `ProtocolError`.

    Somebody waits for its answers: it ends where the server is away for longer than `patience_s`, at first and later.
    """

    def __init__(
        self, url: str, *, rooms: Sequence[str] = ("*",), token: str = "", patience_s: float | None = PATIENCE_S
    ) -> None:
        self.connection = Connection(
            url, role="operator", rooms=rooms, token=token, patience_s=patience_s, outage_s=patience_s
        )

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
        """Throw or lift a kill switch; returns the offset of its fence. `known`: refuse it for a room or shop that was never seen."""
        request = wire.SetKill(
            id=self._id, scope=scope, target=target, on=on, hold_script=hold_script, reason=reason, known=known
        )  # fmt: skip
        return await self._do(request)

    async def set_fact(
        self,
        shop: str,
        name: str,
        value: FactValue | None,
        *,
        product: str = ANY_PRODUCT,
        start: int | None = None,
        until: int | None = None,
    ) -> int | None:
        """A live value (None withdraws the fact); returns its offset."""
        request = wire.SetFact(
            id=self._id, shop=shop, product=product, name=name, value=value, start=start, until=until
        )  # fmt: skip
        return await self._do(request)

    async def take_over(self, room: str, who: Literal["person", "engine"], *, at_boundary: bool = True) -> None:
        """A person takes the room, or hands it back."""
        await self._do(wire.TakeRoom(id=self._id, room=room, who=who, at_boundary=at_boundary))

    async def approve(self, room: str, proposal: str, verdict: Literal["approve", "refuse"]) -> None:
        """A verdict on a proposal."""
        await self._do(wire.Approve(id=self._id, room=room, proposal=proposal, verdict=verdict))

    @property
    def _id(self) -> str:
        return self.connection.next_id()

    async def _do(self, request: wire.Request) -> int | None:
        answer = await self.connection.request(request)
        return answer.offset if isinstance(answer, wire.Done) else None
