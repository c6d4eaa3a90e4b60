"""What players get: insertions, kills, facts, their script again; and what becomes of them without the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.bus.port import Outgoing, Position
from engine.client.connection import Connection, Outage
from engine.client.operator import Operator
from engine.client.player import ReferencePlayer
from engine.client.playhead import Say, Tell
from engine.client.scripts import FactBook
from engine.errors import BusUnavailable, ProtocolError, Unavailable
from engine.events import wire
from engine.events.closes import CloseCode
from engine.events.inputs import Cursor, Kill, PlayerSeen
from engine.events.outputs import Alert, Insertion
from engine.events.told import Fact
from engine.gateway.service import Gateway
from engine.metrics import Metrics
from engine.pool.facts import catalogue_version
from tests.process.gateway.stage import (
    HASH,
    PRICE,
    eventually,
    go_live,
    insertion,
    now,
    outcomes,
    playing,
    put,
    records,
    script,
    staged,
    until_on_bus,
)

pytestmark = pytest.mark.process


async def test_a_player_speaks_the_script_and_an_insertion_at_its_boundary(tmp_path: Path) -> None:
    """The reply starts at the end of the sentence that it names, the script goes on after it, and all is reported."""
    said: list[Say] = []
    told: list[object] = []
    async with staged(tmp_path) as stage:
        player = ReferencePlayer(
            stage.url, room="r1", script=script, on_say=said.append, on_tell=told.append, lead_ms=50
        )
        async with playing(player):
            await eventually(lambda: said)
            after = Cursor(version="v-none", lap=0, segment="a", sentence="a2")
            resume = Cursor(version="v-none", lap=0, segment="b", sentence="b1")
            await put(stage.bus, insertion(player.connection.session, after, resume=resume))
            await put(stage.bus, insertion("somebody-else", after, id="cd" * 16))
            await eventually(lambda: any(s.text == "three" for s in said))
        assert [s.text for s in said][:4] == ["one", "price ?", "您放心拍。", "three"]
        kinds = [t.kind for t in told if isinstance(t, Tell) and t.insertion]
        assert kinds == ["accepted", "started", "ended"]
        await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "type", "") == "player_gone")
        on_bus = [
            getattr(event, "kind", getattr(event, "type", "")) for event in await records(stage.bus, "room-events")
        ]
    assert on_bus[:3] == ["player_seen", "script", "sentence_started"]
    assert [kind for kind in on_bus if kind in ("accepted", "started", "ended")] == ["accepted", "started", "ended"]


async def test_a_kill_acts_before_any_worker_does(tmp_path: Path) -> None:
    """What waits is withdrawn, the script held; what was made before it is not sent, even after it is lifted; then the script goes on."""
    said: list[Say] = []
    told: list[object] = []
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        player = ReferencePlayer(
            stage.url, room="r1", script=script, on_say=said.append, on_tell=told.append, lead_ms=50
        )
        async with playing(player):
            await eventually(lambda: said)
            first = await operator.kill("room", "other", on=True)
            assert first is not None
            after = Cursor(version="v-none", lap=3, segment="b", sentence="b2")
            await put(stage.bus, insertion(player.connection.session, after, shop_offset=first))
            await eventually(lambda: any(isinstance(t, Tell) and t.kind == "accepted" for t in told))
            fence = await operator.kill("shop", "tea", on=True, hold_script=True, reason="recall")
            await eventually(lambda: player.playhead.held)
            await eventually(lambda: stage.metrics.kills.labels("shop")._value.get() == 1)
            await eventually(lambda: stage.metrics.kill_seconds.labels("shop")._value.get() > 0)
            assert [(t.kind, t.reason) for t in told if isinstance(t, Tell) and t.insertion] == [
                ("accepted", ""), ("aborted", "killed"),
            ]  # fmt: skip
            assert await operator.lift("room", "r1") == ("kill/shop/tea",)
            lifted = await operator.kill("shop", "tea", on=False)
            await eventually(lambda: not player.playhead.held)
            await eventually(lambda: stage.metrics.kill_seconds.labels("shop")._value.get() == 0)
            await put(stage.bus, insertion(player.connection.session, after, id="cd" * 16, shop_offset=fence))
            await put(stage.bus, insertion(player.connection.session, after, id="ef" * 16, shop_offset=lifted))
            await eventually(lambda: ("ef" * 16, "accepted") in outcomes(player))
            assert ("cd" * 16, "rejected") in outcomes(player)
        kills = [event for event in await records(stage.bus, "shop-events") if isinstance(event, Kill)]
        assert [(kill.scope, kill.on, kill.by, kill.hold_script) for kill in kills][1:] == [
            ("shop", True, "open", True), ("room", False, "open", False), ("shop", False, "open", False),
        ]  # fmt: skip


async def test_a_kill_outlives_the_gateway(tmp_path: Path) -> None:
    """Thrown at one, it holds at the next, which no worker tells anything: the log alone does."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await operator.kill("*", on=True, reason="recall")
    said: list[Say] = []
    told: list[object] = []
    async with staged(tmp_path) as stage:
        player = ReferencePlayer(
            stage.url, room="r1", script=script, on_say=said.append, on_tell=told.append, lead_ms=50
        )
        async with playing(player):
            await eventually(lambda: any(isinstance(t, Tell) for t in told))
            after = Cursor(version="v-none", lap=3, segment="b", sentence="b2")
            await put(stage.bus, insertion(player.connection.session, after, shop_offset=10**6))
            await eventually(lambda: (HASH, "rejected") in outcomes(player))


