"""Many RE2 expressions, one scan: which of them occur in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import re2

TOGETHER = 8  # lines that are looked at in one go: in most live rooms, nothing occurs in nine of ten such lots
_MEMORY = 64 << 20  # bytes for the automaton of all expressions; RE2 builds it lazily and starts anew when it is full
# May ask where a text begins or ends, which is more than where a line does.
_OF_WHOLE_TEXTS = re.compile(r"\\[Az]|\(\?[A-Za-z]*-")


class Scanner:
    """A set of expressions. Add them all, then scan. A text is one line."""

    def __init__(self) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._size = 0
        self._compiled = False
        self._by_lines = True

    def add(self, expression: str) -> int:
        """The number under which `scan` reports the expression. Raises `ValueError` where RE2 refuses it, or after a scan.

        One that asks where a text begins or ends (`\\A`, `\\z`) makes every text be scanned by itself: right, and slower.
        """
        if self._compiled:
            raise ValueError("expressions must be added before the first scan")
        try:
            # `^` and `$` are the ends of a line, `.` no break between two.
            number: int = self._set.Add(f"(?m){expression}")
        except re2.error as error:
            raise ValueError(f"RE2 cannot read {expression!r}: {error}") from error
        self._size += 1
        self._by_lines &= _OF_WHOLE_TEXTS.search(expression) is None
        return number

    def ready(self) -> None:
        """What the first scan would do. Raises `ValueError` where all expressions together need too much memory."""
        if self._size and not self._compiled:
            try:
                self._set.Compile()
            except re2.error as error:
                raise ValueError(
                    f"{self._size:,} expressions (rules, names, spellings) need more than {_MEMORY >> 20} MiB together"
                ) from error
            self._compiled = True

    def scan(self, text: str) -> list[int]:
        """Numbers of the expressions that occur."""
        self.ready()
        return (self._set.Match(text.encode()) or []) if self._size else []

    def occurring(self, texts: Sequence[str]) -> Iterator[int]:
        """Places of the texts in which an expression occurs, rising; of all, where one asks for the ends of a text. A text may be
        several lines here, any of which counts.

        One look at several texts costs little more than at one of them, and most often nothing occurs in any.
        """
        if not self._by_lines:
            yield from range(len(texts))
            return
        for start in range(0, len(texts), TOGETHER):
            some = texts[start : start + TOGETHER]
            if self.scan("\n".join(some)):
                yield from (start + at for at, text in enumerate(some) if self.scan(text))
