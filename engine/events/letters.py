"""Input that could not be read, set aside."""

from __future__ import annotations

import re
from typing import ClassVar, Final, Literal

from pydantic import Field

from engine.events.fields import Hash, Millis, Offset, Record, Short, Text

_VIEWER: Final = re.compile(rb'("viewer"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^,}\s]+)')


def cover_viewer(value: bytes) -> bytes:
    """A record that could not be read, with what stands for its viewer's id covered."""
    return _VIEWER.sub(rb'\1"***"', value)


class DeadLetter(Record):
    """Malformed input, with its error and where it came from."""

    topic: ClassVar[str] = "dead-letters"

    type: Literal["dead_letter"] = "dead_letter"
    id: Hash
    origin_topic: Short
    origin_partition: int = Field(ge=0)
    origin_offset: Offset
    origin_key: Short | None = None
    error: Text
    value: str = Field(max_length=8_192, description="First bytes of the record, the viewer's id covered, base64.")
    size: int = Field(ge=0)
    at: Millis

    def key(self) -> str:
        return f"{self.origin_topic}/{self.origin_partition}"
