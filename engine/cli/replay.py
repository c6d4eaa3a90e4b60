"""`livechat replay`: a room once more, from snapshot and journal: is it what stands on the log; what would another pool make of it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import moments, options, terminal
from engine.clock import wall_clock
from engine.errors import Exit, LivechatError, RestoreError, UsageError
from engine.printable import json_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from engine.bus.port import Bus
    from engine.events.outputs import Decision
    from engine.insight.rerun import Rerun
    from engine.insight.verify import Verification
    from engine.insight.whatif import Change, Estimate, Recording
    from engine.settings import Settings

EXAMPLES: Final = 3  # comments shown of each intent and kind of change
SHOWN: Final = 20  # intents in the table; `--json` has all
FIELD: Final = 200  # characters shown of a value that differs


def replay(
    room: options.RoomName,
    since: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="From then on: 2h ago, or 2026-01-31T20:00:00+08:00.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="WHEN", help="Up to then; else all there is.")] = None,
    pool: Annotated[
        Path | None, typer.Option("--pool", metavar="DIR", help="What if this shop folder had been live: an estimate.")
    ] = None,
    base: options.Base = None,
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Run a room again from the log. Without --pool: is what stands there, byte for byte, what the engine computes from the journal?

    Ends with 0 where decisions, insertions, aired records and handoffs are the same, with 1 and the first difference where not.
    With --pool: which comments another version of the shop's files would have answered, newly or no more.
    """
    from engine.cli.signals import complete

    settings = options.settings_on(bus, config)
    now = wall_clock()
    begin = moments.moment("--from", since, now, direction=-1) if since is not None else None
    end = moments.moment("--to", until, now, direction=-1) if until is not None else None
    if begin is not None and end is not None and end <= begin:
        raise UsageError("`--to` is not after `--from`: exchange them")
    if pool is None:
        verified: list[Verification] = []
        complete(_verify(settings, room, begin, end, verified))
        _tell(verified[0], as_json=as_json)
    else:
        _estimate(settings, room, begin, end, pool, base, as_json=as_json)


# ---- is it the same ----------------------------------------------------------------------------------------------------


async def _verify(settings: Settings, room: str, since: int | None, until: int | None, out: list[Verification]) -> None:
    from engine.cli.opened import pools_of, reading
    from engine.insight.rerun import Rerun
    from engine.insight.verify import verify

    async with reading(settings) as bus, pools_of(bus) as pools:
        with terminal.err().status("computing the room again") as status:
            rerun = Rerun(bus, pools, room, status.update)
            told = await verify(bus, rerun, since, until)
        if not told.found:
            raise RestoreError(await missing(rerun))
        if not told.entries:
            raise LivechatError(await nothing(bus, room, since, until))
        out.append(told)


async def missing(rerun: Rerun) -> str:
    """Why nothing of a room can be computed, as a sentence."""
    kept = await rerun.kept()
    if kept is None:
        where = f"room `{rerun.room}` (partition {rerun.partition})"
        return f"the log has no journal of {where}: nothing was handled there, or it was swept away"
    return (
        f"room `{rerun.room}` cannot be computed again: the journal of partition {rerun.partition} is kept from "
        f"{moments.shown(kept.first.now)} UTC on, and no snapshot of the room reaches into it; run the command while the journal still "
        "holds the live (it is kept for 7 days)"
    )


async def nothing(bus: Bus, room: str, since: int | None, until: int | None) -> str:
    """What to say where nothing happened in the room: which rooms there are."""
    from engine.events.fields import RESERVED_START
    from engine.pool.documents import did_you_mean

    if since is not None or until is not None:
        return f"nothing happened in room `{room}` at that time; check the name, `--from` and `--to`"
    known: set[str] = set()
    for partition in range(bus.partitions):
        keys = await bus.latest_per_key("snapshots", partition)
        known |= {key for key in keys if not key.startswith(RESERVED_START)}
    guess = did_you_mean(room, sorted(known), "check the name; rooms that ended long ago are not listed")
    return f"the log knows no room `{room}`: {guess}"


def _tell(told: Verification, *, as_json: bool) -> None:
    with suppress(terminal.ReaderGone):  # the answer is the exit code, too
        if as_json:
            terminal.show_json(verification_document(told))
        else:
            _show_verification(told)
    if told.differences:
        raise typer.Exit(Exit.FAILED)


def verification_document(told: Verification) -> dict[str, object]:
    """All of it for programs."""
    first = told.first
    return {
        "room": told.room, "partition": told.partition, "same": not told.differences, "records": told.records,
        "differences": told.differences, "entries": told.entries, "from": told.begins, "to": told.ends,
        "from_seq": told.seq_begins, "to_seq": told.seq_ends, "journal_from": told.journal_begins, "cut": told.cut,
        "topics": {
            topic: {"same": count.same, "different": count.different, "gone": count.gone}
            for topic, count in told.counts.items()
        },
        "first_difference": None if first is None else {
            "topic": first.topic, "at": first.at,
            "fields": {
                name: {"computed": computed, "stored": stored} for name, (computed, stored) in first.fields().items()
            },
        },
    }  # fmt: skip


