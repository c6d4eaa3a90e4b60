"""Clauses: what a comment says in several parts, of which one may be a question by itself.

`我是敏感肌容易泛红 这款水杨酸的能用吗` asks what its second part asks. The facts around a question say what it is about, and dilute what
speaks for its intent. So a line whose likely intent is not sure enough is read once more, part by part, and a part that is sure of that
same intent settles the matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from engine.events.fields import MAX_TEXT
from engine.events.understanding import Understanding
from engine.understanding.normalise import emotes, markup

MOST: Final = 8  # clauses of a text that is read so; one of more is a speech
LEAST: Final = 2  # characters of a clause
_BETWEEN = re.compile(
    r"[^\w\s'’.,，:#@%&+*$¥￥€£°/-]+|[.,，:](?!\d)|(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])|[\r\n]+"
)

_NOT_ASKED = re.compile(
    "[别没不]问|问[过了我他她]|(?:楼上|有人|人家|妈|[他她谁])[在刚又]?问|说[过了]|讲[过了]|解决|知道了|学会|写着|隔壁|[别那]家|淘宝|拼多多|以前"
    r"|\b(?:never ?mind|nvm|solved|elsewhere|asked|told|said|(?:already|been) answered)\b",
    re.IGNORECASE,
)
"""What takes a question back, tells whose it was, or that it is about another shop."""


def clauses(text: str) -> list[str]:
    """Parts of a text between its punctuation, pictures, and blanks beside Chinese signs; none where it is one, or too many, or where
    some of its words say that nothing is asked here."""
    if _NOT_ASKED.search(text) is not None:
        return []
    parts = [part.strip() for part in _BETWEEN.split(emotes(markup(text[:MAX_TEXT])))]
    parts = [part for part in parts if len(part) >= LEAST]
    return parts if 1 < len(parts) <= MOST else []


def settle(
    texts: Sequence[str],
    understood: Sequence[Understanding],
    understand: Callable[[Sequence[str]], list[Understanding]],
) -> dict[int, str]:
    """Accepts what was likely, where one clause is sure of it; returns by place in `texts` the clause that was."""
    unsure = [at for at, whole in enumerate(understood) if whole.outcome == "low_confidence"]
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
