"""`livechat keys`: the keys that viewer ids are hashed with. They change and go by themselves; this is to look, and for haste."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Final, TypedDict

import typer

from engine.cli import moments, options, terminal
from engine.clock import wall_clock
from engine.errors import BusInUse, LivechatError, UsageError

if TYPE_CHECKING:
    from engine.bus.port import Bus
    from engine.events.viewers import ViewerKey
    from engine.settings import Settings
    from engine.viewers.ring import Ring

app = typer.Typer(no_args_is_help=True, help="Look at the keys of viewer ids; change or destroy them at once.")

BY: Final = "livechat keys"


class Told(TypedDict):
    """A key, as it is listed. Times are UTC, ms."""

    number: int
    id: str
    state: str
    start: int
    end: int
    destroyed: int
    by: str


class Hashed(TypedDict):
    """Under which hash a viewer stands, from when to when."""

    number: int
    start: int
    end: int
    hash: str


@app.command("list")
def list_keys(bus: options.BusUrl = None, config: options.Config = None, as_json: options.AsJson = False) -> None:
    """List every key: from when to when it is used, when it is destroyed, or was.

    A destroyed key is `erased` once its bits cannot be read on the log any more: within seconds in the embedded log, within some hours
    on Kafka, which compacts in its own time.
    """
    from engine.cli.signals import complete

    complete(_list(options.settings_on(bus, config), as_json=as_json))


@app.command("rotate")
def rotate(bus: options.BusUrl = None, config: options.Config = None) -> None:
    """Begin a new key now. Viewers count as new ones from here on; the old key is destroyed when its time comes.

    Also after the secret of the settings was changed: run it with the new one, then start every worker and gateway again.
    """
    from engine.cli.signals import complete

    complete(_rotate(options.settings_on(bus, config)))


@app.command("destroy")
def destroy(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[NUMBER]…", help="Which ones; else all that are in use no more.")
    ] = None,
    bus: options.BusUrl = None,
    config: options.Config = None,
) -> None:
    """Destroy keys that are in use no more, before their time. Nothing brings them back: their hashes are linked to nobody any more."""
    from engine.cli.signals import complete

    complete(_destroy(options.settings_on(bus, config), numbers or []))


@app.command("hash")
def hash_viewer(
    viewer: Annotated[str, typer.Argument(metavar="VIEWER", help="The viewer's id, as the platform tells it.")],
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Tell under which hashes a viewer's comments stand, to find or erase them when the viewer asks for it.

    One line for each key that is not destroyed yet. Needs the secret of the settings.
    """
    from engine.cli.signals import complete

    complete(_hash(options.settings_on(bus, config), viewer, as_json=as_json))


async def _list(settings: Settings, *, as_json: bool) -> None:
    from engine.cli.opened import reading
    from engine.viewers.keeper import remains

    now = wall_clock()
    async with reading(settings) as log:
        ring = await ring_of(log, settings)
        left = {stored.key or "" for stored in await remains(log, now)}
    told = [_told(ring, key, now, erased=key.id not in left) for key in ring.keys]
    if as_json:
        terminal.show_json(told)
    elif not told:
        terminal.say("no key was made yet: the first worker or gateway makes it")
    else:
        _show(told)


async def _rotate(settings: Settings) -> None:
    from engine.bus.port import Outgoing
    from engine.viewers.keeper import TOPIC, new_key, outgoing
    from engine.viewers.secret import secret_of

    secret, now = secret_of(settings), wall_clock()
    async with _writing(settings, "rotate") as log:
        ring = await ring_of(log, settings)
        ahead = ring.ahead(now)
        number = max((key.number for key in ring.keys if key not in ahead), default=0) + 1
        made = new_key(secret, number, now, now, BY)
        await log.publish([*(Outgoing(TOPIC, key.id, None) for key in ahead), outgoing(made)])
    terminal.say(f"key {number} is in use from now on")


