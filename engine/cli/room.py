"""`livechat room`: modes, take-overs and kill switches, as an operator says them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.cli import options, proposals, terminal
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.events.inputs import Mode as ModeName

app = typer.Typer(no_args_is_help=True, help="Operate live rooms: modes, proposals, take-overs, kill switches.")


New = Annotated[bool, typer.Option("--new", help="It is yet to come: else a name that was never seen is refused.")]


class Mode(StrEnum):
    """How replies are said in a room."""

    auto = "auto"
    approve = "approve"
    shadow = "shadow"
    paused = "paused"


@app.command("mode")
def mode(
    room_or_mode: Annotated[
        str, typer.Argument(metavar="ROOM", help="Name of the live room; with --shop the mode stands here.")
    ],
    mode: Annotated[str | None, typer.Argument(metavar="MODE", help="auto, approve, shadow or paused.")] = None,
    shop: Annotated[
        str | None, typer.Option("--shop", "-s", metavar="ID", help="Every room of a shop, those to come included.")
    ] = None,
    new: New = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Say how replies are said in a room, or in all rooms of a shop; it outlives restarts. What was said last counts.

    auto: at once. approve: after a person's yes. shadow: never, only decided. paused: not until told otherwise.
    """
    from engine.cli.signals import complete

    room, named = _room_and_mode(room_or_mode, mode, shop)
    complete(_set_mode(url, token, room, shop, named.value, known=not new))
    terminal.say(
        f"room {room}: {named.value}" if room is not None else f"shop {shop}: {named.value} in all of its rooms"
    )


def _room_and_mode(first: str, second: str | None, shop: str | None) -> tuple[str | None, Mode]:
    """(room, mode) as typed; no room where a shop is named. Raises `UsageError`, `BadParameter`."""
    if (second is None) != (shop is not None):
        raise UsageError("name exactly one: `room mode ROOM MODE`, or `room mode MODE --shop ID`")
    room, mode = (None, first) if second is None else (options.room_name(first), second)
    if mode not in set(Mode):
        known = ", ".join(repr(known.value) for known in Mode)
        raise UsageError(f"`{mode}` is no mode: choose one of {known}")
    return room, Mode(mode)


@app.command("take")
def take(
    room: options.RoomName,
    now: Annotated[bool, typer.Option("--now", help="Cut what is being said; else wait for its end.")] = False,
    new: New = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Take a room, as a person who speaks there now: no reply is said and its script is held, until it is handed back."""
    from engine.cli.signals import complete

    complete(_take(url, token, room, "person", at_boundary=not now, known=not new))
    terminal.say(
        f"room {room}: yours {'now' if now else 'at the end of what is being said'}; give it back by hand-back"
    )


@app.command("hand-back")
def hand_back(
    room: options.RoomName,
    new: New = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Hand a room back to the engine: the script goes on with the sentence that was held, and replies are said again."""
    from engine.cli.signals import complete

    complete(_take(url, token, room, "engine", at_boundary=False, known=not new))
    terminal.say(f"room {room}: the engine's")


app.command("proposals")(proposals.proposals)
app.command("approve")(proposals.approve)
app.command("refuse")(proposals.refuse)


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
    still: list[str] = []
    complete(_kill(url, token, scope, target, still, on=not off, hold_script=hold_script, reason=reason, known=not new))
    name = "everything" if scope == "*" else f"{scope} {target}"
    terminal.say(f"{name}: kill switch lifted" if off else f"{name}: killed; lift it with --off")
    if still:
        what = "these are" if scope == "*" else "it is"
        terminal.say(f"{what} still silent: {'; '.join(map(holds, still))}", style="yellow")


def holds(key: str) -> str:
    """A kill switch that still holds, and how it is lifted."""
    _, scope, *target = key.split("/", 2)
    if scope == "*":
        return "everything is killed (`room kill --all --off`)"
    where = f"--shop {target[0]}" if scope == "shop" else target[0]
    return f"{scope} {target[0]} is killed (`room kill {where} --off`)"


Scope = Literal["room", "shop", "*"]


def _scope(room: str | None, shop: str | None, *, everything: bool) -> tuple[Scope, str]:
    """What is meant; exactly one may be named. Raises `UsageError`."""
    if sum((room is not None, shop is not None, everything)) != 1:
        raise UsageError("name exactly one: a ROOM, `--shop ID`, or `--all`")
    if room is not None:
        return "room", room
    return ("shop", shop) if shop is not None else ("*", "*")


async def _set_mode(url: str, token: str, room: str | None, shop: str | None, mode: ModeName, *, known: bool) -> None:
    from engine.client.operator import Operator

    async with Operator(url, rooms=(room or "*",), token=token, patience_s=options.PATIENCE_S) as operator:
        with options.checked():
            if room is not None:
                await operator.set_mode(room, mode, known=known)
            elif shop is not None:
                await operator.set_shop_mode(shop, mode, known=known)


async def _take(
    url: str, token: str, room: str, who: Literal["person", "engine"], *, at_boundary: bool, known: bool
) -> None:
    from engine.client.operator import Operator

    async with Operator(url, rooms=(room,), token=token, patience_s=options.PATIENCE_S) as operator:
        with options.checked():
            await operator.take_over(room, who, at_boundary=at_boundary, known=known)


async def _kill(
    url: str,
    token: str,
    scope: Scope,
    target: str,
    still: list[str],
    *,
    on: bool,
    hold_script: bool,
    reason: str,
    known: bool,
) -> None:
    """`still`: takes the keys of the switches that still hold."""
    from engine.client.operator import Operator

    rooms = (target,) if scope == "room" else ("*",)
    async with Operator(url, rooms=rooms, token=token, patience_s=options.PATIENCE_S) as operator:
        with options.checked():
            if on:
                await operator.kill(scope, target, on=on, hold_script=hold_script, reason=reason, known=known)
            else:
                still += await operator.lift(scope, target, reason=reason, known=known)
