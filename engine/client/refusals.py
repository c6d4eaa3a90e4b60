"""A server's refusals as errors: what was typed wrong, what may succeed later, and what is an answer."""

from __future__ import annotations

from typing import Final

from engine.errors import Exit, LivechatError, ProtocolError
from engine.events import wire
from engine.events.closes import CloseCode

MISTYPED: Final[frozenset[wire.ErrorCode]] = frozenset({"bad_message", "forbidden", "unknown"})
"""Refusals of what was typed: a field, a name, a token that does not cover it."""

UNFIT: Final = frozenset({CloseCode.BAD_TOKEN, CloseCode.WRONG_ROLE, CloseCode.BAD_IDENTIFY})
"""Ends of sessions whose token, role, room or shop was given wrong."""


class SessionRefused(ProtocolError):
    """The server does not want this session, and would not another time: somebody has to change something first."""

    def __init__(self, code: int, reason: str) -> None:
        if code in UNFIT:
            self.exit_code = Exit.USAGE
        super().__init__(code, reason)


class RequestRefused(LivechatError):
    """The server refused a request; `refused` says why, and whether it may succeed later."""

    def __init__(self, refused: wire.Refused) -> None:
        self.refused = refused
        if refused.temporary:
            self.exit_code = Exit.UNAVAILABLE
        elif refused.code in MISTYPED:
            self.exit_code = Exit.USAGE
        super().__init__(refused)

    def __str__(self) -> str:
        again = "; try again" if self.refused.temporary else ""
        return f"{self.refused.message} ({self.refused.code}){again}"
