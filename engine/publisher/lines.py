"""What a pool makes of its own lines: test lines that it takes for something else, lines said twice, rules that fire astray."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from engine.errors import Problem
from engine.events.understanding import Understanding
from engine.pool.banned import squeezed
from engine.pool.compile import named
from engine.pool.keywords import compile_rule
from engine.pool.load import Loaded
from engine.pool.model import UNLISTED, Pool, TrainingLine
from engine.publisher.models import Trainer
from engine.understanding.branches import dead
from engine.understanding.clashes import clashes
from engine.understanding.lookahead import Judged, proposals
from engine.understanding.normalise import normal_form
from engine.understanding.products import Names
from engine.understanding.reading import Reader
from engine.understanding.scanner import Scanner
from engine.understanding.spellings import Spellings
from engine.understanding.strays import strays
from engine.understanding.training.twins import twins

NAMED: Final = 3  # lines that are named of those on which a rule fires astray

Places = Mapping[TrainingLine, Callable[[str, str], Problem]]
"""Lines and what makes a problem of message and remedy, with their places."""

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
    """The shop's own lines that say nearly what another line says, and lines of two places that are read as one."""
    places = loaded.own_places()
    yield from _read_as_one(loaded, places)
    for twin in twins(loaded.pool.training, places):
        message = f"`{twin.line.text}` is nearly `{twin.other.text}` of {_owner(twin.other)}"
        same = twin.line.intent == twin.other.intent
        yield places[twin.line](
            message, "write unlike lines: this one teaches little" if same else "keep it where it belongs"
        )


def _read_as_one(loaded: Loaded, own: Places) -> Iterator[Problem]:
    """Clashes of which the shop can mend one side: a line of its own, or an example that one of its spellings changes."""
    mine: dict[TrainingLine, Callable[[str, str], Problem]] = {
        TrainingLine(line, key): spot.problem
        for key, merged in loaded.intents.items()
        for line, spot in merged.lines["examples"].items()
    }
    mine.update(own)
    everywhere = {TrainingLine(line.text, line.intent): line.problem for line in loaded.pack_others} | mine
    for clash in clashes(loaded.pool.training):
        line, other = (clash.line, clash.other) if clash.line in mine else (clash.other, clash.line)
        if line not in mine or squeezed(line.text) == squeezed(other.text):
            continue  # both are the pack's and belong to no intent; what is written alike was told by the loader
        there = everywhere[other]("", "")
        yield mine[line](
            f"`{line.text}` of {_owner(line)} and `{other.text}` of {_owner(other)} ({there.file}:{there.line}) are both read as "
            f"`{clash.form}`, so neither is understood word for word",
            "keep one of the two (where the other is the pack's, write yours just like it: yours counts), or write in `spellings/` that "
            "a word is meant as it stands (`word = word`)",
        )


def unreadable(loaded: Loaded) -> tuple[Problem, ...]:
    """Why no comment can be read with the shop's files: keyword rules that say nothing in normal form, or are too large together, or too
    many names of goods."""
    pool = loaded.pool
    try:
        Reader(pool)
    except ValueError as error:
        mistake = error
    else:
        return ()
    spelled = Spellings(pool.training.spellings).fix
    own = [
        (merged.lines["keywords"][rule], rule)
        for merged in loaded.intents.values()
        for rule in merged.own.get("keywords", ())
    ]
    found = []
    for spot, rule in own:
        try:
            compile_rule(rule, normal_form, spelled)
        except ValueError as error:
            remedy = "write words: comments are read without punctuation and emoji"
            found.append(spot.problem(f"keyword rule `{rule}`: {error}", remedy))
    if found:
        return tuple(found)
    try:
        Names(pool.products.values(), pool.not_sold, Scanner())
    except ValueError as error:
        return (loaded.catalogue.problem(str(error), "delete aliases that no viewer writes", "products"),)
    if not own:
        raise mistake
    spot, rule = max(own, key=lambda pair: sum(pattern.programsize for pattern in compile_rule(pair[1]).patterns))
    remedy = "shorten the rules with the largest repetitions, of which this is the first, or delete some"
    return (spot.problem(str(mistake), remedy),)


def straying(loaded: Loaded) -> Iterator[Problem]:
    """Keyword rules that contradict examples, tests, `not:` lines or lines of no intent; and those of the shop that never fire."""
    yield from _dead(loaded)
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


def _dead(loaded: Loaded) -> Iterator[Problem]:
    """Expressions of the shop, or parts of them, that are not written in the form in which comments are read."""
    form = Spellings(loaded.pool.training.spellings).form
    for key, merged in loaded.intents.items():
        for rule in merged.own.get("keywords", ()):
            for branch in dead(rule, form):
                never = "never fires" if branch.whole else f"never fires on `{branch.text}`"
                yield merged.lines["keywords"][rule].problem(
                    f"the rule `{rule}` of `{key}` {never}: a comment `{branch.text}` is read as `{branch.form}`",
                    "write it as comments are read: lower case, Simplified, digits, no punctuation, the spelling of the pool",
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
