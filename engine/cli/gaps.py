"""`livechat gaps`: what nobody wrote a reply for, the edit that closes it, and an editor's word on it."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import options, sample, terminal
from engine.errors import LivechatError, PoolError, UsageError
from engine.printable import json_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from rich.table import Table

    from engine.client.operator import Operator
    from engine.events.gaps import Gap

app = typer.Typer(help="The gaps: what viewers ask and nobody has written a reply for, and how to close them.")

SHORT: Final = 8  # characters of an id that are shown
LEAST: Final = 4  # characters of an id that are enough, where they mean one
COUNTED: Final = 300  # distinct viewers up to which a gap counts exactly
RELIST_S: Final = 30.0  # with --watch: what left the board is pushed to nobody, so it is asked for again
BARS: Final = "▁▂▃▄▅▆▇█"
SLOTS: Final = 12  # figures of activity that are drawn: an hour


class Mark(StrEnum):
    """What an editor may say of a gap."""

    not_ours = "not_ours"
    later = "later"
    closed = "closed"
    open = "open"


GapId = Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it that `livechat gaps` shows.")]
ShopId = Annotated[str | None, typer.Option("--shop", "-s", metavar="ID", help="Only this shop's.")]
Folder = Annotated[
    Path | None,
    typer.Option("--files", "-f", metavar="DIR", help="The shop's folder; else this folder, where it is one."),
]


@app.callback(invoke_without_command=True)
def gaps(
    context: typer.Context,
    shop: ShopId = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="NAME", help="Only with comments of this reason, as no_reply.")
    ] = None,
    most: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000, help="So many, the first of each.")] = 30,
    marked: Annotated[bool, typer.Option("--marked", help="Those that were closed, or are not ours, instead.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with what comes, until Ctrl-C.")] = False,
    as_json: options.AsJson = False,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Show what viewers ask and nobody has written a reply for: first what costs most viewers now, and what grows fastest.

    One row each: id, viewers of the last hour, how they came, what it is about, why it was not answered, what they wrote. `livechat gaps
    stub ID` prints the edit that closes one.
    """
    from engine.cli.signals import complete, run_until_signalled
    from engine.errors import Exit
    from engine.events.outputs import GAP_REASONS

    if context.invoked_subcommand is not None:
        return
    if reason is not None and reason not in GAP_REASONS:
        raise UsageError(f"`{reason}` makes no gap: choose one of {', '.join(GAP_REASONS)}")
    view = View(shop, reason, most, marked=marked, as_json=as_json)
    if not watch:
        complete(_list(url, token, view))
    elif (code := run_until_signalled(_watch(url, token, view))) is not Exit.OK:
        raise typer.Exit(code)


