"""A line without the names of goods: what is asked stays, which product it is about does not.

A model is shared by all shops, and the products of none stand in its training lines: `孕妇能喝龙井吗` is read like `孕妇能喝吗`, and
`大红袍卖多少` like `这个卖多少`. Numbers of links stay, since the training lines have them too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Span = tuple[int, int]

TOKEN, TOKEN_EN = "这个", "it"

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z]")
_BEFORE = re.compile(r"(?:[这那](?:个|款|种|些)?|\b(?:the|this|that|these|those|your|ur|some) )\Z")
_AFTER = re.compile(r"这个|这款|那个|那款")
_BETWEEN = re.compile(r" ?(?:[的和跟与配]|\b(?:and|or|with)\b)? ?")


def neutral_forms(form: str, names: Sequence[Span]) -> tuple[str, ...]:
    """`form` with a pronoun for every name, and with nothing there; the second only where words are left."""
    spans = _widened(form, _joined(form, names))
    rest = _with(form, spans, "")
    english = _LATIN.search(rest) is not None and _HAN.search(rest) is None
    pointed = _with(form, spans, TOKEN_EN if english else TOKEN)
    return (pointed, rest) if any(map(str.isalnum, rest)) else (pointed,)


def _joined(form: str, names: Sequence[Span]) -> list[Span]:
    """One span for names side by side: `龙井和白茶` is one thing that is asked about."""
    joined: list[Span] = []
    for start, end in names:
        if joined and _BETWEEN.fullmatch(form, joined[-1][1], start):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _widened(form: str, spans: Sequence[Span]) -> list[Span]:
    """With the words that point beside a name: `这款龙井`, `the green tea`."""
    wide: list[Span] = []
    for start, end in spans:
        before = _BEFORE.search(form, wide[-1][1] if wide else 0, start)
        after = _AFTER.match(form, end)
        wide.append((before.start() if before else start, after.end() if after else end))
    return wide


def _with(form: str, spans: Sequence[Span], token: str) -> str:
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += (form[at:start], token)
        at = end
    return " ".join("".join((*parts, form[at:])).split()).replace(" ?", "?")
