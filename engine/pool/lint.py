"""What `livechat pool check` tells: every mistake, what is doubtful, and how much there is of everything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from engine.errors import PoolError, Problem
from engine.pool.banned import squeezed
from engine.pool.documents import Spot
from engine.pool.forms import fact_form, said_name
from engine.pool.keywords import fold
from engine.pool.load import Loaded, load, shop_id, taken
from engine.pool.model import UNLISTED, Fact, Intent, Pool, Reply
from engine.pool.speech import fill, seconds

FEW_EXAMPLES: Final = 15  # below it a classifier learns the lines, not the question
FAR_OFF: Final = 2.0  # a sentence's seconds are doubtful beyond twice, or below half, of the estimate

_NO_WORD: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Report:
    """Outcome of a check. `errors` forbid publication, `warnings` do not; both sorted by place."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    proposals: tuple[Problem, ...] = ()
    """What an editor may accept or refuse; nothing is wrong without."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What there is; empty where the files could not be read."""


def check(base: Path, shop: Path) -> Report:
    """Everything that can be told of a shop's files without a model."""
    try:
        loaded = load(base, shop)
    except PoolError as error:
        return Report(errors=error.problems)
    return Report(warnings=tuple(sorted(_warnings(loaded))), counts=_counts(loaded.pool))


def check_all(base: Path, shops: Iterable[Path]) -> Mapping[Path, Report]:
    """The report of each shop, as shops that are served together."""
    reports: dict[Path, Report] = {}
    owners: dict[str, Path] = {}
    for shop in dict.fromkeys(shops):
        reports[shop] = report = check(base, shop)
        name = shop_id(shop)
        if name is not None and owners.setdefault(name, shop) != shop:
            reports[shop] = replace(report, errors=tuple(sorted((*report.errors, taken(shop, owners[name])))))
    return reports


def _counts(pool: Pool) -> dict[str, int]:
    return {
        "intents": len(pool.intents),
        "replies": sum(len(intent.replies) for intent in pool.intents.values()),
        "products": len(pool.products),
        "facts": len(pool.facts) + sum(len(product.facts) for product in pool.products.values()),
        "scripts": len(pool.scripts),
        "sentences": sum(len(segment.sentences) for plan in pool.scripts.values() for segment in plan.segments),
        "examples": sum(1 for line in pool.training.lines if line.intent not in (None, UNLISTED)),
        "background": sum(1 for line in pool.training.lines if line.intent is None),
        "unlisted": sum(1 for line in pool.training.lines if line.intent == UNLISTED),
        "tests": len(pool.training.tests),
        "own examples": len(pool.training.own),
    }


def _warnings(loaded: Loaded) -> Iterator[Problem]:
    for key, intent in loaded.pool.intents.items():
        spot = loaded.intents[key].spot()
        if intent.kind == "question" and intent.owner == "engine":
            yield from _coverage(loaded, intent, spot)
        if intent.kind == "question" and len(loaded.intents[key].lines["examples"]) < FEW_EXAMPLES:
            count = len(loaded.intents[key].lines["examples"])
            yield spot.problem(f"`{key}` has {count} examples", f"give it {FEW_EXAMPLES} or more, from real comments")
    yield from loaded.notes
    yield from _alike(loaded)
    yield from _same_rules(loaded)
    yield from _catalogue(loaded)
    yield from _own_values(loaded)
    yield from _disclosure(loaded)
    for plan in loaded.pool.scripts.values():
        yield from _script(loaded, plan.id)


def _coverage(loaded: Loaded, intent: Intent, spot: Spot) -> Iterator[Problem]:
    """Intents, languages and products that no reply serves."""
    pool = loaded.pool
    if not intent.replies:
        yield spot.problem(
            f"`{intent.id}` has no reply; its questions end as `no_reply`", "write a reply under `replies`"
        )
        return
    for language in pool.languages:
        if all(reply.lang != language for reply in intent.replies):
            yield spot.problem(f"`{intent.id}` has no reply in `{language}`", f"write one with `lang: {language}`")
    for reply in intent.replies:
        if not reply.needs_product:
            continue
        served = reply.products or tuple(pool.products)
        needed = [name for name in reply.placeholders if name not in ("product", "link") and name not in pool.facts]
        lacking = [key for key in served if any(name not in pool.products[key].facts for name in needed)]
        if lacking:
            place = loaded.intents[intent.id].replies[reply.id].spot()
            message = f"`{reply.id}` cannot be said for {', '.join(lacking[:5])}: facts it uses are missing there"
            yield place.problem(message, "add them in catalogue.yaml, or name its `products`", "text")


def _alike(loaded: Loaded) -> Iterator[Problem]:
    """Lines that differ in punctuation only: of one intent, where one says nothing new, or of two, where they contradict."""
    seen: dict[str, tuple[str, str]] = {}
    for key, merged in loaded.intents.items():
        for line, spot in merged.lines["examples"].items():
            form = _NO_WORD.sub("", squeezed(line)) or line
            other, owner = seen.setdefault(form, (line, key))
            if other != line:
                remedy = "delete one" if owner == key else "keep it where it belongs"
                yield spot.problem(f"`{line}` is nearly `{other}` of `{owner}`", remedy)


