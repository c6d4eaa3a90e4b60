"""Trained models on disk: one file per model hash; training happens only where the file is missing or damaged."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from engine import logs
from engine.errors import RecordError
from engine.pool.model import TrainingSet
from engine.understanding.model import Model, model_hash

log = logs.get(__name__)


def model_path(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.model"


def load_or_train(training: TrainingSet, folder: Path) -> Model:
    """The model of `training`: from `folder`, else trained and stored there.

    Raises `ValueError` as `train` does. A folder that cannot be written costs the cache, not the model.
    """
    digest = model_hash(training)
    path = model_path(folder, digest)
    model = _stored(path, digest)
    if model is not None:
        return model
    from engine.understanding.training.train import train  # with a stored model, nothing of it is needed

    model = train(training)
    try:
        store(model, folder)
    except OSError as error:
        log.warning("the model cache cannot be written: the next start trains again", file=str(path), error=error)
    return model


def _stored(path: Path, digest: str) -> Model | None:
    try:
        model = Model.from_bytes(path.read_bytes())
    except FileNotFoundError:
        return None
    except (RecordError, OSError) as error:
        log.warning("the model cache cannot be used: training anew", file=str(path), error=str(error))
        return None
    if model.hash != digest:
        log.warning("the model cache holds another model: training anew", file=str(path), model=model.hash)
        return None
    return model


def store(model: Model, folder: Path) -> Path:
    """Write the model so that a reader sees either all of it or nothing. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = model_path(folder, model.hash)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".model-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(model.to_bytes())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
