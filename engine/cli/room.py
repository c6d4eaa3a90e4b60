"""`livechat room`: modes and kill switches, as an operator says them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.cli import options, terminal
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.events.inputs import Mode as ModeName

app = typer.Typer(no_args_is_help=True, help="Operate live rooms: modes and kill switches.")


New = Annotated[bool, typer.Option("--new", help="It is yet to come: else a name that was never seen is refused.")]


class Mode(StrEnum):
    """How replies are said in a room."""

    auto = "auto"
    approve = "approve"
    shadow = "shadow"
    paused = "paused"


@app.command("mode")
def mode(
    room: options.RoomName,
    mode: Annotated[Mode, typer.Argument(metavar="MODE", help="auto, approve, shadow or paused.")],
    new: New = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Say how replies are said in a room; it outlives restarts.

    auto: at once. approve: after a person's yes. shadow: never, only decided. paused: not until told otherwise.
    """
    from engine.cli.signals import complete

    complete(_set_mode(url, token, room, mode.value, known=not new))
    terminal.say(f"room {room}: {mode.value}")


@app.command("kill")
def kill(
    room: Annotated[str | None, typer.Argument(metavar="[ROOM]", callback=options.room_name, help="One room.")] = None,
    shop: Annotated[str | None, typer.Option("--shop", "-s", metavar="ID", help="Every room of a shop.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every room there is.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Lift the kill switch.")] = False,
    hold_script: Annotated[bool, typer.Option("--hold-script", help="Stop the script too, not only replies.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the record.")] = "",
    new: New = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Throw the kill switch: no reply is said any more, within a second, until it is lifted with --off."""
    from engine.cli.signals import complete

    scope, target = _scope(room, shop, everything=everything)
    complete(_kill(url, token, scope, target, on=not off, hold_script=hold_script, reason=reason, known=not new))
    name = "everything" if scope == "*" else f"{scope} {target}"
    terminal.say(f"{name}: kill switch lifted" if off else f"{name}: killed; lift it with --off")


Scope = Literal["room", "shop", "*"]


def _scope(room: str | None, shop: str | None, *, everything: bool) -> tuple[Scope, str]:
    """What is meant; exactly one may be named. Raises `UsageError`."""
    if sum((room is not None, shop is not None, everything)) != 1:
        raise UsageError("name exactly one: a ROOM, `--shop ID`, or `--all`")
    if room is not None:
        return "room", room
    return ("shop", shop) if shop is not None else ("*", "*")


async def _set_mode(url: str, token: str, room: str, mode: ModeName, *, known: bool) -> None:
    from engine.client.operator import Operator

    async with Operator(url, rooms=(room,), token=token, patience_s=options.PATIENCE_S) as operator:
        with options.checked():
            await operator.set_mode(room, mode, known=known)


async def _kill(
    url: str, token: str, scope: Scope, target: str, *, on: bool, hold_script: bool, reason: str, known: bool
) -> None:
    from engine.client.operator import Operator

    rooms = (target,) if scope == "room" else ("*",)
    async with Operator(url, rooms=rooms, token=token, patience_s=options.PATIENCE_S) as operator:
        with options.checked():
            await operator.kill(scope, target, on=on, hold_script=hold_script, reason=reason, known=known)
