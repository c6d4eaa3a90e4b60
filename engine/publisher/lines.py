"""Test lines: which of them a pool understands, and what it takes the others for."""

from __future__ import annotations

from engine.errors import Problem
from engine.events.understanding import Understanding
from engine.pool.compile import named
from engine.pool.load import Loaded
from engine.pool.model import Pool, TrainingLine
from engine.publisher.models import Trainer

UNDERSTOOD = ("accepted", "chatter", "abuse")
"""Outcomes with which a test line passes, where the intent is the right one."""


def missed(trainer: Trainer, pool: Pool) -> dict[TrainingLine, str]:
    """Test lines that the pool and its model do not understand as they should, and as what they do."""
    tests = pool.training.tests
    found = trainer.understand(pool, [line.text for line in tests]) if tests else ()
    return {
        line: _taken_for(now)
        for line, now in zip(tests, found, strict=True)
        if now.intent != line.intent or now.outcome not in UNDERSTOOD
    }


def problems(trainer: Trainer, loaded: Loaded) -> tuple[Problem, ...]:
    """The test lines that the model of these files does not understand, with their places. Trains it where it is not here.

    Raises `ValueError` where no model can be made, and `OSError`.
    """
    pool = named(loaded.pool, trainer.train(loaded.pool.training))
    places = loaded.test_places()
    return tuple(
        sorted(
            places[line].problem(
                f"the test line `{line.text}` of `{line.intent}` is {now}", "add lines like it to `examples`"
            )
            for line, now in missed(trainer, pool).items()
        )
    )


def _taken_for(now: Understanding) -> str:
    """The outcome and, where there are any, the two likeliest intents."""
    if now.intent is None:
        return f"`{now.outcome}`"
    then = f", then `{now.runner_up}`" if now.runner_up is not None else ""
    return f"`{now.outcome}` (`{now.intent}` {now.confidence:.2f}{then})"
