"""Bounded types that records are made of.

Times are whole milliseconds since the Unix epoch, UTC: integers survive JSON, journals and replays unchanged on any machine.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

MAX_TEXT = 2_000  # characters of one comment; real platforms allow 50–500
MAX_SHORT = 300  # characters of what is said at a time, and of reasons
MAX_RECORD_BYTES = 512 * 1024  # half of the brokers' usual limit of 1 MiB, so that headers and batching fit
MAX_TIME_MS = 4_102_444_800_000  # 2100-01-01

ID_PATTERN = r"^[^\x00-\x20/]+$"  # printable, no blanks, no slash: ids stand in keys that are separated by slashes

Id = Annotated[str, Field(min_length=1, max_length=128, pattern=ID_PATTERN)]
"""An id that somebody else chose: room, source, comment, viewer, session."""

PATTERN_END = "*"  # of a room's pattern in `identify` and in tokens
RESERVED_START = "#"  # rooms share the key space of `snapshots` with `#partition`


def room_objection(name: str) -> str | None:
    """Why no room can have this id as its name, as a sentence; None where one can. Every way in goes by this rule.

    Records on the log and in journals keep `Id`, so that what was taken once can always be read.
    """
    if name.endswith(PATTERN_END):
        return f"a name that ends with `{PATTERN_END}` is a pattern, which no room is called; name one room"
    if name.startswith(RESERVED_START):
        return f"no room's name begins with `{RESERVED_START}`; name it otherwise"
    return None


def checked_room(name: str) -> str:
    """The name, for models. Raises pydantic's error with the objection."""
    objection = room_objection(name)
    if objection is not None:
        raise PydanticCustomError("room_name", "{objection}", {"objection": objection})
    return name


Room = Annotated[Id, AfterValidator(checked_room)]
"""The name of one room, in a request."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
"""An id that editors chose: shop, product, intent, reply, fact, sentence."""

Hash = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[0-9a-f]+$")]
"""A content hash or a derived id, lower-case hexadecimal."""

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Short = Annotated[str, Field(max_length=MAX_SHORT)]
Millis = Annotated[int, Field(ge=0, le=MAX_TIME_MS)]
"""A moment: milliseconds since the Unix epoch, UTC."""

DurationMs = Annotated[int, Field(ge=0, le=86_400_000)]
Offset = Annotated[int, Field(ge=0)]
Language = Literal["zh", "en"]
"""A language that the engine can speak."""

TextLanguage = Literal["zh", "en", "mixed", "other"]
"""The language in which a comment is written."""

Channel = Literal["voice", "script", "chat"]


class Part(BaseModel):
    """Base of what stands inside records. Readers ignore fields they do not know: a newer writer may run beside an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Record(Part):
    """Base of every record. `v` is the schema's major version: a field may be added within it, no meaning changes."""

    topic: ClassVar[str]

    v: Literal[1] = 1

    def key(self) -> str:
        """The key under which the record stands on its topic."""
        raise NotImplementedError
