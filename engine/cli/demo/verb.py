"""`livechat demo`: its options and its course."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from engine.cli import options, terminal
from engine.errors import Exit, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from engine.cli.demo.stage import Stage
    from engine.cli.demo.story import Beat, Story
    from engine.client.connection import Connection

ROOM: Final = "demo"
SKIP_S: Final = 8.0  # of the recording, when viewers only greet: the first question comes the sooner
VARIABLES: Final = "operator.env"  # in the folder that is kept: what leads an operator's commands to this demo
FRAMES_PER_S: Final = 8  # of the screen; a sentence lasts a second at least
BEGIN_S: Final = 30.0  # for the player to say its first sentence


def demo(
    seconds: Annotated[
        float, typer.Option("--seconds", "-t", metavar="N", min=5, max=3_600, help="How long it lasts.")
    ] = 75,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", "-x", min=0.5, max=20, metavar="N", help="Script and comments N times as quick as life."
        ),
    ] = 4,
    plain: options.Plain = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep the log, settings and what processes printed there."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", min=0, max=65_535, help="Of the WebSocket; 0: a free one.")
    ] = 0,
) -> None:
    """Watch the engine work: a shop, a host's script, viewers, and replies inserted at the right moments.

    The real thing: server, player and source are processes of their own, with sockets and a log on disk between them.
    """
    from engine.cli.demo.ending import edit, summary
    from engine.cli.signals import run_until_signalled

    console = terminal.out()
    plain = plain or not console.is_terminal
    show = Show(console, seconds=seconds, speed=speed, plain=plain, temporary=keep is None)
    with _folder(keep) as folder:
        if keep is not None:
            terminal.note(f"everything is kept in {keep}; its shop/ may be edited while the demo runs:")
            terminal.note(
                f"`. {keep}/{VARIABLES}` in another terminal leads `livechat gaps`, `pool check`, `room` … there"
            )
        code = run_until_signalled(show.run(folder, port), terminated=Exit.TERMINATED)
    if show.story is not None and show.elapsed_s:
        console.print(summary(show.story, seconds=show.elapsed_s, speed=speed))
        if (closing := edit(show.story, colours=console.is_terminal)) is not None:
            console.print(closing)
        terminal.say("")
        terminal.say(
            'Next: `livechat say "有优惠券吗"` explains one comment; examples/tea-shop/README.md tells how to make a shop.',
            "dim",
        )
    if code is not Exit.OK:
        if not show.elapsed_s:
            terminal.note("ended by a signal before the show began")
        raise typer.Exit(code)


class Show:
    """One run. `story` and `elapsed_s` tell what it came to, also where it was interrupted."""

    def __init__(self, console: Console, *, seconds: float, speed: float, plain: bool, temporary: bool) -> None:
        self.story: Story | None = None
        self.elapsed_s = 0.0
        self._console = console
        self._seconds = seconds
        self._speed = speed
        self._plain = plain
        self._temporary = temporary
        self._recording: dict[str, str] = {}

    async def run(self, folder: Path, port: int) -> None:
        """From the first process to the last. Raises `Unavailable` where a process fails."""
        from engine.cli.demo.stage import Stage
        from engine.cli.demo.tempo import copy_pack
        from engine.pool.paths import base_pack, example_shop

        base = copy_pack(base_pack(), folder / "intents", self._speed)
        shop = copy_pack(example_shop(), folder / "shop", self._speed)
        self._recording = cut(example_shop() / "live.jsonl", folder / "live.jsonl", SKIP_S, self._seconds * self._speed)
        stage = Stage(folder, base, shop, options.model_cache(), port, temporary=self._temporary)
        try:
            with terminal.err().status("starting the engine"):
                await stage.open()
            stage.tell_operators(folder / VARIABLES)
            stage.tell_operators(folder / VARIABLES)
            with terminal.err().status(
                "reading the shop, training its model (about ten seconds, on the first run only)"
            ):
                await stage.ready()
            await self._perform(stage)
        finally:
            with terminal.err().status("ending every process"):
                await stage.close()

    async def _perform(self, stage: Stage) -> None:
        from engine.cli.demo.story import Story
        from engine.client.connection import PATIENCE_S, Connection
        from engine.events import wire
        from engine.events.roles import ROLE_STREAMS
        from engine.pool.load import load_pool

        pool = await asyncio.to_thread(load_pool, stage.base, stage.shop, model_of=lambda _: "")
        titles = {name: intent.title.get("en", name) for name, intent in pool.intents.items()}
        story = self.story = Story(self._recording, titles)
        news: asyncio.Queue[object] = asyncio.Queue()

        def on_push(message: wire.Push | wire.Processed | wire.Facts | wire.Identified) -> None:
            if isinstance(message, wire.Push):
                news.put_nowait(message.record)

        streams = ROLE_STREAMS["observer"]
        async with Connection(
            stage.url,
            role="operator",
            rooms=("*",),
            token=stage.tokens["operator"],
            streams=streams,
            handler=on_push,
            outage_s=PATIENCE_S,
        ) as connection:
            await connection.request(wire.OpenRoom(id=connection.next_id(), room=ROOM, shop=pool.shop))
            await connection.request(wire.SetMode(id=connection.next_id(), room=ROOM, mode="auto"))
            await stage.play(ROOM, self._speed)
            beats = await self._until_begun(stage, story, news, connection)
            await stage.comment(ROOM, stage.folder / "live.jsonl", self._speed)
            name = pool.name.get("en", pool.shop)
            with self._view(story, name) as view:
                view.show(beats, connection.now(), 0.0)
                await self._watch(stage, story, news, connection, view)

    async def _until_begun(
        self, stage: Stage, story: Story, news: asyncio.Queue[object], connection: Connection
    ) -> list[Beat]:
        """Until the first sentence is said; returns what happened so far."""
        beats: list[Beat] = []
        end = time.monotonic() + BEGIN_S
        while story.begun is None:
            stage.check()
            if time.monotonic() > end:
                raise stage.failure("player")
            for record in await _arrived(news):
                beats += story.take(record, connection.now())
        return beats

    async def _watch(
        self, stage: Stage, story: Story, news: asyncio.Queue[object], connection: Connection, view: View
    ) -> None:
        start = time.monotonic()
        while self.elapsed_s < self._seconds:
            stage.check()
            records = await _arrived(news)
            now = connection.now()
            beats = [beat for record in records for beat in story.take(record, now)]
            self.elapsed_s = time.monotonic() - start
            view.show(beats, now, self.elapsed_s)

    def _view(self, story: Story, shop: str) -> AbstractContextManager[View]:
        if self._plain:
            from engine.cli.demo.lines import Lines

            return Lines(story, self._console, shop=shop, speed=self._speed, seconds=self._seconds)
        from engine.cli.demo.screen import Screen

        return Screen(story, self._console, shop=shop, speed=self._speed, seconds=self._seconds)


class View(Protocol):
    """Shows a story as it goes on."""

    def show(self, beats: Sequence[Beat], now: int, elapsed_s: float) -> None:
        """`beats`: what happened since the last call. `now`: of the server, ms."""
        ...


async def _arrived(news: asyncio.Queue[object]) -> list[object]:
    """Records that came, after at most one frame."""
    records: list[object] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(1 / FRAMES_PER_S):
            records.append(await news.get())
    while not news.empty():
        records.append(news.get_nowait())
    return records


def cut(recording: Path, to: Path, start: float, length: float) -> dict[str, str]:
    """Copy `length` seconds of a recording from `start` on; returns its texts by id."""
    texts: dict[str, str] = {}
    with recording.open(encoding="utf-8") as lines, to.open("w", encoding="utf-8") as out:
        for line in lines:
            comment = json.loads(line)
            if start <= comment["at"] < start + length:
                texts[comment["id"]] = comment["text"]
                out.write(line)
    return texts


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to work in; a temporary one goes with the demo. Raises `UsageError` where `keep` holds something."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="livechat-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    if keep.exists() and any(keep.iterdir()):
        raise UsageError(f"`{keep}` is not empty; name a new folder with `--keep`")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()
