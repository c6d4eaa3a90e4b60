"""What observers see and operators may do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest

from engine.bus.partitioner import partition_of
from engine.bus.port import Outgoing
from engine.client.connection import Connection
from engine.client.operator import Operator
from engine.client.refusals import RequestRefused
from engine.events.codec import encode
from engine.events.gaps import Gap
from engine.events.inputs import GapMark
from engine.events.journal import RoomSnapshot
from engine.events.outputs import Aired, Decision, Proposal, ProposalVoid, VoidReason
from tests.patience import PATIENCE_S
from tests.process.gateway.stage import (
    HASH,
    eventually,
    go_live,
    insertion,
    now,
    pushes,
    put,
    records,
    staged,
    until_on_bus,
)

pytestmark = pytest.mark.process


def proposal(number: int, **more: object) -> Proposal:
    """A proposal that a room could have made."""
    fields: dict[str, object] = {
        "id": f"{number:032x}", "room": "r1", "shop": "tea", "at": now(), "lease": 1, "seq": 1, "shop_offset": 1,
        "reply": "fee", "intent": "shipping.fee", "language": "zh", "text": "包邮", "viewers": 1,
        "decide_by": now() + 30_000, "pool": HASH, **more,
    }  # fmt: skip
    return Proposal.model_validate(fields)


def void(number: int, reason: VoidReason = "changed") -> ProposalVoid:
    return ProposalVoid(
        id=f"{number:030x}ff", room="r1", shop="tea", at=now(), lease=1, seq=2, shop_offset=1, proposal=f"{number:032x}",
        reason=reason,
    )  # fmt: skip


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
            await operator.set_shop_mode("tea", "approve")
            outside: tuple[Coroutine[None, None, object], ...] = (
                operator.set_mode("x1", "auto"),
                operator.set_fact("toys", "ships_within", 24),
                operator.set_shop_mode("toys", "auto"),
                operator.take_over("x1", "person"),
                operator.proposals("x1"),
            )
            for request in outside:
                with pytest.raises(RequestRefused) as caught:
                    await request
                assert caught.value.refused.code == "forbidden"
        kinds = [getattr(event, "type", "") for event in await records(stage.bus, "shop-events")]
        assert kinds == ["pool_live", "fact_set", "kill", "shop_mode_set"]


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
            operator.take_over("mian", "person", known=True),
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
        await operator.set_shop_mode("tea", "approve", known=True)
        with pytest.raises(RequestRefused, match="no pool of shop `toys` is live; live: `tea`") as told:
            await operator.set_shop_mode("toys", "approve", known=True)
        assert told.value.refused.code == "unknown"
        modes = [event for event in await records(stage.bus, "room-events") if getattr(event, "type", "") == "mode_set"]
        assert sorted(getattr(event, "room", "") for event in modes) == ["main", "old"]


async def test_an_operator_who_comes_later_sees_what_is_proposed_and_what_becomes_of_it(tmp_path: Path) -> None:
    """Also at a gateway that was started meanwhile; a verdict is answered by the room, in its records."""
    async with staged(tmp_path) as stage:
        await put(stage.bus, proposal(1), proposal(2), void(1))
        await eventually(lambda: len(stage.gateway._inbound.proposals.of(("*",), now())[0]) == 1)
        await stage.restart()
        async with Operator(stage.url, rooms=("r1",)) as operator, Operator(stage.url, rooms=("r1",)) as watcher:
            assert [each.id for each in (await operator.proposals()).proposals] == [proposal(2).id]
            watch = watcher.news()
            first = await anext(watch)
            deciding = asyncio.create_task(operator.decide("r1", proposal(2).id, "approve"))
            await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "type", "") == "approval")
            await put(stage.bus, proposal(2, revision=1))  # an update of what is open is no answer
            await put(stage.bus, proposal(2, state="approved", by="anna", revision=2))
            came = await deciding
            assert isinstance(came, Proposal)
            assert (came.state, came.by) == ("approved", "anna")
            said = insertion("s1", proposal=proposal(2).id)
            await put(stage.bus, insertion("s1", id="cd" * 16), said)
            told = [first]
            async with asyncio.timeout(PATIENCE_S):
                while told[-1] != said:
                    told.append(await anext(watch))
            assert [getattr(news, "state", "said") for news in told] == ["open", "open", "approved", "said"]
            assert (await operator.proposals("r1")).proposals == ()


async def test_a_verdict_on_what_has_ended_is_answered_with_its_end(tmp_path: Path) -> None:
    """The room says so; where no room answers, nothing is made up."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        deciding = asyncio.create_task(operator.decide("r1", proposal(3).id, "approve"))
        await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "type", "") == "approval")
        await put(stage.bus, void(4), void(3, "not_open"))
        came = await deciding
        assert isinstance(came, ProposalVoid)
        assert (came.proposal, came.reason) == (proposal(3).id, "not_open")


def some_gap(number: int, shop: str, **fields: object) -> Gap:
    base = {
        "id": f"{number:032x}",
        "shop": shop,
        "reason": "no_reply",
        "viewers": 1,
        "comments": 1,
        "first_seen": 1,
        "last_seen": 1,
    }
    return Gap.model_validate({**base, **fields})


async def test_gaps_come_in_pages_and_only_of_ones_own_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every gap of the topic once, however many; a token of a shop sees its own; a mark becomes a shop event."""
    monkeypatch.setattr("engine.gateway.gaps.PAGE_BYTES", 1_000)
    tokens = [
        {"token": "all-of-them", "name": "boss", "roles": ["operator"], "rooms": ["*"]},
        {"token": "only-of-tea", "name": "tea", "roles": ["operator"], "rooms": ["*"], "shop": "tea"},
    ]
    async with staged(tmp_path, tokens=tokens, open=False) as stage:
        gaps = [some_gap(n, shop, remedy="x" * 300) for n in range(6) for shop in ("silk", "tea")]
        await stage.bus.publish([Outgoing("gaps", gap.key(), encode(gap)) for gap in gaps])
        await stage.bus.publish([Outgoing("gaps", gaps[0].key(), None)])
        async with Operator(stage.url, token="all-of-them") as boss, Operator(stage.url, token="only-of-tea") as tea:
            assert {gap.key() for gap in await boss.gaps()} == {gap.key() for gap in gaps[1:]}
            assert {gap.shop for gap in await boss.gaps("tea")} == {gap.shop for gap in await tea.gaps()} == {"tea"}
            assert await tea.gaps("silk") == []
            await tea.mark_gap("tea", gaps[1].id, "closed", version=HASH)
            with pytest.raises(RequestRefused, match="does not cover shop `silk`"):
                await tea.mark_gap("silk", gaps[2].id, "closed")
        (mark,) = [record for record in await records(stage.bus, "shop-events") if isinstance(record, GapMark)]
        assert (mark.gap, mark.mark, mark.version, mark.by) == (gaps[1].id, "closed", HASH, "tea")
