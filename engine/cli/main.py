"""The command `livechat`: its verbs, and how errors become one sentence and an exit code."""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from typing import Annotated, Final

import typer
from typer import Context
from typer.core import TyperArgument, TyperGroup, TyperOption

from engine import __version__
from engine.cli import (
    audit,
    config,
    fact,
    gaps,
    handoffs,
    keys,
    letters,
    player,
    pool,
    replay,
    report,
    room,
    say,
    send,
    serve,
    terminal,
    topics,
    understand,
    why,
)
from engine.cli.demo import verb as demo
from engine.errors import Exit, LivechatError
from engine.logs import output

EPILOG = (
    "Exit codes: 0 done, or whoever read the output went away · 1 the answer is no, or it failed · 2 a wrong option, setting or file · "
    "3 something needed is away or in use, try later · 4 stored data cannot be trusted · 5 the watchdog ended a stalled process · "
    "130 Ctrl-C · 143 SIGTERM ended the demo early"
)


VALUES: Final[Mapping[str, str]] = {"str": "TEXT", "int": "N", "float": "N", "Path": "PATH"}
"""What stands in `--help` for a value that has no name of its own, by its type."""


def _value(option: TyperOption, ctx: Context) -> str | None:
    """What follows an option in `--help`: a word in capitals, choices as they are typed, nothing where it takes no value."""
    if option.is_flag:
        return None
    return option.metavar or VALUES.get(option.bare_type()) or (option.display_type(ctx) or "").strip("<>")


def _nothing(argument: TyperArgument, ctx: Context) -> None:
    """The name of an argument says what it is."""
    del argument, ctx


# typer tells types in a style of its own, and has no setting for it.
TyperOption.display_type_rich = _value  # type: ignore[method-assign, assignment]  # it is a plain method
TyperArgument.display_type_rich = _nothing  # type: ignore[method-assign, assignment]  # as above


class Verbs(TyperGroup):
    """Runs a verb; what it raises on purpose becomes a sentence on stderr and an exit code."""

    def invoke(self, ctx: Context) -> object:  # type: ignore[override]  # typer's public Context is its vendored click's
        debug = bool(ctx.params.get("debug"))
        try:
            return super().invoke(ctx)
        except LivechatError as error:
            if debug:
                raise
            terminal.report(error)
            raise typer.Exit(error.exit_code) from None
        except OSError as error:
            if debug:
                raise
            if error.errno == errno.ENOSPC and error.filename is None:
                told = terminal.unwritable(error)
            else:
                place = f"`{error.filename}`: " if error.filename else ""
                reason = (error.strerror or str(error)).lower()
                told = LivechatError(f"{place}{reason}; check the path and its permissions, then run again")
            terminal.report(told)
            raise typer.Exit(Exit.FAILED) from None


app = typer.Typer(
    name="livechat",
    cls=Verbs,
    help="Approved replies, inserted at the right moment of a digital human's livestream. Begin with [bold]livechat demo[/bold].",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.say(f"livechat-engine {__version__}")
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options of every verb stand before it: `livechat --debug serve`."""
    del debug, version
    output.set_up()


# What verbs need to run they import when they run, so that `--help` is quick.
RUN, CONNECT, OPERATE, WRITE = "Run", "Connect", "Operate", "Write replies"
app.command("demo", rich_help_panel=RUN)(demo.demo)
app.command("serve", rich_help_panel=RUN)(serve.serve)
app.add_typer(topics.app, name="topics", rich_help_panel=RUN)
app.add_typer(keys.app, name="keys", rich_help_panel=RUN)
app.command("config", rich_help_panel=RUN)(config.config)
app.command("player", rich_help_panel=CONNECT)(player.player)
app.command("send", rich_help_panel=CONNECT)(send.send)
app.add_typer(room.app, name="room", rich_help_panel=OPERATE)
app.add_typer(handoffs.app, name="handoffs", rich_help_panel=OPERATE)
app.add_typer(fact.app, name="fact", rich_help_panel=OPERATE)
app.add_typer(audit.app, name="audit", rich_help_panel=OPERATE)
app.command("why", rich_help_panel=OPERATE)(why.why)
app.command("replay", rich_help_panel=OPERATE)(replay.replay)
app.add_typer(letters.app, name="dead-letters", rich_help_panel=OPERATE)
app.add_typer(gaps.app, name="gaps", rich_help_panel=WRITE)
app.command("report", rich_help_panel=WRITE)(report.report)
app.add_typer(pool.app, name="pool", rich_help_panel=WRITE)
app.command("say", rich_help_panel=WRITE)(say.say)
app.command("understand", rich_help_panel=WRITE)(understand.understand)


def run() -> None:
    """Entry point of the command."""
    try:
        app(prog_name="livechat")
    except SystemExit as end:
        code = end.code
        if isinstance(end.__context__, BrokenPipeError):  # typer's own console, of `--help`, takes it for a failure
            code = Exit.OK
        sys.exit(code if terminal.flushed() else code or Exit.FAILED)
    except OSError as error:  # of what no verb does: `--help` and `--version`
        terminal.report(terminal.unwritable(error))
        terminal.flushed()
        sys.exit(Exit.FAILED)
    except Exception as error:  # the last resort: a mistake of ours must not look like one of the user's
        if "--debug" in sys.argv:
            raise
        detail = f"{type(error).__name__}: {error}"[:300]
        advice = "run `livechat --debug …` again and report what it prints"
        terminal.report(LivechatError(f"a mistake in the engine itself ({detail}); {advice}"))
        terminal.flushed()
        sys.exit(Exit.FAILED)
