"""The WebSocket close codes: one table, which `docs/protocol.md` repeats and a test compares.

4000–4499: connect again; 4500–4999: do not, somebody has to change something first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class CloseCode(IntEnum):
    """Why a connection ended."""

    NORMAL = 1000
    TOO_LARGE = 1009
    INTERNAL = 1011
    RESTART = 1012
    TRY_LATER = 1013
    SLOW_CONSUMER = 4000
    IDENTIFY_TIMEOUT = 4001
    HEARTBEAT_MISSED = 4002
    NOT_JSON = 4500
    NOT_IDENTIFIED = 4501
    BAD_TOKEN = 4502
    WRONG_ROLE = 4503
    UNKNOWN_VERSION = 4504
    REPLACED = 4505
    BAD_IDENTIFY = 4506


@dataclass(frozen=True, slots=True)
class Close:
    """One row of the table. `reason` is what the close frame carries when nothing more exact is known (at most 123 bytes)."""

    code: CloseCode
    meaning: str
    reconnect: bool

    @property
    def name(self) -> str:
        return self.code.name.lower()


_ROWS: Final = (
    Close(CloseCode.NORMAL, "the client asked for it", reconnect=False),
    Close(CloseCode.TOO_LARGE, "a frame was larger than `Identified` allows", reconnect=False),
    Close(CloseCode.INTERNAL, "the server made a mistake; it is logged there", reconnect=True),
    Close(CloseCode.RESTART, "the server is draining or restarting", reconnect=True),
    Close(CloseCode.TRY_LATER, "too many clients, or the bus is away", reconnect=True),
    Close(
        CloseCode.SLOW_CONSUMER,
        "more unsent bytes than the outbox holds; the connection is cut without a close frame, so clients see 1006",
        reconnect=True,
    ),
    Close(CloseCode.IDENTIFY_TIMEOUT, "no `identify` within the deadline", reconnect=True),
    Close(CloseCode.HEARTBEAT_MISSED, "no frame for two heartbeat intervals", reconnect=True),
    Close(CloseCode.NOT_JSON, "a frame was binary, not JSON, or not a JSON object with a `type`", reconnect=False),
    Close(CloseCode.NOT_IDENTIFIED, "the first message was not `identify`", reconnect=False),
    Close(CloseCode.BAD_TOKEN, "the token is unknown", reconnect=False),
    Close(CloseCode.WRONG_ROLE, "the token or role does not permit this role, room or message", reconnect=False),
    Close(CloseCode.UNKNOWN_VERSION, "the server does not speak this protocol version", reconnect=False),
    Close(CloseCode.REPLACED, "a newer session plays this room", reconnect=False),
    Close(
        CloseCode.BAD_IDENTIFY, "`identify` lacks a field or holds a wrong one; the reason names it", reconnect=False
    ),
)

CLOSES: Final = {row.code: row for row in _ROWS}


def may_reconnect(code: int | None) -> bool:
    """Whether a client should connect again after this code (None or 1006: the connection broke). Unknown codes go by their range."""
    if code is None:
        return True
    try:
        return CLOSES[CloseCode(code)].reconnect
    except ValueError:
        return not (code in {1002, 1003, 1007, 1008, 1010} or 4500 <= code <= 4999)
