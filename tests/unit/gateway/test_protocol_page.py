"""The protocol's page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from engine.events import roles, wire
from engine.events.closes import CLOSES, CloseCode, may_reconnect

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the table under a heading."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_close_codes_on_the_page_are_those_of_the_code() -> None:
    """Number, name, meaning, and whether to connect again, in order."""
    table = [[str(int(c.code)), f"`{c.name}`", c.meaning, "yes" if c.reconnect else "no"] for c in CLOSES.values()]
    assert rows("Close codes") == table
    assert set(CLOSES) == set(CloseCode)


def test_the_range_of_a_code_says_whether_to_connect_again() -> None:
    """4000–4499 yes, 4500–4999 no, for known codes and those of later versions; a broken connection yes."""
    for code in CLOSES:
        if code >= 4_000:
            assert CLOSES[code].reconnect is (code < 4_500)
    assert [may_reconnect(code) for code in (None, 1006, 4_499, 4_500, 4_999, 1002, 1012)] == [
        True, True, True, False, False, False, True,
    ]  # fmt: skip


def test_the_errors_on_the_page_are_those_of_the_code() -> None:
    """Every code, each once."""
    assert [row[0].strip("`") for row in rows("Errors")] == list(get_args(wire.ErrorCode))


def test_the_roles_on_the_page_send_and_get_what_the_code_lets_them() -> None:
    """Requests and streams of each role."""
    for role, sends, gets in rows("Roles"):
        named = set(re.findall(r"`([a-z_-]+)`", sends))
        assert named == set(roles.ROLE_TYPES[role]) - {"heartbeat"}, role  # type: ignore[index]  # a role
        if role in ("operator", "observer"):
            assert re.findall(r"`([a-z-]+)`", gets)[1:] == list(roles.ROLE_STREAMS[role])[1:], role  # type: ignore[index]  # a role
    assert {row[0] for row in rows("Roles")} == set(roles.ROLE_TYPES)


def test_every_message_and_field_of_identify_is_on_the_page() -> None:
    """Named in code type."""
    server = ("hello", "identified", "heartbeat", "done", "received", "processed", "push", "facts", "error")
    for name in (*roles.CLIENT_TYPES, *server, *wire.Identify.model_fields, *wire.PlayerState.model_fields):
        assert re.search(rf"`{name}\b", PAGE), name
