"""What a pool makes of its own lines: test lines that it takes for something else, lines said twice, rules that fire astray."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.errors import Problem
from engine.events.understanding import Understanding
from engine.pool.compile import named
from engine.pool.load import Loaded
from engine.pool.model import UNLISTED, Pool, TrainingLine
from engine.publisher.models import Trainer
from engine.understanding.lookahead import Judged, proposals
from engine.understanding.strays import strays
from engine.understanding.twins import twins

NAMED: Final = 3  # lines that are named of those on which a rule fires astray

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


def repeated(loaded: Loaded) -> Iterator[Problem]:
    """The shop's own lines that say nearly what another line says."""
    places = loaded.own_places()
    for twin in twins(loaded.pool.training, places):
        message = f"`{twin.line.text}` is nearly `{twin.other.text}` of {_owner(twin.other)}"
        same = twin.line.intent == twin.other.intent
        yield places[twin.line](
            message, "write unlike lines: this one teaches little" if same else "keep it where it belongs"
        )


def straying(loaded: Loaded) -> Iterator[Problem]:
    """Keyword rules that contradict examples, tests, `not:` lines or lines of no intent."""
    for stray in strays(loaded.pool):
        spot = loaded.intents[stray.intent].lines["keywords"][stray.rule]
        for lines, where in ((stray.lines, ""), (stray.negatives, " under `not`")):
            if not lines:
                continue
            named = ", ".join(f"`{line.text}` of {_owner(line)}{where}" for line in lines[:NAMED])
            others = f" and {len(lines) - NAMED:,} more" if len(lines) > NAMED else ""
            yield spot.problem(
                f"the rule `{stray.rule}` of `{stray.intent}` fires on {named}{others}",
                "narrow the rule (a further term, `^` or `$`), or move the line to where it belongs",
            )


def proposed(loaded: Loaded, judged: Judged | None = None) -> Iterator[Problem]:
    """Script sentences that do not say what they answer, and seem to answer something; only an editor can know."""
    for found in proposals(loaded.pool, judged):
        place = ("script", "segments", found.segment, "sentences", found.number)
        at = loaded.scripts[found.script].under(*place)
        if at.wrote("answers"):
            continue
        what = "; ".join(f"`{intent}` ({why})" for intent, why in found.answers)
        intents = ", ".join(intent for intent, _ in found.answers)
        yield at.problem(
            f"`{found.sentence}` seems to answer {what}",
            f"add `answers: [{intents}]` where it does, else `answers: []`",
        )


def _owner(line: TrainingLine) -> str:
    return {None: "background", UNLISTED: "`unlisted/`"}.get(line.intent, f"`{line.intent}`")


def _taken_for(now: Understanding) -> str:
    """The outcome and, where there are any, the two likeliest intents."""
    if now.intent is None:
        return f"`{now.outcome}`"
    then = f", then `{now.runner_up}`" if now.runner_up is not None else ""
    return f"`{now.outcome}` (`{now.intent}` {now.confidence:.2f}{then})"
