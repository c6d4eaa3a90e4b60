"""Keyword rules that fire where they must not: on lines of another intent or of none, or on the intent's own `not:` lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.pool.model import Pool, TrainingLine
from engine.understanding.reading import Reader


@dataclass(frozen=True, slots=True)
class Stray:
    """A rule of `intent`, and the lines that it takes for this intent though they belong elsewhere. In the pool's order."""

    intent: str
    rule: str
    lines: tuple[TrainingLine, ...]
    """That another intent has among its `examples` or `tests`, or that belong to none."""
    negatives: tuple[TrainingLine, ...]
    """That the intent itself has under `not`."""


def strays(pool: Pool) -> list[Stray]:
    """Every rule that fires on such lines: a rule counts as sure, so one line is one too many."""
    training = pool.training
    reader = Reader(pool)
    wrong: dict[tuple[str, str], list[TrainingLine]] = {}
    denied: dict[tuple[str, str], list[TrainingLine]] = {}
    for fired, line in _fired(reader, (*training.lines, *training.tests)):
        if fired[0] != line.intent:
            wrong.setdefault(fired, []).append(line)
    for fired, line in _fired(reader, training.negatives):
        if fired[0] == line.intent:
            denied.setdefault(fired, []).append(line)
    return [
        Stray(intent.id, rule, tuple(wrong.get(key, ())), tuple(denied.get(key, ())))
        for intent in pool.intents.values()
        for rule in intent.keywords
        if (key := (intent.id, rule)) in wrong or key in denied
    ]


def _fired(reader: Reader, lines: Sequence[TrainingLine]) -> list[tuple[tuple[str, str], TrainingLine]]:
    readings = reader.read([line.text for line in lines])
    return [(fired, line) for line, reading in zip(lines, readings, strict=True) for fired in reading.fired]
