"""Banned terms: found however they are spaced, cased or widened."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=16_384)
def squeezed(text: str) -> str:
    """The form in which terms are compared: NFKC, case-folded, without blanks and invisible characters."""
    form = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in form if not c.isspace() and unicodedata.category(c) != "Cf")


def banned_terms(text: str, banned: Iterable[str]) -> list[str]:
    """The banned terms that `text` holds, as they are listed."""
    form = squeezed(text)
    return [term for term in banned if (needle := squeezed(term)) and needle in form]
