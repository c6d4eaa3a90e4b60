"""Parts of keyword rules that no comment can meet: they are not written in the form in which comments are read.

A comment is read in normal form and in the pool's spelling: lower case, Simplified, without punctuation, with digits. Terms of a rule
are brought into that form, an expression (`re: …`) stands as it is written: `re: Gift Wrap` never fires, nor does one branch of
`re: (優惠|优惠)券`. So of every branch of an expression texts are made which it matches; where none is in that form, the branch is dead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.pool.keywords import compile_rule

TRIES: Final = 32  # texts that are made of a branch before it counts as dead; the signs around it differ in each
FILLERS: Final = "好x7天k茶 ?."  # for `.` and what is none of some signs
BESIDE: Final = (
    ("", ""),
    ("好", "好"),
    ("x", "x"),
)  # what may stand around a rule that is not bound to the edges of a text
WIDE: Final = 64  # signs of a range that are all tried; of a wider one the fillers, else its ends

_REPEAT: Final = re.compile(r"(?:[*+?]|\{(\d+)(?:,\d*)?\})\??")
_OPENING: Final = re.compile(r"\(\?(?:P?<[^>]*>|([a-zA-Z]*)(?:-[a-zA-Z]+)?(:|\)))")
_KINDS: Final = {"d": "123456789", "w": "好x7", "s": " ", "D": "好x", "W": " ?", "S": "好x"}
_EDGES: Final = "bBAz"


@dataclass(frozen=True, slots=True)
class Branch:
    """A text that a part of a rule asks for, and the form in which a comment with this text is read."""

    text: str
    form: str
    whole: bool
    """The whole rule is dead: whatever it matches is read in another form."""


@dataclass(frozen=True, slots=True, eq=False)
class _Signs:
    """One sign, any of these."""

    signs: str


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One after the other, each at least so often; what need not be there is there once, or not."""

    parts: tuple[tuple[_Node, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """One of them."""

    options: tuple[_Node, ...]


_Node = _Signs | _Row | _Choice
_Forced = dict[tuple[_Node, int], int]
"""Part of a row, by its place: how often it stands there. A choice, at the place 0: which option is taken."""


def dead(rule: str, read: Callable[[str], str]) -> list[Branch]:
    """The parts of a rule that never fire, where it is an expression. `read`: the form in which comments are read.

    Nothing is told of an expression that holds what is not known here (`\\p{Han}`), nor of one that no text was found for.
    """
    if not rule.strip().startswith("re:"):
        return []
    expression = rule.strip()[3:].strip()
    try:
        root = _Parser(expression).choice()
    except _UnknownError:
        return []
    matches = compile_rule(rule).matches
    lower = "(?i" in expression
    found: list[Branch] = []
    for forced in ({}, *_branches(root, {})):
        branch = _dead(root, forced, matches, read, lower=lower)
        if branch is not None and not any(branch.text == other.text for other in found):
            found.append(branch)
            if branch.whole:
                break
    return found


def _dead(
    root: _Node, forced: _Forced, matches: Callable[[str], bool], read: Callable[[str], str], *, lower: bool
) -> Branch | None:
    """What shows that the part of the expression is dead; None where a text of it is in the form in which comments are read."""
    shown: Branch | None = None
    for turn in range(TRIES):
        text = "".join(_text(root, forced, _Turns(turn)))
        for before, after in BESIDE:
            written = before + (text.lower() if lower else text) + after
            if not matches(written):
                continue
            form = read(written)
            if form == written.strip(" "):
                return None
            shown = shown or Branch(written, form, not forced)
    return shown


class _Turns:
    """Picks differently at each turn, and always the same in all runs. The first turn picks the first, and leaves out what it may."""

    def __init__(self, turn: int) -> None:
        self._state = turn

    def pick(self, count: int) -> int:
        if not self._state:
            return 0
        self._state = self._state * 1_103_515_245 + 12_345 & 0x7FFFFFFF  # the generator of the C standard's example
        return (self._state >> 8) % count


def _text(node: _Node, forced: _Forced, turns: _Turns) -> Iterator[str]:
    if isinstance(node, _Signs):
        yield node.signs[turns.pick(len(node.signs))]
    elif isinstance(node, _Choice):
        option = forced.get((node, 0))
        yield from _text(node.options[turns.pick(len(node.options)) if option is None else option], forced, turns)
    else:
        for place, (part, least) in enumerate(node.parts):
            for _ in range(forced.get((node, place), least or turns.pick(2))):
                yield from _text(part, forced, turns)


def _branches(node: _Node, above: _Forced) -> Iterator[_Forced]:
    """What has to be forced for each option of each choice, and for each part that may be left out."""
    if isinstance(node, _Choice):
        for number, option in enumerate(node.options):
            forced = above | {(node, 0): number} if len(node.options) > 1 else above
            if len(node.options) > 1:
                yield forced
            yield from _branches(option, forced)
    elif isinstance(node, _Row):
        for place, (part, least) in enumerate(node.parts):
            forced = above if least else above | {(node, place): 1}
            if not least:
                yield forced
            yield from _branches(part, forced)


class _UnknownError(Exception):
    """The expression holds what is not known here."""


class _Parser:
    """Reads the part of RE2's syntax that rules are written in. The expression is one that RE2 reads."""

    def __init__(self, expression: str) -> None:
        self._rest = expression

    def choice(self) -> _Node:
        options = [self._row()]
        while self._taken("|"):
            options.append(self._row())
        return _Choice(tuple(options))

    def _taken(self, start: str) -> bool:
        found = self._rest.startswith(start)
        if found:
            self._rest = self._rest[len(start) :]
        return found

    def _row(self) -> _Node:
        parts: list[tuple[_Node, int]] = []
        while self._rest and self._rest[0] not in "|)":
            part = self._part()
            repeat = _REPEAT.match(self._rest)
            if repeat is not None:
                self._rest = self._rest[repeat.end() :]
            if part is not None:
                least = 1 if repeat is None or repeat[0][0] == "+" else int(repeat[1] or 0)
                parts.append((part, least))
        return _Row(tuple(parts))

    def _part(self) -> _Node | None:
        """The next part; None for what matches no sign, like `^`."""
        if self._rest[0] == "(":
            opening = _OPENING.match(self._rest)
            self._rest = self._rest[opening.end() if opening else 1 :]
            if opening is not None and opening[2] == ")":
                return None  # flags for all that follows
            inner = self.choice()
            self._taken(")")
            return inner
        if self._rest[0] == "[":
            return self._class()
        sign, self._rest = self._rest[0], self._rest[1:]
        if sign == "\\":
            return self._escaped()
        if sign in "^$":
            return None
        return _Signs(FILLERS if sign == "." else sign)

    def _escaped(self) -> _Signs | None:
        sign, self._rest = self._rest[0], self._rest[1:]
        if sign in _EDGES:
            return None
        if sign in _KINDS:
            return _Signs(_KINDS[sign])
        if sign.isalnum():
            raise _UnknownError
        return _Signs(sign)

    def _class(self) -> _Signs:
        self._taken("[")
        none_of = self._taken("^")
        signs = ""
        while not signs or not self._rest.startswith("]"):
            signs += self._member()
        self._taken("]")
        if none_of:
            signs = "".join(sign for sign in FILLERS if sign not in signs)
        if not signs:
            raise _UnknownError
        # Comments are in lower case: capitals beside signs that they may have are no branch of their own.
        return _Signs("".join(sign for sign in signs if not sign.isupper()) or signs)

    def _member(self) -> str:
        if self._rest.startswith("[:"):
            raise _UnknownError
        sign, self._rest = self._rest[0], self._rest[1:]
        if sign == "\\":
            escaped = self._escaped()
            if escaped is None:
                raise _UnknownError
            if len(escaped.signs) > 1:
                return escaped.signs
            sign = escaped.signs
        if len(self._rest) > 1 and self._rest[0] == "-" and self._rest[1] != "]":
            last, self._rest = self._rest[1], self._rest[2:]
            if last == "\\":
                raise _UnknownError
            return _range(sign, last)
        return sign


def _range(first: str, last: str) -> str:
    if ord(last) - ord(first) <= WIDE:
        return "".join(map(chr, range(ord(first), ord(last) + 1)))
    return "".join(sign for sign in FILLERS if first <= sign <= last) + first + last
