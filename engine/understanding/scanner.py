"""Many RE2 expressions, one scan: which of them occur in a text."""

from __future__ import annotations

import re2

_MEMORY = 64 << 20  # bytes for the automaton of all expressions; RE2 builds it lazily and starts anew when it is full


class Scanner:
    """A set of expressions. Add them all, then scan."""

    def __init__(self) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY
        options.dot_nl = True
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._size = 0
        self._compiled = False

    def add(self, expression: str) -> int:
        """The number under which `scan` reports the expression. Raises `ValueError` where RE2 refuses it, or after a scan."""
        if self._compiled:
            raise ValueError("expressions must be added before the first scan")
        try:
            number: int = self._set.Add(expression)
        except re2.error as error:
            raise ValueError(f"RE2 cannot read {expression!r}: {error}") from error
        self._size += 1
        return number

    def scan(self, text: str) -> list[int]:
        """Numbers of the expressions that occur."""
        if not self._compiled:
            if not self._size:
                return []
            self._set.Compile()
            self._compiled = True
        return self._set.Match(text.encode()) or []
