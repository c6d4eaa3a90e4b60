"""A line without what stands beside its question: words that announce one, and asides (whom it is said to, thanks, particles).

`主播 请问 这个多少钱 谢谢` asks what `这个多少钱` asks; but the more stands around a question, the less of the line speaks for it. The
words come from the pool. Where an aside is a part of another word (`姐姐装`), or what is asked about (`主播多高`), the judge finds out,
who asks the whole line, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from engine.pool.model import Courtesies
from engine.understanding.spellings import Spellings

_HEAD, _TAIL = slice(0, 2), slice(-2, None)
LEAST: Final = 2  # letters, digits or signs that a question has at least
_DANGLING: Final = (
    " the", " a", " an", " my", " your", " our", " this", " that", " for", " to", " is", " are", " of", " with", " by", " from", " in",
    " on", " at", " and", " or",
)  # fmt: skip
"""With one of these at its end the word behind it was no aside: how much for the host."""

Words = Mapping[str, list[tuple[str, bool, bool]]]
"""Words by the two signs at one end of them, or by their only sign, the longest first; whether a blank has to stand between them and the
question; and whether they are asides. One may be both: 谢谢 is an aside, and behind a blank it announces nothing else."""


class Trimmer:
    """Takes words of courtesy off both ends of normal forms."""

    def __init__(self, courtesies: Courtesies, spellings: Spellings) -> None:
        before, behind, asides = (
            dict(zip(spellings.forms(part), part, strict=True))
            for part in (courtesies.before, courtesies.behind, courtesies.asides)
        )
        self._before, self._behind = _by_signs(before, asides, _HEAD), _by_signs(behind, asides, _TAIL)
        self._heads = _by_sign(asides | before, 0)
        self._tails = _by_sign((*(asides | behind), "?"), -1)

    def occurring(self, forms: Sequence[str]) -> list[int]:
        """Places of the normal forms that begin or end with something to take off, or with a question mark: most do not."""
        heads, tails = self._heads.get, self._tails.get
        return [
            at
            for at, form in enumerate(forms)
            if form.startswith(heads(form[:1], ())) or form.endswith(tails(form[-1:], ()))
        ]

    def trim(self, form: str) -> tuple[str, str]:
        """What is left of a form, a question at least; and what is left without asides, too."""
        words = form.rstrip("? ")
        if not self._first(words, True) and not self._last(words, True):
            return form, form
        bare = self._without(form, asides=False)
        return bare, self._without(bare, asides=True)

    def _without(self, form: str, *, asides: bool) -> str:
        start, end = 0, len(form.rstrip("? "))
        whole = end
        while (word := self._first(form[start:end], asides)) and _asks(form[start + len(word) : end]):
            start += len(word)
            while form[start] in "? ":
                start += 1
        while (word := self._last(form[start:end], asides)) and _asks(form[start : end - len(word)]):
            end -= len(word)
            while form[end - 1] in "? ":
                end -= 1
        if (start, end) == (0, whole):
            return form
        return form[start:end] + ("?" if "?" in form[end:] else "")

    def _first(self, form: str, asides: bool) -> str:
        """The longest word that stands before a question here; empty where none does."""
        for signs in (form[:2], form[:1]):
            for word, apart, aside in self._before.get(signs, ()):
                if (
                    (asides or not aside)
                    and form.startswith(word)
                    and _counts(word, apart, form[len(word) : len(word) + 1])
                ):
                    return word
        return ""

    def _last(self, form: str, asides: bool) -> str:
        """The longest word that stands behind a question here; empty where none does."""
        for signs in (form[-2:], form[-1:]):
            for word, apart, aside in self._behind.get(signs, ()):
                if (asides or not aside) and form.endswith(word) and _counts(word, apart, form[: -len(word)][-1:]):
                    return word
        return ""


def _counts(word: str, apart: bool, beside: str) -> bool:
    """Latin words have edges; Chinese ones may touch the question, if they need no blank."""
    if word.isascii():
        return not (beside.isascii() and beside.isalnum())
    return beside == " " or not apart


def _by_signs(words: Mapping[str, str], asides: Mapping[str, str], end: slice) -> Words:
    """`words` and `asides`: normal forms, and how they are written."""
    found: dict[str, list[tuple[str, bool, bool]]] = defaultdict(list)
    told = [(form, text[-1 if end is _HEAD else 0] == " ", False) for form, text in words.items() if form]
    for word in sorted((*told, *((form, False, True) for form in asides if form)), key=lambda word: -len(word[0])):
        found[word[0][end]].append(word)
    return dict(found)


def _by_sign(words: Iterable[str], end: int) -> Mapping[str, tuple[str, ...]]:
    """Words by their sign at one end."""
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for word in filter(None, words):
        found[word[end]] += (word,)
    return dict(found)


def _asks(form: str) -> bool:
    """Whether enough is left for a question, and none of it hangs in the air."""
    return has_least(form) and not form.rstrip("? ").endswith(_DANGLING)


def has_least(form: str) -> bool:
    """Whether it has as many letters and digits as a question has at least."""
    start = form[:LEAST]
    return (len(start) == LEAST and start.isalnum()) or sum(map(str.isalnum, form)) >= LEAST
