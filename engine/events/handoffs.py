"""Questions that are passed to people, and what became of them."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from engine.events.fields import Hash, Id, Millis, Name, Record, Short, Text
from engine.events.outputs import CommentRef

Cause = Literal["owner", "repeated", "stakes"]
"""owner: the intent belongs to people. repeated: one viewer asked so often without an answer. stakes: much depends on the answer, and
the confidence is not enough for that."""


class Handoff(Record):
    """A question passed to people. Whoever asks the same joins it while it is open, and each change is told by a record of the same id."""

    topic: ClassVar[str] = "handoffs"

    type: Literal["handoff"] = "handoff"
    id: Hash
    room: Id
    shop: Name
    intent: Name | None = Field(default=None, description="None: nobody knows what is meant; `text` says it.")
    product: Name | None = None
    comments: tuple[CommentRef, ...] = Field(min_length=1, max_length=50, description="The first that asked.")
    asked: int = Field(default=1, ge=1, description="Comments that asked in all.")
    text: Text = Field(description="The first comment, personal data masked.")
    cause: Cause = "owner"
    created: Millis
    answer_by: Millis = Field(description="Until then somebody who asked can be helped; afterwards it is `expired`.")
    state: Literal["open", "answered", "dismissed", "expired"] = "open"
    closed: Millis | None = None
    by: Short = Field(default="", description="Who closed it: a token's name, a person.")

    def key(self) -> str:
        return self.room
