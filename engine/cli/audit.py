"""`livechat audit`: what was aired, exported and held against what has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import options, terminal
from engine.cli.aired import aired
from engine.cli.moments import span_ms
from engine.clock import wall_clock
from engine.errors import Exit

if TYPE_CHECKING:
    from engine.bus.port import Stored
    from engine.events.inputs import RoomEvent, ShopEvent
    from engine.events.outputs import Aired
    from engine.events.posts import Posted
    from engine.insight.disclosures import RoomAudit, Said
    from engine.settings import Settings

LONGEST_MS: Final = (
    3_600_000  # the longest interval that a shop may set: so much before is read, to know what was told last
)

app = typer.Typer(no_args_is_help=True, help="Export what was aired, and hold it against what has to be.")
app.command("aired")(aired)


@app.command("disclosures")
def disclosures(
    room: Annotated[str | None, typer.Argument(metavar="[ROOM]", callback=options.room_name, help="One room.")] = None,
    shop: Annotated[str | None, typer.Option("--shop", "-s", metavar="ID", help="Only rooms of this shop.")] = None,
    last: Annotated[str, typer.Option("--last", metavar="SPAN", help="How far back: 90m, 24h, 30d.")] = "24h",
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Tell per room when viewers were told that the host is an artificial intelligence, and where they were not for too long.

    Every room that was on air is told, also where it aired nothing, as one that is paused. Exit code 1 where a room left viewers without it
    for longer than the interval in force, is overdue now, or never said it.
    """
    from engine.cli.signals import complete

    settings = options.settings_on(bus, config)
    found: list[RoomAudit] = []
    complete(_audit(settings, span_ms("--last", last), found))
    wanted = [one for one in found if room in (None, one.room) and shop in (None, one.shop)]
    if as_json:
        terminal.show_json([_as_json(one) for one in wanted])
    elif not wanted:
        terminal.say(_nothing(room, last, [one.room for one in found]))
    else:
        _show(wanted)
    if not all(one.good for one in wanted):
        raise typer.Exit(Exit.FAILED)


async def _audit(settings: Settings, back_ms: int, found: list[RoomAudit]) -> None:
    """Add the rooms of the log to `found`."""
    from engine.cli.opened import reading, since
    from engine.events.outputs import Aired
    from engine.insight.disclosures import STEERING, audit, untold

    now = wall_clock()
    begin = now - back_ms
    async with reading(settings) as bus:
        heard: list[Aired | Posted] = await since(bus, "aired", begin - LONGEST_MS)
        events: list[RoomEvent] = await since(bus, "room-events", begin - LONGEST_MS)
        shop_events: list[ShopEvent] = await since(bus, "shop-events", 0)
        aired = [record for record in heard if isinstance(record, Aired)]
        rooms = untold(aired, events)
        if rooms:  # what steers them was said earlier, and still counts
            types = [f'"{name}"'.encode() for name in STEERING]

            def steers(record: Stored) -> bool:
                return record.key in rooms and any(name in (record.value or b"") for name in types)

            earlier: list[RoomEvent] = await since(bus, "room-events", 0, only=steers)
            known = {event.id for event in events}
            events = [*(event for event in earlier if event.type in STEERING and event.id not in known), *events]
    default = settings.publisher.default_shop or ""
    found += audit(aired, events, now, shop_events=shop_events, default_shop=default, since=begin)


def _nothing(room: str | None, last: str, others: list[str]) -> str:
    """What to say where no room was on air. `others`: rooms that were."""
    from engine.pool.documents import did_you_mean

    if room is None:
        return f"no room was on air in the last {last}"
    guess = did_you_mean(room, others, "check the name, or look further back by `--last`")
    return f"`{room}` was not on air in the last {last}: {guess}"


def _as_json(one: RoomAudit) -> dict[str, object]:
    return {
        "room": one.room, "shop": one.shop, "every_ms": one.every_ms, "replies": one.replies, "never": one.never,
        "overdue_ms": one.overdue_ms,
        "missed": [{"since": gone.since, "until": gone.until, "late_ms": gone.late_ms} for gone in one.missed],
        "said": [
            {
                "started": said.started, "ended": said.ended, "language": said.language, "first": said.first, "cut": said.cut,
                "gap_ms": said.gap_ms, "too_long": said.too_long,
            }
            for said in one.said
        ],
    }  # fmt: skip


def _show(rooms: list[RoomAudit]) -> None:
    from rich.table import Table
    from rich.text import Text

    for one in rooms:
        every = f", at most {_span(one.every_ms)} apart" if one.every_ms is not None else ""
        terminal.say(f"{one.room} ({one.shop}): said {len(one.said)} times{every}")
        if one.said:
            table = Table(box=None, pad_edge=False)
            for name in ("  when (UTC)", "language", "without it before", ""):
                table.add_column(name)
            for said in one.said:
                table.add_row(
                    *map(Text, (f"  {_time(said.started)}", said.language, _span(said.gap_ms), _remark(said)))
                )
            terminal.out().print(table)
        if one.never:
            terminal.say(f"  never said, while {one.replies} replies were heard", style="red")
        for gone in one.missed:
            terminal.say(
                f"  not said from {_time(gone.since)} to {_time(gone.until)}, when it left the air: too long by {_span(gone.late_ms)}",
                style="red",
            )
        if one.overdue_ms is not None:
            terminal.say(f"  overdue by {_span(one.overdue_ms)}", style="red")


def _remark(said: Said) -> str:
    remarks = ["too long"] if said.too_long else []
    if said.cut:
        remarks.append("cut off, does not count")
    if said.first:
        remarks.append("first")
    return ", ".join(remarks)


def _time(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _span(ms: int) -> str:
    """`8 m 40 s`."""
    minutes, seconds = divmod(round(ms / 1_000), 60)
    return f"{minutes} m {seconds} s" if minutes else f"{seconds} s"
