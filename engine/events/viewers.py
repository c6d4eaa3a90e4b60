"""The keys that viewer ids are hashed with: one a period, each destroyed in the end."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from engine.events.fields import Hash, Millis, Record, Short

Half = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""256 random bits, lower-case hexadecimal."""


class ViewerKey(Record):
    """The log's half of a key; the other half is the secret of the settings, which never stands on the log.

    Destroyed by a record of the same id without its half, which compaction leaves in its place.
    """

    topic: ClassVar[str] = "viewer-keys"

    type: Literal["viewer_key"] = "viewer_key"
    id: Hash
    number: int = Field(ge=1, description="Counts the keys. Of several with one number the first on the log counts.")
    start: Millis = Field(description="Ids of comments that are logged from then on are hashed with it.")
    check: Hash = Field(description="Tells whether a process has the secret that it was made for.")
    half: Half | None = Field(default=None, description="None: destroyed.")
    made: Millis
    destroyed: Millis | None = None
    by: Short = Field(default="", description="Who made it, or destroyed it: a role, a command.")

    @model_validator(mode="after")
    def _one_or_other(self) -> ViewerKey:
        if (self.half is None) != (self.destroyed is not None):
            raise ValueError("a key has its half, or the time at which it was destroyed")
        return self

    def key(self) -> str:
        return self.id
