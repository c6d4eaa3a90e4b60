"""Parts of messages: facts as players are told them, receipts and verdicts as sources are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.events.fields import Id, Millis, Name, Part, Short
from engine.events.inputs import FactValue, LocalText


class Fact(Part):
    """A fact's value. Live facts go before the catalogue's where both hold at a moment (`start` ≤ moment < `until`)."""

    product: Name | Literal["*"]
    name: Name
    value: FactValue | None = Field(default=None, description="None: withdrawn.")
    currency: Short | None = None
    unit: Short | None = Field(default=None, description="What it counts or is, where that is no money.")
    said: LocalText | None = Field(
        default=None, description="As it is voiced, by language. None where it is withdrawn."
    )
    written: LocalText | None = Field(default=None, description="As it is read, by language.")
    version: Short
    live: bool = False
    start: Millis | None = None
    until: Millis | None = None


class ProcessedLine(Part):
    """Verdict: a final reason, the blocker of a waiting comment, or `duplicate`."""

    source: Id
    comment: Id
    verdict: Short
    final: bool


class Receipt(Part):
    """What became of one comment of a batch, in the batch's order; `comment` is its id where it has one."""

    comment: Short | None = None
    error: Short | None = Field(default=None, description="Why it was refused; None: it is on the bus.")
