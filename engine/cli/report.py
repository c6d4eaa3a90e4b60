"""`livechat report`: a live, looked back on."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import options, terminal
from engine.cli.moments import shown, span_ms
from engine.clock import wall_clock
from engine.errors import LivechatError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.bus.port import Bus
    from engine.events.inputs import RoomEvent
    from engine.events.outputs import Aired, Decision
    from engine.insight.board import ShopPool
    from engine.insight.live import Live
    from engine.settings import Settings

MOST: Final = 10  # gaps and segments that are shown of each kind
BEFORE_MS: Final = 6 * 3_600_000  # before the live, in which its script may have been told


class ToldIn(StrEnum):
    """A language in which it is told."""

    zh = "zh"
    en = "en"


def report(
    room: options.RoomName,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots, which needs nothing else.")
    ] = None,
    last: Annotated[
        str, typer.Option("--last", metavar="SPAN", help="How far back the live may have begun: 90m, 12h, 2d.")
    ] = "24h",
    language: Annotated[ToldIn, typer.Option("--language", "-l", help="Told in zh or en.")] = ToldIn.en,
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Tell how a room's last live went: what was asked and answered, how soon, when, and what to write before the next one.

    The live is from the room's last opening (else its first comment within --last) to its closing (else now). Reads the log beside a
    running engine.
    """
    from engine.cli.signals import complete

    settings = options.settings_on(bus, config)
    found: list[Live] = []
    complete(_read(settings, room, wall_clock(), span_ms("--last", last), found))
    if not found:
        raise LivechatError(
            f"nothing happened in room `{room}` in the last {last}: name another room, or a longer `--last`"
        )
    if html is not None:
        from engine.cli.page import page

        html.write_text(page(found[0], language.value), encoding="utf-8")
    if as_json:
        terminal.show_json(as_document(found[0]))
    else:
        for part in tables(found[0]):
            terminal.out().print(part)
    if html is not None:
        terminal.note(f"the page is {html}")


async def _read(settings: Settings, room: str, now: int, back_ms: int, found: list[Live]) -> None:
    from engine.cli.opened import reading, since
    from engine.insight.live import look_back, span_of

    begin = now - back_ms
    async with reading(settings) as bus:
        decisions: list[Decision] = await since(bus, "decisions", begin, room=room)
        events: list[RoomEvent] = await since(bus, "room-events", begin - BEFORE_MS, room=room)
        span = span_of(events, decisions, begin, now)
        if span is None:
            return
        heard: list[object] = await since(bus, "aired", span[0], room=room)
        pool = await _pool(bus, decisions)
    from engine.events.outputs import Aired

    aired: list[Aired] = [one for one in heard if isinstance(one, Aired)]
    found.append(look_back(room, span, decisions, events, aired, lambda _: pool))


async def _pool(bus: Bus, decisions: list[Decision]) -> ShopPool | None:
    """The pool of the newest decision, by whose lines wordings are compared; None where the log does not hold it any more."""
    from engine.bus.pools import PoolReader
    from engine.insight.board import ShopPool
    from engine.insight.features import Rarity

    newest = max(decisions, key=lambda decision: decision.decided, default=None)
    pool = await PoolReader(bus)(newest.pool) if newest is not None else None
    if pool is None:
        return None
    priorities = {intent.id: intent.priority for intent in pool.intents.values()}
    return ShopPool(priorities, Rarity.of([line.text for line in pool.training.lines]))


def as_document(live: Live) -> dict[str, object]:
    """For programs."""
    counts = live.counts
    return {
        "room": live.room, "shop": live.shop, "start": live.start, "end": live.end, "comments": counts.comments,
        "asked": counts.asked, "share_answered": counts.share_answered, "share_answerable": counts.share_answerable,
        "reasons": dict(sorted(counts.labels.items())), "wait_ms": {"half": live.wait(0.5), "nine_in_ten": live.wait(0.9)},
        "replies": live.replies, "air_ms": live.air_ms,
        "timeline": [{name: getattr(one, name) for name in one.__slots__} for one in live.bins],
        "script": [{name: getattr(one, name) for name in one.__slots__} for one in live.showings],
        "segments": [
            {
                "segment": one.segment, "product": one.product, "asked": one.counts.asked,
                "share_answered": one.counts.share_answered,
            }
            for one in live.segments
        ],
        "gaps": [gap.model_dump(mode="json", exclude_none=True) for gap in live.gaps[:MOST]],
    }  # fmt: skip


def summary(live: Live) -> str:
    """The live in a sentence."""
    counts = live.counts
    half, most = live.wait(0.5), live.wait(0.9)
    soon = (
        f", half of them within {half / 1_000:.0f} s, nine in ten within {most / 1_000:.0f} s" if half and most else ""
    )
    share = f"{counts.share_answered:.0%}" if counts.share_answered is not None else "none"
    could = f"{counts.share_answerable:.0%}" if counts.share_answerable is not None else "none"
    return (
        f"{counts.comments:,} comments, {counts.asked:,} asked something: {share} answered{soon}; a reply existed for {could}. "
        f"{live.replies} replies were said, {live.air_ms / 60_000:.1f} min of {(live.end - live.start) / 60_000:.0f}."
    )


def tables(live: Live) -> Iterator[RenderableType]:
    """The report in a terminal."""
    from rich.table import Table
    from rich.text import Text

    yield Text(f"{live.room} ({live.shop}), {shown(live.start)} to {shown(live.end)} UTC", style="bold")
    yield Text(summary(live))
    reasons = Table("what became of them", "comments", box=None, pad_edge=False)
    for label, count in sorted(live.counts.labels.items(), key=lambda item: (-item[1], item[0])):
        reasons.add_row(label, f"{count:,}")
    yield reasons
    if live.segments:
        segments = Table("segment", "product", "asked", "answered", box=None, pad_edge=False)
        for one in live.segments:
            segments.add_row(
                one.segment, one.product or "", str(one.counts.asked), f"{one.counts.share_answered or 0:.0%}"
            )
        yield segments
    if live.gaps:
        gaps = Table("write before the next live", "viewers", "asked", box=None, pad_edge=False)
        for gap in live.gaps[:MOST]:
            gaps.add_row(Text(gap.remedy), str(gap.viewers), Text(" · ".join(gap.lines[:3])))
        yield gaps