def _show_verification(told: Verification) -> None:
    from rich.table import Table
    from rich.text import Text

    head = "the same, byte for byte" if not told.differences else f"{told.differences} of {told.records} records differ"
    terminal.say(f"room {told.room}: {head}", "green" if not told.differences else "bold red")
    terminal.say(
        f"{told.entries} entries (seq {told.seq_begins} to {told.seq_ends}), "
        f"{moments.shown(told.begins)} to {moments.shown(told.ends)} UTC"
    )
    if told.cut:
        terminal.say(
            "what the room did before cannot be computed any more: its snapshot or journal of that time is gone"
        )
    table = Table(box=None, pad_edge=False)
    for name in ("topic", "same", "differ", "no more kept"):
        table.add_column(name, justify="left" if name == "topic" else "right")
    for topic, count in told.counts.items():
        table.add_row(topic, str(count.same), str(count.different), str(count.gone))
    terminal.out().print(table)
    if (first := told.first) is not None:
        terminal.say("")
        what = (
            "differs"
            if first.computed and first.stored
            else "is missing on the log"
            if first.computed
            else "is too much"
        )
        terminal.say(f"the first: a record of `{first.topic}` at {moments.shown(first.at)} UTC {what}")
        fields = Table(box=None, pad_edge=False)
        for name in ("field", "computed", "on the log"):
            fields.add_column(name, overflow="fold")
        for name, values in first.fields().items():
            fields.add_row(name, *(Text(json_text(value)[:FIELD]) for value in values))
        terminal.out().print(fields)
        terminal.say(
            "Where another version of the engine wrote it, run that one; else the log was changed, or the engine is at fault."
        )


# ---- what if -----------------------------------------------------------------------------------------------------------


def _estimate(
    settings: Settings, room: str, since: int | None, until: int | None, pool: Path, base: Path | None, *, as_json: bool
) -> None:
    from engine.cli.shop import open_shop
    from engine.cli.signals import complete
    from engine.insight.whatif import estimate

    opened = open_shop(base, pool)
    found: list[Recording] = []
    complete(_record(settings, room, since, until, found))
    with terminal.err().status("playing it twice"):
        told = estimate(found[0], opened.pool, opened.understander.understand, since)
    if as_json:
        terminal.show_json(estimate_document(told))
    else:
        terminal.out().print(*_estimate_page(told), sep="\n")


async def _record(settings: Settings, room: str, since: int | None, until: int | None, out: list[Recording]) -> None:
    from engine.cli.opened import pools_of, reading
    from engine.insight.rerun import Rerun
    from engine.insight.whatif import record

    async with reading(settings) as bus, pools_of(bus) as pools:
        with terminal.err().status("reading the live") as status:
            rerun = Rerun(bus, pools, room, status.update)
            found = await record(rerun, pools.pool, since, until)
        if found is None:
            raise RestoreError(await missing(rerun))
        if not found.shop:
            raise LivechatError(await nothing(bus, room, since, until))
        out.append(found)


def estimate_document(told: Estimate) -> dict[str, object]:
    """All of it for programs."""
    from engine.insight.whatif import KINDS_OF_CHANGE

    return {
        "estimate": True, "room": told.room, "shop": told.shop, "pool": told.pool, "from": told.begins, "to": told.ends,
        "comments": told.comments,
        "answered": {"recorded": told.recorded, "recorded_pools": told.before, "pool": told.after},
        "agreement": None if told.agreement is None else round(told.agreement, 4), "compared": told.compared,
        "changes": {kind: told.count(kind) for kind in KINDS_OF_CHANGE},
        "intents": [
            {"intent": intent} | {kind: [_change(change) for change in changes] for kind, changes in kinds.items()}
            for intent, kinds in told.by_intent().items()
        ],
    }  # fmt: skip


def _change(change: Change) -> dict[str, object]:
    def side(decision: Decision) -> dict[str, object]:
        return {
            "reason": decision.reason, "intent": decision.intent, "confidence": decision.confidence,
            "product": decision.product, "reply": decision.reply, "via": decision.via, "wanted": decision.wanted,
        }  # fmt: skip

    before = change.before
    return {
        "source": before.source, "comment": before.comment, "sent": before.sent, "text": before.text or change.after.text,
        "before": side(before), "after": side(change.after),
    }  # fmt: skip


def _estimate_page(told: Estimate) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from engine.insight.whatif import KINDS_OF_CHANGE

    agreement = "nothing to compare with" if told.agreement is None else f"{told.agreement:.0%} of {told.compared}"
    parts: list[RenderableType] = [
        Text(
            "An estimate: script, player and viewers would have gone otherwise from the first other reply on.", "yellow"
        ),
        Text(
            f"room {told.room}, {told.comments} comments, {moments.shown(told.begins)} to {moments.shown(told.ends)} UTC; "
            f"pool {told.pool[:12]} of {told.shop}"
        ),
        Text(
            f"answered: {told.before} with the pools of that time, {told.after} with this one "
            f"({told.count('newly_answered')} newly, {told.count('lost')} lost, {told.count('changed')} otherwise changed)"
        ),
        Text(
            f"how good the model player is: with the pools of that time it answers or leaves {agreement} comments as was recorded "
            f"({told.recorded} answered)"
        ),
        Text(),
    ]
    if not told.changes:
        return [*parts, Text("no comment would have been treated otherwise")]
    table = Table(box=None, pad_edge=False)
    for name in ("intent", "newly answered", "lost", "changed", "for example"):
        table.add_column(name, justify="left" if name in ("intent", "for example") else "right", overflow="fold")
    rows = list(told.by_intent().items())
    for intent, kinds in rows[:SHOWN]:
        examples = [_line(change) for kind in KINDS_OF_CHANGE for change in kinds[kind][:EXAMPLES]]
        counts = [str(len(kinds[kind])) for kind in KINDS_OF_CHANGE]
        table.add_row(intent or "(none)", *counts, Text("\n".join(examples)))
    parts.append(table)
    if len(rows) > SHOWN:
        parts.append(Text(f"and {len(rows) - SHOWN} more intents; --json has all"))
    return parts


def _line(change: Change) -> str:
    def side(decision: Decision) -> str:
        return f"{decision.reason} ({decision.reply})" if decision.reply else decision.reason

    return f"{change.before.text or change.after.text}: {side(change.before)} → {side(change.after)}"
