"""What is printed can do nothing to a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from engine.cli import terminal
from engine.errors import UsageError
from engine.printable import HARMFUL, json_text
from tests.unit.cli.conftest import Invoke

EVIL = "a\x1b[31mred\x1b]0;title\x07\x9b2J\x85\x7f\x00\b\r\u202eturned\u2066\u2028b\udc9b2J"


class Screen(io.StringIO):
    """A terminal that shows what it is sent."""

    def isatty(self) -> bool:
        return True


def shown(*parts: object, monkeypatch: pytest.MonkeyPatch) -> str:
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    for part in parts:
        terminal.out().print(part)
    return screen.getvalue()


def test_no_text_reaches_a_terminal_as_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bare, in a table, in a panel and as a plain string; what can be read stays, and borders stand under each other."""
    table = Table("one", "two", show_header=False)
    table.add_row(Text(EVIL), Text("x"))
    printed = shown(Text(EVIL), table, Panel(Text(EVIL), title=Text(EVIL)), EVIL, monkeypatch=monkeypatch)
    assert not HARMFUL.search(printed)
    assert printed.count("[31mred]0;title2J") == 5
    assert (
        len({len(line) for line in printed.splitlines() if line.startswith(("│", "╰"))}) == 2
    )  # the table's and the panel's


@given(st.text())
def test_json_means_the_same_and_holds_no_order(text: str) -> None:
    """What a terminal would obey is written as JSON's escapes."""
    written = json_text({"text": text})
    assert json.loads(written) == {"text": text}
    assert not HARMFUL.search(written)


def test_errors_hold_no_order(capsys: pytest.CaptureFixture[str]) -> None:
    """They name what was given."""
    terminal.report(UsageError(f"no room `{EVIL}`"))
    assert not HARMFUL.search(capsys.readouterr().err.rstrip())


@pytest.mark.parametrize("style", [[], ["--json"]])
def test_a_comment_is_shown_as_a_text(style: list[str], base: Path, shop: Path, invoke: Invoke) -> None:
    """Its letters are there; its orders are not."""
    result = invoke("say", EVIL.replace("\x00", ""), "--shop", shop, "--base", base, *style)
    assert result.exit_code == 0
    assert "[31mred" in result.stdout
    assert not HARMFUL.search(result.stdout)
