"""`livechat dead-letters`: input that could not be read, where it came from and why."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import deque
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import moments, options, terminal

if TYPE_CHECKING:
    from engine.bus.port import Bus
    from engine.events.letters import DeadLetter
    from engine.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Look at input that could not be read.")

TOPIC: Final = "dead-letters"
PAGE: Final = 1_000  # records read at a time
EXCERPT: Final = 120  # characters shown; enough to see what kind of record it was meant to be
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")  # would move a terminal's cursor, or break the line


@app.command("list")
def list_letters(
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="NAME", help="Only what came from this topic, such as comments.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="The newest so many.")] = 20,
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """List input that could not be read: its place on the log, what is wrong, and its beginning with personal data covered."""
    from engine.cli.signals import complete

    settings = options.settings_on(bus, config)
    complete(_list(settings, topic, limit, as_json=as_json))


async def _list(settings: Settings, topic: str | None, limit: int, *, as_json: bool) -> None:
    from engine.cli.opened import reading

    async with reading(settings) as bus:
        found = await newest(bus, topic, limit)
    if as_json:
        terminal.show_json([_as_json(letter) for letter in found])
    elif not found:
        terminal.say("no dead letters" + (f" from `{topic}`" if topic else ""))
    else:
        _show(found)


def excerpt(letter: DeadLetter) -> str:
    """The beginning of the record as one line of text, personal data and the viewer's id covered."""
    from engine.events.letters import cover_viewer
    from engine.understanding.privacy import mask

    text = cover_viewer(b64decode(letter.value)).decode("utf-8", "replace")  # older letters hold the id
    text = _UNSEEN.sub(" ", text).strip()
    text = mask(text) or text
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


async def newest(bus: Bus, topic: str | None, limit: int) -> list[DeadLetter]:
    """The newest dead letters, oldest of them first."""
    from engine.events.codec import decode

    found: deque[DeadLetter] = deque(maxlen=limit)
    at, end = await bus.begin(TOPIC, 0), await bus.end(TOPIC, 0)
    while records := await bus.read(TOPIC, 0, at, end, max_records=PAGE):
        at = records[-1].offset + 1
        for record in records:
            if record.value is not None:
                letter: DeadLetter = decode(TOPIC, record.value)
                if topic in (None, letter.origin_topic):
                    found.append(letter)
    return list(found)


def _as_json(letter: DeadLetter) -> dict[str, object]:
    return {
        "topic": letter.origin_topic, "partition": letter.origin_partition, "offset": letter.origin_offset,
        "key": _key(letter), "error": letter.error, "excerpt": excerpt(letter), "size": letter.size, "at": letter.at,
    }  # fmt: skip


def _key(letter: DeadLetter) -> str | None:
    from engine.understanding.privacy import mask

    return letter.origin_key if letter.origin_key is None else mask(letter.origin_key) or letter.origin_key


def _show(letters: list[DeadLetter]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("when (UTC)", "where", "what is wrong", "beginning"):
        table.add_column(name, overflow="fold")
    for letter in letters:
        when = moments.shown(letter.at)
        where = f"{letter.origin_topic}/{letter.origin_partition}/{letter.origin_offset}"
        table.add_row(*(Text(cell) for cell in (when, where, letter.error, excerpt(letter))))
    terminal.out().print(table)
