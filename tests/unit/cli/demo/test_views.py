"""The story as lines, on a screen, and in the end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from engine.cli.demo.ending import edit, summary
from engine.cli.demo.lines import Lines
from engine.cli.demo.screen import Screen
from engine.cli.demo.story import Story
from tests.unit.cli.demo.conftest import START, TEXTS, TITLES, decided, gap, whole_live


def drawn(what: RenderableType, columns: int = 120, rows: int = 40) -> str:
    file = io.StringIO()
    Console(file=file, width=columns, height=rows).print(what)
    return file.getvalue()


def told() -> Story:
    story = Story(TEXTS, TITLES)
    for record in whole_live():
        story.take(record, START)
    return story


def test_plain_lines_tell_the_live() -> None:
    """What is said, asked, inserted and missing, in order, with seconds; idle lines are counted."""
    file = io.StringIO()
    story = Story(TEXTS, TITLES)
    with Lines(story, Console(file=file, width=200), shop="Tea", speed=4, seconds=20) as view:
        for record in whole_live():
            view.show(story.take(record, START + 4_000), START + 4_000, 0.0)
        view.show([], START + 20_000, 0.0)
    assert file.getvalue().splitlines() == [
        "Tea: script and comments 4 times as quick as life, for 20 s",
        "   0.0s  segment   one",
        "   0.0s  says      欢迎",
        "   4.0s  comment   多少钱  → waits, no_opportunity: It waits for the next boundary at which it may be said.",
        "   4.0s  comment   好多少  → waits, no_opportunity: It waits for the next boundary at which it may be said.",
        "   2.0s  inserts   今天129元  (for 2 viewers: 多少钱)",
        "   3.0s  REPLY     ▶ 今天129元  (for 2 viewers: 多少钱)",
        "   3.6s  comment   能退吗  → no_reply (Can I return it)",
        "   4.0s  GAP       Can I return it  (no_reply: 能退吗)",
        "   5.0s  comment   多少钱  → answered by voice (How much is it)",
        "   5.0s  comment   好多少  → answered by voice (How much is it)",
        "   5.0s  says      喝茶",
        "  20.0s  comments  1 that ask nothing, such as 哈哈哈",
    ]


@pytest.mark.parametrize(("columns", "rows"), [(130, 40), (100, 24), (60, 20), (20, 8)])
def test_screen_fits_every_terminal(columns: int, rows: int) -> None:
    """It is never wider or higher than the terminal, and always shows what is on air."""
    screen = Screen(told(), Console(file=io.StringIO()), shop="Tea", speed=4, seconds=75)
    lines = drawn(screen.draw(3.0, rows, columns), columns, rows).splitlines()
    assert len(lines) <= rows
    assert any("On air" in line for line in lines)


def test_screen_shows_four_things() -> None:
    """What is said, what is asked, what was inserted, what is missing."""
    screen = Screen(told(), Console(file=io.StringIO()), shop="Tea", speed=4, seconds=75)
    shown = drawn(screen.draw(3.0, 40, 130), 130, 40)
    for words in (
        "▶ 今天129元", "2 viewers", "answered by voice", "no_reply", "1 more ask nothing, last: 哈哈哈",
        "1 aired, 0 posted, 2 viewers served", "3 asked", "2 answered (67%)", "1 no reply fits (33%)", "3 of 75 s",
    ):  # fmt: skip
        assert words in shown


def test_summary_tells_the_figures() -> None:
    """Comments, decisions by reason, replies aired, viewers served, median time."""
    shown = drawn(summary(told(), seconds=75, speed=4))
    for words in (
        "75 s, 300 s of the live", "4 of 4 viewers, 3 asked something", "answered 2 · chatter 1 · no_reply 1",
        "2 questions of 2 viewers: 2 by a reply", "2.0 s from a question to its answer", "3.0 s after the first sentence",
        "67% answered; 67% had a usable reply",
    ):  # fmt: skip
        assert words in shown


def test_edit_is_the_biggest_gaps_stub() -> None:
    """A gap that no edit closes gives way to the next."""
    story = told()
    story.take(gap(8, number=2, stub=""), START)
    closing = edit(story, colours=False)
    assert closing is not None
    shown = drawn(closing)
    assert "Biggest gap  Can I return it: 1 viewer asked “能退吗”. Write a reply." in shown
    assert "    intents:\n      aftersale.return:\n" in shown
    assert edit(Story(TEXTS, TITLES), colours=False) is None


def test_summary_of_nothing_is_a_summary() -> None:
    """Interrupted before anything was decided."""
    assert "none" in drawn(summary(Story({}, {}), seconds=1, speed=1))


def test_abuse_counts_as_idle_on_screen() -> None:
    """It asks nothing."""
    story = Story(TEXTS, TITLES)
    story.take(decided("c4", "abuse", 0), START)
    shown = drawn(Screen(story, Console(file=io.StringIO()), shop="Tea", speed=1, seconds=9).draw(0, 40, 130), 130, 40)
    assert "1 more ask nothing" in shown
    assert "in real time" in shown
