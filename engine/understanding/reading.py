"""What can be read off a text without judging it: normal form, script, personal data, named products, rules that fire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.events.fields import MAX_TEXT
from engine.pool.model import Pool
from engine.understanding.language import Script, script_of
from engine.understanding.normalise import normal_form
from engine.understanding.privacy import mask
from engine.understanding.products import NOTHING, Named, Names
from engine.understanding.rules import Rules


@dataclass(slots=True)
class Reading:
    """One text as read. The normal form is that of the masked text: no key ever holds personal data."""

    form: str
    masked: str | None
    script: Script
    named: Named = NOTHING
    fired: tuple[tuple[str, str], ...] = ()


def read_plain(text: str) -> Reading:
    """The part that needs no pool."""
    text = text[:MAX_TEXT]
    masked = mask(text)
    return Reading(normal_form(text if masked is None else masked), masked, script_of(text))


class Reader:
    """Texts → readings, for one pool."""

    def __init__(self, pool: Pool) -> None:
        self.rules = Rules(pool.intents.values())
        self.names = Names(pool.products.values(), pool.not_sold)

    def complete(self, reading: Reading) -> None:
        """Adds what the pool knows of it: names and rules."""
        if reading.form:
            reading.named = self.names.find(reading.form)
            reading.fired = self.rules.fired(reading.form)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        readings = [read_plain(text) for text in texts]
        for reading in readings:
            self.complete(reading)
        return readings
