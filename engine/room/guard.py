"""The last look at a text before it may be spoken: banned terms, and prices that come from no fact."""

from __future__ import annotations

from collections.abc import Sequence

from engine.events.outputs import FactUse
from engine.pool import speech
from engine.pool.banned import Banned
from engine.pool.model import Guard as GuardLists


class Guard:
    """The guard lists of one pool, compiled."""

    __slots__ = ("_banned",)

    def __init__(self, lists: GuardLists) -> None:
        self._banned = Banned(lists.banned)

    def refuses(self, text: str, template: str, facts: Sequence[FactUse]) -> str | None:
        """What is wrong with the filled `text`; None where it may be said.

        A price is allowed only where a money fact put it: none may be typed in the template, nor hide in a fact's text.
        """
        if found := self._banned.found(text):
            return f"banned term {found[0]!r}"
        if prices := speech.typed_prices(template):
            return f"typed price {prices[0][1]!r}"
        for fact in facts:
            if not fact.price and (prices := speech.typed_prices(fact.text)):
                return f"typed price {prices[0][1]!r} in fact {fact.name}"
        return None
