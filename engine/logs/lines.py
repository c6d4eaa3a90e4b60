"""A line: its sentence, its fields, and who logs it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypedDict, Unpack, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from engine.errors import LivechatError
from engine.printable import harmless

HOUSE: Final = "engine"
TELLING: Final = (LivechatError, OSError, sqlite3.Error)
"""Errors whose message is written by us or by the system, and quotes no one."""


class Fields(TypedDict, total=False):
    """Every field that a line may have; one that is empty is left out. None holds a viewer's words, a viewer's id or a secret."""

    room: str | None
    shop: str | None
    source: str
    """The platform or connector of a comment."""
    comment: str
    """The platform's id of a comment; with room and source it is its identity."""
    decision: str
    """Id of a decision, as `livechat why` takes it."""
    reason: str
    """Why something ended as it did: of a decision, of the closed list."""
    intent: str | None
    product: str | None
    reply: str | None
    """Id of a reply of the pool, never its text."""
    insertion: str | None
    """Id of what was sent to be said or posted."""
    kind: str
    """Of a record: its name in the schemas."""
    client: str
    """A connection of the gateway."""
    role: str
    """Of a client; or of this process, where there is no client."""
    by: str
    """Name of the token that a client showed."""
    code: str | int | None
    """Of a refusal, or of the end of a connection."""
    server: str
    partition: int
    topic: str
    key: str
    """Of a record; of `shop-events` what it sets, of the others a room."""
    offset: int
    lease: int
    seq: int
    rooms: int
    pool: str
    model: str
    generation: int
    folder: str
    file: str
    fact: str
    group: str
    count: int
    refusals: int
    tests: int
    tests_understood: int
    script_shop: str
    seconds: float
    next_try_s: float
    last: int
    """Offset at which a range ends."""
    number: int
    """Of a viewer key."""
    found: str
    """How something stands, where the settings say otherwise."""
    wanted: str
    """How it should stand."""
    task: str
    error: str | BaseException
    """Why. An error that was raised on purpose tells its sentence, any other its type."""
    remedy: str
    left_out: int
    """So many more lines of this kind came in ten seconds and are not told."""


class Log(Protocol):
    """A logger. `event`: the sentence, which never changes."""

    def debug(self, event: str, /, **fields: Unpack[Fields]) -> object: ...
    def info(self, event: str, /, **fields: Unpack[Fields]) -> object: ...
    def warning(self, event: str, /, **fields: Unpack[Fields]) -> object: ...
    def error(self, event: str, /, *, exc_info: BaseException | None = None, **fields: Unpack[Fields]) -> object: ...
    def critical(self, event: str, /, *, exc_info: BaseException | None = None, **fields: Unpack[Fields]) -> object: ...

    def exception(self, event: str, /, **fields: Unpack[Fields]) -> object:
        """An error, with the traceback of the exception that is being handled."""
        ...

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - as the library calls it
        """Whether lines of this level are told: for whoever has to compute what to tell."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """What a logger of ours hands to `logging`: whoever formats it in another way gets one sentence."""

    event: str
    fields: Mapping[str, Any]

    def __str__(self) -> str:
        return harmless(sentence(self.event, self.fields))


def get(name: str) -> Log:
    """The logger of a module."""
    made = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, structlog.contextvars.merge_contextvars, _line],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return cast("Log", made)


def bound(**fields: Unpack[Fields]) -> AbstractContextManager[None]:
    """What every line within tells besides its own fields, in this task and those that it starts."""
    return structlog.contextvars.bound_contextvars(**fields)


def bind(**fields: Unpack[Fields]) -> None:
    """The same, for all that this task does from now on."""
    structlog.contextvars.bind_contextvars(**fields)


def told(error: BaseException) -> str:
    """An error in one sentence that quotes no one."""
    name = type(error).__name__
    if isinstance(error, TELLING) or type(error).__module__.startswith("aiokafka."):
        return str(error) or name
    return f"{name} (its message may quote others, and is left out)"


def sentence(event: str, fields: Mapping[str, Any]) -> str:
    """`event: why → what to do (field=value, …)`."""
    rest = ", ".join(f"{name}={value}" for name, value in fields.items() if name not in ("error", "remedy"))
    why = f": {fields['error']}" if "error" in fields else ""
    remedy = f" → {fields['remedy']}" if "remedy" in fields else ""
    return f"{event}{why}{remedy}" + (f" ({rest})" if rest else "")


def _line(logger: WrappedLogger, method: str, event: EventDict) -> tuple[tuple[Line], dict[str, Any]]:
    del logger, method
    extra = {name: event.pop(name) for name in ("exc_info",) if name in event}
    error = event.get("error")
    if isinstance(error, BaseException):
        event["error"] = told(error)
    told_as = event.pop("event")
    return (Line(told_as, {name: value for name, value in event.items() if value not in (None, "")}),), extra
