"""A live as one HTML page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Final, Literal

from engine.cli.html import document, table
from engine.events.meanings import REASONS

if TYPE_CHECKING:
    from engine.insight.live import Live, SegmentCounts

MOST: Final = 10  # rows of each table, stubs of gaps
WIDE, HIGH, STRIP = 960, 220, 26
"""Of the plot, in its own units; `STRIP`: of the script below it."""
SHADES: Final = ("#cfe3f7", "#f7e2c4", "#d8efd3", "#ecd7ee", "#f6d4d4", "#d5eeee", "#e9e6c8", "#dcdcf5")
"""Of segments, by product."""
LINES: Final = (("asked", "#888"), ("answered", "#0a7d3c"), ("gaps", "#c62828"))
WORDS: Final = {
    "title": ("Live of", "直播回顾："),
    "asked": ("asked something", "提问"),
    "answered": ("answered", "已回答"),
    "gaps": ("no reply existed", "没有可用回复"),
    "comments": ("comments", "评论"),
    "half": ("half of the answers within", "一半的回答不超过"),
    "most": ("nine in ten within", "九成不超过"),
    "could": ("a reply existed for", "有可用回复的占"),
    "said": ("replies said", "播出的回复"),
    "air": ("of the air", "占播出时间"),
    "timeline": ("Questions, answers and gaps against the script", "提问、回答和缺口与脚本对照"),
    "what": ("What became of the comments", "评论的结果"),
    "reason": ("reason", "原因"),
    "meaning": ("meaning", "含义"),
    "best": ("Best segments", "回答最好的段落"),
    "worst": ("Worst segments", "回答最差的段落"),
    "segment": ("segment", "段落"),
    "product": ("product", "商品"),
    "write": ("What to write before the next live", "下次开播前要写的内容"),
    "viewers": ("viewers", "观众"),
    "lines": ("what they wrote", "观众原话"),
    "nothing": ("Nothing is missing: each question had a reply.", "没有缺口：每个问题都有回复。"),
    "utc": ("UTC", "UTC 时间"),
}  # fmt: skip


def page(live: Live, language: Literal["zh", "en"]) -> str:
    """The whole page."""

    def say(word: str) -> str:
        return WORDS[word][language == "zh"]

    counts = live.counts
    lasted = max(1, live.end - live.start)
    figures = (
        (f"{counts.comments:,}", say("comments")),
        (f"{counts.asked:,}", say("asked")),
        (_share(counts.share_answered), say("answered")),
        (_share(counts.share_answerable), say("could")),
        (_seconds(live.wait(0.5)), say("half")),
        (_seconds(live.wait(0.9)), say("most")),
        (str(live.replies), say("said")),
        (f"{live.air_ms / lasted:.0%}", say("air")),
    )
    reasons = sorted(counts.labels.items(), key=lambda item: (-item[1], item[0]))
    parts = [
        f"<h1>{say('title')} {escape(live.room)} ({escape(live.shop)})</h1>",
        f"<p>{_clock(live.start, date=True)} – {_clock(live.end, date=True)} {say('utc')}</p>",
        '<div class="figures">' + "".join(f"<div><b>{escape(big)}</b>{escape(small)}</div>" for big, small in figures) + "</div>",
        f"<h2>{say('timeline')}</h2>" + timeline(live, say),
        table(
            say("what"), (say("reason"), say("comments"), say("meaning")),
            [(label, f"{count:,}", _meaning(label)) for label, count in reasons], (1,),
        ),
    ]  # fmt: skip
    if live.segments:
        columns = (say("segment"), say("product"), say("asked"), say("answered"))
        half = max(1, len(live.segments) // 2)
        best, worst = live.segments[:half][:MOST], live.segments[half:][::-1][:MOST]
        parts.append(table(say("best"), columns, map(_segment, best), (2, 3)))
        if worst:
            parts.append(table(say("worst"), columns, map(_segment, worst), (2, 3)))
    parts.append(f"<h2>{say('write')}</h2>")
    if not live.gaps:
        parts.append(f"<p>{say('nothing')}</p>")
    for gap in live.gaps[:MOST]:
        lines = " · ".join(gap.lines[:5])
        parts.append(
            f"<p><b>{gap.viewers} {say('viewers')}</b> {escape(gap.remedy)}<br>{say('lines')}: {escape(lines)}</p>"
            + (f"<pre>{escape(gap.stub)}</pre>" if gap.stub else "")
        )
    return document(live.room, parts, language)


def timeline(live: Live, say: Callable[[str], str]) -> str:
    """Three lines over the live, and below them the script: a block for each segment that ran, a shade for each product."""
    lasted = max(1, live.end - live.start)
    highest = max([1, *(one.asked for one in live.bins)])

    def across(at: int) -> float:
        return WIDE * (at - live.start) / lasted

    width = lasted / max(1, len(live.bins))
    plotted = []
    for name, colour in LINES:
        points = " ".join(
            f"{min(WIDE, across(one.start) + WIDE * width / lasted / 2):.1f},{HIGH * (1 - getattr(one, name) / highest):.1f}"
            for one in live.bins
        )
        plotted.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    products = sorted({one.product or "" for one in live.showings})
    blocks = []
    for one in live.showings:
        left, right = across(one.start), across(one.end)
        shade = SHADES[products.index(one.product or "") % len(SHADES)] if one.product else "#eee"
        name = escape(one.product or one.segment)
        blocks.append(
            f'<rect x="{left:.1f}" y="{HIGH + 8}" width="{max(0.5, right - left):.1f}" height="{STRIP}" fill="{shade}" stroke="#fff">'
            f"<title>{escape(one.segment)} {name} {_clock(one.start)}–{_clock(one.end)}</title></rect>"
        )
        if right - left > 9 * len(name):
            blocks.append(f'<text x="{(left + right) / 2:.1f}" y="{HIGH + 25}" text-anchor="middle">{name}</text>')
    marks = "".join(
        f'<text x="{WIDE * part:.0f}" y="{HIGH + STRIP + 26}" text-anchor="middle">{_clock(round(live.start + lasted * part))}</text>'
        for part in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    key = "".join(f'<span style="color:{colour}">▬ {escape(say(name))}</span>' for name, colour in LINES)
    return (
        f'<p class="key">{key}</p><svg viewBox="-40 -10 {WIDE + 80} {HIGH + STRIP + 44}" font-size="11" fill="#555" role="img" '
        f'aria-label="{escape(say("timeline"))}"><rect width="{WIDE}" height="{HIGH}" fill="none" stroke="#ddd"/>'
        f'<text x="-6" y="4" text-anchor="end">{highest}</text><text x="-6" y="{HIGH}" text-anchor="end">0</text>'
        f"{''.join(plotted)}{''.join(blocks)}{marks}</svg>"
    )


def _segment(one: SegmentCounts) -> tuple[str, str, str, str]:
    return one.segment, one.product or "", f"{one.counts.asked:,}", _share(one.counts.share_answered)


def _meaning(label: str) -> str:
    found = REASONS.get(label)  # type: ignore[call-overload]  # `unread` is no reason
    return found.what if found is not None else "It came too late, or was shed, before it was read."


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _seconds(ms: int | None) -> str:
    return "–" if ms is None else f"{ms / 1_000:.0f} s"


def _clock(at: int, *, date: bool = False) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M" if date else "%H:%M")
