"""People who are asked before a reply is said: they approve, refuse, come too late, and say yes to what is void."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal

from engine.bus.port import Outgoing, Stored
from engine.events.codec import decode, encode
from engine.events.inputs import Approval, Mode, ModeSet, ShopModeSet
from engine.events.outputs import Proposal, ProposalVoid
from tests.simulation.bus import SimBus
from tests.simulation.clock import VirtualLoop
from tests.simulation.shop import SHOP

QUICK_S: Final = (0.1, 2.5)  # until a person decided
LATE_S: Final = (-0.5, 2.0)  # around decide-by


@dataclass(eq=False)
class Operators:
    """Those of all rooms. `rng` is theirs alone."""

    loop: VirtualLoop
    rng: Random
    bus: SimBus
    rooms: Sequence[str]
    _serial: int = field(default=0)

    async def work(self) -> None:
        """Rooms are put under approval, and let go again."""
        while True:
            await asyncio.sleep(self.rng.uniform(1.0, 8.0))
            mode: Mode = self.rng.choice(("approve", "approve", "auto"))
            if self.rng.random() < 0.2:
                self._say_shop(mode)
            else:
                self._mode(self.rng.choice(self.rooms), mode)
            if self.rng.random() < 0.3:
                self._verdict(self.rng.choice(self.rooms), "00000000000000ee", "approve")

    def watch(self, stored: Stored) -> None:
        """Something was written: a proposal is decided on, or not."""
        if stored.topic != "insertions":
            return
        record = decode("insertions", stored.value)
        if isinstance(record, ProposalVoid) and self.rng.random() < 0.2:
            self._after(0.1, record.room, record.proposal, "approve")
        elif isinstance(record, Proposal) and record.revision == 0:
            kind = self.rng.choice(("yes", "yes", "yes", "no", "late", "never", "wavers"))
            self.bus.count(f"operator {kind}")
            late = (record.decide_by - self.loop.now()) / 1_000 + self.rng.uniform(*LATE_S)
            if kind in ("yes", "wavers"):
                self._after(self.rng.uniform(*QUICK_S), record.room, record.id, "approve")
            if kind in ("no", "wavers"):
                self._after(self.rng.uniform(*QUICK_S), record.room, record.id, "refuse")
            if kind == "late":
                self._after(max(0.0, late), record.room, record.id, "approve")

    def _after(self, seconds: float, room: str, proposal: str, verdict: Literal["approve", "refuse"]) -> None:
        said: Callable[[], None] = lambda: self._verdict(room, proposal, verdict)  # noqa: E731 -- typed for the loop
        self.loop.call_later(seconds, said)

    def _verdict(self, room: str, proposal: str, verdict: Literal["approve", "refuse"]) -> None:
        event = Approval(room=room, id=self._id(), at=self.loop.now(), by="anna", proposal=proposal, verdict=verdict)
        self.bus.append(Outgoing("room-events", room, encode(event)))

    def _mode(self, room: str, mode: Mode) -> None:
        event = ModeSet(room=room, id=self._id(), at=self.loop.now(), mode=mode)
        self.bus.append(Outgoing("room-events", room, encode(event)))

    def _say_shop(self, mode: Mode) -> None:
        event = ShopModeSet(id=self._id(), at=self.loop.now(), shop=SHOP, mode=mode)
        self.bus.append(Outgoing("shop-events", event.key(), encode(event)))

    def _id(self) -> str:
        self._serial += 1
        return f"o{self._serial}"
