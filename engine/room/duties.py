"""What a room has to say by itself: that its host is no person, and what a price really is that it began to say wrong. State only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PRICES_CAP: Final = 16  # of one reply, of which one is enough to set it right


@dataclass(slots=True)
class WrongPrice:
    """A reply that was stopped, or should have been, while it said a price. Once that changed, it is set right."""

    product: str
    prices: tuple[tuple[str, str, str], ...]
    """Product, name and version of each."""
    until: int
    """Later nobody remembers what was said."""


@dataclass(slots=True)
class Duties:
    """Times in ms. `since`: the end of the last disclosure, or when the host began without one."""

    since: int = 0
    due: int = 0
    """From then on it goes before all that can wait."""
    first: bool = True
    """It was not said since the host began."""
    overdue: bool = False
    """An alert told that it is."""
    wrong: WrongPrice | None = None
    ended: int = 0
    """When the last notice ended: the pause after it holds, whatever becomes of the reply that follows."""
