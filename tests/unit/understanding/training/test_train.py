"""Training: deterministic, named before it is done, honest about what it needs."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from engine.pool.model import TrainingLine, TrainingSet
from engine.understanding.model import Model, line_digest, model_hash
from engine.understanding.ngrams import grams
from engine.understanding.normalise import normal_form
from engine.understanding.training.train import train


def test_the_same_lines_give_the_same_bytes(training: TrainingSet, model: Model) -> None:
    """Training draws nothing at random that is not fixed."""
    assert train(training).to_bytes() == model.to_bytes()


def test_a_model_is_named_by_its_lines(training: TrainingSet, model: Model) -> None:
    """The hash is known without training, and changes with a line but not with tests or the shop's own list."""
    assert model.hash == model_hash(training)
    assert model_hash(replace(training, lines=(*training.lines, TrainingLine("新的", None)))) != model.hash
    assert model_hash(replace(training, hash="2" * 32, tests=training.lines[:1], own=training.lines[:2])) == model.hash


def test_a_model_knows_what_it_was_trained_with(training: TrainingSet, model: Model) -> None:
    """So that lines which came later can act as near examples."""
    line = training.lines[0]
    assert line_digest(normal_form(line.text), line.intent) in model.trained
    assert line_digest(normal_form(line.text), "other.intent") not in model.trained


def test_thresholds_are_in_order(model: Model) -> None:
    """A single viewer's question needs at least the confidence that any question needs; figures are shares."""
    limits = model.calibration.thresholds
    assert 0 <= limits.plausible <= limits.accept <= limits.solo <= 1
    assert all(0 <= value <= 1 for name, value in model.report.items() if name not in {"lines", "intents"})


@pytest.mark.parametrize("keep", [None, "product.price"])
def test_too_little_to_learn_is_said(training: TrainingSet, keep: str | None) -> None:
    """Without background, or with a single intent, there is nothing to tell apart."""
    lines = tuple(line for line in training.lines if (line.intent is None) == (keep is None) or line.intent == keep)
    with pytest.raises(ValueError, match="two intents and of the background"):
        train(
            replace(
                training, lines=lines if keep is not None else tuple(line for line in training.lines if line.intent)
            )
        )


def test_a_not_line_speaks_against_its_intent_alone(training: TrainingSet) -> None:
    """Its near variants score lower for that intent, and as before for every other; it is no line of any class."""
    forms = grams(["小熊的裙子多少钱", "什么时候发货"])
    lines = (TrainingLine("主播的裙子多少钱", "product.price"), TrainingLine("你的裙子多少钱", "product.price"))
    before = train(replace(training, negatives=()))
    after = train(replace(training, negatives=lines))
    price = 1 + after.intents.index("product.price")
    assert after.intents == before.intents
    assert after.report["lines"] == before.report["lines"]
    assert after.linear.scores(forms).margins[0, price] < before.linear.scores(forms).margins[0, price] - 0.1
    assert not any(line_digest(normal_form(line.text), line.intent) in after.trained for line in lines)


def test_a_not_line_that_is_a_line_of_another_class_changes_nothing(training: TrainingSet) -> None:
    """It already speaks against all intents but its own."""
    twice = replace(training, negatives=(TrainingLine("还有货吗", "product.price"),))
    alone = replace(training, negatives=())
    assert train(twice).report == train(alone).report


def test_the_collector_rests_and_works_again(training: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """However training ends, several at once among them; where it was off before, it stays off."""
    seen: list[bool] = []

    def hold_out(*_: object) -> None:
        seen.append(gc.isenabled())
        raise RuntimeError("no more")

    monkeypatch.setattr("engine.understanding.training.train.hold_out", hold_out)

    def fails() -> None:
        with pytest.raises(RuntimeError, match="no more"):
            train(training)

    with ThreadPoolExecutor(3) as threads:
        for ended in [threads.submit(fails) for _ in range(3)]:
            ended.result()
    assert gc.isenabled()
    gc.disable()
    try:
        fails()
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert seen == [False] * 4