async def _destroy(settings: Settings, numbers: list[int]) -> None:
    from engine.bus.embedded import EmbeddedBus
    from engine.viewers.keeper import gone, outgoing

    now = wall_clock()
    async with _writing(settings, "destroy") as log:
        ring = await ring_of(log, settings)
        past = {key.number: key for key in ring.past(now)}
        held = {key.number for key in ring.keys if key.half is not None}
        for number in numbers:
            if number not in held:
                raise UsageError(
                    f"there is no key {number} to destroy: `livechat keys list` tells those that are there"
                )
            if number not in past:
                raise UsageError(f"key {number} is in use, or will be: run `livechat keys rotate` first")
        wanted = [past[number] for number in dict.fromkeys(numbers or past)]
        await log.publish([outgoing(gone(key, now, BY)) for key in wanted])
        if isinstance(log, EmbeddedBus):
            await log.sweep()
    for key in wanted:
        terminal.say(f"key {key.number} is destroyed")
    if not wanted:
        terminal.say("no key is there that is in use no more")


async def _hash(settings: Settings, viewer: str, *, as_json: bool) -> None:
    from engine.cli.opened import reading
    from engine.viewers.hashing import hash_of
    from engine.viewers.secret import secret_of, whole_key

    secret = secret_of(settings)
    async with reading(settings) as log:
        ring = await ring_of(log, settings, secret)
    found: list[Hashed] = [
        {
            "number": key.number,
            "start": key.start,
            "end": ring.ends(key),
            "hash": hash_of(viewer, whole_key(secret, key.half)),
        }
        for key in ring.keys
        if key.half is not None and ring.usable(key)
    ]
    if as_json:
        terminal.show_json(found)
        return
    if not found:
        raise LivechatError(
            "no key is there that was made for this secret: nothing tells under which hash the viewer stands"
        )
    for one in found:
        span = f"{moments.shown(one['start'])} to {moments.shown(one['end'])} UTC"
        terminal.say(f"{one['hash']}  key {one['number']}, {span}")


async def ring_of(log: Bus, settings: Settings, secret: bytes | None = None) -> Ring:
    """All keys of a log. Raises `BusError`, and `RecordError` for one that cannot be read."""
    from engine.viewers.keeper import read_key, records_of
    from engine.viewers.ring import Ring, Rules

    ring = Ring(Rules.of(settings.privacy), secret)
    async for stored in records_of(log):
        ring.take(stored.offset, stored.time, stored.key or "", None if stored.value is None else read_key(stored))
    return ring


@asynccontextmanager
async def _writing(settings: Settings, verb: str) -> AsyncIterator[Bus]:
    """The log, to be written. Raises `BusInUse` beside a running engine, whose embedded log nothing else may write."""
    from engine.bus import open_bus

    try:
        bus = await open_bus(settings.bus)
    except BusInUse as error:
        told = (
            f"stop that engine (`kill {error.holder}`; nothing is lost), run `livechat keys {verb}` again, and start it; where it does not "
            "hurry, do nothing: keys change and go by themselves, `livechat keys list` tells when"
        )
        raise BusInUse(error.path, error.holder, told) from None
    try:
        yield bus
    finally:
        await bus.close()


def _told(ring: Ring, key: ViewerKey, now: int, *, erased: bool) -> Told:
    if key.half is None:
        state = "erased" if erased else "destroyed"
    elif key.start > now:
        state = "ahead"
    else:
        state = "in use" if key is ring.keys[-1] or now < ring.ends(key) else "kept"
    return {
        "number": key.number, "id": key.id, "state": state, "start": key.start, "end": ring.ends(key),
        "destroyed": ring.goes(key) if key.destroyed is None else key.destroyed, "by": key.by,
    }  # fmt: skip


def _show(told: list[Told]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("key", "state", "used from (UTC)", "to", "destroyed", "by"):
        table.add_column(name)
    for one in told:
        times = map(moments.shown, (one["start"], one["end"], one["destroyed"]))
        table.add_row(*(Text(cell) for cell in (str(one["number"]), one["state"], *times, one["by"])))
    terminal.out().print(table)