def _same_rules(loaded: Loaded) -> Iterator[Problem]:
    """Keyword rules that two intents have: where both fire, neither is understood."""
    seen: dict[str, str] = {}
    for key, merged in loaded.intents.items():
        for rule, spot in merged.lines["keywords"].items():
            owner = seen.setdefault(fold(rule), key)
            if owner != key:
                yield spot.problem(
                    f"`{owner}` has the rule `{rule}`, too: what it fires on is ambiguous", "keep it in one of them"
                )


def _catalogue(loaded: Loaded) -> Iterator[Problem]:
    pool, at = loaded.pool, loaded.catalogue
    facts: list[tuple[Fact, tuple[str, ...]]] = [(fact, ("facts", name)) for name, fact in pool.facts.items()]
    for key, product in pool.products.items():
        facts += [(fact, ("products", key, "facts", name)) for name, fact in product.facts.items()]
        if not product.aliases and product.link is None:
            message = f"viewers can name `{key}` only by its full name"
            yield at.problem(message, "add `aliases` or a `link`", "products", key)
        for alias in product.aliases:
            if len(alias) == 1 and not alias.isascii():
                message = f"the alias `{alias}` of `{key}` is a part of many other words"
                yield at.problem(
                    message, "write what viewers call it, in two signs or more", "products", key, "aliases"
                )
        for language in pool.languages:
            if language not in product.name:
                message = f"the name of `{key}` has no `{language}`"
                yield at.problem(message, f"add `{language}: …`", "products", key, "name")
    for fact, steps in facts:
        if fact.currency is not None and (fact.floor is None or fact.ceiling is None):
            yield at.problem(f"the amount of `{fact.name}` is not bounded", "add `floor` and `ceiling`", *steps)
        if isinstance(fact.value, (int, float)):
            continue
        for language in pool.languages:
            if language not in fact.value:
                yield at.problem(f"`{fact.name}` has no `{language}`", f"add `{language}: …`", *steps, "value")


def _own_values(loaded: Loaded) -> Iterator[Problem]:
    """Values of a product that differ from the shop's, where only replies that speak for the whole shop say the fact."""
    pool, at = loaded.pool, loaded.catalogue
    for key, product in pool.products.items():
        for name, fact in product.facts.items():
            if name not in pool.facts or fact.value == pool.facts[name].value or not product.on_sale:
                continue
            for intent in pool.intents.values():
                for language in pool.languages:
                    replies = [reply for reply in intent.replies if reply.lang == language]
                    shared = [reply.id for reply in replies if not reply.needs_product and name in reply.placeholders]
                    if not shared or any(_serves(reply, key, name) for reply in replies):
                        continue
                    message = (
                        f"`{key}` has its own `{name}`, and `{shared[0]}` of `{intent.id}` speaks for the whole shop: who asks about "
                        f"`{key}` gets no reply in `{language}`"
                    )
                    remedy = (
                        f"write a reply with {{product}}, {{{name}}} and `needs_product: true`, or delete the value"
                    )
                    yield at.problem(message, remedy, "products", key, "facts", name)


def _serves(reply: Reply, product: str, fact: str) -> bool:
    """Whether the reply may say the fact about this product, or answers without it."""
    if not reply.needs_product:
        return fact not in reply.placeholders
    return not reply.products or product in reply.products


def _disclosure(loaded: Loaded) -> Iterator[Problem]:
    """Viewers have to be told that the host is no person."""
    guard, at = loaded.pool.guard, loaded.guard
    if not guard.disclosure:
        message = "nothing tells viewers that the host is an artificial intelligence"
        yield at.problem(message, "add `disclosure: {text: {zh: …, en: …}, every: 10m}` to guard.yaml", "disclosure")
        return
    for language in loaded.pool.languages:
        if language not in guard.disclosure:
            message = f"the disclosure has no `{language}`, so rooms in that language hear it in another"
            yield at.problem(message, f"add `{language}: …`", "disclosure", "text")


def _script(loaded: Loaded, script: str) -> Iterator[Problem]:
    pool, plan, at = loaded.pool, loaded.pool.scripts[script], loaded.scripts[script]
    if not any(sentence.answers for segment in plan.segments for sentence in segment.sentences):
        message = f"no sentence of `{script}` says what it answers, so replies repeat what the script is about to say"
        yield at.problem(message, "add `answers: [product.price]` and the like to its sentences", "script")
    for n, segment in enumerate(plan.segments):
        product = pool.products.get(segment.product) if segment.product else None
        facts = {**pool.facts, **(product.facts if product else {})}
        values = {name: fact_form(fact, plan.language, pool.formats).said for name, fact in facts.items()}
        if product is not None:
            values["product"] = said_name(product, plan.language)
            values["link"] = str(product.link)
        for m, sentence in enumerate(segment.sentences):
            estimate = seconds(fill(sentence.text, values), plan.language)
            if not estimate / FAR_OFF <= sentence.seconds <= estimate * FAR_OFF:
                message = f"`{sentence.id}` says {sentence.seconds:g} s, its text takes about {estimate:.1f} s"
                yield at.problem(message, "measure it again", "script", "segments", n, "sentences", m, "seconds")
