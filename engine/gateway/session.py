"""One connection's session as a table: state × message → what to do. No I/O, no clock of its own.

    NEW ── identify ──> READY ── anything but identify ──> READY
     │                    │
     └── any mistake, deadline, close ──> CLOSED

The shell feeds frames and the time, and does what the returned action says. Mistakes that a client can put right are `Say(error)`;
those that show that it speaks something else end the connection with a documented code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final, TypeGuard

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from engine.events.closes import CloseCode
from engine.events.codec import describe
from engine.events.fields import ID_PATTERN, room_objection
from engine.events.roles import CLIENT_TYPES, ROLE_STREAMS, ROLE_TYPES
from engine.events.wire import (
    VERSIONS,
    ErrorCode,
    Identify,
    Message,
    Refused,
)
from engine.gateway.auth import Access

MISSED_HEARTBEATS: Final = (
    2  # intervals without any frame after which a client counts as gone; one may be late by jitter
)
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")  # where half of a pair may stand
MAX_REASON_BYTES: Final = 123  # of a close frame, RFC 6455 section 5.5


class State(Enum):
    NEW = "new"
    READY = "ready"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Admit:
    """The client identified itself well: attach it, answer `identified`."""

    identify: Identify
    access: Access


@dataclass(frozen=True, slots=True)
class Handle:
    """A message that the role may send: do it."""

    message: Message


@dataclass(frozen=True, slots=True)
class Say:
    """Send this, go on."""

    message: Message


@dataclass(frozen=True, slots=True)
class End:
    """Close the connection."""

    code: CloseCode
    reason: str


Action = Admit | Handle | Say | End | None
Fields = dict[str, JsonValue]
Handler = Callable[["Session", str, Fields, int], Action]


class Session:
    """The protocol state of one connection. Times in ms of any steady clock."""

    def __init__(
        self, authenticate: Callable[[str], Access | None], *, now: int, identify_ms: int, heartbeat_ms: int
    ) -> None:
        self.state = State.NEW
        self.identify: Identify | None = None
        self.access: Access | None = None
        self._authenticate = authenticate
        self._deadline = now + identify_ms
        self._silence_ms = MISSED_HEARTBEATS * heartbeat_ms

    def receive(self, frame: str | bytes, now: int) -> Action:
        """What to do about a frame."""
        if self.state is State.CLOSED:
            return None
        if self.state is State.READY:
            self._deadline = now + self._silence_ms
        if isinstance(frame, bytes):
            return self.end(CloseCode.NOT_JSON, "frames are text, this one is binary")
        try:
            value = _parsed(frame)
        except ValueError:
            return self.end(CloseCode.NOT_JSON, "a frame is not JSON")
        if not _is_object(value) or not isinstance(value.get("type"), str):
            return self.end(CloseCode.NOT_JSON, "a frame is not a JSON object with a `type`")
        kind = str(value["type"])
        handler = self.TABLE[self.state].get(kind)
        if handler is not None:
            return handler(self, kind, value, now)
        if self.state is State.NEW:
            return self.end(CloseCode.NOT_IDENTIFIED, "the first message must be `identify`")
        return _refused(value, "unknown_type", f"there is no message `{kind[:64]}` in this protocol version")

    def due(self, now: int) -> End | None:
        """The end of a session whose deadline has passed."""
        if self.state is State.CLOSED or now < self._deadline:
            return None
        if self.state is State.NEW:
            return self.end(CloseCode.IDENTIFY_TIMEOUT, "no `identify` came in time")
        return self.end(CloseCode.HEARTBEAT_MISSED, "no frame came for two heartbeat intervals")

    def alive(self, now: int) -> None:
        """The server itself was busy with the client's last request: its silence does not count."""
        if self.state is State.READY:
            self._deadline = max(self._deadline, now + self._silence_ms)

    def end(self, code: CloseCode, reason: str) -> End:
        """Close from our side."""
        self.state = State.CLOSED
        return End(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))

    # ---- handlers of the table ---------------------------------------------------------------------------------------

    def _identify(self, kind: str, value: Fields, now: int) -> Action:
        del kind
        if value.get("version", VERSIONS[0]) not in VERSIONS:
            return self.end(CloseCode.UNKNOWN_VERSION, f"this server speaks versions {', '.join(map(str, VERSIONS))}")
        try:
            identify = Identify.model_validate(value)
        except ValidationError as error:
            return self.end(CloseCode.BAD_IDENTIFY, describe(error))
        access = self._authenticate(identify.token)
        if access is None:
            return self.end(CloseCode.BAD_TOKEN, "the token is unknown; ask whoever runs the server for one")
        if identify.role not in access.roles:
            return self.end(CloseCode.WRONG_ROLE, f"token `{access.name}` does not permit role `{identify.role}`")
        rooms = access.rooms if "*" in identify.rooms else identify.rooms
        if not rooms or not access.covers(rooms):
            return self.end(CloseCode.WRONG_ROLE, f"token `{access.name}` does not cover these rooms")
        if identify.role == "player":
            if len(identify.rooms) != 1:
                return self.end(CloseCode.BAD_IDENTIFY, "rooms: a player names exactly one room")
            objection = room_objection(identify.rooms[0])
            if objection is not None:
                return self.end(CloseCode.BAD_IDENTIFY, f"rooms: {objection}")
        allowed = ROLE_STREAMS["observer"] if identify.role == "operator" else ROLE_STREAMS[identify.role]
        wrong = [stream for stream in identify.streams or () if stream not in allowed]
        if wrong:
            return self.end(CloseCode.WRONG_ROLE, f"role `{identify.role}` does not get stream `{wrong[0]}`")
        identify = identify.model_copy(update={"rooms": rooms})  # from here on `*` is what the token covers
        self.state, self.identify, self.access = State.READY, identify, access
        self._deadline = now + self._silence_ms
        return Admit(identify, access)

    def _again(self, kind: str, value: Fields, now: int) -> Action:
        del kind, now
        return _refused(
            value, "already_identified", "the session is identified; open another connection for another role"
        )

    def _message(self, kind: str, value: Fields, now: int) -> Action:
        del now
        assert self.identify is not None  # READY is entered only by `_identify`
        if kind not in ROLE_TYPES[self.identify.role]:
            return self.end(CloseCode.WRONG_ROLE, f"role `{self.identify.role}` may not send `{kind}`")
        try:
            return Handle(CLIENT_TYPES[kind].model_validate(value))
        except ValidationError as error:
            return _refused(value, "bad_message", describe(error))

    TABLE: ClassVar[Mapping[State, Mapping[str, Handler]]] = {
        State.NEW: {"identify": _identify},
        State.READY: {**dict.fromkeys(CLIENT_TYPES, _message), "identify": _again},
        State.CLOSED: {},
    }
    """A message that is not in the row of its state is a mistake of the client."""


def _parsed(frame: str) -> JsonValue:
    """The value of a frame. Raises `ValueError` where it is not JSON.

    Half of a surrogate pair is what platforms leave where they cut a text inside an emoji. JSON's grammar allows it, UTF-8 does not:
    it becomes `?`, so that one comment does not cost its source the connection.
    """
    try:
        value: JsonValue = from_json(frame, allow_inf_nan=False)
    except ValueError:
        if not _HALF.search(frame):
            raise
        try:
            loose: JsonValue = json.loads(frame)
        except RecursionError:
            raise ValueError("the frame is nested too deeply") from None
        value = from_json(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"), allow_inf_nan=False)
    return value


def _is_object(value: JsonValue) -> TypeGuard[Fields]:
    return isinstance(value, dict)


def _refused(value: Fields, code: ErrorCode, message: str) -> Say:
    request = value.get("id")
    usable = isinstance(request, str) and len(request) <= 128 and re.fullmatch(ID_PATTERN, request) is not None
    return Say(Refused(id=str(request) if usable else None, code=code, message=message[:300]))
