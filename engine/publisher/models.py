"""What the publisher needs of models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.events.understanding import Understanding
from engine.pool.model import Pool, TrainingSet


class Trainer(Protocol):
    """What a build needs of models; they are kept by hash. Travels to other processes."""

    def name(self, training: TrainingSet) -> str:
        """Hash of the model that belongs to these lines."""
        ...

    def has(self, model: str) -> bool:
        """Whether the model is here and whole."""
        ...

    def train(self, training: TrainingSet) -> str:
        """Make sure that the model of these lines is here; returns its hash. Raises `ValueError` where no model can be made."""
        ...

    def content(self, model: str) -> bytes:
        """The model's bytes. Raises `OSError`."""
        ...

    def adopt(self, model: str, content: bytes) -> None:
        """Keep a model that was trained elsewhere. Raises `RecordError` or `OSError`."""
        ...

    def understand(self, pool: Pool, texts: Sequence[str]) -> Sequence[Understanding]:
        """What these texts mean to the pool and its model."""
        ...
