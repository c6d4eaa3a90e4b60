"""Other ways to write a word, from the pack: homophones that dodge filters, pinyin initials, slang and slips; editors extend them.

A word that holds a spelling and is meant as it stands is a pair of equals (`面包油 = 面包油`): the longer one, or the one that begins
earlier, is read first, and what was read is never read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import re2

from engine.understanding.normalise import normal_form
from engine.understanding.plain import normal_forms
from engine.understanding.scanner import Scanner


def bounded(form: str) -> str:
    """Latin letters and digits are words of their own; Chinese signs may stand anywhere, so their spellings have to be certain."""
    before = r"\b" if form[0].isascii() and form[0].isalnum() else ""
    after = r"\b" if form[-1].isascii() and form[-1].isalnum() else ""
    return f"{before}{re2.escape(form)}{after}"


def _beside_letters(form: str, start: int, end: int) -> bool:
    """Whether what stands there is a part of what is written without a blank, like the `u` of u盘."""
    return (start > 0 and form[start - 1].isalpha()) or form[end : end + 1].isalpha()


class Spellings:
    """Replaces other spellings in normal forms; the longest first. What is meant is never replaced again."""

    def __init__(self, pairs: Iterable[tuple[str, str]], scanner: Scanner | None = None) -> None:
        """With a scanner, it tells of every form in which a spelling occurs, too."""
        self._meant = {normal_form(written): normal_form(meant) for written, meant in pairs}
        self._meant.pop("", None)
        ordered = sorted(self._meant, key=lambda form: (-len(form), form))
        expression = "|".join(map(bounded, ordered))
        self._pattern = re2.compile(expression) if ordered else None
        self._occurs = Scanner()  # asks much faster than the pattern whether there is anything to replace
        if ordered:
            self._occurs.add(expression)
            if scanner is not None:
                scanner.add(expression)

    def form(self, text: str) -> str:
        """The normal form of a text, in the pack's spelling."""
        return self.fix(normal_form(text))

    def forms(self, texts: Sequence[str]) -> list[str]:
        """`form` of each text; quicker for many."""
        forms = normal_forms(texts)
        places = list(self.occurring(forms))
        for at, form in zip(places, normal_forms([self._replaced(forms[at]) for at in places]), strict=True):
            forms[at] = form
        return forms

    def occurring(self, forms: Sequence[str]) -> Iterator[int]:
        """Places of the normal forms in which a spelling occurs, so that `fix` may change them."""
        return self._occurs.occurring(forms)

    def fix(self, form: str) -> str:
        """A normal form in the pack's spelling."""
        return normal_form(self._replaced(form)) if self._occurs.scan(form) else form

    def _replaced(self, form: str) -> str:
        """A form in which a spelling occurs."""

        def word(match: re.Match[str]) -> str:
            written = match.group()
            meant = self._meant[written]
            if written.isascii() and meant.isascii() and _beside_letters(form, match.start(), match.end()):
                return written  # English words stand among blanks; initials of Chinese words stand among Chinese signs
            return meant

        return form if self._pattern is None else self._pattern.sub(word, form)
