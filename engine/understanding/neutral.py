"""A line without the names of goods: what is asked stays, which product it is about does not.

A model is shared by all shops, and the products of none stand in its training lines: `孕妇能喝龙井吗` is read like `孕妇能喝吗`, and
`大红袍卖多少` like `这个卖多少`. Two of them side by side stay two: `龙井和白茶哪个好` is read like `这个和那个哪个好` and compares,
while `哪个好` asks for advice. Numbers of links stay, since the training lines have them too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.understanding.spans import Span

TOKEN, TOKEN_EN = "这个", "it"
BOTH, BOTH_EN = "这个和那个", "these"

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z]")
_BEFORE = re.compile(
    r"(?:(?:刚才|刚刚|前面|上面)的?)?(?:[这那](?:[个款种些件条双把只台瓶盒包套张顶口支])?)\Z|(?:刚才|刚刚|前面|上面)的?\Z"
    r"|\b(?:the|this|that|these|those|your|ur|some) \Z"
)
_AFTER = re.compile(r"这个|这款|那个|那款")
_SEVERAL_TIMES = re.compile(r"(?P<once>.{2,}?)(?: ?(?P=once)){2,}|(?P<word>.{3,}?) ?(?P=word)")
_BLANK = re.compile(r" (?=[\u3400-\u9fff])")
_BETWEEN = re.compile(r" ?(?:[的和跟与配]|\b(?:and|or|with)\b)? ?")


def neutral_forms(form: str, names: Sequence[Span]) -> tuple[str, ...]:
    """`form` with a pronoun for every name, and with nothing there; the second only where words are left.

    Where names stand side by side, the first has a pronoun for two, and the second one for a single thing: with nothing there, a
    question which of them is better would be one for advice.
    """
    joined, several = _joined(form, names)
    spans = _widened(form, joined)
    rest = without(form, spans)
    english = _LATIN.search(rest) is not None and _HAN.search(rest) is None
    one, both = (TOKEN_EN, BOTH_EN) if english else (TOKEN, BOTH)
    if any(several):  # `龙井 白茶 哪个好`: the blank behind a list is no other than those in it
        spans = [
            (start, end + (two and _BLANK.match(form, end) is not None))
            for (start, end), two in zip(spans, several, strict=True)
        ]
    pointed = _with(form, spans, [both if two else one for two in several])
    if any(several):
        return pointed, _with(form, spans, [one] * len(spans))
    return (pointed, rest) if any(map(str.isalnum, rest)) else (pointed,)


def without(form: str, spans: Sequence[Span]) -> str:
    """`form` with nothing in the place of some spans."""
    return _with(form, spans, [""] * len(spans))


def said_once(form: str) -> str:
    """`多少钱多少钱多少钱` as one question. What Chinese says twice to soften it (`便宜便宜`) stays."""
    if form.find(form[:2], 2) < 0:  # so nearly always
        return form
    whole = form.rstrip("? ")
    repeated = _SEVERAL_TIMES.fullmatch(whole)
    return (
        form
        if repeated is None
        else (repeated["once"] or repeated["word"]) + ("?" if "?" in form[len(whole) :] else "")
    )


def _joined(form: str, names: Sequence[Span]) -> tuple[list[Span], list[bool]]:
    """One span for names side by side, and whether it holds more than one: `龙井和白茶` is what is asked about."""
    joined: list[Span] = []
    several: list[bool] = []
    for start, end in names:
        if joined and _BETWEEN.fullmatch(form, joined[-1][1], start):
            joined[-1] = (joined[-1][0], end)
            several[-1] = True
        else:
            joined.append((start, end))
            several.append(False)
    return joined, several


def _widened(form: str, spans: Sequence[Span]) -> list[Span]:
    """With the words that point beside a name: `这款龙井`, `the green tea`."""
    wide: list[Span] = []
    for start, end in spans:
        before = _BEFORE.search(form, wide[-1][1] if wide else 0, start)
        after = _AFTER.match(form, end)
        wide.append((before.start() if before else start, after.end() if after else end))
    return wide


def _with(form: str, spans: Sequence[Span], tokens: Sequence[str]) -> str:
    parts: list[str] = []
    at = 0
    for (start, end), token in zip(spans, tokens, strict=True):
        parts += (form[at:start], token)
        at = end
    return " ".join("".join((*parts, form[at:])).split()).replace(" ?", "?")
