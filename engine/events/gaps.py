"""The board of gaps: what nobody wrote a usable reply for."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.events.fields import DurationMs, Hash, Id, Millis, Name, Part, Record, Short, Text, TextLanguage
from engine.events.outputs import Reason


class GapActivity(Part):
    """Distinct viewers of a gap by when each was last seen, in equal steps of time."""

    start: Millis = 0
    step_ms: DurationMs = Field(default=300_000, ge=1)
    viewers: tuple[int, ...] = Field(default=(), max_length=16, description="The first figure is of `start` on.")


class Gap(Record):
    """Comments nobody wrote a usable reply for, clustered by what one edit would close."""

    topic: ClassVar[str] = "gaps"

    type: Literal["gap"] = "gap"
    id: Hash
    shop: Name
    reason: Reason = Field(description="Of most of its comments; only what was not understood may have several.")
    reasons: dict[Reason, int] = Field(default={}, description="Comments by reason.")
    intent: Name | None = Field(default=None, description="Asked for, or what most of its comments were taken for.")
    product: Name | None = None
    norm: Short | None = Field(
        default=None, description="The commonest normal form, where comments were not understood."
    )
    wanted: Short | None = None
    language_missing: bool = False
    viewers: int = Field(ge=0, description="Distinct viewers, exact up to 300.")
    comments: int = Field(ge=0)
    first_seen: Millis
    last_seen: Millis
    activity: GapActivity = GapActivity()
    value: float = Field(
        default=1.0, ge=0, description="What a viewer is worth: priority ÷ 50, more while its product is on screen."
    )
    rooms: tuple[Id, ...] = Field(default=(), max_length=20)
    products: tuple[Name, ...] = Field(default=(), max_length=20, description="That its comments were about.")
    languages: dict[TextLanguage, int] = Field(default={}, description="Comments by language.")
    lines: tuple[Short, ...] = Field(default=(), max_length=8, description="Typical lines, personal data masked.")
    remedy: Text = Field(default="", description="What would close it, in one sentence.")
    stub: Annotated[str, Field(max_length=4_000)] = Field(default="", description="The YAML edit that would close it.")
    mark: Literal["not_ours", "later", "closed"] | None = Field(
        default=None, description="An editor's. Marked gaps stay here, `closed` and `not_ours` ones are on no board."
    )
    reopened: Millis | None = Field(
        default=None, description="When it was closed, where it was asked again after that."
    )

    def key(self) -> str:
        return f"{self.shop}/{self.id}"
