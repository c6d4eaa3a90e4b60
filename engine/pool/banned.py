"""Banned terms: found however they are spaced, cased, widened, broken up by signs, or written with characters that pass for others.

Text and terms are compared in a normal form, all terms at once (Aho-Corasick). Each term may have *contexts*, longer texts in which it
means something else (最 in 最近): where one of them covers it, nothing is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ahocorasick_rs import AhoCorasick

from engine.pool.folding import fold_character
from engine.pool.model import Guard, ListedTerm

OWN: Final = ""  # the list of a shop's own terms


@lru_cache(maxsize=1 << 17)  # more than a pack has lines: each read of a shop compares them all
def squeezed(text: str) -> str:
    """The form in which lines are compared: NFKC, case-folded, without blanks and invisible characters."""
    form = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    if not form.isprintable():
        form = "".join(c for c in form if unicodedata.category(c) != "Cf")
    return text if form == text else form


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that a text holds. `at`: its first character in the text, from 0."""

    term: str
    list: str
    """Id of the shipped list that bars it; empty: the shop itself."""
    at: int


@dataclass(frozen=True, slots=True)
class _Form:
    """A text in a normal form. `places`: which character of the text each one comes from; `breaks`: whether a sign stands before it."""

    text: str
    places: Sequence[int]
    breaks: Sequence[bool]

    def word_begins(self, at: int) -> bool:
        """Whether no Latin word goes on from before `at` into it. Scripts without blanks have no words."""
        if at in (0, len(self.text)) or self.breaks[at]:
            return True
        return not (_is_latin(self.text[at - 1]) and _is_latin(self.text[at]))


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


class _Signs(dict[str, tuple[str, bool]]):
    """Character → (its folded letters and digits, else itself in its compatibility form; whether it is a sign). Filled as they are seen."""

    def __missing__(self, char: str) -> tuple[str, bool]:
        folded = fold_character(char)
        kept = "".join(part for part in folded if part.isalnum()).replace("o", "0")  # n0.1 reads as no.1
        sign = bool(folded) and not kept
        self[char] = found = ("".join(unicodedata.normalize("NFKC", char).casefold().split()) if sign else kept, sign)
        return found


_CHARACTERS: Final = _Signs()


class _Table(dict[int, str]):
    """What a normal form keeps of each character, for `str.translate`: a text without any term needs no more."""

    def __init__(self, *, signed: bool) -> None:
        super().__init__()
        self._signed = signed

    def __missing__(self, code: int) -> str:
        kept, sign = _CHARACTERS[chr(code)]
        self[code] = found = "" if sign and not self._signed else kept
        return found


_TABLES: Final = (_Table(signed=False), _Table(signed=True))


def _form(text: str, *, signed: bool) -> _Form:
    """`signed`: its signs stay, as in `100%`; else only letters and digits do."""
    kept: list[str] = []
    places: list[int] = []
    breaks: list[bool] = []
    broken = False
    for place, char in enumerate(text):
        folded, sign = _CHARACTERS[char]
        broken = broken or sign
        if sign and not signed:
            continue
        for part in folded:
            kept.append(part)
            places.append(place)
            breaks.append(broken)
            broken = sign
    return _Form("".join(kept), places, breaks)


class _Finder:
    """Terms of one form, and the contexts in which they are allowed, as one automaton."""

    def __init__(
        self, terms: Mapping[str, tuple[str, str]], contexts: Mapping[str, Iterable[str]], *, signed: bool
    ) -> None:
        """`terms`: needle → (term, list). `contexts`: needle → forms that excuse it."""
        self._signed = signed
        self._terms = list(terms.items())
        excuses = [(needle, form) for needle, forms in contexts.items() if needle in terms for form in forms]
        self._excuses = excuses
        self._automaton = AhoCorasick([*terms, *(form for _, form in excuses)]) if terms else None

    def hits(self, text: str) -> list[Hit]:
        if self._automaton is None:
            return []
        found = self._automaton.find_matches_as_indexes(text.translate(_TABLES[self._signed]), overlapping=True)
        if not found:
            return []
        form = _form(text, signed=self._signed)
        excused: dict[str, list[tuple[int, int]]] = {}
        for number, begin, end in found:
            if number >= len(self._terms):
                excused.setdefault(self._excuses[number - len(self._terms)][0], []).append((begin, end))
        hits = []
        for number, begin, end in found:
            if number >= len(self._terms):
                continue
            needle, (term, group) = self._terms[number]
            if any(left <= begin and end <= right for left, right in excused.get(needle, ())):
                continue
            if form.word_begins(begin) and form.word_begins(end):
                hits.append(Hit(term, group, form.places[begin]))
        return hits


class Banned:
    """Lists of terms to be looked for, compiled.

    A term without signs is found through signs too ("最·好"); one that has some ("100%") only with them, since without them
    it would be another word. A Latin term is found as a whole word ("best" is not in "bestow"), its letters spaced or not.
    """

    __slots__ = ("_bare", "_signed")

    def __init__(self, terms: Iterable[str], listed: Iterable[ListedTerm] = ()) -> None:
        needles: tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]] = ({}, {})
        contexts: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
        for one in (*(ListedTerm(term, OWN) for term in terms), *listed):
            written = _form(one.term, signed=True).text
            signed = bool(_SIGN.search(written))
            if not written:
                continue
            needles[signed].setdefault(written, (one.term, one.list))
            forms = (_form(text, signed=signed).text for text in one.allow)
            contexts[signed].setdefault(written, []).extend(form for form in forms if form)
        self._bare = _Finder(needles[False], contexts[False], signed=False)
        self._signed = _Finder(needles[True], contexts[True], signed=True)

    @classmethod
    def of(cls, guard: Guard) -> Banned:
        """All that a pool bars."""
        return cls(guard.banned, guard.listed)

    def hits(self, text: str) -> list[Hit]:
        """Every place of a term in `text`, in order; the longer term first."""
        return sorted((*self._bare.hits(text), *self._signed.hits(text)), key=lambda hit: (hit.at, -len(hit.term)))

    def found(self, text: str) -> list[str]:
        """The terms that `text` holds, as they are listed; the longest first."""
        return sorted({hit.term for hit in self.hits(text)}, key=lambda term: (-len(term), term))


_SIGN: Final = re.compile(r"[\W_]")


def covers(context: str, term: str) -> bool:
    """Whether the term stands in the context beside something else, so that the context can excuse it."""
    signed = bool(_SIGN.search(_form(term, signed=True).text))
    whole, part = _form(context, signed=signed).text, _form(term, signed=signed).text
    return part in whole and whole != part
