"""`livechat player`: the reference player in a terminal. It says what it plays, line by line."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from engine.cli import options, terminal
from engine.errors import Exit, UsageError

if TYPE_CHECKING:
    from engine.client.connection import Outage
    from engine.client.player import ScriptMaker
    from engine.client.playhead import Say, Tell
    from engine.events.outputs import Alert
    from engine.pool.model import Pool


def player(
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
    room: options.Room = options.DEFAULT_ROOM,
    shop: options.Shop = None,
    base: options.Base = None,
    script: Annotated[str, typer.Option("--script", help="Script of the shop to play, by its id.")] = "evening",
    speed: options.Speed = 1.0,
    plain: options.Plain = False,
) -> None:
    """Play a shop's script as a digital human would: real time, replies at sentence boundaries, every report sent.

    It goes on with its script while the server is away, and connects again by itself. It is the example for whoever connects their own
    avatar: engine/client/player.py.
    """
    from engine.cli.signals import run_until_signalled
    from engine.client.player import ReferencePlayer
    from engine.pool.load import load_pool

    folder = options.shop_folder(shop)
    pool = load_pool(options.base_folder(base), folder, model_of=lambda _: "")  # what is said needs no classifier
    voice = Voice(terminal.out(), plain=plain)
    reference = ReferencePlayer(
        url, room=room, token=token, shop=pool.shop, speed=speed, script=script_maker(pool, script, speed, voice.left_out),
        on_say=voice.say, on_tell=voice.tell, on_outage=voice.outage,
    )  # fmt: skip
    voice.begin(room, pool, script, speed)
    if (code := run_until_signalled(reference.run())) is not Exit.OK:
        raise typer.Exit(code)


def script_maker(pool: Pool, script: str, speed: float, left_out: Callable[[str, str], None]) -> ScriptMaker:
    """Fills the script's placeholders with the facts that the gateway tells; `left_out` gets each sentence that cannot be said, and why.

    Raises `UsageError` for an unknown script; what it makes raises `NothingToSay`.
    """
    from engine.client.scripts import FactBook, fill_script
    from engine.events.wire import SetScript

    plan = pool.scripts.get(script)
    if plan is None:
        known = ", ".join(f"`{name}`" for name in pool.scripts) or "none"
        raise UsageError(f"the shop has no script `{script}`; it has {known}: choose one with `--script`")

    def make(facts: FactBook, now: int, request: str) -> SetScript:
        filled = fill_script(pool, plan, facts, now=now, request=request, speed=speed)
        for sentence, why in filled.left_out:
            left_out(sentence, why)
        return filled.script

    return make


class Voice:
    """Prints what is said. Replies stand out; reports are shown only where something went wrong."""

    def __init__(self, console: Console, *, plain: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._plain = plain or not console.is_terminal
        self._clock = clock
        self._start = clock()
        self._segment: str | None = None
        self._told: set[tuple[str, str]] = set()

    def begin(self, room: str, pool: Pool, script: str, speed: float) -> None:
        told = f", {speed:g} times as quick" if speed != 1 else ""
        self._line(f"room {room}: script `{script}` of `{pool.shop}`{told}; Ctrl-C ends it", "dim")

    def say(self, said: Say) -> None:
        """A sentence, a reply, or the end of one that is cut."""
        if said.kind == "cut":
            self._line("✂ cut", "bold red")
        elif said.insertion is not None:
            told = f"  for {terminal.audience(said.insertion)} ({said.insertion.reply})"
            self._line(f"▶ {said.text}", "bold green", told)
        else:
            if said.cursor is not None and said.cursor.segment != self._segment:
                self._segment = said.cursor.segment
                self._line(f"— {self._segment}", "dim")
            self._line(f"  {said.text}", "")

    def tell(self, told: Tell | Alert) -> None:
        """Reports of failure, and alerts."""
        from engine.events.outputs import Alert

        if isinstance(told, Alert):
            self._line(f"! {told.kind}: {told.detail}", "bold yellow")
        elif told.kind in ("rejected", "aborted"):
            self._line(f"! {told.kind} {(told.insertion or '')[:8]}: {told.reason}", "yellow")

    def outage(self, outage: Outage) -> None:
        """The engine is away, or back: once each."""
        if outage.seconds is None:
            self._line(
                f"! the engine is away ({outage.why}); the script goes on, replies come when it is back", "bold yellow"
            )
        else:
            self._line(f"! the engine is back after {outage.seconds:.0f} s", "bold yellow")

    def left_out(self, sentence: str, why: str) -> None:
        """A sentence is not said, as its facts are now; told once."""
        if (sentence, why) not in self._told:
            self._told.add((sentence, why))
            self._line(f"! `{sentence}` is left out: {why}", "yellow")

    def _line(self, text: str, style: str, more: str = "") -> None:
        line = Text(f"{self._clock() - self._start:7.1f}s ", style="dim") if self._plain else Text()
        self._console.print(line.append(text, style=style or "not dim").append(more, style="not bold dim"))
