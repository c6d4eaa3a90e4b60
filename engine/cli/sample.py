"""`livechat gaps sample`: lines that were taken for idle talk, for a person to label, and what the labels say."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from engine.cli import options, terminal
from engine.cli.moments import span_ms
from engine.clock import wall_clock
from engine.errors import LivechatError, UsageError

if TYPE_CHECKING:
    from engine.insight.sampling import Estimate, Sample
    from engine.settings import Settings

HEAD: Final = "# {chatter} comments were taken for chatter, {asked} asked something, {answered} of them were answered"
_HEAD: Final = re.compile(
    r"# (\d+) comments were taken for chatter, (\d+) asked something, (\d+) of them were answered"
)
COLUMNS: Final = ("asked", "comments", "text")
YES: Final = frozenset({"y", "yes", "1", "true", "是", "问"})
NO: Final = frozenset({"n", "no", "0", "false", "否", "不"})
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings that a spreadsheet takes for a formula: a quote goes before them."""


def sample(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file: made where it is missing, else read.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="Comments that are drawn.")] = 300,
    shop: Annotated[str | None, typer.Option("--shop", "-s", metavar="ID", help="Only this shop's.")] = None,
    last: Annotated[str, typer.Option("--last", metavar="SPAN", help="How far back: 90m, 24h, 30d.")] = "24h",
    seed: Annotated[int, typer.Option("--seed", help="Another one draws other comments.")] = 0,
    bus: options.BusUrl = None,
    config: options.Config = None,
    as_json: options.AsJson = False,
) -> None:
    """Estimate how many comments that were taken for chatter asked something after all.

    First it draws comments into FILE. Write y or n into its column `asked` (several equal lines stand in one row); then run the same
    command again: it tells the share of questions among chatter, with what is certain to 95 %, and what that means for coverage.
    """
    from engine.cli.signals import complete
    from engine.insight.sampling import estimate

    if file.exists():
        with options.reading(file, missing="", meant="the CSV file that was drawn"):
            found = read(file.read_text("utf-8-sig"), file)
        told = estimate(found)
        if told is None:
            raise LivechatError(f"no row of `{file}` is labelled yet: write y or n into its column `asked`")
        if as_json:
            terminal.show_json({**{name: getattr(told, name) for name in told.__slots__}, "rows": len(found.lines)})
        else:
            terminal.say(sentence(told, found))
        return
    settings = options.settings_on(bus, config)
    drawn: list[Sample] = []
    complete(_draw(settings, shop, wall_clock() - span_ms("--last", last), count, seed, drawn))
    if not drawn[0].lines:
        raise LivechatError(
            f"nothing was taken for chatter in the last {last}" + (f" in shop `{shop}`" if shop else "")
        )
    with file.open("x", encoding="utf-8-sig", newline="") as out:  # with a mark, by which spreadsheets know UTF-8
        out.write(write(drawn[0]))
    terminal.say(f"{sum(line.comments for line in drawn[0].lines)} comments in {len(drawn[0].lines)} rows of {file}")
    terminal.note("write y or n into the column `asked`, then run the command again")


async def _draw(settings: Settings, shop: str | None, time: int, count: int, seed: int, drawn: list[Sample]) -> None:
    from engine.cli.opened import reading, since
    from engine.events.outputs import Decision
    from engine.insight.sampling import draw

    async with reading(settings) as bus:
        found: list[Decision] = await since(bus, "decisions", time)
    drawn.append(draw((decision for decision in found if shop in (None, decision.shop)), count, seed))


def write(sample: Sample) -> str:
    """The file of a sample."""
    out = io.StringIO()
    out.write(HEAD.format(chatter=sample.chatter, asked=sample.asked, answered=sample.answered) + "\n")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for line in sample.lines:
        text = f"'{line.text}" if line.text.startswith(FORMULA) else line.text
        rows.writerow(("", line.comments, text))
    return out.getvalue()


def read(text: str, file: Path) -> Sample:
    """The sample of a file, with its labels. Raises `UsageError` that names the row."""
    from engine.insight.sampling import Line, Sample

    lines = text.splitlines()
    head = _HEAD.match(lines[0].strip().strip('"').rstrip(",;")) if lines else None
    if head is None:
        raise UsageError(f"`{file}:1` is not as it was drawn: its first row tells how many comments there were")
    found: list[Line] = []
    for at, row in enumerate(csv.reader(lines[1:]), 2):
        if at == 2 or not any(cell.strip() for cell in row):
            continue
        label = row[0].strip().casefold() if row else ""
        if len(row) < len(COLUMNS) or not row[1].isdigit():
            raise UsageError(f"`{file}:{at}` lacks one of its columns {', '.join(COLUMNS)}: draw the sample anew")
        if label and label not in YES | NO:
            raise UsageError(f"`{file}:{at}`: `{row[0]}` is no label: write y or n")
        found.append(Line(row[2].removeprefix("'"), int(row[1]), None if not label else label in YES))
    return Sample(int(head[1]), int(head[2]), int(head[3]), tuple(found))


def sentence(told: Estimate, sample: Sample) -> str:
    """What the labels say, in words."""
    return (
        f"{told.share:.1%} of the {sample.chatter:,} comments that were taken for chatter asked something "
        f"(certain to 95 %: {told.low:.1%} to {told.high:.1%}; {told.labelled} labelled). "
        f"So of all that asked something {told.seen:.0%} were seen as asking, and {told.answered:.0%} were answered."
    )