async def test_facts_reach_the_player_and_change_its_script(tmp_path: Path) -> None:
    """The catalogue of the live pool on identify, live values by push; a changed script starts at the next segment."""
    said: list[Say] = []
    facts: list[Fact] = []
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await go_live(stage)

        def make(book: FactBook, at: int, request: str) -> wire.SetScript:
            found = book.at("longjing", "price", at)
            if found is not None:
                facts.append(found[1])
            return script(book, at, request)

        player = ReferencePlayer(stage.url, room="r1", script=make, on_say=said.append, lead_ms=50)
        async with playing(player):
            await eventually(lambda: any(s.text == "price 129" for s in said))
            offset = await operator.set_fact("tea", "price", 99, product="longjing")
            await eventually(lambda: any(s.text == "price 99" for s in said))
        assert (facts[0].version, facts[0].currency, facts[0].live) == (catalogue_version(PRICE), "CNY", False)
        assert (facts[-1].version, facts[-1].currency, facts[-1].live) == (f"live:{offset}", "CNY", True)
        assert [s.text for s in said if "price" in s.text] == ["price 129", "price 99"]
        sent = [event for event in await records(stage.bus, "room-events") if getattr(event, "type", "") == "script"]
        assert [getattr(event, "version", "") for event in sent] == ["v-129", "v-99"]


async def test_a_player_that_comes_back_gets_what_it_missed(tmp_path: Path) -> None:
    """Over a broken network and over a restart of the gateway: same session, whole gap, its state told to the room."""
    async with staged(tmp_path) as stage:
        got: list[str] = []
        seen: list[wire.Identified] = []

        def handler(message: object) -> None:
            if isinstance(message, wire.Push) and isinstance(message.record, Insertion):
                got.append(message.record.id[:2])
            elif isinstance(message, wire.Identified):
                seen.append(message)

        state = wire.PlayerState(lead_ms=70)
        async with Connection(
            stage.url, role="player", rooms=("r1",), handler=handler, state=lambda: state, session="s1"
        ):
            connection = stage.gateway._inbound.players.rooms["r1"].peer
            await put(stage.bus, insertion("s1", id="aa" * 16))
            await eventually(lambda: got == ["aa"])
            assert connection.name == "s1"
            # The second one is written while the gateway is away; the new gateway knows it from the log only.
            closing = asyncio.create_task(stage.restart())
            await put(stage.bus, insertion("s1", id="bb" * 16))
            await closing
            await eventually(lambda: got == ["aa", "bb"])
            assert [identified.recovered for identified in seen] == [False, True]
        told = [event for event in await records(stage.bus, "room-events") if isinstance(event, PlayerSeen)]
        assert [(event.session, event.identified, event.lead_ms) for event in told] == [("s1", True, 70)] * 2


