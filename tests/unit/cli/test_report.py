"""`livechat report` and `livechat gaps sample`: from a log on disk."""

from __future__ import annotations

import asyncio
import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Outgoing
from engine.cli import sample
from engine.cli.page import page
from engine.errors import Exit, UsageError
from engine.events.codec import encode
from tests.unit.cli.conftest import Invoke
from tests.unit.insight.made import decision
from tests.unit.insight.test_live import live


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A log on which forty comments of a minute ago are decided."""
    path, now = tmp_path / "log.db", round(time.time() * 1_000) - 60_000
    found = [decision("chatter", id=f"{n:032x}", text=f"=idle {n}", sent=now, decided=now) for n in range(30)]
    found += [
        decision("no_reply", id=f"{n + 30:032x}", viewer=f"v{n}", text="能放多久<b>", sent=now + n, decided=now + n + 5)
        for n in range(10)
    ]

    async def write() -> None:
        bus = EmbeddedBus(path, partitions=8)
        await bus.publish([Outgoing("decisions", one.room, encode(one)) for one in found])
        await bus.close()

    asyncio.run(write())
    return f"sqlite:{path}"


class Tags(HTMLParser):
    """What a page loads, and whether its tables are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        self.loads += [tag] if tag in ("script", "link", "iframe", "img") else []
        self.depth += tag in ("table", "svg", "div", "pre")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in ("table", "svg", "div", "pre")


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("answered", "What to write")), ("zh", ("已回答", "下次开播前要写的内容"))]
)
def test_the_page_needs_nothing_else(language: str, words: tuple[str, ...]) -> None:
    """In both languages; it loads nothing, and draws questions, answers and gaps above the script."""
    text = page(live(), "zh" if language == "zh" else "en")
    tags = Tags()
    tags.feed(text)
    assert (tags.loads, tags.depth) == ([], 0)
    assert all(word in text for word in (*words, "tgy", "puer", f'lang="{language}"', "36%"))
    assert text.count("<polyline") == 3
    points = [len(drawn.split()) for drawn in re.findall(r'points="([^"]*)"', text)]
    assert points == [len(live().bins)] * 3


def test_a_live_is_told_and_written(log: str, tmp_path: Path, invoke: Invoke) -> None:
    """In the terminal, for programs, and as a page in which a viewer's line is text."""
    out = tmp_path / "live.html"
    result = invoke("report", "r1", "--bus", log, "--html", out)
    assert result.exit_code == 0, result.stderr
    assert "40 comments, 10 asked something: 0% answered; a reply existed for 0%." in result.stdout
    assert "Write a reply for `product.shelf_life`" in result.stdout
    text = out.read_text("utf-8")
    assert "能放多久&lt;b&gt;" in text
    assert "<b>能" not in text
    told = json.loads(invoke("report", "r1", "--bus", log, "--json").stdout)
    assert (told["asked"], told["share_answered"], told["gaps"][0]["viewers"]) == (10, 0.0, 10)


def test_a_room_without_a_live_is_told(log: str, invoke: Invoke) -> None:
    """With what to do."""
    result = invoke("report", "r9", "--bus", log, "--last", "2h")
    assert result.exit_code == Exit.FAILED
    assert "nothing happened in room `r9` in the last 2h" in result.stderr


def test_a_sample_is_drawn_labelled_and_read(log: str, tmp_path: Path, invoke: Invoke) -> None:
    """Draw, label, read: the share of questions among chatter with its bounds; nothing a spreadsheet would run."""
    file = tmp_path / "sample.csv"
    drawn = invoke("gaps", "sample", file, "--count", "20", "--bus", log)
    assert drawn.exit_code == 0, drawn.stderr
    assert "20 comments in 20 rows" in drawn.stdout
    lines = file.read_text("utf-8-sig").splitlines()
    assert lines[0] == "# 30 comments were taken for chatter, 10 asked something, 0 of them were answered"
    assert all(row.startswith(",1,'=idle ") for row in lines[2:])
    assert "no row of" in invoke("gaps", "sample", file, "--bus", log).stderr
    labelled = [*lines[:2], *(("y" if at < 5 else "n") + row for at, row in enumerate(lines[2:]))]
    file.write_text("\n".join(labelled), encoding="utf-8")
    told = invoke("gaps", "sample", file, "--bus", log)
    assert "25.0% of the 30 comments that were taken for chatter asked something" in told.stdout
    assert "57% were seen as asking" in told.stdout
    assert json.loads(invoke("gaps", "sample", file, "--bus", log, "--json").stdout)["labelled"] == 20


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ":1` is not as it was drawn"),
        ("text\n", ":1` is not as it was drawn"),
        ("{head}\nasked,comments,text\nmaybe,1,x\n", ":3`: `maybe` is no label: write y or n"),
        ("{head}\nasked,comments,text\ny,x\n", ":3` lacks one of its columns"),
    ],
)
def test_a_broken_sample_names_its_row(text: str, told: str) -> None:
    """Place and remedy."""
    head = sample.HEAD.format(chatter=3, asked=2, answered=1)
    with pytest.raises(UsageError, match=re.escape(told)):
        sample.read(text.replace("{head}", head), Path("s.csv"))
