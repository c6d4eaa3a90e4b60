"""`livechat handoffs`: questions that were passed to people, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from engine.cli import options, terminal
from engine.errors import UsageError
from engine.printable import json_text

if TYPE_CHECKING:
    from rich.text import Text

    from engine.client.operator import Operator
    from engine.events.handoffs import Handoff

app = typer.Typer(
    invoke_without_command=True,
    help="Questions that people have to answer: see those that are open, close them.\n\n"
    "Without a command the open ones are listed, the oldest first. The engine only passes questions on; whoever answers does so in the "
    "platform's chat or by voice, and tells it here.",
)

SHOWN: Final = 8  # digits of an id that are shown; any beginning that is unlike the others is understood
Ids = Annotated[
    list[str], typer.Argument(metavar="ID", help="As they are listed, or their beginnings; one or several.")
]
RoomPattern = Annotated[
    str, typer.Option("--room", "-r", metavar="ROOM", help="Only this room's; `abc*` for several, `*` for all.")
]

STATES: Final = {"open": "bold cyan", "answered": "green", "dismissed": "dim", "expired": "bold red"}
CAUSES: Final = {
    "owner": "the intent belongs to people",
    "repeated": "one viewer asked again and again",
    "stakes": "much depends on it, and it is not sure enough",
}


@app.callback()
def handoffs(
    ctx: typer.Context,
    room: RoomPattern = "*",
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on: a line for each that is opened, joined or closed.")
    ] = False,
    as_json: options.AsJson = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """List what is open."""
    if ctx.invoked_subcommand is not None:
        return
    from engine.cli.signals import run_until_signalled
    from engine.errors import Exit

    if (code := run_until_signalled(_list(url, token, room, watch=watch, as_json=as_json))) is not Exit.OK:
        raise typer.Exit(code)


@app.command("answered")
def answered(
    ids: Ids, room: RoomPattern = "*", url: options.Url = options.DEFAULT_URL, token: options.Token = ""
) -> None:
    """Somebody answered these."""
    _close(ids, "answered", room, url, token)


@app.command("dismissed")
def dismissed(
    ids: Ids, room: RoomPattern = "*", url: options.Url = options.DEFAULT_URL, token: options.Token = ""
) -> None:
    """These need no answer."""
    _close(ids, "dismissed", room, url, token)


def _close(ids: list[str], state: Literal["answered", "dismissed"], room: str, url: str, token: str) -> None:
    from engine.cli.signals import complete

    complete(_close_all(url, token, room, ids, state))
    terminal.say(f"{len(ids)} {'handoff' if len(ids) == 1 else 'handoffs'} {state}")


async def _close_all(url: str, token: str, room: str, ids: list[str], state: Literal["answered", "dismissed"]) -> None:
    async with _operator(url, token, room) as operator:
        held = await operator.open_handoffs()
        meant = [pick(name, held) for name in ids]  # all of them are known before the first is closed
        with options.checked():
            for handoff in meant:
                await operator.close_handoff(handoff.room, handoff.id, state)


def pick(name: str, held: list[Handoff]) -> Handoff:
    """The open handoff whose id begins so. Raises `UsageError`."""
    found = [handoff for handoff in held if handoff.id.startswith(name.lower())] if name else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"`{name}` is the beginning of {len(found)} open handoffs; write more of the id")
    raise UsageError(
        f"no open handoff has the id `{name}`: it may be closed or expired by now; `livechat handoffs` lists what is open"
    )


def _operator(url: str, token: str, room: str) -> Operator:
    from engine.client.operator import Operator

    return Operator(
        url, rooms=(room,), token=token, patience_s=options.PATIENCE_S, streams=("handoffs",), held=True
    )  # fmt: skip


async def _list(url: str, token: str, room: str, *, watch: bool, as_json: bool) -> None:
    async with _operator(url, token, room) as operator:
        held = await operator.open_handoffs()
        now = operator.connection.now()
        if as_json and not watch:
            terminal.show_json([as_document(handoff) for handoff in held])
        elif not as_json:
            for handoff in held:
                terminal.out().print(line(handoff, now))
            if not held:
                terminal.say("no open handoffs")
        if not watch:
            return
        if as_json:
            for handoff in held:
                _show_line(handoff)
        async for handoff in operator.handoffs():
            if as_json:
                _show_line(handoff)
            else:
                terminal.out().print(line(handoff, operator.connection.now()))


def _show_line(handoff: Handoff) -> None:
    """One JSON object a line, for programs that read along."""
    terminal.write(json_text(as_document(handoff)) + "\n")


def as_document(handoff: Handoff) -> dict[str, object]:
    """All of it for programs."""
    return handoff.model_dump(mode="json", exclude={"v", "type"})


def line(handoff: Handoff, now: int) -> Text:
    """One handoff as a line: id, state, how long it can still be answered, where, what about, who asked, and the first comment."""
    from rich.text import Text

    text = Text(f"{handoff.id[:SHOWN]}  ", style="bold")
    text.append(handoff.state, style=f"not bold {STATES[handoff.state]}")
    left = max(0, handoff.answer_by - now) // 1_000
    told = f" for {left} s" if handoff.state == "open" else f" by {handoff.by}" if handoff.by else ""
    about = handoff.intent or "not understood"
    if handoff.product is not None:
        about += f", {handoff.product}"
    asked = "asked once" if handoff.asked == 1 else f"asked {handoff.asked} times"
    text.append(f"{told}  {handoff.room}  {about}  {asked}  ", style="not bold default")
    text.append(handoff.text, style="default")
    return text.append(f"  ({CAUSES[handoff.cause]})", style="dim")
