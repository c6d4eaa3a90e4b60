"""Clauses: what a comment says in several parts, of which one may be a question by itself.

`我是敏感肌容易泛红 这款水杨酸的能用吗` asks what its second part asks. The facts around a question say what it is about, and dilute what
speaks for its intent. So a line whose likely intent is not sure enough is read once more, part by part, and a part that is sure of that
same intent settles the matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import re2

from engine.events.fields import MAX_TEXT
from engine.events.understanding import Understanding
from engine.understanding.normalise import emotes, markup
from engine.understanding.spellings import Spellings, bounded

MOST: Final = 8  # clauses of a text that is read so; one of more is a speech
LEAST: Final = 2  # characters of a clause
_BETWEEN = re.compile(
    r"[^\w\s'’.,，:#@%&+*$¥￥€£°/-]+|[.,，:](?!\d)|(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])|[\r\n]+"
    r"|(?<=[吗嗎])(?=(?:我(?![的们們就都也才不知觉覺看])|[在怕给給]|上次)[\u3400-\u9fff])"  # `能送到吗我新疆的`: a fact follows
)


class Withdrawals:
    """Words that take a question back, tell whose it was, or that it is about another shop: the pool names them."""

    def __init__(self, words: Sequence[str], spellings: Spellings) -> None:
        forms = sorted({form for form in spellings.forms(words) if form})
        self._pattern = re2.compile("|".join(map(bounded, forms))) if forms else None

    def stand_in(self, form: str) -> bool:
        """Whether one of them stands in a normal form; Latin letters and digits only as words of their own."""
        return self._pattern is not None and self._pattern.search(form) is not None


def clauses(text: str) -> list[str]:
    """Parts of a text between its punctuation, pictures, blanks beside Chinese signs, and between 吗 and a fact; none where it is one, or
    too many."""
    parts = [part.strip() for part in _BETWEEN.split(emotes(markup(text[:MAX_TEXT])))]
    parts = [part for part in parts if len(part) >= LEAST]
    return parts if 1 < len(parts) <= MOST else []


def settle(
    texts: Sequence[str],
    understood: Sequence[Understanding],
    understand: Callable[[Sequence[str]], list[Understanding]],
    withdrawals: Withdrawals,
) -> dict[int, str]:
    """Accepts what was likely, where one clause is sure of it and no word takes it back; returns by place in `texts` the clause that
    was."""
    unsure = [
        at
        for at, whole in enumerate(understood)
        if whole.outcome == "low_confidence" and not withdrawals.stand_in(whole.key)
    ]
    parts = [(at, clause) for at in unsure for clause in clauses(texts[at])]
    if not parts:
        return {}
    settled: dict[int, str] = {}
    for (at, clause), part in zip(parts, understand([clause for _, clause in parts]), strict=True):
        whole = understood[at]
        if part.outcome == "accepted" and part.intent == whole.intent and part.confidence > whole.confidence:
            whole.outcome, whole.confidence, whole.margin = part.outcome, part.confidence, part.margin
            whole.runner_up, whole.solo_ok = part.runner_up, part.solo_ok
            settled[at] = clause
    return settled
