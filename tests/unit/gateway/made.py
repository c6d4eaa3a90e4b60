"""Records and peers for the gateway's tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from engine.events.closes import CloseCode
from engine.events.inputs import Cursor
from engine.events.outputs import Alert, AlertKind, Insertion
from engine.events.wire import ClientRole, Identify, Point
from engine.gateway.auth import EVERY_ROLE, Access
from engine.gateway.peer import Peer
from engine.gateway.session import Session

NOW = 1_767_225_600_000
HASH = "ab" * 16


def insertion(**fields: object) -> Insertion:
    """An insertion that a worker could have emitted."""
    base: dict[str, object] = {
        "id": HASH, "room": "r1", "shop": "tea", "at": NOW, "lease": 1, "seq": 1, "shop_offset": 5, "session": "s1",
        "reply": "price", "intent": "product.price", "product": "longjing", "language": "zh", "text": "129元。",
        "duration_ms": 2_000, "when": "sentence", "after": Cursor(version="v", lap=0, segment="a", sentence="a1"),
        "start": NOW, "not_after": NOW + 10_000, "pool": HASH, "viewers": 2,
    }  # fmt: skip
    return Insertion.model_validate({**base, **fields})


def alert(kind: AlertKind) -> Alert:
    """What a worker tells people to look at."""
    return Alert(id=HASH, room="r1", shop="tea", at=NOW, lease=1, seq=1, shop_offset=5, kind=kind, detail="d")


@dataclass
class FakeLink:
    """Remembers what was sent."""

    sent: list[dict[str, object]] = field(default_factory=list)
    ended: CloseCode | None = None

    @property
    def closed_with(self) -> int | None:
        return self.ended

    def send(self, data: bytes) -> None:
        self.sent.append(json.loads(data))

    def end(self, code: CloseCode, reason: str) -> None:
        self.ended = code

    def allow(self, frame_bytes: int) -> None:
        pass

    def types(self) -> list[str]:
        """Types of the pushed records."""
        return [str(push["record"]["type"]) for push in self.sent if isinstance(push.get("record"), dict)]  # type: ignore[index]  # it is a dict


def peer(
    role: ClientRole, *rooms: str, name: str = "s1", resume: tuple[Point, ...] = (), shop: str | None = None
) -> tuple[Peer, FakeLink]:
    """An identified client, and what it is sent."""
    link = FakeLink()
    made = Peer(link, Session(lambda _: None, now=0, identify_ms=1, heartbeat_ms=1))
    made.admit(Identify(role=role, rooms=rooms, resume=resume), Access("t", EVERY_ROLE, ("*",), shop), name)
    return made, link
