"""Lines of a pool by their normal form: what an editor wrote is understood as it stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.pool.model import TrainingLine, TrainingSet
from engine.understanding.model import line_digest
from engine.understanding.spellings import Spellings

_Told = Mapping[tuple[str, str | None], tuple[str, int]]
"""(text, intent) → its normal form, empty where that has no letter or digit, and its `line_digest`."""

_latest: tuple[tuple[tuple[str, str], ...], _Told] = ((), {})
"""What was told of the pool that was opened last, and its spellings: the next one, of whatever shop, has nearly all of its lines."""


class Known:
    """The lines of a pool that one may ask for word for word."""

    def __init__(
        self, training: TrainingSet, spellings: Spellings, trained: frozenset[int], intents: Iterable[str | None]
    ) -> None:
        """`trained`: digests of the lines that a model has learnt; `intents`: those that lines may belong to."""
        lines = (*training.lines, *training.own)
        told = _told(lines, training.spellings, spellings)
        allowed = frozenset(intents)
        self._line: dict[str, TrainingLine] = {}
        fresh, twice = dict[TrainingLine, None](), set[str]()
        for line in lines:
            form, digest = told[line.text, line.intent]
            if not form or line.intent not in allowed:
                continue
            if self._line.setdefault(form, line).intent != line.intent:
                twice.add(form)
            if digest not in trained:
                fresh[line] = None
        for form in twice:
            del self._line[form]
        self.fresh = list(fresh)
        """Lines that the model has not learnt."""

    def get(self, form: str) -> TrainingLine | None:
        """The line of this normal form; None where there is none, or lines of several intents have it."""
        return self._line.get(form)


def _told(lines: Sequence[TrainingLine], pairs: tuple[tuple[str, str], ...], spellings: Spellings) -> _Told:
    global _latest  # noqa: PLW0603 - replaced as a whole, so that threads may read it
    spelt, latest = _latest
    before = latest if spelt == pairs else {}
    told = {}
    new = dict[tuple[str, str | None], None]()
    for line in lines:
        key = line.text, line.intent
        if key in before:
            told[key] = before[key]
        else:
            new[key] = None
    for (text, intent), form in zip(new, spellings.forms([text for text, _ in new]), strict=True):
        told[text, intent] = form if any(map(str.isalnum, form)) else "", line_digest(form, intent)
    _latest = pairs, told
    return told
