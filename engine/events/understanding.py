"""What was understood of one text: the result of the pipeline, journalled beside the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.events.fields import TextLanguage

Outcome = Literal["accepted", "ambiguous", "low_confidence", "unknown", "chatter", "abuse", "unsupported_language"]


@dataclass(slots=True)
class Understanding:
    """What one text means to one pool and model.

    A plain dataclass rather than a pydantic model, since one is built per distinct text at up to tens of thousands a second;
    pydantic validates it wherever it is read from bytes.
    """

    outcome: Outcome
    key: str
    """Normal form; equal for repeats of the same text; long digit runs are masked. At most 200 characters."""
    language: TextLanguage = "other"
    intent: str | None = None
    """Best intent, also where it was not accepted (then it only explains)."""
    confidence: float = 0.0
    """Calibrated probability that `intent` is right, rounded to 4 decimals."""
    runner_up: str | None = None
    margin: float = 0.0
    """Confidence of the best minus that of the runner-up, rounded to 4 decimals."""
    solo_ok: bool = True
    """Whether the confidence is enough for a demand of a single viewer."""
    product: str | None = None
    """Product that the text names, by alias or link number."""
    not_sold: str | None = None
    """Name of a good that the text names and the shop does not sell."""
    masked: str | None = None
    """The text with personal data masked; None where nothing had to be masked."""
    stranger: bool = False
    """The text names a link that no product has: whatever is meant, it is not what is on screen."""