async def test_a_player_goes_on_without_the_engine(tmp_path: Path) -> None:
    """Its patience is for an engine that never answered. It says its script, tells once that the engine is away and once that it is
    back, tells its state then, and nothing of what it told nobody."""
    said: list[Say] = []
    outages: list[Outage] = []
    async with staged(tmp_path) as stage:
        player = ReferencePlayer(
            stage.url,
            room="r1",
            script=script,
            on_say=said.append,
            lead_ms=50,
            patience_s=0.0,
            on_outage=outages.append,
        )
        async with playing(player):
            await eventually(lambda: said)
            await stage.gateway.close()
            await eventually(lambda: outages)
            await eventually(lambda: any(one.cursor is not None and one.cursor.lap == 1 for one in said))
            assert [outage.seconds for outage in outages] == [None]
            assert "restarts" in outages[0].why
            assert len(player.connection._waiting) <= 2  # what was on its way when the connection ended
            await stage.restart()
            await eventually(lambda: len(outages) == 2)
            assert outages[1].seconds is not None
            seen = [e for e in await records(stage.bus, "room-events") if isinstance(e, PlayerSeen) and e.identified]
            first, second = (one.cursor for one in seen)
            assert first is None
            assert second is not None
            assert second.lap >= 1
            heard = len(said)
            await eventually(lambda: len(said) > heard)


async def test_a_session_that_somebody_waits_for_ends_with_the_engine(tmp_path: Path) -> None:
    """An operator's request is not held for a server that is away; what it was answered before stands."""
    async with staged(tmp_path) as stage, Operator(stage.url, patience_s=0.0) as operator:
        await operator.set_mode("r1", "auto")
        await stage.gateway.close()
        with pytest.raises(Unavailable, match=r"has been away for 0 s .*restarts"):
            await operator.connection.wait()
        with pytest.raises(Unavailable, match="is over"):
            await operator.set_mode("r1", "shadow")


async def test_a_player_tells_once_that_its_reports_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the log is full it says its script, and afterwards the room has what it needs of it."""
    said: list[Say] = []
    async with staged(tmp_path) as stage:
        publish, full = stage.bus.publish, [True]

        async def fail(records: Sequence[Outgoing]) -> Sequence[Position]:
            if full[0] and b'"player_seen"' not in records[0].value:  # type: ignore[operator]  # a player's records have values
                raise BusUnavailable("there is no space left for the log")
            return await publish(records)

        monkeypatch.setattr(stage.bus, "publish", fail)
        player = ReferencePlayer(stage.url, room="r1", script=script, on_say=said.append, lead_ms=50)
        async with playing(player):
            await eventually(lambda: len(said) > 2)
            full[0] = False
            await eventually(lambda: "taken again" in caplog.text)
            await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "type", "") == "script")
        assert caplog.text.count("a report was not taken") == 1
        assert caplog.text.count("taken again") == 1


async def test_the_newest_player_replaces_the_older(tmp_path: Path) -> None:
    """The older is closed for good, and its end says nothing about the room."""
    async with staged(tmp_path) as stage:
        older = Connection(stage.url, role="player", rooms=("r1",), session="s1")
        await older.start()
        async with Connection(stage.url, role="player", rooms=("r1",), session="s2"):
            with pytest.raises(ProtocolError) as caught:
                await older.wait()
            assert caught.value.code == CloseCode.REPLACED
            types = [
                (getattr(e, "type", ""), getattr(e, "session", "")) for e in await records(stage.bus, "room-events")
            ]
            assert types == [("player_seen", "s1"), ("player_seen", "s2")]
        await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "type", "") == "player_gone")
        await older.close()


async def test_a_player_is_replaced_at_another_gateway(tmp_path: Path) -> None:
    """Two gateways on one log: each learns from it where the room's newest player is."""
    async with staged(tmp_path) as stage:
        second = Gateway(stage.bus, stage.settings, Metrics())
        host, port = await second.start()
        older = Connection(stage.url, role="player", rooms=("r1",), session="s1")
        try:
            await older.start()
            async with Connection(f"ws://{host}:{port}/ws", role="player", rooms=("r1",), session="s2") as newer:
                with pytest.raises(ProtocolError) as caught:
                    await older.wait()
                assert caught.value.code == CloseCode.REPLACED
                assert not newer.ended
        finally:
            await older.close()
            await second.close()


async def test_a_room_that_lost_the_script_gets_it_again(tmp_path: Path) -> None:
    """On the alert that says so, with the same version."""
    said: list[Say] = []
    async with staged(tmp_path) as stage:
        player = ReferencePlayer(stage.url, room="r1", script=script, on_say=said.append, lead_ms=50)
        async with playing(player):
            await eventually(lambda: said)
            alert = Alert(
                id=HASH, room="r1", shop="tea", at=now(), lease=1, seq=1, shop_offset=0, kind="script_mismatch", detail="?"
            )  # fmt: skip
            await put(stage.bus, alert)
            await until_on_bus(
                stage.bus, "room-events", lambda event: getattr(event, "version", "") == "v-none", count=2
            )
