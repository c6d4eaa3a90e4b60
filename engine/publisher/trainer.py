"""The engine's own models, kept in a folder by hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.errors import RecordError
from engine.events.understanding import Understanding
from engine.pool.model import Pool, TrainingSet
from engine.understanding.cache import load_or_train, model_path, store
from engine.understanding.model import Model, model_hash
from engine.understanding.understander import Understander


@dataclass(frozen=True, slots=True)
class CachedTrainer:
    """Models of one cache folder."""

    folder: Path

    def name(self, training: TrainingSet) -> str:
        return model_hash(training)

    def has(self, model: str) -> bool:
        path = model_path(self.folder, model)
        try:
            return path.exists() and _model(path).hash == model
        except (RecordError, OSError):
            return False

    def train(self, training: TrainingSet) -> str:
        model = load_or_train(training, self.folder)
        if not self.has(model.hash):
            store(
                model, self.folder
            )  # it raises what `load_or_train` only logs: here the cache is the way to the other process
        return model.hash

    def content(self, model: str) -> bytes:
        return model_path(self.folder, model).read_bytes()

    def adopt(self, model: str, content: bytes) -> None:
        opened = Model.from_bytes(content)
        if opened.hash != model:
            raise RecordError("model", f"it is {opened.hash}, not {model}")
        store(opened, self.folder)

    def understand(self, pool: Pool, texts: Sequence[str]) -> Sequence[Understanding]:
        return Understander(pool, _model(model_path(self.folder, pool.model))).understand(texts)


@lru_cache(maxsize=3)  # the live one, the one that was just trained, another shop's; each some tens of MB when open
def _model(path: Path) -> Model:
    return Model.from_bytes(path.read_bytes())
