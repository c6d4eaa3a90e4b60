"""Trainers that need no machine learning, in a module that a child process imports quickly."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from engine.events.understanding import Understanding
from engine.pool.model import Pool, TrainingSet


class LineTrainer:
    """A line is understood where it holds an example that the model learnt, or one of the pool's own."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, str | None]] = {}
        self.trained: list[str] = []

    def name(self, training: TrainingSet) -> str:
        return training.hash

    def has(self, model: str) -> bool:
        return model in self.models

    def train(self, training: TrainingSet) -> str:
        if len(training.lines) < 4:
            raise ValueError("a model needs lines")
        self.models[training.hash] = {line.text: line.intent for line in training.lines}
        self.trained.append(training.hash)
        return training.hash

    def content(self, model: str) -> bytes:
        return repr(sorted(self.models[model], key=str)).encode()

    def adopt(self, model: str, content: bytes) -> None:
        self.models[model] = dict.fromkeys(content.decode())

    def understand(self, pool: Pool, texts: Sequence[str]) -> Sequence[Understanding]:
        known = {**self.models[pool.model], **{line.text: line.intent for line in pool.training.own}}
        return [self._one(text, known) for text in texts]

    def _one(self, text: str, known: dict[str, str | None]) -> Understanding:
        found = next((intent for line, intent in sorted(known.items()) if line in text), None)
        return Understanding(outcome="accepted" if found else "unknown", key=text, intent=found)


@dataclass(frozen=True)
class DyingTrainer:
    """Ends its process where a model is asked for, or raises what nobody expects."""

    dies: bool

    def name(self, training: TrainingSet) -> str:
        if self.dies:
            os._exit(3)
        raise RuntimeError("a bug")

    def has(self, model: str) -> bool:
        return False

    def train(self, training: TrainingSet) -> str:
        return self.name(training)

    def content(self, model: str) -> bytes:
        return b""

    def adopt(self, model: str, content: bytes) -> None:
        return None

    def understand(self, pool: Pool, texts: Sequence[str]) -> Sequence[Understanding]:
        return ()
