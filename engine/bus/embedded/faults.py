"""The seam through which tests and the simulation let the log fail."""

from __future__ import annotations

from typing import Literal, Protocol

Point = Literal["before_commit", "after_commit"]
"""Where the writer asks: all is written but the transaction is open; the transaction is on the disk but nobody knows it."""

Fault = Literal["abort", "lose_answer", "crash"]
"""abort: the transaction is rolled back, and the callers are told so (only before the commit; later it is a lost answer).
lose_answer: the callers learn that nothing is known. crash: the bus is dead, as if its process had been killed."""


class Faults(Protocol):
    """Decides what goes wrong. Called in the writer's thread, once a point and transaction."""

    def at(self, point: Point) -> Fault | None:
        """What goes wrong here; None: nothing."""
        ...
