"""Sure rules of all intents at once: which intents' keywords fire on a normal form.

All patterns of all rules stand in one RE2 set, so that a text is scanned once however many rules there are.
"""

from __future__ import annotations

from collections.abc import Iterable

import re2

from engine.pool.keywords import Rule, compile_rule
from engine.pool.model import Intent
from engine.understanding.normalise import normal_form

RULE_CONFIDENCE = 0.99  # rules are checked against the pack's tests and examples; editors still err
_SET_MEMORY = 64 << 20  # bytes for the automaton of all rules; RE2 builds it lazily and starts anew when it is full


class Rules:
    """The keyword rules of a pool."""

    def __init__(self, intents: Iterable[Intent]) -> None:
        """Raises `ValueError` for a rule that the loader would have refused."""
        self._rules: list[tuple[str, Rule, frozenset[int]]] = []
        options = re2.Options()
        options.max_mem = _SET_MEMORY
        options.dot_nl = True
        options.log_errors = False
        patterns = re2.Set.SearchSet(options)
        for intent in intents:
            for keyword in intent.keywords:
                rule = compile_rule(keyword, normal_form)
                needed = frozenset(patterns.Add(pattern.pattern) for pattern in rule.patterns)
                self._rules.append((intent.id, rule, needed))
        self._set = patterns if self._rules else None
        if self._set is not None:
            self._set.Compile()

    def fired(self, form: str) -> tuple[tuple[str, str], ...]:
        """(intent, text of the rule) of every rule that fires. A question mark at the end does not keep a rule from firing."""
        if self._set is None:
            return ()
        found = self._set.Match(form)
        if form.endswith("?"):
            found = [*(found or ()), *(self._set.Match(form[:-1].rstrip()) or ())]
        if not found:
            return ()
        matched = set(found)
        return tuple((intent, rule.text) for intent, rule, needed in self._rules if needed <= matched)
