"""Lines of two places that are read as one: they say the same in normal form and in the pool's spelling, whatever is written."""

from __future__ import annotations

from dataclasses import dataclass

from engine.pool.model import UNLISTED, TrainingLine, TrainingSet
from engine.understanding.spellings import Spellings


@dataclass(frozen=True, slots=True)
class Clash:
    """Both lines are read as `form` and belong to different places, so neither is understood word for word."""

    line: TrainingLine
    other: TrainingLine
    form: str


def clashes(training: TrainingSet) -> list[Clash]:
    """Every line that is read like one before it of another place. The shop's own lines come last, and those of no intent after examples.

    A line without a letter or digit is never judged.
    """
    own, idle = frozenset(training.own), (None, UNLISTED)
    lines = sorted(dict.fromkeys(training.lines), key=lambda line: (line in own, line.intent in idle))
    first: dict[str, TrainingLine] = {}
    found = []
    for line, form in zip(lines, Spellings(training.spellings).forms([line.text for line in lines]), strict=True):
        if not any(map(str.isalnum, form)):
            continue
        other = first.setdefault(form, line)
        if other.intent != line.intent:
            found.append(Clash(line, other, form))
    return found
