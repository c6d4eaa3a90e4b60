"""How viewers word things, in text files of a pool: other spellings, courtesies beside a question, words that take one back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.errors import Problem
from engine.pool.loose import Placed
from engine.pool.model import Courtesies

_ELLIPSIS = re.compile(r"…+|\.{3,}")


def spellings(lines: Iterable[Placed]) -> tuple[dict[str, str], list[Problem]]:
    """`written = meant` of every line, and what is wrong. Where both are the same, the word stays as it stands."""
    found: dict[str, str] = {}
    problems = []
    for line in lines:
        written, equals, meant = (part.strip() for part in line.text.partition("="))
        if not (written and equals and meant):
            message, remedy = f"`{line.text}` is no spelling", "write `as some write it = as it is meant`"
        elif written != meant and _holds(meant.casefold(), written.casefold()):
            message, remedy = (
                f"`{meant}` holds `{written}` again",
                "name more of what is written, or less of what is meant",
            )
        elif found.setdefault(written, meant) != meant:
            message, remedy = f"`{written}` stands for `{found[written]}` already", "delete one of the two lines"
        else:
            continue
        problems.append(line.problem(message, remedy))
    return found, problems


def _holds(text: str, part: str) -> bool:
    """Whether `part` stands in `text`; Latin letters and digits only as words of their own."""
    before = r"(?<![a-z0-9])" if part[0].isascii() else ""
    after = r"(?![a-z0-9])" if part[-1].isascii() else ""
    return re.search(before + re.escape(part) + after, text) is not None


def courtesies(lines: Iterable[Placed]) -> tuple[Courtesies, list[Problem]]:
    """`请问…`, `…求回复`, or an aside (主播, 呢) on a line of its own; and what is wrong. A blank beside the ellipsis has to stand in a
    comment, too."""
    before, behind, asides = set[str](), set[str](), set[str]()
    problems = []
    for line in lines:
        first, *last = _ELLIPSIS.split(line.text)
        words = [part for part in (first, *last) if any(map(str.isalnum, part))]
        if len(words) != 1 or len(last) > 1:
            message = f"`{line.text}` is no courtesy"
            remedy = "write `请问…` for what stands before a question, `…求回复` for what stands behind one, and an aside (主播) alone"
            problems.append(line.problem(message, remedy))
        elif not last:
            asides.add(first)
        else:
            (before if first else behind).add(words[0])
    return Courtesies(*(tuple(sorted(part)) for part in (before, behind, asides))), problems


def withdrawals(lines: Iterable[Placed]) -> tuple[tuple[str, ...], list[Problem]]:
    """Words of which one in a comment says that nothing is asked here, sorted; and what is wrong."""
    found = set[str]()
    problems = []
    for line in lines:
        if sum(map(str.isalnum, line.text)) > 1 and _ELLIPSIS.search(line.text) is None:
            found.add(line.text)
        else:
            message = f"`{line.text}` takes no question back"
            problems.append(
                line.problem(message, "write words of two signs or more alone, like `别问了` or `never mind`")
            )
    return tuple(sorted(found)), problems
