"""Banned terms: found however they are spaced, cased, widened or broken up by signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_SIGNS = re.compile(r"[\W_]+")


@lru_cache(maxsize=16_384)
def squeezed(text: str) -> str:
    """The form in which lines are compared: NFKC, case-folded, without blanks and invisible characters."""
    form = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in form if not c.isspace() and unicodedata.category(c) != "Cf")


class Banned:
    """A list of terms to be looked for, compiled.

    A term without signs is found through signs too ("最·好"); one that has some ("100%") only as it is written, since without them
    it would be another word.
    """

    __slots__ = ("_bare", "_signed")

    def __init__(self, terms: Iterable[str]) -> None:
        needles = {needle: term for term in terms if (needle := squeezed(term))}
        self._bare = {needle: term for needle, term in needles.items() if not _SIGNS.search(needle)}
        self._signed = {needle: term for needle, term in needles.items() if needle not in self._bare}

    def found(self, text: str) -> list[str]:
        """The terms that `text` holds, as they are listed; the longest first."""
        form = squeezed(text)
        bare = _SIGNS.sub("", form)
        terms = [term for needle, term in self._bare.items() if needle in bare]
        terms += [term for needle, term in self._signed.items() if needle in form]
        return sorted(terms, key=lambda term: (-len(term), term))
