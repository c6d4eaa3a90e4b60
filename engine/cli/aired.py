"""`livechat audit aired`: everything that was said and posted, for whoever has to prove it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import moments, options, terminal
from engine.clock import wall_clock
from engine.errors import Exit, UsageError
from engine.printable import harmless, json_text

if TYPE_CHECKING:
    from engine.events.outputs import Aired
    from engine.events.posts import Posted
    from engine.insight.export import Line, Seal, Span
    from engine.settings import Settings

COLUMNS: Final = (
    "number", "type", "id", "room", "shop", "channel", "started", "ended", "logged", "reply", "intent", "product", "language",
    "text", "written", "pool", "facts", "approved_by", "proposal", "comments", "viewers", "decisions", "command", "source", "cut",
    "cause", "correction", "disclosure", "withdrawn", "late_report", "partition", "offset", "error",
)  # fmt: skip


def aired(
    room: Annotated[
        str | None, typer.Option("--room", "-r", metavar="ROOM", callback=options.room_name, help="Only this room.")
    ] = None,
    shop: Annotated[str | None, typer.Option("--shop", "-s", metavar="ID", help="Only this shop's rooms.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="From then on: 24h, 30d ago, or 2026-01-31T20:00:00+08:00."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="To before then, written alike.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")] = False,
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Export everything that was said and posted: which reply of which pool, with which facts, approved by whom, for which comments.

    In the order in which the log took it in, one line each; `--since` and `--until` are times of the log. With --json or --csv the last
    line tells the number of records and the SHA-256 of all lines before it, so that whoever gets the file can tell that it is whole:
    `head -n -1 FILE | sha256sum`.
    Exit code 1 where something that was asked for is no longer kept, 4 where a record cannot be read.
    """
    from engine.cli.signals import complete
    from engine.insight.export import Seal, Span

    if as_csv and as_json:
        raise UsageError("`--csv` and `--json` exclude each other: say one of them")
    now = wall_clock()
    begin, end = (
        None if text is None else moments.moment(option, text, now, direction=-1)
        for option, text in (("--since", since), ("--until", until))
    )
    if begin is not None and end is not None and begin >= end:
        raise UsageError("`--since` is not before `--until`: nothing lies between them")
    settings = options.settings_on(bus, config)
    span, seal = Span(begin, end, room, shop), Seal()
    form = _Csv() if as_csv else _Json() if as_json else _Lines()
    complete(_export(settings, span, seal, form, now))
    if seal.unreadable:
        raise typer.Exit(Exit.DAMAGED)
    if seal.misses(span):
        raise typer.Exit(Exit.FAILED)


async def _export(settings: Settings, span: Span, seal: Seal, form: _Form, now: int) -> None:
    from engine.bus.partitioner import partition_of
    from engine.cli.opened import reading
    from engine.insight.export import aired as exported

    async with reading(settings) as log:
        partitions = range(log.partitions) if span.room is None else (partition_of(span.room, log.partitions),)
        _put(seal, form.head())
        async for line in exported(log, span, partitions, seal, now):
            _put(seal, form.line(line))
        terminal.write(form.end(seal, span), flush=True)


def _put(seal: Seal, text: str) -> None:
    if text:
        seal.add(text.encode("utf-8", "replace"))
        terminal.write(text)


class _Form:
    """How the export looks."""

    def head(self) -> str:
        return ""

    def line(self, line: Line) -> str:
        raise NotImplementedError

    def end(self, seal: Seal, span: Span) -> str:
        raise NotImplementedError


class _Json(_Form):
    """A JSON object per line; `record` as it stands on the log."""

    def line(self, line: Line) -> str:
        place = {
            "number": line.number,
            "logged": line.stored.time,
            "partition": line.stored.partition,
            "offset": line.stored.offset,
        }
        if line.record is None:
            return json_text({**place, "error": line.error}) + "\n"
        return json_text({**place, "record": json.loads(line.stored.value or b"null")}) + "\n"

    def end(self, seal: Seal, span: Span) -> str:
        return json_text({"end": _summary(seal, span)}) + "\n"


