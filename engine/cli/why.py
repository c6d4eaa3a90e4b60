"""`livechat why`: what became of one comment, and what would have changed it."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import moments, options, terminal
from engine.errors import LivechatError, UsageError

if TYPE_CHECKING:
    from engine.events.fields import Language
    from engine.events.letters import DeadLetter
    from engine.insight.explain.lookup import Found, Sighting
    from engine.insight.explain.places import Places
    from engine.insight.explain.story import Story
    from engine.settings import Settings

TOLD: Final = 20  # comments of one id that are listed

TITLES: Final = {"en": ("What happened", "What would have changed it"), "zh": ("经过", "怎样会不同")}


class ToldIn(StrEnum):
    """A language in which it is told."""

    zh = "zh"
    en = "en"


def why(
    comment: Annotated[str, typer.Argument(metavar="COMMENT_ID", help="The platform's id, or that of its decision.")],
    room: Annotated[
        str | None, typer.Option("--room", "-r", callback=options.room_name, help="The room it came to: quicker, too.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", help="The source it came from.")] = None,
    language: Annotated[ToldIn, typer.Option("--language", "-l", help="Told in zh or en.")] = ToldIn.en,
    shop: Annotated[
        Path | None,
        typer.Option("--shop", "-s", metavar="DIR", help="The shop's folder: edits are told with file and line."),
    ] = None,
    base: options.Base = None,
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Tell what became of a comment: how it was understood, what held it when, what was said, and what would have changed it.

    Reads the log beside a running engine. The room is computed again from the journal, which is kept for 7 days; later the
    decision alone is told.
    """
    from engine.cli.signals import complete

    settings = options.settings_on(bus, config)
    places = _places(shop, base)
    stories: list[Story] = []
    letters: list[DeadLetter] = []
    complete(_find(settings, comment, room, source, stories, letters))
    if not stories:
        _show_letters(letters, as_json=as_json)
        return
    told_in: Language = "zh" if language is ToldIn.zh else "en"
    if as_json:
        terminal.show_json(as_document(stories[0], places, told_in))
    else:
        _show(stories[0], places, told_in)


def _places(shop: Path | None, base: Path | None) -> Places:
    from engine.insight.explain.places import Places
    from engine.pool.load import load

    return Places() if shop is None else Places.of(load(options.base_folder(base), options.shop_folder(shop)))


async def _find(
    settings: Settings,
    comment: str,
    room: str | None,
    source: str | None,
    stories: list[Story],
    letters: list[DeadLetter],
) -> None:
    """Puts the comment's story into `stories`; where only dead letters hold the id, those into `letters`.

    Raises `LivechatError` where nothing goes by it, `UsageError` where several do.
    """
    from engine.cli.opened import pools_of, reading
    from engine.insight.explain.lookup import look
    from engine.insight.explain.story import story_of

    async with reading(settings) as bus, pools_of(bus) as pools:
        with terminal.err().status("looking for the comment") as status:
            found = await look(bus, comment, room, source)
            if not found.sightings and found.letters:
                letters += found.letters
                return
            sighting = only(found, comment, room, source)
            stories.append(await story_of(bus, pools, sighting, found.letters, status.update))


def only(found: Found, comment: str, room: str | None, source: str | None) -> Sighting:
    """The one that is meant. Raises `LivechatError` where there is none, `UsageError` where several have the id."""
    if not found.sightings:
        where = "".join(f" {option} {value}" for option, value in (("--room", room), ("--source", source)) if value)
        narrower = f" with{where}" if where else ""
        if found.near:
            near = "".join(f"\n  {name}  {text}" for name, text in found.near)
            raise LivechatError(f"the log knows no comment `{comment}`{narrower}; near it are:{near}")
        raise LivechatError(
            f"the log knows no comment `{comment}`{narrower}; check the id: decisions are kept for 30 days, comments for 7"
        )
    if len(found.sightings) > 1:
        rows = [f"\n  --room {each.room} --source {each.source}  {each.text}" for each in found.sightings[:TOLD]]
        more = f"\n  and {len(found.sightings) - TOLD} more" if len(found.sightings) > TOLD else ""
        raise UsageError(f"{len(found.sightings)} comments have the id `{comment}`; say which:{''.join(rows)}{more}")
    return found.sightings[0]


def as_document(story: Story, places: Places, language: Language) -> dict[str, object]:
    """All of it for programs."""
    from engine.insight.explain.telling import tell

    told, watch, sighting = tell(story, places), story.watch, story.sighting
    entry = watch.entry if watch is not None else None
    spells = [
        {
            "blocker": spell.blocker, "since": spell.since, "until": spell.until, "detail": spell.detail.kind or None,
            **dict(spell.detail.values), "winners": [winner.id for winner in spell.winners],
        }
        for spell in (watch.spells if watch is not None else [])
    ]  # fmt: skip
    return {
        "room": sighting.room, "source": sighting.source, "id": sighting.id, "state": story.state, "gap": story.gap or None,
        "came": [time for _, time in sighting.records],
        "decision": None if story.decision is None else asdict(story.decision),
        "understanding": None if story.understanding is None else asdict(story.understanding),
        "unread": entry.unread if entry is not None else None,
        "handled": watch.arrived if watch is not None and watch.arrived else None,
        "viewers": watch.viewers if watch is not None else None,
        "spells": spells,
        "command": None if story.command is None else story.command.model_dump(mode="json"),
        "heard": None if story.heard is None else story.heard.model_dump(mode="json"),
        "handoff": None if story.handoff is None else story.handoff.model_dump(mode="json"),
        "happened": [each.text(language) for each in told.happened],
        "advice": [each.text(language) for each in told.advice],
    }  # fmt: skip


def _show(story: Story, places: Places, language: Language) -> None:
    from engine.insight.explain.telling import tell

    told = tell(story, places)
    happened, change = TITLES[language]
    first, *rest = told.happened
    terminal.say(first.text(language), "bold")
    for title, said in ((happened, rest), (change, told.advice)):
        if said:
            terminal.say("")
            terminal.say(title, "cyan")
        for each in said:
            terminal.say(f"  {each.text(language)}")


def _show_letters(letters: list[DeadLetter], *, as_json: bool) -> None:
    """Comments that could not be read: nothing but their record is known."""
    if as_json:
        terminal.show_json({"state": "set_aside", "letters": [letter.model_dump(mode="json") for letter in letters]})
        return
    for letter in letters:
        where = f"{letter.origin_topic}/{letter.origin_partition}/{letter.origin_offset}"
        terminal.say(f"set aside as a dead letter at {moments.shown(letter.at)} UTC ({where}): {letter.error}")
    terminal.say(
        "It was not handled, nor will it be: correct what sends it. `livechat dead-letters list` shows its beginning."
    )
