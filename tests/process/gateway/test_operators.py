"""What observers see and operators may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bus.partitioner import partition_of
from engine.bus.port import Outgoing
from engine.client.connection import Connection
from engine.client.operator import Operator
from engine.client.refusals import RequestRefused
from engine.events.codec import encode
from engine.events.journal import RoomSnapshot
from engine.events.outputs import Aired, Decision
from tests.process.gateway.stage import HASH, eventually, go_live, insertion, now, pushes, put, records, staged

pytestmark = pytest.mark.process


async def test_observers_see_everything_and_operators_their_streams(tmp_path: Path) -> None:
    """Each stream that was asked for, with its place; decisions only once somebody asked."""
    async with (
        staged(tmp_path) as stage,
        Connection(stage.url, role="observer", rooms=("r*",)) as observer,
        Connection(stage.url, role="operator", rooms=("r1",), streams=("aired",)) as operator,
    ):
        aired = Aired(
            id=HASH, room="r1", shop="tea", insertion=HASH, reply="x", intent="y", language="zh", text="t", pool=HASH,
            started=now(), viewers=1,
        )  # fmt: skip
        decision = Decision(
            id=HASH, room="r1", shop="tea", source="s", comment="c", viewer="v", text="t", norm="t", language="zh",
            reason="chatter", sent=now(), decided=now(), deadline=now(), pool=HASH, model=HASH,
        )  # fmt: skip
        await put(stage.bus, insertion("any"), aired)
        await stage.bus.publish([Outgoing("decisions", "r1", encode(decision))])
        seen = await pushes(observer, 3)
        assert {(push.stream, getattr(push.record, "type", "")) for push in seen} == {
            ("insertions", "insertion"), ("aired", "aired"), ("decisions", "decision"),
        }  # fmt: skip
        assert [push.record for push in await pushes(operator, 1)] == [aired]


async def test_an_operator_acts_within_its_scope(tmp_path: Path) -> None:
    """Modes and rooms of its rooms; what lies outside is refused by name, and the session goes on."""
    token = {"name": "anna", "token": "t", "roles": ["operator"], "rooms": ["r*"], "shop": "tea"}
    async with staged(tmp_path, open=False, tokens=[token]) as stage:
        async with Operator(stage.url, rooms=("r*",), token="t") as operator:
            await operator.open_room("r1")
            await operator.set_mode("r1", "auto")
            for refused in (
                operator.set_mode("x1", "auto"),
                operator.kill("*", on=True),
                operator.open_room("r1", shop="toys"),
            ):
                with pytest.raises(RequestRefused) as caught:
                    await refused
                assert caught.value.refused.code == "forbidden"
        events = await records(stage.bus, "room-events")
        assert [getattr(event, "type", "") for event in events] == ["room_opened", "mode_set"]
        assert [getattr(event, "by", "") for event in events] == ["anna", "anna"]
        assert await records(stage.bus, "shop-events") == []
        await go_live(stage)
        async with Operator(stage.url, token="t") as operator:  # every room that the token covers
            await operator.set_mode("r2", "auto")
            await operator.set_fact("tea", "ships_within", 24)
            await operator.kill("shop", "tea", on=True)
            for refused in (operator.set_mode("x1", "auto"), operator.set_fact("toys", "ships_within", 24)):
                with pytest.raises(RequestRefused):
                    await refused
        kinds = [getattr(event, "type", "") for event in await records(stage.bus, "shop-events")]
        assert kinds == ["pool_live", "fact_set", "kill"]


async def test_a_fact_that_the_live_pool_does_not_allow_is_refused(tmp_path: Path) -> None:
    """With its place and the remedy; nothing is written, and the session goes on."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await go_live(stage)
        for product, name, value, told in (
            ("longjin", "price", 99, "did you mean `longjing`?"),
            ("longjing", "price", "cheap", "takes no text"),
            ("longjing", "price", -1, "would be below 0"),
        ):
            with pytest.raises(RequestRefused, match=told) as caught:
                await operator.set_fact("tea", name, value, product=product)
            assert caught.value.refused.code == "bad_message"
        await operator.set_fact("tea", "price", 99, product="longjing")
        assert len(await records(stage.bus, "shop-events")) == 2


async def test_a_room_that_was_never_seen_is_refused_to_who_asks_for_a_known_one(tmp_path: Path) -> None:
    """Known are rooms that were heard of lately, whose worker keeps a state, or that were killed before; shops that are live."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        saved = RoomSnapshot(room="old", seq=1, state="{}")
        at = partition_of("old", stage.bus.partitions)
        await stage.bus.publish([Outgoing("snapshots", "old", encode(saved), at)])
        await operator.open_room("main", shop="tea")
        await eventually(lambda: stage.gateway._inbound.hub.rings["room-events"].of_room("main"))
        for room in ("main", "old"):
            await operator.set_mode(room, "auto", known=True)
            await operator.kill("room", room, on=True, known=True)
        for refused in (
            operator.set_mode("mian", "auto", known=True),
            operator.kill("room", "mian", on=True, known=True),
            operator.kill("shop", "tea", on=True, known=True),
        ):
            with pytest.raises(RequestRefused, match="was never seen here") as caught:
                await refused
            assert caught.value.refused.code == "unknown"
        await operator.kill("*", on=True, known=True)
        await operator.kill("room", "mian", on=True)
        await eventually(lambda: "kill/room/mian" in stage.gateway._inbound.fences._kills)
        await operator.kill("room", "mian", on=False, known=True)
        await go_live(stage)
        await operator.kill("shop", "tea", on=True, known=True)
        modes = [event for event in await records(stage.bus, "room-events") if getattr(event, "type", "") == "mode_set"]
        assert sorted(getattr(event, "room", "") for event in modes) == ["main", "old"]