@app.command("stub")
def stub(
    gap: GapId,
    files: Folder = None,
    base: options.Base = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write it into the shop's folder, where `pool check` passes with it.")
    ] = False,
    text: Annotated[str | None, typer.Option("--text", help="What to say: fills the empty text of the reply.")] = None,
    fill: Annotated[
        list[str] | None,
        typer.Option(
            "--fill", metavar="KEY=VALUE", help="Fills another empty key: value, until, link. May be repeated."
        ),
    ] = None,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Print the YAML that closes a gap: `livechat gaps stub ID >> intents/new.yaml`. What only a person knows is empty in it.

    On stderr stand, in words, what to do and where: the file and line, where the shop's folder is known. With --write the edit is made
    there, or nothing is, where the pool refuses it.
    """
    from engine.cli import stubs
    from engine.cli.signals import complete

    found: list[Gap] = []
    complete(_find(url, token, gap, found))
    one = found[0]
    if not one.stub:
        raise LivechatError(f"no edit of the shop's files closes it. {one.remedy}")
    folder = _folder(files)
    filled = stubs.filled(one.stub, _values(text, fill or ()))
    if write:
        if folder is None:
            raise UsageError("`--write` needs the shop's folder: name it with `--files DIR`")
        for line in stubs.write(filled, options.base_folder(base), folder):
            terminal.say(line)
        return
    terminal.note(one.remedy)
    if folder is not None:
        try:
            for line in stubs.places(one.stub, options.base_folder(base), folder):
                terminal.note(line)
        except PoolError as error:  # the edit is good all the same
            terminal.note(
                f"where it goes can be told once `livechat pool check --shop {folder}` finds no mistakes: {error.problems[0]}"
            )
    terminal.write(stubs.appendable(filled))


@app.command("mark")
def mark(
    gap: GapId,
    mark: Annotated[Mark, typer.Argument(metavar="MARK", help="not_ours, later, closed or open.")],
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="HASH", help="Closed in this pool: what it decides reopens the gap at once."),
    ] = None,
    url: options.Url = options.DEFAULT_URL,
    token: options.Token = "",
) -> None:
    """Say what becomes of a gap. A mark holds for the gap in all of its wordings, and outlives restarts.

    closed: it is answered now; it comes back when somebody asks again. later: behind all others. not_ours: hidden. open: takes that back.
    """
    from engine.cli.signals import complete

    found: list[Gap] = []
    complete(_mark(url, token, gap, mark, version, found))
    one = found[0]
    terminal.say(f"gap {one.id[:SHORT]} of shop {one.shop}: {mark.value} ({about(one)})")


app.command("sample")(sample.sample)


class View:
    """Which gaps are shown, and how."""

    def __init__(self, shop: str | None, reason: str | None, most: int, *, marked: bool, as_json: bool) -> None:
        self.shop = shop
        self._reason = reason
        self._most = most
        self._marked = marked
        self.as_json = as_json

    def shows(self, gap: Gap) -> bool:
        hidden = gap.mark in ("closed", "not_ours")
        reasons = {gap.reason, *gap.reasons}
        return (
            hidden == self._marked
            and (self.shop is None or gap.shop == self.shop)
            and (self._reason is None or self._reason in reasons)
        )

    def chosen(self, found: Iterable[Gap], now: int) -> list[Gap]:
        """Those shown, the first first."""
        from engine.insight.rank import place

        return sorted(filter(self.shows, found), key=lambda gap: place(gap, now))[: self._most]


def _values(text: str | None, fill: Sequence[str]) -> dict[str, str]:
    """What fills the empty keys. Raises `UsageError`."""
    values = {} if text is None else {"text": text}
    for pair in fill:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"`--fill {pair}` has no `=`: write `--fill KEY=VALUE`")
        values[key.strip()] = value
    return values


def _folder(files: Path | None) -> Path | None:
    """The shop's folder, where one is named or we are in one."""
    if files is not None:
        return options.shop_folder(files)
    return Path() if Path("shop.yaml").is_file() else None


async def _list(url: str, token: str, view: View) -> None:
    from engine.client.operator import Operator

    async with Operator(url, token=token, patience_s=options.PATIENCE_S) as operator:
        with options.checked():
            found = await operator.gaps(view.shop)
        now = operator.connection.now()
    chosen = view.chosen(found, now)
    if view.as_json:
        terminal.show_json([as_json(gap, now) for gap in chosen])
    elif chosen:
        terminal.out().print(table(chosen, now))
    else:
        terminal.note("no gaps: every question of the last hour has a reply, or nobody asked")


async def _watch(url: str, token: str, view: View) -> None:
    """A table that is drawn anew on a terminal; else a line for each change."""
    from rich.live import Live

    from engine.client.operator import Operator

    console = terminal.out()
    drawn = console.is_terminal and not view.as_json
    async with Operator(url, token=token, patience_s=options.PATIENCE_S, stays=True) as operator:
        known = {gap.key(): gap for gap in await operator.gaps(view.shop)}
        now = operator.connection.now
        if not drawn:
            for gap in view.chosen(known.values(), now()):
                _tell(gap, now(), as_json_=view.as_json)
            async for gap in _pushed(operator):
                if view.shows(gap):
                    _tell(gap, now(), as_json_=view.as_json)
            return
        with Live(console=console, auto_refresh=False, transient=False) as live:

            async def relist() -> None:
                while True:
                    live.update(table(view.chosen(known.values(), now()), now()), refresh=True)
                    await asyncio.sleep(RELIST_S)
                    fresh = {gap.key(): gap for gap in await operator.gaps(view.shop)}
                    known.clear()
                    known.update(fresh)

            listing = asyncio.create_task(relist(), name="gaps, listed again")
            try:
                async for gap in _pushed(operator):
                    known[gap.key()] = gap
                    live.update(table(view.chosen(known.values(), now()), now()), refresh=True)
            finally:
                listing.cancel()


async def _pushed(operator: Operator) -> AsyncIterator[Gap]:
    from engine.events import wire
    from engine.events.gaps import Gap

    async for message in operator.connection.messages():
        if isinstance(message, wire.Push) and isinstance(message.record, Gap):
            yield message.record


def _tell(gap: Gap, now: int, *, as_json_: bool) -> None:
    if as_json_:
        terminal.write(json_text(as_json(gap, now)) + "\n", flush=True)
    else:
        terminal.say(sentence(gap))


