"""Chat replies and handoffs over real sockets: posted and reported, withdrawn, listed and closed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from engine.bus.port import Outgoing
from engine.client.operator import Operator
from engine.client.source import Source
from engine.events.codec import encode
from engine.events.handoffs import Handoff
from engine.events.inputs import ChatReplyReport, HandoffState
from engine.events.outputs import ChatReply, CommentRef
from tests.process.gateway.stage import HASH, break_off, eventually, now, records, staged, until_on_bus

pytestmark = pytest.mark.process


def reply(number: int, **fields: object) -> ChatReply:
    base: dict[str, object] = {
        "id": f"{number:032x}", "room": "r1", "shop": "tea", "at": now(), "lease": 1, "seq": 1, "shop_offset": 10_000,
        "source": "douyin", "reply": "dispatch", "intent": "shipping.dispatch", "language": "zh", "text": f"第{number}条",
        "not_after": now() + 30_000, "pool": HASH,
    }  # fmt: skip
    return ChatReply.model_validate({**base, **fields})


def handoff(number: int, **fields: object) -> Handoff:
    base: dict[str, object] = {
        "id": f"{number:032x}", "room": "r1", "shop": "tea", "intent": "service.human", "text": "找客服", "created": now() + number,
        "answer_by": now() + 60_000, "comments": (CommentRef(source="douyin", id=f"c{number}"),),
    }  # fmt: skip
    return Handoff.model_validate({**base, **fields})


def is_report(record: object) -> bool:
    return isinstance(record, ChatReplyReport)


async def test_a_source_posts_what_it_is_sent_and_reports_it(tmp_path: Path) -> None:
    """Once, whatever breaks in between; of another platform it posts nothing."""
    posted: list[str] = []

    async def post(record: ChatReply) -> None:
        posted.append(record.text)
        if record.text == "第2条":
            raise RuntimeError("the platform says no")

    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), post=post, posts_for=("douyin",)) as source:
        emitted = [reply(1), reply(2), reply(3, source="elsewhere"), reply(4, room="r2")]
        await stage.bus.publish([Outgoing("insertions", one.room, encode(one)) for one in emitted])
        await until_on_bus(stage.bus, "room-events", is_report, count=2)
        break_off(source.connection)
        await stage.bus.publish([Outgoing("insertions", "r1", encode(reply(5)))])
        await until_on_bus(stage.bus, "room-events", is_report, count=3)
        assert posted == ["第1条", "第2条", "第5条"]
        told = [one for one in await records(stage.bus, "room-events") if isinstance(one, ChatReplyReport)]
        assert {(one.reply[-1], one.status, one.error) for one in told} == {
            ("1", "posted", ""), ("2", "failed", "the platform says no"), ("5", "posted", ""),
        }  # fmt: skip


async def test_a_kill_reaches_what_still_waits_for_its_turn(tmp_path: Path) -> None:
    """The gateway withdraws it without any worker; the source says that it was not posted."""
    posted: list[str] = []
    gate = asyncio.Event()

    async def post(record: ChatReply) -> None:
        posted.append(record.text)
        await gate.wait()

    async with (
        staged(tmp_path) as stage,
        Source(stage.url, rooms=("r1",), post=post),
        Operator(stage.url) as operator,
    ):
        await stage.bus.publish([Outgoing("insertions", "r1", encode(reply(n, shop_offset=0))) for n in (1, 2)])
        await eventually(lambda: posted)
        await operator.kill("room", "r1", on=True)
        await until_on_bus(stage.bus, "room-events", is_report)
        gate.set()
        await until_on_bus(stage.bus, "room-events", is_report, count=2)
        told = [one for one in await records(stage.bus, "room-events") if isinstance(one, ChatReplyReport)]
        assert [(one.reply[-1], one.status) for one in told] == [("2", "failed"), ("1", "posted")]
        assert posted == ["第1条"]


async def test_an_operator_finds_what_is_open_and_closes_it(tmp_path: Path) -> None:
    """Also what was opened before it came; what was closed meanwhile is not listed."""
    async with staged(tmp_path) as stage:
        told = [handoff(1), handoff(2), handoff(3, room="r2"), handoff(1, asked=2), handoff(2, state="expired")]
        await stage.bus.publish([Outgoing("handoffs", one.room, encode(one)) for one in told])
        await eventually(lambda: stage.gateway._inbound.hub.rings["handoffs"].size > 800)
        async with Operator(stage.url, streams=("handoffs",), held=True) as operator:
            assert [(one.id[-1], one.asked) for one in await operator.open_handoffs()] == [("1", 2), ("3", 1)]
            await operator.close_handoff("r1", told[0].id, "answered")
            await stage.bus.publish([Outgoing("handoffs", "r1", encode(handoff(7)))])
            async for one in operator.handoffs():
                assert one.id[-1] == "7"
                break
        async with Operator(stage.url, rooms=("r9",), streams=("handoffs",), held=True) as operator:
            assert await operator.open_handoffs() == []
        events = [one for one in await records(stage.bus, "room-events") if isinstance(one, HandoffState)]
        assert [(one.handoff, one.state, one.by) for one in events] == [(told[0].id, "answered", "open")]
