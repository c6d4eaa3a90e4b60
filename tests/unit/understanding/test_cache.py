"""Models on disk."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from engine.pool.model import TrainingSet
from engine.understanding.cache import load_or_train, model_path, store
from engine.understanding.model import Model
from engine.understanding.training import train


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch, model: Model) -> list[TrainingSet]:
    """Training takes no time here; every call is noted."""
    calls: list[TrainingSet] = []

    def noted(training: TrainingSet) -> Model:
        calls.append(training)
        return model

    monkeypatch.setattr(train, "train", noted)
    return calls


def test_a_model_is_trained_once(training: TrainingSet, trainings: list[TrainingSet], tmp_path: Path) -> None:
    """The second start reads what the first one stored."""
    first = load_or_train(training, tmp_path / "models")
    second = load_or_train(training, tmp_path / "models")
    assert len(trainings) == 1
    assert first.to_bytes() == second.to_bytes()
    assert [path.name for path in (tmp_path / "models").iterdir()] == [f"{first.hash}.model"]


@pytest.mark.parametrize("damage", [b"", b"noise", None])
def test_a_damaged_file_is_trained_anew(
    training: TrainingSet,
    model: Model,
    trainings: list[TrainingSet],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: bytes | None,
) -> None:
    """A file that is cut or foreign is told in the log and replaced by a good one."""
    path = store(model, tmp_path)
    path.write_bytes(model.to_bytes()[:-5] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        assert load_or_train(training, tmp_path).hash == model.hash
    assert len(trainings) == 1
    assert "training anew" in caplog.text
    assert Model.from_bytes(path.read_bytes()).hash == model.hash


def test_a_folder_that_cannot_be_written_costs_only_the_cache(
    training: TrainingSet, trainings: list[TrainingSet], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The model is there all the same; the log says that the next start trains again."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with caplog.at_level(logging.WARNING):
        load_or_train(training, blocked)
    assert len(trainings) == 1
    assert "cannot be written" in caplog.text


def test_a_file_of_another_model_is_not_taken(
    training: TrainingSet, model: Model, trainings: list[TrainingSet], tmp_path: Path
) -> None:
    """A file is judged by its content, not by its name."""
    path = model_path(tmp_path, model.hash)
    other = Model("f" * 32, model.intents, model.linear, model.calibration, model.trained)
    path.write_bytes(other.to_bytes())
    assert load_or_train(training, tmp_path).hash == model.hash
    assert len(trainings) == 1
