"""What is printed: results on stdout, everything else on stderr; colours only on a terminal (and never with `NO_COLOR`)."""

from __future__ import annotations

import json
import os
import sys
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from engine.errors import LivechatError, PoolError

PIPE_COLUMNS: Final = 120  # to which tables are laid out without a terminal; single lines are never broken there


def out() -> Console:
    """The console of results. Made anew, since tests and pipes exchange the streams."""
    return _console(sys.stdout)


def err() -> Console:
    """The console of progress and errors."""
    return _console(sys.stderr)


def _console(file: TextIO) -> Console:
    terminal = file.isatty()
    return Console(file=file, highlight=False, soft_wrap=not terminal, width=None if terminal else PIPE_COLUMNS)


def say(text: str | Text, style: str = "") -> None:
    """One line of a result. Square brackets are text."""
    out().print(text if isinstance(text, Text) else Text(text), style=style)


def note(text: str) -> None:
    """One line about what goes on, on stderr."""
    err().print(Text(text), style="dim")


def show_json(value: object) -> None:
    """A result as JSON, one document, readable in every language."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def flushed() -> bool:
    """Write what stdout still holds back for a pipe or a file; False where it cannot be written.

    Then nothing more is tried: Python flushes once more as it ends, and would complain of a reader that went away.
    """
    stream = sys.__stdout__
    if stream is None:
        return True
    try:
        stream.flush()
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if not isinstance(error, BrokenPipeError):
            reason = (error.strerror or str(error)).lower()
            advice = "make room or choose another place, then run again"
            report(LivechatError(f"the output cannot be written ({reason}); {advice}"))
        return False
    return True


def report(error: LivechatError) -> None:
    """An error in one sentence; of pool files, every problem in a line of its own."""
    console = err()
    if not isinstance(error, PoolError):
        console.print(Text("livechat: ", style="bold red").append(str(error), style="not bold default"))
        return
    count = len(error.problems)
    console.print(Text(f"livechat: {count} problem{'s' if count != 1 else ''} in the pool files", style="bold red"))
    for problem in error.problems:
        line = Text("  ").append(f"{problem.file}:{problem.line}:{problem.column}", style="bold")
        console.print(line.append(f" {problem.message} ").append(f"→ {problem.remedy}", style="green"))
