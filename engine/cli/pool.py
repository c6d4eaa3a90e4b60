"""`livechat pool check`: is every file of a shop right."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from engine.cli import options, terminal
from engine.errors import Exit, Problem, UsageError

if TYPE_CHECKING:
    from engine.pool.lint import Report

app = typer.Typer(no_args_is_help=True, help="Look at intent files and shop folders.")

Shops = Annotated[
    list[Path] | None, typer.Argument(metavar="[DIR]...", help="Shop folders; else this one, or the example.")
]


@app.command("check")
def check(
    shops: Shops = None,
    base: options.Base = None,
    more: Annotated[
        list[Path] | None, typer.Option("--shop", "-s", metavar="DIR", help="One more shop folder.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Check every file of a shop: mistakes with their place and remedy, what is doubtful, and how much there is.

    Ends with 0 where all may be published, with 2 where something must be mended first.
    """
    from engine.pool import lint

    folder = options.base_folder(base)
    folders = [*(_folder(shop) for shop in shops or ()), *(options.shop_folder(shop) for shop in more or ())]
    reports = lint.check_all(folder, folders or [options.shop_folder(None)])
    with suppress(terminal.ReaderGone):  # the answer is the exit code, too
        if as_json:
            terminal.show_json([_as_json(shop, report) for shop, report in reports.items()])
        else:
            for shop, report in reports.items():
                _show(shop, report)
    if any(report.errors for report in reports.values()):
        raise typer.Exit(Exit.USAGE)


def _folder(shop: Path) -> Path:
    if not shop.is_dir():
        raise UsageError(f"`{shop}` is no folder; name the folder that holds the YAML files")
    return shop


def _show(shop: Path, report: Report) -> None:
    for problems, word, style in ((report.errors, "wrong", "bold red"), (report.warnings, "doubtful", "yellow")):
        for problem in problems:
            terminal.say(_line(problem, word, style))
    counts = ", ".join(f"{count:,} {name}" for name, count in report.counts.items())
    if report.errors:
        number = len(report.errors)
        ending = Text(f"{shop}: {number} mistake{'s' if number > 1 else ''}, cannot be published", style="bold red")
    elif report.warnings:
        ending = Text(f"{shop}: may be published, {len(report.warnings)} doubtful", style="bold green")
    else:
        ending = Text(f"{shop}: all right", style="bold green")
    terminal.say(ending.append(f" ({counts})" if counts else "", style="not bold default"))


def _line(problem: Problem, word: str, style: str) -> Text:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    line = Text(f"{word} ", style=style).append(place, style="bold not red default")
    return line.append(f" {problem.message} ", style="not bold default").append(
        f"→ {problem.remedy}", style="not bold green"
    )


def _as_json(shop: Path, report: Report) -> dict[str, object]:
    def entry(problem: Problem) -> dict[str, object]:
        return {
            "file": problem.file, "line": problem.line, "column": problem.column, "message": problem.message,
            "remedy": problem.remedy,
        }  # fmt: skip

    return {
        "shop": str(shop),
        "errors": [entry(problem) for problem in report.errors],
        "warnings": [entry(problem) for problem in report.warnings],
        "counts": dict(report.counts),
    }