async def _find(url: str, token: str, given: str, found: list[Gap]) -> None:
    from engine.client.operator import Operator

    async with Operator(url, token=token, patience_s=options.PATIENCE_S) as operator:
        found.append(meant(given, await operator.gaps()))


async def _mark(url: str, token: str, given: str, mark: Mark, version: str | None, found: list[Gap]) -> None:
    from engine.client.operator import Operator

    async with Operator(url, token=token, patience_s=options.PATIENCE_S) as operator:
        gap = meant(given, await operator.gaps())
        with options.checked():
            await operator.mark_gap(gap.shop, gap.id, mark.value, version=version)
    found.append(gap)


def meant(given: str, found: Sequence[Gap]) -> Gap:
    """The gap whose id begins so. Raises `UsageError`, and `LivechatError` where there is none."""
    if len(given) < LEAST:
        raise UsageError(f"`{given}` is too short for the id of a gap; give {LEAST} characters of it or more")
    fits = [gap for gap in found if gap.id.startswith(given.lower())]
    if not fits:
        raise LivechatError(f"no gap has an id that begins with `{given}`; `livechat gaps` lists them")
    if len(fits) > 1:
        raise UsageError(f"`{given}` is the beginning of {len(fits)} ids; give more of it")
    return fits[0]


# ---- how it looks ----------------------------------------------------------------------------------------------------


def as_json(gap: Gap, now: int) -> dict[str, object]:
    """The record, and what it is worth now."""
    from engine.insight.rank import growth, score

    found: dict[str, object] = gap.model_dump(mode="json", exclude_none=True)
    return found | {"score": score(gap.value, gap.activity, now), "growth": round(growth(gap.activity, now), 2)}


def about(gap: Gap) -> str:
    """What a gap is about, in a few words."""
    if gap.norm is not None:
        return f"“{gap.lines[0] if gap.lines else gap.norm}”"
    parts = [gap.intent or gap.wanted or gap.reason, gap.product or ""]
    if gap.intent is not None and gap.wanted is not None:
        parts.append(f"({gap.wanted})")
    return " ".join(filter(None, parts))


def sentence(gap: Gap) -> str:
    """One line about a gap."""
    state = f" [{gap.mark}]" if gap.mark else " [came back]" if gap.reopened else ""
    lines = " · ".join(gap.lines[:3])
    return f"{gap.id[:SHORT]}  {gap.shop}  {viewers(gap)} viewers  {gap.reason}{state}  {about(gap)}: {lines}"


def viewers(gap: Gap) -> str:
    """How many, as far as they are counted."""
    return f"{gap.viewers}+" if gap.viewers >= COUNTED else str(gap.viewers)


def trend(gap: Gap, now: int) -> str:
    """Viewers over the last hour, as bars; the newest at the right."""
    step, counts = gap.activity.step_ms, [0] * SLOTS
    for at, count in enumerate(gap.activity.viewers, gap.activity.start // step):
        slot = SLOTS - 1 - (now // step - at)
        if 0 <= slot < SLOTS:
            counts[slot] = count
    most = max(counts)
    return "".join(BARS[min(7, count * 7 // most)] if count else " " for count in counts) if most else ""


def table(found: Sequence[Gap], now: int) -> Table:
    """The board."""
    from rich.table import Table
    from rich.text import Text

    from engine.insight.rank import growth

    shown = Table(box=None, pad_edge=False)
    for name in ("id", "viewers", "trend", "about", "why", "since", "asked"):
        shown.add_column(name, overflow="fold", justify="right" if name == "viewers" else "left")
    shops = len({gap.shop for gap in found}) > 1
    for gap in found:
        grows = growth(gap.activity, now)
        arrow = "↑" if grows >= 1.5 else "↓" if grows <= 1 / 1.5 else " "
        state = f"\n{gap.mark}" if gap.mark else "\ncame back" if gap.reopened else ""
        tongues = "/".join(name for name, _ in sorted(gap.languages.items(), key=lambda one: (-one[1], one[0])))
        what = (f"{gap.shop}: " if shops else "") + about(gap)
        cells = (
            gap.id[:SHORT], viewers(gap), f"{trend(gap, now)} {arrow}", what, gap.reason + state, since(gap, now),
            " · ".join(gap.lines[:4]) + (f"  ({tongues})" if tongues else ""),
        )  # fmt: skip
        shown.add_row(*(Text(cell) for cell in cells))
    return shown


def since(gap: Gap, now: int) -> str:
    """How long ago it was first seen."""
    minutes = max(0, now - gap.first_seen) // 60_000
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2_880 else f"{minutes // 1_440} d"
