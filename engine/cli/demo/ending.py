"""What the demo came to: a summary, and the one edit that would close the biggest gap."""

from __future__ import annotations

import textwrap

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from engine.cli.demo.story import Story
from engine.events.gaps import Gap


def summary(story: Story, *, seconds: float, speed: float) -> RenderableType:
    """The figures."""
    counts = story.counts
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    live = f", {seconds * speed:.0f} s of the live" if speed != 1 else ""
    table.add_row("time", f"{seconds:.0f} s{live}")
    table.add_row("comments", f"{counts.comments:,} of {len(story.viewers):,} viewers, {counts.asked} asked something")
    reasons = [f"{label} {count}" for label, count in story.labels.most_common()]
    if story.waiting:
        reasons.append(f"still waiting {story.waiting}")
    table.add_row("decisions", " · ".join(reasons) or "none")
    channels = {"voice": "a reply", "script": "the script", "chat": "a chat reply"}
    by = ", ".join(f"{count} by {channels.get(name, name)}" for name, count in story.by_channel.most_common())
    table.add_row(
        "answered", f"{counts.of('answered')} questions of {len(story.served)} viewers" + (f": {by}" if by else "")
    )
    table.add_row("replies aired", f"{story.aired}")
    table.add_row("replies posted", f"{story.posted}")
    if story.median_s is not None:
        table.add_row("median wait", f"{story.median_s:.1f} s from a question to its answer")
    if story.first_reply is not None and story.begun is not None:
        table.add_row("first reply", f"{(story.first_reply - story.begun) / 1_000:.1f} s after the first sentence")
    if counts.share_answered is not None and counts.share_answerable is not None:
        table.add_row(
            "coverage", f"{counts.share_answered:.0%} answered; {counts.share_answerable:.0%} had a usable reply"
        )
    return Group(Rule(style="dim"), table)


def edit(story: Story, *, colours: bool) -> RenderableType | None:
    """The edit that closes the biggest gap which an edit can close; None where there is none."""
    gap = next((gap for gap in story.top_gaps(len(story.gaps)) if gap.stub), None)
    if gap is None:
        return None
    stub = textwrap.indent(gap.stub.rstrip(), "    ")
    shown = Syntax(stub, "yaml", background_color="default", word_wrap=True) if colours else Text(stub)
    return Group(Text(), _sentence(story, gap), Text(), shown)


def _sentence(story: Story, gap: Gap) -> Text:
    who = f"{gap.viewers} viewer{'s' if gap.viewers != 1 else ''}"
    text = Text("Biggest gap  ", style="bold red").append(f"{story.name_of(gap)}: ", style="bold default")
    lines = ", ".join(f"“{line}”" for line in gap.lines[:3])
    return text.append(f"{who} asked {lines}. {gap.remedy} This edit would do it:", style="not bold default")
