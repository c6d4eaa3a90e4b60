"""`livechat dead-letters list`: where unreadable input came from, without the personal data in it."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from pathlib import Path

import pytest

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Outgoing
from engine.cli import letters
from engine.errors import Exit
from engine.events.codec import encode
from engine.events.letters import DeadLetter
from tests.unit.cli.conftest import Invoke

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def letter(offset: int = 0, value: bytes = b"{}", topic: str = "comments", key: str | None = "room") -> DeadLetter:
    return DeadLetter(
        id=f"{offset:08x}",
        origin_topic=topic,
        origin_partition=3,
        origin_offset=offset,
        origin_key=key,
        error="not a valid comments: text: it is missing",
        value=b64encode(value).decode(),
        size=len(value),
        at=NOW,
    )


def log(path: Path, *found: DeadLetter) -> str:
    """A log with these letters; its URL."""

    async def write() -> None:
        bus = EmbeddedBus(path / "log.db", partitions=8)
        await bus.publish([Outgoing("dead-letters", one.key(), encode(one)) for one in found])
        await bus.close()

    asyncio.run(write())
    return f"sqlite:{path / 'log.db'}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"room": "r", "viewer": "u-17", "text": 5}', '{"room": "r", "viewer": "***", "text": 5}'),
        (b'{"viewer": 4711, "text": "hi"}', '{"viewer": "***", "text": "hi"}'),
        (b'{"viewer": "cut off in the mid', '{"viewer": "***"'),
        ("给我打电话13800001234".encode(), "给我打电话***"),
        (b"\x1b[31mred\x07\r\n\tline", "[31mred line"),
        (b"\xff\xfe", "��"),
        (b"", ""),
        (b"x" * 500, "x" * 119 + "…"),
    ],
)
def test_an_excerpt_is_one_line_without_personal_data(value: bytes, shown: str) -> None:
    """Viewers, phone numbers and what would move a terminal's cursor are gone; what is long is cut."""
    assert letters.excerpt(letter(value=value)) == shown


def test_letters_are_listed(invoke: Invoke, tmp_path: Path) -> None:
    """Origin, error and beginning, the newest as many as asked for."""
    url = log(tmp_path, *(letter(offset, b"garbage %d" % offset) for offset in range(30)))
    shown = invoke("dead-letters", "list", "--bus", url, "--limit", "2")
    assert shown.exit_code == 0
    assert "2026-01-01 00:00:00" in shown.stdout
    assert "comments/3/29" in shown.stdout
    assert "garbage 28" in shown.stdout
    assert "text: it is missing" in shown.stdout
    assert "garbage 27" not in shown.stdout


def test_letters_for_programs(invoke: Invoke, tmp_path: Path) -> None:
    """As JSON, of one topic; no value is told in the raw."""
    url = log(
        tmp_path,
        letter(1, b'{"viewer": "u-17"}', key="13800001234"),
        letter(2, topic="room-events", key=None),
        letter(3),
    )
    shown = invoke("dead-letters", "list", "--bus", url, "--json", "--topic", "comments")
    found = json.loads(shown.stdout)
    assert [(one["topic"], one["offset"], one["key"]) for one in found] == [
        ("comments", 1, "***"),
        ("comments", 3, "room"),
    ]
    assert found[0]["excerpt"] == '{"viewer": "***"}'
    assert "u-17" not in shown.stdout
    assert "value" not in found[0]


def test_no_letters(invoke: Invoke, tmp_path: Path) -> None:
    """That there are none is said."""
    url = log(tmp_path, letter())
    assert (
        invoke("dead-letters", "list", "--bus", url, "--topic", "shop-events").stdout
        == "no dead letters from `shop-events`\n"
    )


def test_no_log(invoke: Invoke, tmp_path: Path) -> None:
    """A log that is not there is told in a sentence."""
    shown = invoke("dead-letters", "list", "--bus", f"sqlite:{tmp_path / 'none.db'}")
    assert shown.exit_code == Exit.UNAVAILABLE
    assert shown.stderr.startswith("livechat: ")
