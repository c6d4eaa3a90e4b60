"""`livechat audit disclosures`: what a log holds, told per room."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Outgoing
from engine.clock import wall_clock
from engine.errors import Exit
from engine.events.codec import encode
from engine.events.inputs import ModeSet, PlayerSeen, ShopModeSet
from engine.events.outputs import Aired, Disclosure
from engine.events.posts import Posted
from tests.unit.cli.conftest import Invoke


def said(at: int, since: int, room: str = "studio-1", *, first: bool = False) -> Aired:
    return Aired(
        id=f"{at:012x}", room=room, shop="tea", insertion="0000000a", reply="disclosure-zh", intent="disclosure", language="zh",
        text="话", pool="0000000b", started=at, ended=at + 4_000, viewers=0,
        disclosure=Disclosure(every_ms=600_000, since=since, first=first),
    )  # fmt: skip


def log(path: Path, *records: Aired | Posted | PlayerSeen | ModeSet | ShopModeSet, logged: int | None = None) -> str:
    """A log with these records, written at `logged`; its URL."""

    async def write() -> None:
        bus = EmbeddedBus(path / "log.db", partitions=8, clock=wall_clock if logged is None else lambda: logged)
        await bus.publish([Outgoing(type(one).topic, one.key(), encode(one)) for one in records])
        await bus.close()

    asyncio.run(write())
    return f"sqlite:{path / 'log.db'}"


def test_rooms_are_told_with_what_came_too_late(tmp_path: Path, invoke: Invoke) -> None:
    """Exit code 1 where one did; a room alone is asked for by its name."""
    now = wall_clock()
    begin = now - 2_000_000
    url = log(
        tmp_path,
        said(begin + 5_000, begin, first=True),
        said(begin + 905_000, begin + 9_000),
        said(begin + 5_000, begin, room="studio-2", first=True),
    )
    result = invoke("audit", "disclosures", "--bus", url)
    assert result.exit_code == Exit.FAILED
    assert "studio-1 (tea): said 2 times, at most 10 m 0 s apart" in result.output
    assert "14 m 56 s" in result.output
    assert "too long" in result.output
    mistyped = invoke("audit", "disclosures", "studio2", "--bus", url)
    assert "`studio2` was not on air in the last 24h: did you mean `studio-2`?" in mistyped.output.replace("\n", " ")
    alone = invoke("audit", "disclosures", "studio-2", "--bus", url)
    assert alone.exit_code == 0
    assert "studio-1" not in alone.output


def test_what_was_posted_is_left_out(tmp_path: Path, invoke: Invoke) -> None:
    """It stands on the same topic, and nobody hears it."""
    now = wall_clock()
    post = Posted(
        id="0000000c", room="studio-1", shop="tea", source="s", chat_reply="0000000d", reply="fee", intent="shipping.fee",
        language="zh", text="包邮", pool="0000000b", posted=now - 50_000, viewers=1,
    )  # fmt: skip
    result = invoke("audit", "disclosures", "--bus", log(tmp_path, said(now - 60_000, now - 65_000, first=True), post))
    assert "studio-1 (tea): said 1 time" in result.output
    assert "Traceback" not in result.output


def test_what_is_overdue_now_is_told(tmp_path: Path, invoke: Invoke) -> None:
    """Of a room whose player is there."""
    now = wall_clock()
    url = log(
        tmp_path,
        said(now - 800_000, now - 801_000, first=True),
        *(PlayerSeen(room="studio-1", id="p", at=now - back, session="s") for back in range(800_000, -1, -10_000)),
    )
    result = invoke("audit", "disclosures", "--bus", url, "--json")
    assert result.exit_code == Exit.FAILED
    (room,) = json.loads(result.output)
    assert room["overdue_ms"] >= 190_000
    assert room["said"][0]["gap_ms"] == 1_000


def test_only_the_last_hours_are_asked(tmp_path: Path, invoke: Invoke) -> None:
    """And a log without anything says so."""
    url = log(tmp_path)
    result = invoke("audit", "disclosures", "--bus", url, "--last", "1h")
    assert result.exit_code == 0
    assert "no room was on air in the last 1h" in result.output
    wrong = invoke("audit", "disclosures", "--bus", url, "--last", "soon")
    assert wrong.exit_code == Exit.USAGE
    assert "write 90m, 24h, 30d" in wrong.output + wrong.stderr


def test_a_silent_room_on_air_is_told(tmp_path: Path, invoke: Invoke) -> None:
    """Whose mode was set long ago, by itself or by its shop; one in shadow is not on air."""
    now = wall_clock()
    signs = range(300_000, -1, -10_000)
    rooms = ("paused", "shadow", "shops")
    long_ago = now - 100_000_000
    log(
        tmp_path,
        ModeSet(room="paused", id="a", at=long_ago, mode="paused"),
        ModeSet(room="shadow", id="b", at=long_ago, mode="shadow"),
        ShopModeSet(id="c", at=long_ago, shop="tea", mode="auto"),
        logged=long_ago,
    )
    url = log(
        tmp_path,
        *(
            PlayerSeen(room=room, id="p", at=now - back, session="s", shop="tea" if room == "shops" else None)
            for room in rooms
            for back in signs
        ),
    )
    result = invoke("audit", "disclosures", "--bus", url)
    assert result.exit_code == Exit.FAILED
    assert "paused" in result.output
    assert "shops (tea)" in result.output
    assert "shadow" not in result.output
    assert result.output.count("overdue by 4 m") == 2
