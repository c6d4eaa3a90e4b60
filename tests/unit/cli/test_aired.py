"""`livechat audit aired`: the export as it is printed."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
from pathlib import Path

import pytest

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Outgoing
from engine.clock import wall_clock
from engine.errors import Exit
from engine.events.codec import encode
from engine.events.outputs import Aired, FactUse
from engine.events.posts import Posted
from engine.events.topics import DAY_MS
from tests.conftest import HandClock
from tests.unit.cli.conftest import Invoke

PRICE = FactUse(product="longjing", name="price", version="17", text="119元", price=True, source="price list 17")
SAID = Aired(
    id="00000001", room="studio-1", shop="tea", insertion="0000000a", reply="price", intent="price.ask", product="longjing",
    language="zh", text="119元，\"现货\"", facts=(PRICE,), pool="ab" * 16, started=1_767_225_600_123, ended=1_767_225_604_000,
    viewers=2, proposal="0000000d", approved_by="ann", comments=2, decisions=("00000011", "00000012"),
)  # fmt: skip
POSTED = Posted(
    id="00000002", room="studio-2", shop="tea", source="tiktok", chat_reply="0000000e", reply="fee", intent="shipping.fee",
    language="zh", text="包邮", pool="ab" * 16, posted=1_767_225_605_000, viewers=1, late_report=True,
)  # fmt: skip


@pytest.fixture
def url(tmp_path: Path) -> str:
    return log(tmp_path, encode(SAID), encode(POSTED))


def log(folder: Path, *values: bytes) -> str:
    """A log with these records; its URL."""

    async def write() -> None:
        bus = EmbeddedBus(folder / "log.db", partitions=8)
        for value in values:
            await bus.publish([Outgoing("aired", json.loads(value).get("room", "studio-1"), value)])
        await bus.close()

    asyncio.run(write())
    return f"sqlite:{folder / 'log.db'}"


def test_json_holds_the_records_as_they_stand_on_the_log(url: str, invoke: Invoke) -> None:
    """One a line; the last line tells how many, and the hash of those before it."""
    result = invoke("audit", "aired", "--json", "--bus", url)
    assert result.exit_code == 0
    *lines, end = result.stdout.splitlines(keepends=True)
    assert [json.loads(line)["record"] for line in lines] == [json.loads(encode(SAID)), json.loads(encode(POSTED))]
    assert [json.loads(line)["number"] for line in lines] == [1, 2]
    told = json.loads(end)["end"]
    assert (told["records"], told["unreadable"], told["whole"], told["kept_from"]) == (2, 0, True, None)
    assert told["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_csv_tells_all_that_an_auditor_asks(url: str, invoke: Invoke) -> None:
    """Which reply of which pool, with which facts, approved by whom, for which comments, when."""
    result = invoke("audit", "aired", "--csv", "--bus", url)
    said, posted, end = csv.DictReader(io.StringIO(result.stdout))
    assert said | {"facts": json.loads(said["facts"])[0]["source"]} == said | {
        "number": "1", "type": "aired", "channel": "voice", "room": "studio-1", "reply": "price", "text": '119元，"现货"',
        "pool": "ab" * 16, "facts": "price list 17", "approved_by": "ann", "comments": "2", "decisions": "00000011 00000012",
        "started": "2026-01-01T00:00:00.123Z", "ended": "2026-01-01T00:00:04.000Z", "command": "0000000a",
    }  # fmt: skip
    assert (posted["channel"], posted["source"], posted["late_report"]) == ("chat", "tiktok", "yes")
    before = result.stdout[: result.stdout.rindex("2,end,")]
    assert (end["type"], end["number"], end["id"]) == ("end", "2", hashlib.sha256(before.encode()).hexdigest())


def test_people_read_a_line_each(url: str, invoke: Invoke) -> None:
    """With what matters, and the number in the end."""
    result = invoke("audit", "aired", "--room", "studio-1", "--bus", url)
    assert "studio-1  voice  price × longjing  119元" in result.stdout
    assert "approved by ann" in result.stdout
    assert "studio-2" not in result.stdout
    assert result.stdout.endswith("\n1 record\n")


def test_an_export_that_is_cut_or_changed_does_not_fit_its_seal(url: str, invoke: Invoke) -> None:
    """A line less or a character more gives another hash than the last line tells."""
    *lines, end = invoke("audit", "aired", "--json", "--bus", url).stdout.splitlines(keepends=True)
    seal = json.loads(end)["end"]["sha256"]
    for forged in (lines[:1], lines[1:], [lines[0].replace("119", "199"), lines[1]], lines[::-1]):
        assert hashlib.sha256("".join(forged).encode()).hexdigest() != seal


def test_what_cannot_be_read_is_told_and_ends_with_damaged(tmp_path: Path, invoke: Invoke) -> None:
    """In every form, in its place."""
    url = log(tmp_path, encode(SAID), b'{"type":"aired"}')
    for form in ("--json", "--csv", None):
        result = invoke("audit", "aired", *([form] if form else []), "--bus", url)
        assert result.exit_code == Exit.DAMAGED
        assert "Field required" in result.stdout


def test_what_is_not_kept_any_more_ends_with_failed(tmp_path: Path, invoke: Invoke) -> None:
    """Where it was asked for."""
    now = wall_clock()

    async def old() -> None:
        clock = HandClock(now - 1_200 * DAY_MS)
        bus = EmbeddedBus(tmp_path / "log.db", partitions=8, clock=clock)
        await bus.publish([Outgoing("aired", "studio-1", encode(SAID))])
        clock.now = now
        await bus.publish([Outgoing("aired", "studio-1", encode(SAID))])
        await bus.sweep()
        await bus.close()

    asyncio.run(old())
    url = f"sqlite:{tmp_path / 'log.db'}"
    result = invoke("audit", "aired", "--since", "1150d", "--bus", url)
    assert result.exit_code == Exit.FAILED
    assert "which is part of what was asked for" in result.stdout
    assert invoke("audit", "aired", "--bus", url).exit_code == 0


def test_options_that_contradict_each_other_are_refused(url: str, invoke: Invoke) -> None:
    """Before anything is read."""
    for options in (("--json", "--csv"), ("--since", "1h", "--until", "2h"), ("--since", "yesterday")):
        assert invoke("audit", "aired", *options, "--bus", url).exit_code == Exit.USAGE