class _Csv(_Form):
    """Rows of `COLUMNS`, the last one of type `end`."""

    def head(self) -> str:
        return _row(dict(zip(COLUMNS, COLUMNS, strict=True)))

    def line(self, line: Line) -> str:
        place = {
            "number": line.number, "logged": _time(line.stored.time), "partition": line.stored.partition,
            "offset": line.stored.offset, "error": line.error,
        }  # fmt: skip
        return _row({**place, **({"type": "unreadable"} if line.record is None else _cells(line.record))})

    def end(self, seal: Seal, span: Span) -> str:
        told = _summary(seal, span)
        return _row({"number": seal.records, "type": "end", "id": seal.sha256, "text": json.dumps(told)})


class _Lines(_Form):
    """For people."""

    def line(self, line: Line) -> str:
        record = line.record
        if record is None:
            place = f"aired/{line.stored.partition}/{line.stored.offset}"
            return harmless(f"{_time(line.stored.time)}  {place} cannot be read: {line.error}") + "\n"
        cells = _cells(record)
        remarks = [f"for {record.comments} comments"] if record.comments else []
        remarks += [f"approved by {record.approved_by}"] if record.proposal else []
        remarks += [word for word in ("cut", "correction", "disclosure", "withdrawn", "late_report") if cells[word]]
        about = f"{cells['reply']}{' × ' + str(cells['product']) if cells['product'] else ''}"
        told = (
            f"{cells['started']}  {record.room}  {cells['channel']}  {about}  {record.text}  "
            f"[{', '.join((f'pool {record.pool[:12]}', *remarks)).replace('_', ' ')}]"
        )
        return harmless(told).replace("\n", " ") + "\n"

    def end(self, seal: Seal, span: Span) -> str:
        told = f"{seal.records:,} record{'s' if seal.records != 1 else ''}"
        told += f", {seal.unreadable} of them unreadable" if seal.unreadable else ""
        if seal.kept_from is not None:
            missing = ", which is part of what was asked for" if seal.misses(span) else ""
            told += f"; what is older than {_time(seal.kept_from)} is kept no more{missing}"
        return told + "\n"


def _summary(seal: Seal, span: Span) -> dict[str, object]:
    return {
        "records": seal.records, "unreadable": seal.unreadable, "sha256": seal.sha256, "room": span.room, "shop": span.shop,
        "since": span.since, "until": span.until, "kept_from": seal.kept_from, "whole": not seal.unreadable and not seal.misses(span),
    }  # fmt: skip


def _cells(record: Aired | Posted) -> dict[str, object]:
    told: dict[str, object] = {
        "type": record.type, "id": record.id, "room": record.room, "shop": record.shop, "reply": record.reply,
        "intent": record.intent, "product": record.product, "language": record.language, "text": record.text, "pool": record.pool,
        "facts": json.dumps([use.model_dump(exclude_defaults=True) for use in record.facts], ensure_ascii=False),
        "approved_by": record.approved_by, "proposal": record.proposal, "comments": record.comments, "viewers": record.viewers,
        "decisions": " ".join(record.decisions), "late_report": _yes(record.late_report),
    }  # fmt: skip
    if record.type == "posted":
        return told | {
            "channel": "chat", "started": _time(record.posted), "command": record.chat_reply, "source": record.source,
            "withdrawn": record.withdrawn, "cut": "", "correction": "", "disclosure": "",
        }  # fmt: skip
    return told | {
        "channel": "voice", "started": _time(record.started), "ended": _time(record.ended), "command": record.insertion,
        "written": record.written, "cut": _yes(record.cut), "cause": record.cause, "correction": _yes(record.correction),
        "disclosure": _yes(record.disclosure is not None), "withdrawn": "",
    }  # fmt: skip


def _row(cells: Mapping[str, object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(list(_ordered(cells)))
    return out.getvalue()


def _ordered(cells: Mapping[str, object]) -> Iterator[object]:
    for name in COLUMNS:
        value = cells.get(name)
        yield "" if value is None else value


def _yes(value: bool) -> str:
    return "yes" if value else ""


def _time(at: int | None) -> str:
    """To the millisecond, UTC."""
    from datetime import UTC, datetime

    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
