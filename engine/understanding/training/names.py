"""What the names of intents say of them: `calendar_remove` has to do with other calendars, and with what else is removed.

A word that some, not all, of the intents share in their names is learnt as one thing, from the lines of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_BETWEEN = re.compile(r"[\W_]+")


def words(name: str) -> list[str]:
    """The words of an intent's name."""
    return [word for word in _BETWEEN.split(name) if word]


def kin(names: Sequence[str]) -> list[list[int]]:
    """The places of the names that share a word, for each such word, but for words of all names; no list stands there twice."""
    bearers: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        for word in dict.fromkeys(words(name)):
            bearers.setdefault(word, []).append(at)
    shared = dict.fromkeys(tuple(places) for places in bearers.values())
    return [list(places) for places in shared if 1 < len(places) < len(names)]
