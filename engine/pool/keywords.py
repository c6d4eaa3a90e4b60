"""Keyword rules: sure signs of an intent, written by editors, matched on normal forms.

    发货 + (几天|多久)        all of these, in any order
    买 > 送                  these, in this order
    (凑|满)多少              any of; groups may stand inside a term
    re: 啥时候.{0,4}发       an RE2 expression

A term of Latin letters or digits matches whole words: `ship` is not in `relationship`. Everything runs through RE2, so that no
pattern takes longer than the text is long.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

import re2

MAX_RULE: Final = 400  # characters; the longest rule of the base pack has about 200
MAX_WRITTEN: Final = (
    200  # choices of a term that are looked up among the spellings; a rule of 400 characters has fewer, as a rule
)
MAX_TERMS: Final = 12  # one rule that needs more is several rules
MEMORY_BYTES: Final = 1 << 20  # of one compiled expression; a nested repetition that needs more is refused

_BESIDE: Final = re.compile(r"(?:^|\s+)\+(?=\s|$)")
_PRECEDES: Final = re.compile(r"(?:^|\s+)>(?=\s|$)")
_GROUP: Final = re.compile(r"(\([^()]*\))")
_SPECIAL: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")


def fold(text: str) -> str:
    """NFKC and case-folded, blanks collapsed: the least that a normal form is."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. It fires where every one of its patterns is found."""

    text: str
    patterns: tuple[Any, ...]

    def matches(self, normal_form: str) -> bool:
        return all(pattern.search(normal_form) is not None for pattern in self.patterns)


def as_it_stands(form: str) -> str:
    """No spellings."""
    return form


def compile_rule(text: str, normal: Callable[[str], str] = fold, spelled: Callable[[str], str] = as_it_stands) -> Rule:
    """The rule that `text` writes. Raises `ValueError` that says what is wrong.

    `normal` brings its terms into normal form, `spelled` a normal form into the pool's spelling, in which comments are read.
    """
    stripped = text.strip()
    if not stripped:
        raise ValueError("the rule is empty")
    if len(stripped) > MAX_RULE:
        raise ValueError(f"the rule has {len(stripped)} characters, more than {MAX_RULE}")
    if stripped.startswith("re:"):
        return Rule(text, (_compiled(stripped[3:].strip()),))
    chains = [_PRECEDES.split(chain) for chain in _BESIDE.split(stripped)]
    if sum(map(len, chains)) > MAX_TERMS:
        raise ValueError(f"the rule has more than {MAX_TERMS} terms")
    return Rule(
        text, tuple(_compiled(".*".join(_term(term.strip(), normal, spelled) for term in chain)) for chain in chains)
    )


def _term(term: str, normal: Callable[[str], str], spelled: Callable[[str], str]) -> str:
    """A term as an expression: literals, and groups `(a|b)` of literals. Words end at the term's edges only: `ship(s|ping)`."""
    if not term:
        raise ValueError("a term is missing beside ` + ` or ` > `")
    parts = [part.strip() for part in _GROUP.split(term) if part.strip()]
    pattern, written = "", [""]
    for at, part in enumerate(parts):
        grouped = part.startswith("(") and part.endswith(")")
        if not grouped and set(part) & set("()|"):
            raise ValueError(f"`{part}` has a bracket or `|` without its partner; nested groups need `re:`")
        if not grouped and set(part) & set("*[]\\^$"):
            raise ValueError(f"`{part}` looks like a regular expression; begin the rule with `re: `")
        options = [option.strip() for option in part[1:-1].split("|")] if grouped else [part]
        if not all(options):
            raise ValueError(f"an empty choice in `{part}`")
        first, last = at == 0, at == len(parts) - 1
        forms = [normal(option) for option in options]
        pattern += "(?:" + "|".join(map(_literal, forms, options, repeat(first), repeat(last))) + ")"
        written = [before + form for before in written for form in forms][:MAX_WRITTEN]
    others = sorted({spelled(form) for form in written} - {*written, ""})
    return (
        f"(?:{'|'.join((pattern, *map(_literal, others, others, repeat(True), repeat(True))))})" if others else pattern
    )


def _literal(form: str, text: str, first: bool, last: bool) -> str:
    if not form:
        raise ValueError(f"nothing is left of `{text}` in normal form")
    left = r"\b" if first and _is_word(form[0]) else ""
    right = r"\b" if last and _is_word(form[-1]) else ""
    return left + _SPECIAL.sub(r"\\\1", form) + right


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = MEMORY_BYTES
    options.log_errors = False
    options.dot_nl = True
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else error
        detail = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"RE2 cannot read it: {detail}") from None
    if compiled.search("") is not None:
        raise ValueError("the rule matches every line")
    return compiled
