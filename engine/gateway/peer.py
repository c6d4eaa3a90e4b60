"""One connected client, and the port through which it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from engine.events.closes import CloseCode
from engine.events.codec import encode
from engine.events.roles import ROLE_STREAMS
from engine.events.wire import ClientRole, ErrorCode, Identify, Message, Refused, Request, Stream
from engine.gateway.auth import Access
from engine.gateway.session import Session
from engine.gateway.sources import Rate


class Link(Protocol):
    """The connection under a client. None of the calls waits or raises; after the connection ended they do nothing."""

    @property
    def closed_with(self) -> int | None:
        """The code with which it was closed from here; None where it was not."""
        ...

    def send(self, data: bytes) -> None:
        """Send a text frame; cuts the connection where too much is unsent."""
        ...

    def end(self, code: CloseCode, reason: str) -> None:
        """Close with this code."""
        ...

    def allow(self, frame_bytes: int) -> None:
        """Take frames up to this size from now on."""
        ...


@dataclass(eq=False, slots=True)
class Peer:
    """A client. Before `identify` it has no role."""

    link: Link
    session: Session
    name: str = ""
    """Its session's id."""
    identify: Identify | None = None
    access: Access | None = None
    streams: tuple[Stream, ...] = ()
    rate: Rate | None = None
    busy: bool = False
    """Its last frame is being handled, so that it cannot be silent."""

    def admit(self, identify: Identify, access: Access, name: str) -> None:
        """It identified itself."""
        self.identify, self.access, self.name = identify, access, name
        self.streams = tuple(
            dict.fromkeys(ROLE_STREAMS[identify.role] if identify.streams is None else identify.streams)
        )

    @property
    def by(self) -> str:
        """Name of its token."""
        return self.access.name if self.access is not None else ""

    @property
    def role(self) -> ClientRole | None:
        return self.identify.role if self.identify is not None else None

    def scope(self, stream: Stream) -> tuple[str, ...]:
        """Names and patterns of what it may see of a stream: rooms; of `gaps`, shops."""
        assert self.identify is not None
        assert self.access is not None
        if stream != "gaps":
            return self.identify.rooms
        if self.access.shop is not None:
            return (self.access.shop,)
        return ("*",) if self.access.covers(("*",)) else ()

    def say(self, message: Message) -> None:
        """Send a message."""
        self.link.send(encode(message))

    def refuse(self, message: Message | None, code: ErrorCode, why: str, *, retry_ms: int | None = None) -> None:
        """Say that what it asked for is not done. `retry_ms`: when it may be tried again."""
        request = message.id if isinstance(message, Request) else None
        temporary = retry_ms is not None
        self.say(Refused(id=request, code=code, message=why[:300], temporary=temporary, retry_ms=retry_ms))


def told_room(peer: Peer) -> str | None:
    """The room that its log lines name: where it covers exactly one."""
    rooms = peer.identify.rooms if peer.identify is not None else ()
    return rooms[0] if len(rooms) == 1 and not rooms[0].endswith("*") else None
