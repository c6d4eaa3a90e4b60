"""What was really posted into a platform's chat: the audit's truth beside what was said."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from engine.events.fields import Hash, Id, Language, Millis, Name, Record, Short
from engine.events.outputs import FactUse


class Posted(Record):
    """A chat reply that the platform's connector reported as posted. Append-only, kept for years."""

    topic: ClassVar[str] = "aired"

    type: Literal["posted"] = "posted"
    id: Hash
    room: Id
    shop: Name
    source: Id = Field(description="The platform.")
    chat_reply: Hash
    reply: Name
    intent: Name
    product: Name | None = None
    language: Language
    text: Short
    facts: tuple[FactUse, ...] = ()
    pool: Hash
    posted: Millis = Field(description="When the report of it was handled.")
    withdrawn: Short = Field(default="", description="Why it had been withdrawn, where that came too late.")
    late_report: bool = Field(default=False, description="Told after the room had counted it as unknown.")
    viewers: int = Field(ge=0, description="Viewers whom it answered.")
    proposal: Hash | None = Field(default=None, description="The proposal that a person approved.")
    approved_by: Short = Field(default="", description="Who approved it: a token's name, a person.")
    comments: int = Field(default=0, ge=0, description="Comments that it answered, in all.")
    decisions: tuple[Hash, ...] = Field(default=(), max_length=50, description="Ids of their decisions, the first 50.")

    def key(self) -> str:
        return self.room
