"""`livechat say`: why would this comment be answered so, or not at all."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from engine.cli import options, terminal
from engine.clock import wall_clock
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.cli.shop import OpenShop
    from engine.cli.trial import Candidate, Trial
    from engine.events.fields import Language
    from engine.understanding.understander import Explanation

RULE_SHOWN: Final = 50  # characters of a rule; the rest says little to the reader


class SpokenLanguage(StrEnum):
    """A language that the engine speaks."""

    zh = "zh"
    en = "en"


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The comment, as a viewer types it.")],
    shop: options.Shop = None,
    product: Annotated[
        str | None, typer.Option("--product", "-p", help="Product on screen, by its id; else no script runs.")
    ] = None,
    lang: Annotated[
        SpokenLanguage | None, typer.Option("--lang", help="Language of the room; else the shop's.")
    ] = None,
    base: options.Base = None,
    as_json: options.AsJson = False,
) -> None:
    """Explain one comment: what is understood and why, the reply that would be said, and each check it passes or fails."""
    from engine.cli.shop import open_shop
    from engine.cli.trial import try_comment

    opened = open_shop(base, shop)
    if product is not None and product not in opened.pool.products:
        known = ", ".join(opened.pool.products) or "none"
        raise UsageError(f"the shop has no product `{product}`; its products are: {known}")
    language: Language | None = None if lang is None else "zh" if lang is SpokenLanguage.zh else "en"
    trial = try_comment(opened, text, product=product, language=language, now=wall_clock())
    explanation = opened.understander.explain(text)
    if as_json:
        terminal.show_json(as_document(text, trial, explanation))
    else:
        terminal.out().print(_page(text, trial, explanation, opened))


def as_document(text: str, trial: Trial, explanation: Explanation) -> dict[str, object]:
    """All of it for programs."""
    found = trial.understanding
    nothing = _says_nothing(trial, explanation)

    def reply(candidate: Candidate) -> dict[str, object]:
        return {
            "id": candidate.reply, "language": candidate.language, "channel": candidate.channel, "text": candidate.text,
            "seconds": candidate.seconds,
            "trouble": candidate.trouble,
        }  # fmt: skip

    return {
        "text": text,
        "norm": explanation.form,
        "judged": explanation.judged,
        "language": found.language,
        "outcome": found.outcome,
        "intent": found.intent if found.outcome == "accepted" else None,
        "best": None if nothing else found.intent,
        "confidence": 0.0 if nothing else found.confidence,
        "runner_up": None if nothing else found.runner_up,
        "margin": 0.0 if nothing else found.margin,
        "solo_ok": found.solo_ok,
        "words": [{"word": word, "weight": weight} for word, weight in explanation.words],
        "rules": [{"intent": intent, "rule": rule} for intent, rule in explanation.rules],
        "intents": [] if nothing else [{"intent": intent, "margin": margin} for intent, margin in explanation.intents],
        "product": trial.product,
        "reason": trial.reason,
        "wanted": trial.wanted,
        "language_missing": trial.language_missing,
        "reply": reply(trial.said) if trial.said is not None else None,
        "replies": [reply(candidate) for candidate in trial.candidates],
        "checks": [{"check": check.name, "passed": check.passed} for check in trial.checks],
    }


def _says_nothing(trial: Trial, explanation: Explanation) -> bool:
    """Whether no word is left of the text: how the model rates an empty one means nothing."""
    return not explanation.form and trial.understanding.outcome != "accepted"


def _page(text: str, trial: Trial, explanation: Explanation, opened: OpenShop) -> Group:
    parts: list[Table | Text] = [
        _understood(text, trial, explanation, opened),
        Text(),
        _checks(trial),
        Text(),
        _ending(trial),
    ]
    others = [candidate for candidate in trial.candidates if candidate is not trial.said]
    if others:
        parts += [Text(), _others(others)]
    return Group(*parts)


def _understood(text: str, trial: Trial, explanation: Explanation, opened: OpenShop) -> Table:
    found = trial.understanding
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()

    def row(name: str, value: str | Text) -> None:
        table.add_row(name, value if isinstance(value, Text) else Text(value))

    row("comment", Text(text[:300], style="bold"))
    if _says_nothing(trial, explanation):
        row("normal form", "(empty: no word is left of it, so nothing is to be understood)")
        return table
    row("normal form", explanation.form or "(nothing)")
    if explanation.judged != explanation.form:
        row("judged as", explanation.judged)
    row("language", found.language)
    accepted = found.outcome == "accepted"
    intent = Text(found.intent or "none", style="bold cyan" if accepted else "")
    intent.append(_title(opened, found.intent), style="not bold default")
    row("intent" if accepted else "likeliest", intent)
    sure = f"{found.confidence:.2f}"
    row(
        "confidence",
        f"{sure} (too low for a single viewer: waits for a second)" if accepted and not found.solo_ok else sure,
    )
    if found.runner_up is not None:
        row("runner-up", f"{found.runner_up}, {found.margin:.2f} behind")
    weights = [
        f"{word} {weight:+.2f}" for word, weight in explanation.words if abs(weight) >= 0.005
    ]  # what rounds to 0 says nothing
    row("words", ", ".join(weights[:6]) or "(none weighs)")
    for rule_intent, rule in explanation.rules:
        row("sure rule", f"{rule if len(rule) <= RULE_SHOWN else rule[:RULE_SHOWN] + '…'}  → {rule_intent}")
    unsold = f"{found.not_sold} (not sold here)" if found.not_sold else None
    strange = "a link that no product has" if found.stranger else "none"
    row("product", trial.product or unsold or strange)
    return table


def _title(opened: OpenShop, intent: str | None) -> str:
    known = opened.pool.intents.get(intent or "")
    return f"  {known.title.get('en') or next(iter(known.title.values()))}" if known is not None and known.title else ""


def _checks(trial: Trial) -> Table:
    table = Table.grid(padding=(0, 2))
    for check in trial.checks:
        mark = {True: Text("✓", style="green"), False: Text("✗", style="bold red"), None: Text("·", style="dim")}[
            check.passed
        ]
        name = Text(check.name, style="" if check.passed is not None else "dim")
        if check.passed is False:
            name.append(f": {trial.reason}", style="bold red")
        table.add_row(mark, name)
    return table


def _ending(trial: Trial) -> Text:
    from engine.events.meanings import REASONS

    if trial.said is not None and trial.said.text is not None:
        posted = trial.said.channel == "chat"
        ending = Text("would be posted  " if posted else "would be said  ", style="bold green")
        ending.append(trial.said.text, style="bold default")
        length = "" if posted else f", {trial.said.seconds:.1f} s"
        return ending.append(f"  ({trial.said.reply}{length})", style="not bold dim")
    meaning = REASONS[trial.reason]
    ending = Text(f"{trial.reason}  ", style="bold yellow").append(meaning.what, style="not bold default")
    if trial.wanted:
        ending.append(f" Wanted: {trial.wanted}.", style="not bold default")
    if trial.language_missing:
        ending.append(" Another language has a reply.", style="not bold default")
    return ending.append(f" → {meaning.remedy}", style="not bold green") if meaning.remedy else ending


def _others(candidates: list[Candidate]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    for candidate in candidates:
        if candidate.text is not None:
            where = candidate.language if candidate.channel == "voice" else f"{candidate.language}, {candidate.channel}"
            table.add_row(Text(f"also {candidate.reply}"), Text(where), Text(candidate.text, style="dim"))
        else:
            table.add_row(
                Text(f"not {candidate.reply}"), Text(candidate.language), Text(candidate.trouble or "", style="yellow")
            )
    return table
