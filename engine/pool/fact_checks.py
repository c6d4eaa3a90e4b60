"""What the facts of a catalogue may be, and what is barred in whatever is said."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem
from engine.pool.banned import Banned
from engine.pool.documents import Spot
from engine.pool.facts import objection
from engine.pool.forms import amounts_said, misfit, spoken_amount
from engine.pool.model import Fact, Pool
from engine.pool.speech import holed, typed_prices


def fact_problems(pool: Pool, banned: Banned, at: Spot) -> Iterator[Problem]:
    """What is wrong with each fact of the pool, whose catalogue stands `at`."""
    for name, fact in pool.facts.items():
        yield from _fact(fact, pool, banned, at, ("facts", name))
    for key, product in pool.products.items():
        for name, fact in product.facts.items():
            yield from _fact(fact, pool, banned, at, ("products", key, "facts", name))


def _fact(fact: Fact, pool: Pool, banned: Banned, at: Spot, steps: tuple[str, ...]) -> Iterator[Problem]:
    if fact.start is not None and fact.until is not None and fact.start >= fact.until:
        yield at.problem(f"`{fact.name}` ends before it begins", "let `until` be later than `from`", *steps, "until")
    if fact.floor is not None and fact.ceiling is not None and fact.floor > fact.ceiling:
        yield at.problem(f"the floor of `{fact.name}` is above its ceiling", "exchange them", *steps, "floor")
        return
    bounds = [bound for bound in ("floor", "ceiling") if getattr(fact, bound) is not None]
    if bounds and fact.currency is None and not isinstance(fact.value, int | float):
        for bound in bounds:
            yield at.problem(f"`{fact.name}` is a text and has a {bound}", "delete it", *steps, bound)
        return
    wrong = objection(fact.name, fact.value, fact, banned, pool.formats)
    if wrong is not None:
        yield at.problem(wrong.message, wrong.remedy, *steps, "value")
    yield from _spoken(fact, banned, at, (*steps, "spoken"))


def _spoken(fact: Fact, banned: Banned, at: Spot, steps: tuple[str, ...]) -> Iterator[Problem]:
    """What the editor has said instead: the same amount, and nothing that a fact may not say."""
    for text in dict.fromkeys(fact.spoken.values()):
        if "{" in text or "}" in text:
            yield at.problem(f"what is said of `{fact.name}` holds a brace", "write it out", *steps)
        yield from banned_problems(banned, text, at, f"what is said of `{fact.name}`", *steps)
        if isinstance(fact.value, int | float) and fact.currency is not None:
            if spoken_amount(text) not in amounts_said(fact.value):
                message = f"`{fact.name}` is {fact.value:g} {fact.currency}, and `{text}` says another amount"
                yield at.problem(message, "say that amount, in digits or Chinese numerals", *steps)
        elif prices := typed_prices(text):
            message = f"what is said of `{fact.name}` holds the typed price `{prices[0][1]}`"
            yield at.problem(message, "say it without the amount", *steps)


def banned_problems(banned: Banned, text: str, at: Spot, what: str, *steps: str | int) -> Iterator[Problem]:
    """Each banned term of a text, once; its placeholders are nothing that could make one."""
    for term, group in dict.fromkeys((hit.term, hit.list) for hit in banned.hits(holed(text))):
        if not group:
            yield at.problem(f"{what} holds the banned term `{term}`", "say it without it (see guard.yaml)", *steps)
            continue
        message = f"{what} holds the banned term `{term}` of the list `{group}`"
        yield at.problem(message, "say it without it, or `exempt` it in guard.yaml with a reason", *steps)


def sayable(fact: Fact) -> bool:
    """Whether there is a text for it: what else is wrong with its value is told at its own place."""
    values = (fact.value,) if isinstance(fact.value, int | float) else tuple(filter(None, fact.value.values()))
    return bool(values) and (fact.unit is None or not any(misfit(value, fact.unit) for value in values))
