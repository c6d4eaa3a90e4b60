"""What is printed: results on stdout, everything else on stderr; colours only on a terminal (and never with `NO_COLOR`).

Viewers, shops and clients write much of it. Whatever the texts hold, they are texts: no character of theirs moves the cursor, colours,
renames or asks the terminal, or turns the order of what stands beside them. That is seen to here, for all that is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from engine.errors import Exit, LivechatError, PoolError
from engine.printable import HARMFUL, harmless, json_text

if TYPE_CHECKING:
    from engine.events.outputs import ChatReply, Insertion

PIPE_COLUMNS: Final = 120  # to which tables are laid out without a terminal; single lines are never broken there


class ReaderGone(SystemExit):
    """Whoever read the output has enough, as in `livechat understand | head -1`. The command ends without a word; it did not fail."""

    def __init__(self) -> None:
        super().__init__(Exit.OK)


def audience(sent: Insertion | ChatReply) -> str:
    """For whom something is said or posted: those who asked, or everybody, where the room says it by itself."""
    if sent.type == "insertion" and (sent.correction or sent.disclosure is not None):
        return "all viewers"
    return f"{sent.viewers} viewer{'s' if sent.viewers != 1 else ''}"


class Harmless(Console):
    """Prints texts without what a terminal would obey; styles are the console's own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control is None and HARMFUL.search(segment.text):
                yield Segment(harmless(segment.text), segment.style)
            else:
                yield segment


class Results(Harmless):
    """A console of results."""

    def on_broken_pipe(self) -> None:
        raise ReaderGone


class Notes(Harmless):
    """A console of everything else, which nobody need read."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


def out() -> Console:
    """The console of results. Made anew, since tests and pipes exchange the streams."""
    return _console(Results, sys.stdout)


def err() -> Console:
    """The console of progress and errors."""
    return _console(Notes, sys.stderr)


def _console(kind: type[Console], file: TextIO) -> Console:
    terminal = file.isatty()
    return kind(file=file, highlight=False, soft_wrap=not terminal, width=None if terminal else PIPE_COLUMNS)


def say(text: str | Text, style: str = "") -> None:
    """One line of a result. Square brackets are text."""
    out().print(text if isinstance(text, Text) else Text(text), style=style)


def note(text: str) -> None:
    """One line about what goes on, on stderr."""
    err().print(Text(text), style="dim")


def show_json(value: object) -> None:
    """A result as JSON, one document, readable in every language."""
    write(json_text(value, indent=2) + "\n")


def write(text: str, *, flush: bool = False) -> None:
    """Text for programs, as it is, in UTF-8; what is no character is replaced. `flush`: for a reader that waits for it."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        if flush:
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise unwritable(error) from None


def unwritable(error: OSError) -> LivechatError:
    """What to tell where stdout cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return LivechatError(f"the output cannot be written ({reason}); make room or choose another place, then run again")


def flushed() -> bool:
    """Write what stdout still holds back for a pipe or a file; False where that failed. A reader that went away is no failure.

    After that nothing more is tried: Python flushes once more as it ends, and would complain.
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
        if isinstance(error, BrokenPipeError):
            return True
        report(unwritable(error))
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
        line = Text("  ").append(problem.place, style="bold")
        console.print(line.append(f" {problem.message} ").append(f"→ {problem.remedy}", style="green"))
