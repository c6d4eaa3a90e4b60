"""The last look at a text before it may be spoken: banned terms, and prices that come from no fact."""

from __future__ import annotations

from engine.pool import speech
from engine.pool.banned import Banned
from engine.pool.model import Guard as GuardLists


class Guard:
    """The guard lists of one pool, compiled."""

    __slots__ = ("banned",)

    def __init__(self, lists: GuardLists) -> None:
        self.banned = Banned.of(lists)

    def refuses(self, text: str, template: str) -> str | None:
        """What is wrong with the filled `text`; None where it may be said.

        A price is allowed only where a money fact put it: none may be typed in the template. What a fact itself may say is
        looked at where it is read (`engine.pool.facts`).
        """
        if found := self.banned.found(text):
            return f"banned term {found[0]!r}"
        if prices := speech.typed_prices(template):
            return f"typed price {prices[0][1]!r}"
        return None
