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

    def key(self) -> str:
        return self.room
