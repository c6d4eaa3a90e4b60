"""Sure rules of all intents: which intents' keywords fire on a normal form."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.pool.keywords import Rule, compile_rule
from engine.pool.model import Intent
from engine.understanding.normalise import normal_form
from engine.understanding.scanner import Scanner
from engine.understanding.spellings import Spellings

RULE_CONFIDENCE = 0.99  # rules are checked against the pack's tests and examples; editors still err


class Rules:
    """The keyword rules of a pool. A rule fires where every one of its expressions occurs."""

    def __init__(self, intents: Iterable[Intent], scanner: Scanner, spellings: Spellings) -> None:
        """Adds all expressions to `scanner`. Raises `ValueError` that names the rule of which nothing is left in normal form."""
        self._rules: list[tuple[str, Rule, frozenset[int]]] = []
        self._by_expression: dict[int, list[int]] = {}
        for intent in intents:
            for keyword in intent.keywords:
                try:
                    rule = compile_rule(keyword, normal_form, spellings.fix)
                except ValueError as error:
                    raise ValueError(f"the keyword rule `{keyword}` of `{intent.id}`: {error}") from None
                needed = frozenset(scanner.add(pattern.pattern) for pattern in rule.patterns)
                self._by_expression.setdefault(min(needed), []).append(len(self._rules))
                self._rules.append((intent.id, rule, needed))

    def fired(self, found: Collection[int]) -> tuple[tuple[str, str], ...]:
        """(intent, text of the rule) of every rule that fires, given the numbers of the expressions that occur."""
        occurring = frozenset(found)
        places = sorted(place for number in occurring for place in self._by_expression.get(number, ()))
        rules = [self._rules[place] for place in places]
        return tuple((intent, rule.text) for intent, rule, needed in rules if needed <= occurring)
