"""A line without the words of courtesy beside its question: greetings, thanks, who is spoken to.

`主播 请问 这个多少钱 谢谢` asks what `这个多少钱` asks; but the more stands around a question, the less of the line speaks for it. Words of
courtesy come from the pool. Where one is a part of another word (`姐姐装`), or what is asked about (`主播多高`), the judge finds out, who
asks the whole line, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import re2

from engine.pool.model import Courtesies
from engine.understanding.scanner import Scanner
from engine.understanding.spellings import Spellings

LEAST: Final = 2  # letters, digits or signs that a question has at least

Words = Mapping[str, list[str]]
"""Words by a sign at one end of them, the longest first."""


class Trimmer:
    """Takes words of courtesy off both ends of normal forms."""

    def __init__(self, courtesies: Courtesies, scanner: Scanner, spellings: Spellings) -> None:
        before, behind, self._addresses = (
            frozenset(filter(None, spellings.forms(part)))
            for part in (courtesies.before, courtesies.behind, courtesies.addresses)
        )
        before, behind = before | self._addresses, behind | self._addresses
        self._before, self._behind = _by_sign(before, 0), _by_sign(behind, -1)
        ends = [*map(_opening, sorted(before)), *map(_closing, sorted(behind))]
        self._number = scanner.add("|".join(ends)) if ends else -1

    def occurs(self, found: Collection[int]) -> bool:
        """Whether there may be something to take off, given the numbers of the expressions that occur in a form."""
        return self._number in found

    def trim(self, form: str, *, addresses: bool) -> str:
        """What is left of a form, a question at least. With `addresses`, whoever is spoken to is taken off, too."""
        rest = asked = form.rstrip("? ")
        while (word := self._first(rest, addresses)) and _asks(left := rest[len(word) :]):
            rest = left.lstrip("? ")
        while (word := self._last(rest, addresses)) and _asks(left := rest[: -len(word)]):
            rest = left.rstrip("? ")
        if rest == asked:
            return form
        return rest + "?" if "?" in form[form.rindex(rest) + len(rest) :] else rest

    def _first(self, form: str, addresses: bool) -> str:
        """The longest word that stands before a question here; empty where none does."""
        for word in self._before.get(form[:1], ()):
            if form.startswith(word) and self._counts(word, form[len(word) : len(word) + 1], addresses):
                return word
        return ""

    def _last(self, form: str, addresses: bool) -> str:
        """The longest word that stands behind a question here; empty where none does."""
        for word in self._behind.get(form[-1:], ()):
            if form.endswith(word) and self._counts(word, form[: -len(word)][-1:], addresses):
                return word
        return ""

    def _counts(self, word: str, beside: str, addresses: bool) -> bool:
        """Latin words have edges. Chinese ones may touch the question; but a single sign, unless somebody is spoken to with it, is part of
        many words (急诊, 啊哈)."""
        if word in self._addresses:
            if not addresses:
                return False
        elif len(word) == 1:
            return beside == " "
        return not (word.isascii() and beside.isascii() and beside.isalnum())


def _by_sign(words: Iterable[str], end: int) -> Words:
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words, key=len, reverse=True):
        found[word[end]].append(word)
    return dict(found)


def _asks(form: str) -> bool:
    return sum(map(str.isalnum, form)) >= LEAST


def _opening(word: str) -> str:
    return f"^{re2.escape(word)}" + (r"\b" if word[-1].isascii() else "")


def _closing(word: str) -> str:
    return (r"\b" if word[0].isascii() else "") + f"{re2.escape(word)}$"
