"""The last look at a text before it may be spoken: banned terms, and prices that come from no fact."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from engine.events.outputs import FactUse
from engine.pool import speech
from engine.pool.model import Guard as GuardLists

_GAPS = re.compile(r"[\s\W_]+")


def squeeze(text: str) -> str:
    """Casefolded NFKC without blanks and signs, so that spacing does not hide a term."""
    return _GAPS.sub("", unicodedata.normalize("NFKC", text).casefold())


class Guard:
    """The guard lists of one pool, compiled."""

    __slots__ = ("_banned",)

    def __init__(self, lists: GuardLists) -> None:
        terms = sorted({squeeze(term) for term in lists.banned} - {""}, key=lambda term: (-len(term), term))
        self._banned = re.compile("|".join(map(re.escape, terms))) if terms else None

    def refuses(self, text: str, template: str, facts: Sequence[FactUse]) -> str | None:
        """What is wrong with the filled `text`; None where it may be said.

        A price is allowed only where a money fact put it: none may be typed in the template, nor hide in a fact's text.
        """
        if self._banned is not None and (found := self._banned.search(squeeze(text))):
            return f"banned term {found[0]!r}"
        if prices := speech.typed_prices(template):
            return f"typed price {prices[0][1]!r}"
        for fact in facts:
            if not fact.price and (prices := speech.typed_prices(fact.text)):
                return f"typed price {prices[0][1]!r} in fact {fact.name}"
        return None
