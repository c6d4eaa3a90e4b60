"""A connector's side of chat replies: each posted once, in turn, in time; every outcome reported."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from engine.client.connection import Connection
from engine.client.posting import REMEMBERED, Posting, Unsure
from engine.errors import Unavailable
from engine.events import wire
from engine.events.outputs import ChatReply, ChatWithdraw

HASH = "ab" * 16
NOW = 1_767_225_600_000


def reply(number: int = 0, **fields: object) -> ChatReply:
    base: dict[str, object] = {
        "id": f"{number:032x}", "room": "r1", "shop": "tea", "at": NOW, "lease": 1, "seq": 1, "shop_offset": 5,
        "source": "douyin", "reply": "x", "intent": "a.b", "language": "zh", "text": f"第{number}条",
        "not_after": NOW + 10_000, "pool": HASH,
    }  # fmt: skip
    return ChatReply.model_validate({**base, **fields})


def withdraw(of: ChatReply) -> ChatWithdraw:
    return ChatWithdraw(
        id=HASH, room=of.room, shop=of.shop, at=NOW, lease=1, seq=2, shop_offset=5, source=of.source, reply=of.id,
        reason="killed",
    )  # fmt: skip


class FakeConnection(Connection):
    """Takes reports; its clock is set."""

    def __init__(self) -> None:
        super().__init__("ws://nowhere", role="source", rooms=("r1",))
        self.time = NOW
        self.reports: list[wire.ReportChat] = []
        self.refuse = False

    def now(self) -> int:
        return self.time

    def post(self, request: wire.Request) -> asyncio.Future[wire.Answer]:
        assert isinstance(request, wire.ReportChat)
        self.reports.append(request)
        future: asyncio.Future[wire.Answer] = asyncio.get_running_loop().create_future()
        if self.refuse:
            future.set_exception(Unavailable("gone"))
        else:
            future.set_result(wire.Done(id=request.id))
        return future


class Platform:
    """Posts when it is let, and fails where it is told to."""

    def __init__(self, sources: Collection[str] = ()) -> None:
        self.connection = FakeConnection()
        self.posting = Posting(self.connection, self.post, sources)
        self.posted: list[str] = []
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def post(self, record: ChatReply) -> None:
        self.posted.append(record.text)
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(report.reply[-2:], report.status, report.error) for report in self.connection.reports]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_posted_is_reported() -> None:
    """And so is why something was not, in the platform's own words."""
    platform = Platform()
    platform.errors = [RuntimeError("the session ran out")]
    platform.posting.take(reply(0))
    platform.posting.take(reply(1))
    await settled()
    assert platform.posted == ["第0条", "第1条"]
    assert platform.told == [("00", "failed", "the session ran out"), ("01", "posted", "")]
    await platform.posting.close()


async def test_what_comes_again_is_reported_again_and_not_posted_again() -> None:
    """After a reconnect the gateway pushes what it still holds."""
    platform = Platform()
    platform.posting.take(reply())
    platform.posting.take(reply())
    await settled()
    platform.posting.take(reply())
    await settled()
    assert platform.posted == ["第0条"]
    assert platform.told == [("00", "posted", "")] * 2
    await platform.posting.close()


async def test_what_waits_for_its_turn_can_be_withdrawn() -> None:
    """What is being posted cannot; it is reported when it is over. What was never heard of is not posted later either."""
    platform = Platform()
    platform.gate.clear()
    for number in range(2):
        platform.posting.take(reply(number))
    await settled()
    for number in (0, 1, 2):
        platform.posting.take(withdraw(reply(number)))
    platform.posting.take(reply(2))
    platform.gate.set()
    await settled()
    assert platform.posted == ["第0条"]
    assert [(name, status) for name, status, _ in platform.told] == [
        ("01", "failed"), ("02", "failed"), ("02", "failed"), ("00", "posted"),
    ]  # fmt: skip
    await platform.posting.close()


async def test_whose_turn_comes_too_late_is_not_posted() -> None:
    """A platform that is slow holds up its own posts, not those of others."""
    platform = Platform()
    platform.gate.clear()
    for number in range(2):
        platform.posting.take(reply(number))
    platform.posting.take(reply(7, source="other"))
    await settled()
    assert platform.posted == ["第0条", "第7条"]
    platform.connection.time += 10_001
    platform.gate.set()
    await settled()
    assert platform.posted == ["第0条", "第7条"]
    assert ("01", "failed", "its turn came too late") in platform.told
    await platform.posting.close()


async def test_what_nobody_can_know_is_not_reported() -> None:
    """Nor posted again; the next one goes."""
    platform = Platform()
    platform.errors = [Unsure("no answer within 5 s")]
    platform.posting.take(reply(0))
    platform.posting.take(reply(1))
    await settled()
    platform.posting.take(reply(0))
    platform.posting.take(withdraw(reply(0)))
    await settled()
    assert platform.posted == ["第0条", "第1条"]
    assert platform.told == [("01", "posted", "")]
    await platform.posting.close()


async def test_posts_of_other_platforms_are_left_to_their_connectors() -> None:
    """Neither posted nor reported here."""
    platform = Platform(sources=("douyin",))
    platform.posting.take(reply(0, source="other"))
    platform.posting.take(withdraw(reply(0, source="other")))
    platform.posting.take(reply(1))
    await settled()
    assert platform.posted == ["第1条"]
    assert len(platform.told) == 1
    await platform.posting.close()


async def test_memory_is_bounded_and_a_refused_report_is_no_failure() -> None:
    """A connector may run for months."""
    platform = Platform()
    platform.connection.refuse = True
    for number in range(REMEMBERED + 5):
        platform.posting.take(reply(number))
    for _ in range(REMEMBERED):
        await asyncio.sleep(0)
    assert len(platform.posting._known) == REMEMBERED
    await platform.posting.close()
