"""`livechat pool check`: is every file of a shop right. `livechat pool score`: how good are its lines."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from engine.cli import options, terminal
from engine.errors import Exit, Problem, UsageError

if TYPE_CHECKING:
    from engine.pool.lint import Report
    from engine.pool.load import Loaded
    from engine.understanding.lookahead import Judged

ONE: Final = {
    "intents": "intent", "replies": "reply", "products": "product", "facts": "fact", "scripts": "script", "sentences": "sentence",
    "examples": "example", "own examples": "own example",
}  # fmt: skip
app = typer.Typer(no_args_is_help=True, help="Look at intent files and shop folders.")

Shops = Annotated[list[Path] | None, typer.Argument(metavar="DIR", help="Shop folders; else this one, or the example.")]


@app.command("check")
def check(
    shops: Shops = None,
    base: options.Base = None,
    more: Annotated[
        list[Path] | None, typer.Option("--shop", "-s", metavar="DIR", help="One more shop folder.")
    ] = None,
    tests: Annotated[
        bool,
        typer.Option("--tests", help="Name each test line that is not understood; trains the model where it has to."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Check every file of a shop: mistakes with their place and remedy, what is doubtful, and how much there is.

    Ends with 0 where all may be published, with 2 where something must be mended first. A test line that is not understood is
    doubtful, no mistake. What a sentence of the script seems to answer is proposed, and counts only once it is written there.
    """
    from engine.pool import lint
    from engine.pool.load import load
    from engine.publisher.lines import proposed, repeated, straying, unreadable

    folder = options.base_folder(base)
    folders = [*(_folder(shop) for shop in shops or ()), *(options.shop_folder(shop) for shop in more or ())]
    reports = dict(lint.check_all(folder, folders or [options.shop_folder(None)]))
    missed: dict[Path, tuple[Problem, ...]] = {}
    for shop, report in reports.items():
        if not report.errors:
            loaded = load(folder, shop)
            if mistakes := unreadable(loaded):
                reports[shop] = lint.Report(errors=mistakes)
                continue
            if tests:
                missed[shop] = _missed(shop, loaded)
            more_warnings = (*report.warnings, *missed.get(shop, ()), *repeated(loaded), *straying(loaded))
            found = proposed(loaded, _judged(loaded) if tests else None)
            reports[shop] = replace(report, warnings=tuple(sorted(more_warnings)), proposals=tuple(found))
    with suppress(terminal.ReaderGone):  # the answer is the exit code, too
        if as_json:
            terminal.show_json([_as_json(shop, report, missed.get(shop)) for shop, report in reports.items()])
        else:
            for shop, report in reports.items():
                _show(shop, report, missed.get(shop))
    if any(report.errors for report in reports.values()):
        raise typer.Exit(Exit.USAGE)


@app.command("score")
def score(
    shop: options.Shop = None,
    base: options.Base = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots, too.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Tell how good the lines of a shop and its base pack are: what is answered, mixed up, and does harm.

    Models are trained without a part of the lines each; that takes about as long as one training, ten seconds or more.
    """
    from dataclasses import asdict

    from engine.cli import score as shown
    from engine.pool.load import load_pool
    from engine.understanding.cache import load_or_train
    from engine.understanding.model import model_hash
    from engine.understanding.training.score import score as of_lines

    folder = options.shop_folder(shop)
    pool = load_pool(options.base_folder(base), folder, model_of=model_hash)
    with terminal.err().status("training models without a part of the lines"):
        try:
            found = of_lines(pool, load_or_train(pool.training, options.model_cache()))
        except ValueError as error:
            raise options.no_model(folder, error) from None
    if html is not None:
        try:
            html.write_text(shown.page(found, pool.shop), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"`{html}` cannot be written ({(error.strerror or str(error)).lower()}); name another file"
            ) from None
    if as_json:
        terminal.show_json(asdict(found))
        return
    for part in shown.tables(found):
        terminal.out().print(part)
    if html is not None:
        terminal.note(f"the page stands in {html}")


def _folder(shop: Path) -> Path:
    if not shop.is_dir():
        raise UsageError(f"`{shop}` is no folder; name the folder that holds the YAML files")
    return shop


def _judged(loaded: Loaded) -> Judged:
    """What the model of these files understands."""
    from engine.pool.compile import named
    from engine.publisher.trainer import CachedTrainer

    trainer = CachedTrainer(options.model_cache())
    pool = named(loaded.pool, trainer.train(loaded.pool.training))
    return lambda texts: trainer.understand(pool, texts)


def _missed(shop: Path, loaded: Loaded) -> tuple[Problem, ...]:
    """The test lines that are not understood. Raises `UsageError` where the shop's lines make no model."""
    from engine.publisher.lines import problems
    from engine.publisher.trainer import CachedTrainer

    with terminal.err().status("asking the model (trained once, about ten seconds, then kept)"):
        try:
            return problems(CachedTrainer(options.model_cache()), loaded)
        except ValueError as error:
            raise options.no_model(shop, error) from None


def _counted(count: int, name: str, missed: tuple[Problem, ...] | None) -> str:
    if name == "tests":
        how = "not run: `--tests` does" if missed is None else f"{count - len(missed):,} understood"
        return f"{count:,} test line{'s' if count != 1 else ''} ({how})"
    return f"{count:,} {ONE.get(name, name) if count == 1 else name}"


def _show(shop: Path, report: Report, missed: tuple[Problem, ...] | None) -> None:
    for problems, word, style in (
        (report.errors, "wrong", "bold red"),
        (report.warnings, "doubtful", "yellow"),
        (report.proposals, "proposed", "cyan"),
    ):
        for problem in problems:
            terminal.say(_line(problem, word, style))
    counts = ", ".join(_counted(count, name, missed) for name, count in report.counts.items())
    if report.errors:
        number = len(report.errors)
        ending = Text(f"{shop}: {number} mistake{'s' if number > 1 else ''}, cannot be published", style="bold red")
    elif report.warnings:
        ending = Text(f"{shop}: may be published, {len(report.warnings)} doubtful", style="bold green")
    else:
        ending = Text(f"{shop}: all right", style="bold green")
    if report.proposals:
        number = len(report.proposals)
        ending.append(f", {number} proposal{'s' if number > 1 else ''} for the script")
    terminal.say(ending.append(f" ({counts})" if counts else "", style="not bold default"))


def _line(problem: Problem, word: str, style: str) -> Text:
    place = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    line = Text(f"{word} ", style=style).append(place, style="bold not red default")
    return line.append(f" {problem.message} ", style="not bold default").append(
        f"→ {problem.remedy}", style="not bold green"
    )


def _as_json(shop: Path, report: Report, missed: tuple[Problem, ...] | None) -> dict[str, object]:
    def entry(problem: Problem) -> dict[str, object]:
        return {
            "file": problem.file, "line": problem.line, "column": problem.column, "message": problem.message,
            "remedy": problem.remedy,
        }  # fmt: skip

    return {
        "shop": str(shop),
        "errors": [entry(problem) for problem in report.errors],
        "warnings": [entry(problem) for problem in report.warnings],
        "proposals": [entry(problem) for problem in report.proposals],
        "counts": dict(report.counts),
        "tests_understood": report.counts["tests"] - len(missed) if missed is not None else None,
    }
