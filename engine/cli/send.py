"""`livechat send`: a source, sending a recorded live through the gateway."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from engine.cli import options, terminal
from engine.errors import Exit, Unavailable

if TYPE_CHECKING:
    from engine.cli.recording import Recorded
    from engine.client.source import Source
    from engine.events.outputs import ChatReply

VERDICTS_S: Final = 15.0  # longest wait for the last verdicts; a worker that is away longer has not lost them


def send(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="Comments, one JSON object a line, with `at` in seconds.")
    ],
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
    room: options.Room = options.DEFAULT_ROOM,
    shop: Annotated[
        str | None, typer.Option("--shop", "-s", metavar="ID", help="Shop of the room, where nobody opened it.")
    ] = None,
    speed: options.Speed = 1.0,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="Send only the first N.")
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="As new comments, though the file was sent before; else they are duplicates."),
    ] = False,
    patience: Annotated[
        float | None,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=0.0,
            help="Give up where nothing is acknowledged for so long; else it waits.",
        ),
    ] = None,
    no_posts: Annotated[
        bool,
        typer.Option(
            "--no-posts", help="Leave chat replies to another connector; else they are printed, and reported as posted."
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Send a recorded live in its own rhythm, and tell what verdicts its comments got.

    Replies that are to be posted into the chat are printed as they come, since there is no platform behind a recording.

    Where the engine acknowledges nothing (away, its disk is full) it says so once and goes on when it does. Ends with 1 where a comment was
    refused, or got no verdict; with 3 where nobody ever answered, or --patience is over.
    """
    from engine.cli.recording import read
    from engine.cli.signals import run_until_signalled

    comments = read(file, room=room, shop=shop, limit=limit, run=f"{uuid.uuid4().hex[:8]}-" if again else "")
    tally = Tally()
    code = run_until_signalled(_send(comments, url, token, speed, tally, patience, posts=not no_posts))
    if as_json:
        terminal.show_json(tally.document())
    else:
        terminal.out().print(tally.table(), "", tally.sentence(), sep="\n")
    if code is Exit.OK and (tally.refused or tally.without):
        code = Exit.FAILED
    if code is not Exit.OK:
        raise typer.Exit(code)


class Tally:
    """What became of the comments sent."""

    def __init__(self) -> None:
        self.received = 0
        self.refused: Counter[str] = Counter()
        self.final: Counter[str] = Counter()
        self.waiting: Counter[str] = Counter()
        self.without = 0
        self.posted = 0
        self.warnings: list[str] = []

    def note(self, verdict: str, final: bool) -> None:
        (self.final if final else self.waiting)[verdict] += 1

    def close(self, source: Source) -> None:
        """The session is over."""
        self.received = source.received
        self.refused.update(why for _, why in source.refused)
        self.without = source.owed
        self.warnings = list(source.warnings)

    def document(self) -> dict[str, object]:
        return {
            "received": self.received,
            "final": dict(self.final.most_common()),
            "waiting": dict(self.waiting.most_common()),
            "refused": dict(self.refused.most_common()),
            "without_verdict": self.without,
            "posted": self.posted,
            "warnings": self.warnings,
        }

    def table(self) -> Table:
        """Verdicts with what they mean, the most frequent first."""
        from engine.events.meanings import BLOCKERS, REASONS

        meanings: dict[str, str] = {name: meaning.what for name, meaning in (REASONS | BLOCKERS).items()}
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right")
        for verdict, count in self.final.most_common():
            table.add_row(f"{count:,}", Text(verdict, style="bold"), Text(meanings.get(verdict, ""), style="dim"))
        for verdict, count in self.waiting.most_common():
            table.add_row(
                f"{count:,}", Text(f"waits: {verdict}", style="cyan"), Text(meanings.get(verdict, ""), style="dim")
            )
        for why, count in self.refused.most_common():
            table.add_row(f"{count:,}", Text("refused", style="bold red"), Text(why))
        return table

    def sentence(self) -> Text:
        text = f"{self.received:,} received, {sum(self.final.values()):,} final at once, {sum(self.waiting.values()):,} waiting"
        if self.posted:
            text += f", {self.posted:,} replies posted"
        if self.without:
            text += f", {self.without:,} without a verdict (is a worker running?)"
        return Text(text)


async def _send(
    comments: list[Recorded],
    url: str,
    token: str,
    speed: float,
    tally: Tally,
    patience_s: float | None,
    *,
    posts: bool,
) -> None:
    from engine.client.source import Source, paced

    rooms = tuple(dict.fromkeys(comment.room for _, comment in comments))
    with _progress() as progress:
        sending = progress.add_task("sending", total=len(comments))
        hold = Hold(progress.console, patience_s)

        async def post(reply: ChatReply) -> None:
            tally.posted += 1
            progress.console.print(Text(f"chat of {reply.source}: {reply.text}"), style="green")

        async with Source(
            url, rooms=rooms, token=token, processed=lambda _, verdict, final: tally.note(verdict, final), on_held=hold.on_held,
            on_warning=lambda warning: progress.console.print(Text(f"! {warning}"), style="yellow"),
            post=post if posts else None, posts_for={comment.source for _, comment in comments},
        ) as source:  # fmt: skip
            try:
                async with hold:
                    async for batch in paced(comments, speed=speed, clock=time.monotonic):
                        sent = source.connection.now()
                        await source.send(replace(comment, sent=sent) for comment in batch)
                        progress.advance(sending, len(batch))
                progress.update(sending, description="waiting for verdicts")
                with suppress(TimeoutError):  # the summary tells how many have none
                    async with asyncio.timeout(VERDICTS_S):
                        await source.drained()
            finally:
                tally.close(source)


class Hold:
    """What is said while nothing is acknowledged, and how long that is borne. `patience_s` None: without end."""

    def __init__(self, console: Console, patience_s: float | None) -> None:
        self._console = console
        self._patience_s = patience_s
        self._timeout = asyncio.timeout(None)
        self._why: str | None = None
        self._sending = False

    def on_held(self, why: str | None) -> None:
        """Nothing is acknowledged, or (None) it is again. Said once each."""
        self._why = why
        if why is None:
            self._console.print(Text("acknowledged again, going on"), style="dim")
        else:
            self._console.print(Text(f"{why}; waiting until it does, nothing is lost"), style="yellow")
        self._limit()

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._sending = True
        self._limit()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises `Unavailable` where patience ended."""
        self._sending = False
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise Unavailable(f"nothing was acknowledged for {self._patience_s:g} s: {self._why}") from None

    def _limit(self) -> None:
        if self._sending and self._patience_s is not None:
            end = None if self._why is None else asyncio.get_running_loop().time() + self._patience_s
            self._timeout.reschedule(end)


def _progress() -> Progress:
    """On a terminal; elsewhere nothing is printed before the summary."""
    console = terminal.err()
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    )  # fmt: skip
