"""The story on a terminal: what is said, what is asked and what became of it, what was inserted, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from engine.cli import terminal
from engine.cli.demo.story import Asked, Beat, Sent, Story
from engine.insight.coverage import KINDS, Outcome

MIN_COLUMNS: Final = 90  # of a terminal on which panels can stand side by side

TOLD: Final[dict[Outcome, str]] = {"answered": "answered", "missed": "missed", "gap": "no reply fits"}
OUTCOME_STYLES: Final[dict[Outcome, str]] = {
    "answered": "bold green", "shadowed": "green", "missed": "yellow", "people": "magenta", "gap": "bold red", "idle": "dim",
}  # fmt: skip
STATES: Final = {
    "sent": ("…", "cyan"), "accepted": ("✓", "cyan"), "started": ("▶", "bold green"), "ended": ("✔", "green"),
    "posted": ("✎", "green"), "rejected": ("✗", "red"), "aborted": ("✂", "red"),
}  # fmt: skip


class Screen:
    """Draws a story on the whole terminal, and gives it back in the end."""

    def __init__(self, story: Story, console: Console, *, shop: str, speed: float, seconds: float) -> None:
        self._story = story
        self._console = console
        self._shop = shop
        self._speed = speed
        self._seconds = seconds
        self._live = Live(console=console, screen=True, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, beats: Sequence[Beat], now: int, elapsed_s: float) -> None:
        """The state as it is now."""
        del beats, now
        size = self._console.size
        self._live.update(self.draw(elapsed_s, size.height, size.width), refresh=True)

    def draw(self, elapsed_s: float, rows: int, columns: int) -> RenderableType:
        """The whole screen. `rows`, `columns`: of the terminal."""
        body = max(6, rows - 3)
        upper = max(4, round(body * 0.62))
        lower = max(4, body - upper)
        wide = columns >= MIN_COLUMNS
        layout = Layout()
        layout.split_column(
            Layout(self._header(elapsed_s, wide=wide), size=3), Layout(name="upper", size=upper), Layout(name="lower")
        )
        if wide:
            layout["upper"].split_row(
                Layout(self._on_air(upper - 2), ratio=5), Layout(self._comments(upper - 2), ratio=6)
            )
            layout["lower"].split_row(
                Layout(self._inserted(lower - 2), ratio=5), Layout(self._missing(lower - 2), ratio=6)
            )
        else:
            layout["upper"].update(self._on_air(upper - 2))
            layout["lower"].update(self._comments(lower - 2))
        return layout

    def _header(self, elapsed_s: float, *, wide: bool) -> RenderableType:
        done = f"{min(elapsed_s, self._seconds):.0f} of {self._seconds:.0f} s"
        line = Table.grid(expand=True)
        line.add_column(no_wrap=True)
        line.add_column(justify="right", no_wrap=True)
        left = Text("Livechat Engine  ", style="bold").append(self._shop, style="not bold cyan")
        pace = f"{self._speed:g} times as quick as life" if self._speed != 1 else "in real time"
        told = f"script and comments {pace} · {done} · Ctrl-C ends it" if wide else f"{pace} · {done}"
        line.add_row(left, Text(told, style="dim"))
        return Panel(line, style="", border_style="dim")

    def _on_air(self, rows: int) -> RenderableType:
        """The last things said, the newest below."""
        lines = []
        heard = list(self._story.heard)[-rows:]
        for place, said in enumerate(heard):
            latest = place == len(heard) - 1
            if said.insertion is not None:
                style = "bold red" if said.cut else "bold black on green" if latest else "bold green"
                told = terminal.audience(self._story.sent[said.insertion].insertion)
                lines.append(Text(f"▶ {said.text}", style=style).append(f"  {told}", style="not bold"))
            else:
                lines.append(Text(f"  {said.text}", style="" if latest else "dim"))
        return _panel("On air", lines, "the script, and replies inserted into it")

    def _comments(self, rows: int) -> RenderableType:
        """Comments that ask something, the newest below; of the others one line."""
        story = self._story
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(ratio=5, no_wrap=True, overflow="ellipsis")
        table.add_column(ratio=6, no_wrap=True, overflow="ellipsis")
        for asked in list(islice(reversed(story.asked.values()), max(0, rows - 1)))[::-1]:
            table.add_row(Text(asked.text), self._verdict(asked))
        idle = story.labels["chatter"] + story.labels["abuse"]
        last = f", last: {story.chatter[-1]}" if story.chatter else ""
        ticker = Text(f"{idle} more ask nothing{last}", style="dim", no_wrap=True, overflow="ellipsis")
        return _panel("Comments", [table, ticker], f"{sum(story.labels.values()):,} decided, {story.waiting} waiting")

    def _verdict(self, asked: Asked) -> Text:
        if not asked.final:
            return Text(f"waits: {asked.verdict}", style="cyan")
        outcome: Outcome = next((kind.outcome for reason, kind in KINDS.items() if reason == asked.verdict), "idle")
        words = f"{asked.verdict} by {asked.via}" if asked.via is not None else asked.verdict
        title = self._story.titles.get(asked.intent or "", "")
        return Text(words, style=OUTCOME_STYLES[outcome]).append(f"  {title}", style="not bold dim")

    def _inserted(self, rows: int) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right")
        for sent in list(self._story.sent.values())[-rows:]:
            mark, style = STATES.get(sent.state, ("…", "cyan"))
            table.add_row(Text(mark, style=style), Text(sent.insertion.text), Text(_who(sent), style="dim"))
        served = _viewers(len(self._story.served))
        return _panel(
            "Inserted and posted", [table], f"{self._story.aired} aired, {self._story.posted} posted, {served} served"
        )

    def _missing(self, rows: int) -> RenderableType:
        story = self._story
        counts = story.counts
        asked = counts.asked or 1
        shares = Text(f"{counts.asked} asked  ", style="bold")
        for outcome, words in TOLD.items():
            number = counts.of(outcome)
            shares.append(f"{number} {words} ({number / asked:.0%})  ", style=OUTCOME_STYLES[outcome])
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True)
        for gap in story.top_gaps(max(0, rows - 1)):
            table.add_row(
                Text(_viewers(gap.viewers)), Text(story.name_of(gap), style="bold"), Text(gap.reason, style="red")
            )
        return _panel("Coverage and gaps", [shares, table], "what nobody wrote a reply for")


def _who(sent: Sent) -> str:
    waited = f", {(sent.started - sent.insertion.at) / 1_000:.1f} s" if sent.started is not None else ""
    return f"{terminal.audience(sent.insertion)}{waited}"


def _viewers(count: int) -> str:
    return f"{count} viewer{'s' if count != 1 else ''}"


def _panel(title: str, lines: Sequence[RenderableType], below: str) -> Panel:
    return Panel(
        Group(*lines), title=Text(title, style="bold"), title_align="left", subtitle=Text(below, style="dim"),
        subtitle_align="right", border_style="dim", padding=(0, 1),
    )  # fmt: skip
