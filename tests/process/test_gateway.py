"""The gateway over real sockets and a real log: what sources, players and operators get."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from engine.bus import open_bus
from engine.bus.partitioner import partition_of
from engine.bus.port import Bus, Outgoing, Position, partition_count
from engine.client.connection import Connection, Outage
from engine.client.operator import Operator
from engine.client.player import ReferencePlayer
from engine.client.playhead import Say, Tell
from engine.client.refusals import RequestRefused
from engine.client.scripts import FactBook
from engine.client.source import Source
from engine.errors import BusUnavailable, Exit, PortInUse, ProtocolError, Unavailable
from engine.events import wire
from engine.events.closes import CloseCode
from engine.events.codec import decode, encode
from engine.events.inputs import Comment, Cursor, Kill, PlayerSeen, PoolLive, ScriptSegment, ScriptSentence
from engine.events.journal import RoomSnapshot
from engine.events.outputs import Aired, Alert, Decision, FactUse, Insertion, VerdictLine, Verdicts
from engine.gateway.service import Gateway
from engine.metrics import Metrics
from engine.pool.blobs import to_records
from engine.pool.encoding import encode_pool, pool_hash
from engine.pool.facts import catalogue_version
from engine.pool.model import Fact, Guard, Limits, Pool, Product, TrainingSet
from engine.settings import BusSettings, GatewaySettings, PublisherSettings, Settings

pytestmark = pytest.mark.process

HASH = "ab" * 16


@dataclass
class Stage:
    """A gateway on a log of its own."""

    bus: Bus
    settings: Settings
    metrics: Metrics
    gateway: Gateway
    url: str

    async def restart(self) -> None:
        """Stop it, start another one on the same log and port."""
        await self.gateway.close()
        listen = self.url.removeprefix("ws://").removesuffix("/ws")
        again = self.settings.gateway.model_copy(update={"listen": listen})
        self.settings = self.settings.model_copy(update={"gateway": again})
        self.gateway = Gateway(self.bus, self.settings, self.metrics)
        await self.gateway.start()


@asynccontextmanager
async def staged(folder: Path, **fields: object) -> AsyncIterator[Stage]:
    """A gateway on a fresh log."""
    settings = Settings(
        bus=BusSettings(url=f"sqlite:{folder / 'log.db'}", partitions=2),
        gateway=GatewaySettings.model_validate({"listen": "127.0.0.1:0", "open": True, **fields}),
        publisher=PublisherSettings(default_shop="tea"),
    )
    bus, metrics = await open_bus(settings.bus), Metrics()
    stage = Stage(bus, settings, metrics, Gateway(bus, settings, metrics), "")
    try:
        host, port = await stage.gateway.start()
        stage.url = f"ws://{host}:{port}/ws"
        yield stage
    finally:
        await stage.gateway.close()
        await bus.close()


@asynccontextmanager
async def playing(player: ReferencePlayer) -> AsyncIterator[None]:
    """The player plays."""
    task = asyncio.create_task(player.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def break_off(connection: Connection) -> None:
    """The network fails under a client."""
    assert connection._socket is not None
    connection._socket.transport.abort()


async def records(bus: Bus, topic: str) -> list[object]:
    """Everything on a topic."""
    found: list[object] = []
    for partition in range(partition_count(bus, topic)):
        found += [decode(topic, stored.value) for stored in await bus.read(topic, partition, 0, max_records=100_000)]
    return found


async def until_on_bus(bus: Bus, topic: str, wanted: Callable[[object], bool], *, count: int = 1) -> None:
    """Wait until so many records of a kind stand on a topic."""
    async with asyncio.timeout(5):
        while sum(map(wanted, await records(bus, topic))) < count:  # noqa: ASYNC110 -- the log wakes only its own readers
            await asyncio.sleep(0.005)


async def pushes(connection: Connection, count: int) -> list[wire.Push]:
    """The next so many pushes."""
    found: list[wire.Push] = []
    async with asyncio.timeout(5):
        async for message in connection.messages():
            if isinstance(message, wire.Push):
                found.append(message)
                if len(found) == count:
                    break
    return found


def outcomes(player: ReferencePlayer) -> list[tuple[str, str]]:
    """What the player last said of each insertion."""
    return [(state.insertion, state.kind) for state in player.playhead.state().outcomes]


async def eventually(check: Callable[[], object]) -> None:
    """Wait until something that other tasks do has happened."""
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110 -- what is waited for has no event of its own
            await asyncio.sleep(0.005)


def now() -> int:
    return time.time_ns() // 1_000_000


def comment(n: int, room: str = "r1") -> Comment:
    return Comment(room=room, source="test", id=f"c{n}", viewer=f"v{n}", text="什么时候发货")


def insertion(session: str, after: Cursor | None = None, **fields: object) -> Insertion:
    """An insertion that a worker could have emitted."""
    base: dict[str, object] = {
        "id": HASH, "room": "r1", "shop": "tea", "at": now(), "lease": 1, "seq": 1, "shop_offset": 10_000,
        "session": session, "reply": "dispatch", "intent": "shipping.dispatch", "language": "zh", "text": "您放心拍。",
        "duration_ms": 300, "when": "sentence" if after else "now", "after": after, "start": now(),
        "not_after": now() + 30_000, "pool": HASH, "viewers": 2,
    }  # fmt: skip
    return Insertion.model_validate({**base, **fields})


async def put(bus: Bus, *emitted: Insertion | Verdicts | Aired | Alert) -> None:
    await bus.publish([Outgoing(record.topic, record.key(), encode(record)) for record in emitted])


def aired_line(n: int) -> Aired:
    """Some four kilobytes."""
    facts = tuple(FactUse(product="p", name=f"f{k}", version="v", text="茶" * 130) for k in range(9))
    return Aired(
        id=f"{n:032x}", room="r1", shop="tea", insertion=HASH, reply="x", intent="y", language="zh", text="t",
        facts=facts, pool=HASH, started=now(), viewers=1,
    )  # fmt: skip


PRICE = Fact("price", 129, "CNY")
POOL = Pool(
    hash="", shop="tea", name={"zh": "茶"}, languages=("zh",), default_language="zh", intents={},
    products={"longjing": Product("longjing", {"zh": "龙井"}, facts={"price": PRICE})}, facts={"ships_within": Fact("ships_within", 48)},
    not_sold=(), guard=Guard(), limits=Limits(), scripts={}, training=TrainingSet("cd" * 16, ()), model="ef" * 16,
)  # fmt: skip
POOL = replace(POOL, hash=pool_hash(POOL))


async def go_live(stage: Stage) -> None:
    """The pool is on the bus, and the gateway has heard that it is live."""
    blob = to_records(POOL.hash, "pool", encode_pool(POOL), None, now())
    await stage.bus.publish([Outgoing("pools", record.key(), encode(record)) for record in blob])
    live = PoolLive(id="p1", at=now(), shop="tea", pool=POOL.hash, generation=1)
    await stage.bus.publish([Outgoing("shop-events", live.key(), encode(live))])
    await eventually(lambda: stage.gateway._inbound.facts.is_live("tea"))


def script(facts: FactBook, at: int, request: str) -> wire.SetScript:
    """Two segments of two short sentences; one holds a fact."""
    found = facts.at("longjing", "price", at)
    price = "?" if found is None else str(found[1].value)
    lines = [("a1", "one"), ("a2", f"price {price}"), ("b1", "three"), ("b2", "four")]
    sentences = [ScriptSentence(id=name, text=text, seconds=0.4) for name, text in lines]
    return wire.SetScript(
        id=request, script="evening", version=f"v-{price.replace('?', 'none')}",
        segments=(ScriptSegment(id="a", sentences=tuple(sentences[:2])), ScriptSegment(id="b", sentences=tuple(sentences[2:]))),
    )  # fmt: skip


async def test_comments_reach_the_bus_and_are_acknowledged_twice(tmp_path: Path) -> None:
    """A source learns that its comments are durable, then what each got; a malformed one does not hold up the rest."""
    verdicts: dict[str, str] = {}

    def processed(one: Comment, verdict: str, _: bool) -> None:
        verdicts[one.id] = verdict

    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), processed=processed) as source:
        await source.send([comment(n) for n in range(300)])
        assert source.received == 300
        on_bus = await records(stage.bus, "comments")
        assert [c.id for c in on_bus if isinstance(c, Comment)] == [f"c{n}" for n in range(300)]
        assert all(isinstance(c, Comment) and c.received for c in on_bus)
        lines = tuple(VerdictLine("test", f"c{n}", "chatter", final=True) for n in range(300))
        await put(stage.bus, Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=lines))
        async with asyncio.timeout(5):
            await source.drained()
        assert verdicts == {f"c{n}": "chatter" for n in range(300)}
        batch = ({"id": "ok", "viewer": "v", "text": "hi"}, {"id": "bad"}, 3)
        answer = await source.connection.request(wire.Comments(id="x1", room="r1", source="test", comments=batch))
        assert isinstance(answer, wire.Received)
        assert [(r.comment, r.error is None) for r in answer.results] == [("ok", True), ("bad", False), (None, False)]


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
            assert [(t.kind, t.reason) for t in told if isinstance(t, Tell) and t.insertion] == [
                ("accepted", ""), ("aborted", "killed"),
            ]  # fmt: skip
            lifted = await operator.kill("shop", "tea", on=False)
            await eventually(lambda: not player.playhead.held)
            await put(stage.bus, insertion(player.connection.session, after, id="cd" * 16, shop_offset=fence))
            await put(stage.bus, insertion(player.connection.session, after, id="ef" * 16, shop_offset=lifted))
            await eventually(lambda: ("ef" * 16, "accepted") in outcomes(player))
            assert ("cd" * 16, "rejected") in outcomes(player)
        kills = [event for event in await records(stage.bus, "shop-events") if isinstance(event, Kill)]
        assert [(kill.scope, kill.on, kill.by, kill.hold_script) for kill in kills][1:] == [
            ("shop", True, "open", True), ("shop", False, "open", False),
        ]  # fmt: skip


async def test_facts_reach_the_player_and_change_its_script(tmp_path: Path) -> None:
    """The catalogue of the live pool on identify, live values by push; a changed script starts at the next segment."""
    said: list[Say] = []
    facts: list[wire.Fact] = []
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


async def test_a_source_sends_again_what_has_no_verdict(tmp_path: Path) -> None:
    """After a broken connection; the engine sees the repeat and the source gets its verdict."""
    verdicts: dict[str, str] = {}

    def processed(one: Comment, verdict: str, _: bool) -> None:
        verdicts[one.id] = verdict

    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), processed=processed) as source:
        await source.send([comment(1), comment(2)])
        break_off(source.connection)
        await until_on_bus(stage.bus, "comments", lambda _: True, count=4)
        lines = (VerdictLine("test", "c1", "duplicate", final=True), VerdictLine("test", "c2", "cooling", final=False))
        await put(stage.bus, Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=lines))
        async with asyncio.timeout(5):
            await source.drained()
        assert verdicts == {"c1": "duplicate", "c2": "cooling"}


async def test_a_source_that_is_too_fast_is_told_to_wait_and_loses_nothing(tmp_path: Path) -> None:
    """The request is refused as a whole, temporarily; the client comes back by itself."""
    async with staged(tmp_path, comments_per_second=1_000.0) as stage:
        async with Source(stage.url, rooms=("r1",), window=None) as source:
            await source.send([comment(n) for n in range(1_500)])
            assert source.received == 1_500
        assert len(await records(stage.bus, "comments")) == 1_500


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


async def test_no_room_is_called_like_a_pattern(tmp_path: Path) -> None:
    """Nor like the worker's own keys: requests are refused, a comment has its receipt, and nothing of it is on the bus."""
    async with staged(tmp_path) as stage, connect(stage.url) as socket:
        await socket.send(json.dumps({"type": "identify", "role": "operator", "rooms": ["*"]}))
        while json.loads(await socket.recv())["type"] != "identified":
            pass
        for request in (
            {"type": "room_open", "room": "*"}, {"type": "room_close", "room": "r*"},
            {"type": "mode_set", "room": "*", "mode": "auto"}, {"type": "mode_set", "room": "#1", "mode": "auto"},
            {"type": "take_over", "room": "*", "who": "person"},
            {"type": "kill", "scope": "room", "target": "*", "on": True},
        ):  # fmt: skip
            await socket.send(json.dumps({**request, "id": "1"}))
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["code"]) == ("error", "bad_message"), request
            assert "is a pattern" in answer["message"] or "begins with" in answer["message"]
        async with Source(stage.url, rooms=("*",)) as source:
            await source.send([comment(1, "*"), comment(2, "r1"), comment(3, "#1")])
            assert source.received == 1
            assert [(one.room, why.partition(";")[0]) for one, why in source.refused] == [
                ("*", "room: a name that ends with `*` is a pattern, which no room is called"),
                ("#1", "room: no room's name begins with `#`"),
            ]  # fmt: skip
        assert await records(stage.bus, "room-events") == []
        assert await records(stage.bus, "shop-events") == []
        assert [one.room for one in await records(stage.bus, "comments") if isinstance(one, Comment)] == ["r1"]


async def test_a_shop_that_is_not_live_is_named_to_who_names_it(tmp_path: Path) -> None:
    """A room is not opened and a player not admitted for it; comments are taken, and their source hears of it once."""
    warned: list[str] = []
    objection = "shop: no pool of shop `nope` is live; live: `tea`"
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await go_live(stage)
        with pytest.raises(RequestRefused) as caught:
            await operator.open_room("r1", shop="nope")
        assert (caught.value.refused.code, caught.value.refused.message) == ("unknown", objection)
        assert not caught.value.refused.temporary
        with pytest.raises(ProtocolError, match=objection) as ended:
            await Connection(stage.url, role="player", rooms=("r1",), shop="nope").start()
        assert ended.value.code == CloseCode.BAD_IDENTIFY
        assert await records(stage.bus, "room-events") == []
        async with Source(stage.url, rooms=("r1",), on_warning=warned.append) as source:
            for n in range(3):
                await source.send([replace(comment(n), shop=shop) for shop in ("nope", "tea", None)])
            assert (source.received, source.refused) == (9, [])
            assert warned == list(source.warnings)
            assert [told.partition(";")[0] for told in warned] == ["shop: no pool of shop `nope` is live"]
        await operator.open_room("r1", shop="tea")
        async with Connection(stage.url, role="player", rooms=("r1",), shop="tea") as player:
            assert player.identified is not None
            assert player.identified.shop == "tea"
            (seen,) = [event for event in await records(stage.bus, "room-events") if isinstance(event, PlayerSeen)]
            assert seen.shop == "tea"


async def test_a_shop_that_is_being_published_is_waited_for(tmp_path: Path) -> None:
    """On a log where no shop is live yet: a player is admitted and gets its facts later, a room is opened later."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        with pytest.raises(RequestRefused) as caught:
            await operator.open_room("r1", shop="soon")
        assert caught.value.refused.temporary
        await operator.open_room("r2", shop="tea")  # the default one: workers wait for it
        async with Connection(stage.url, role="player", rooms=("r1",), shop="soon") as player:
            assert player.identified is not None
            assert player.identified.shop == "soon"


async def test_a_token_of_one_shop_hears_of_no_other(tmp_path: Path) -> None:
    """It is told that its own is not live, not which ones are."""
    token = {"name": "a", "token": "t", "roles": ["operator"], "rooms": ["*"], "shop": "mine"}
    async with staged(tmp_path, open=False, tokens=[token]) as stage, Operator(stage.url, token="t") as operator:
        await go_live(stage)
        with pytest.raises(RequestRefused, match="`mine` is live; publish it first"):
            await operator.open_room("r1")


async def test_a_player_is_told_that_its_room_is_another_shops(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says and what is replied would not fit; once, also where it connects again."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await operator.open_room("r1", shop="tea")
        await eventually(lambda: "r1" in stage.gateway._inbound.shops._known)
        player = ReferencePlayer(stage.url, room="r1", shop="toys", script=script, on_say=lambda _: None)
        async with playing(player):
            await eventually(lambda: player.connection.identified)
            break_off(player.connection)
            await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "identified", False), count=2)
            await eventually(lambda: player.connection.up)
        assert caplog.text.count("room `r1` is of shop `tea`, this player's script of shop `toys`") == 1


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


IDENTIFY = {"type": "identify", "role": "source", "rooms": ["r1"], "token": "t"}
TOKEN = {"name": "a", "token": "t", "roles": ["source"], "rooms": ["r1"]}


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["nonsense"], CloseCode.NOT_JSON),
        ([b"{}"], CloseCode.NOT_JSON),
        ([{"type": "comments", "id": "1", "comments": []}], CloseCode.NOT_IDENTIFIED),
        ([{**IDENTIFY, "token": "wrong"}], CloseCode.BAD_TOKEN),
        ([{**IDENTIFY, "role": "operator"}], CloseCode.WRONG_ROLE),
        ([{**IDENTIFY, "rooms": ["r2"]}], CloseCode.WRONG_ROLE),
        ([{**IDENTIFY, "version": 9}], CloseCode.UNKNOWN_VERSION),
        ([{**IDENTIFY, "rooms": 5}], CloseCode.BAD_IDENTIFY),
        ([IDENTIFY, {"type": "kill", "id": "1", "scope": "*", "on": True}], CloseCode.WRONG_ROLE),
        ([IDENTIFY, "x" * 70_000], CloseCode.TOO_LARGE),
        ([], CloseCode.IDENTIFY_TIMEOUT),
        ([IDENTIFY], CloseCode.HEARTBEAT_MISSED),
    ],
)
async def test_each_mistake_has_its_close_code(tmp_path: Path, frames: list[object], code: CloseCode) -> None:
    """As documented; silence too."""
    async with staged(tmp_path, open=False, tokens=[TOKEN], identify_s=0.2, heartbeat_s=0.1) as stage:
        async with connect(stage.url) as socket:
            for frame in frames:
                await socket.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
            async with asyncio.timeout(5):
                await socket.wait_closed()
            assert socket.close_code == code
        await eventually(lambda: stage.metrics.closes.labels(str(int(code)))._value.get() == 1)
        counted = next(iter(stage.metrics.closes.collect())).samples
        assert [sample.labels["code"] for sample in counted if sample.name.endswith("_total")] == [str(int(code))]
        assert stage.gateway.ready


async def test_a_close_that_the_client_asked_for_is_not_counted_as_ours(tmp_path: Path) -> None:
    """Nor is a connection that broke."""
    async with staged(tmp_path) as stage:
        async with connect(stage.url) as socket:
            await socket.send(json.dumps(IDENTIFY))
        async with connect(stage.url) as socket:
            await socket.send(json.dumps(IDENTIFY))
            socket.transport.abort()
        await eventually(lambda: not stage.gateway._peers)
        assert next(iter(stage.metrics.closes.collect())).samples == []


async def test_what_is_no_websocket_for_us_is_refused_in_http(tmp_path: Path) -> None:
    """Another path, another method, a browser of an origin that nobody listed."""
    async with staged(tmp_path, origins=["https://studio.example"]) as stage:
        host, _, port = stage.url.removeprefix("ws://").removesuffix("/ws").partition(":")
        for request, status in ((b"GET /else HTTP/1.1", b"404"), (b"POST /ws HTTP/1.1", b"405")):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request + b"\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert status in await reader.readline()
            writer.close()
        with pytest.raises(InvalidStatus) as caught:
            await connect(stage.url, origin=Origin("https://evil.example"))
        assert caught.value.response.status_code == 403
        async with connect(stage.url, origin=Origin("https://studio.example")) as socket:
            assert json.loads(await socket.recv())["type"] == "hello"


async def test_a_reader_that_stalls_is_cut_off_and_nobody_else_suffers(tmp_path: Path) -> None:
    """Above the outbox the connection is cut, counted; others get everything."""
    async with staged(tmp_path, outbox_bytes=65_536) as stage:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.setblocking(False)
        host, _, port = stage.url.removeprefix("ws://").removesuffix("/ws").partition(":")
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        stalled = await connect(stage.url, sock=raw, max_queue=1, compression=None)
        await stalled.send(json.dumps({"type": "identify", "role": "observer", "rooms": ["*"], "streams": ["aired"]}))
        code = str(int(CloseCode.SLOW_CONSUMER))
        async with Connection(stage.url, role="observer", rooms=("r1",), streams=("aired",)) as healthy:
            got = 0
            for n in range(60):
                await put(stage.bus, *(aired_line(n * 50 + k) for k in range(50)))
                got += len(await pushes(healthy, 50))
            assert got == 3_000
            assert stage.metrics.closes.labels(code)._value.get() == 1
        stalled.transport.abort()


async def test_a_stop_tells_everyone_and_is_quick(tmp_path: Path) -> None:
    """Clients get 1012, which says: connect again; one that does not answer is cut off."""
    async with staged(tmp_path) as stage:
        polite = await connect(stage.url)
        host, _, port = stage.url.removeprefix("ws://").removesuffix("/ws").partition(":")
        _, mute = await asyncio.open_connection(host, int(port))
        mute.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await eventually(lambda: len(stage.gateway._peers) == 2)
        async with asyncio.timeout(5):
            await stage.gateway.close()
        await polite.wait_closed()
        assert polite.close_code == CloseCode.RESTART
        assert not stage.gateway._peers
        mute.close()


async def test_above_the_limit_clients_are_told_to_try_later(tmp_path: Path) -> None:
    """The connection is refused with its code; a client library gives up in time, saying what to do."""
    async with staged(tmp_path, max_clients=1) as stage, Operator(stage.url):
        with pytest.raises(Unavailable, match="nobody answers"):
            await Connection(stage.url, role="observer", rooms=("*",), patience_s=0.3).start()


async def test_a_client_without_a_server_says_so(tmp_path: Path) -> None:
    """In one sentence, after its patience."""
    connection = Connection("ws://127.0.0.1:9/ws", role="observer", rooms=("*",), patience_s=0.0)
    with pytest.raises(Unavailable, match="livechat serve"):
        await connection.start()


async def test_a_port_in_use_is_told_and_nothing_goes_on(tmp_path: Path) -> None:
    """The start fails with the remedy, and no reader is left behind to follow a log that is closed next."""
    async with staged(tmp_path) as stage:
        listen = stage.url.removeprefix("ws://").removesuffix("/ws")
        taken = stage.settings.gateway.model_copy(update={"listen": listen})
        before = asyncio.all_tasks()
        with pytest.raises(PortInUse, match=r"another process listens on .*`gateway.listen`"):
            await Gateway(stage.bus, stage.settings.model_copy(update={"gateway": taken}), stage.metrics).start()
        assert asyncio.all_tasks() <= before


async def test_a_log_that_cannot_be_written_is_told_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request is refused as temporary, the process is not ready; a request that succeeds, or a while without any, ends it.

    The process says it once when it begins and once when it ends, however many requests it costs.
    """
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        publish, full = stage.bus.publish, BusUnavailable("there is no space left for the log")

        async def fail(records: Sequence[Outgoing]) -> Sequence[Position]:
            raise full

        for heal in ("write", "wait"):
            monkeypatch.setattr(stage.bus, "publish", fail)
            with pytest.raises(RequestRefused) as caught:
                await operator.set_mode("r1", "auto")
            assert caught.value.refused.temporary
            assert caught.value.exit_code == Exit.UNAVAILABLE
            with pytest.raises(RequestRefused, match="try again"):
                await operator.set_mode("r1", "auto")
            assert stage.metrics.troubles == {"gateway": str(full)}
            await stage.gateway.tick()
            assert stage.metrics.troubles == {"gateway": str(full)}
            monkeypatch.setattr(stage.bus, "publish", publish)
            if heal == "write":
                await operator.set_mode("r1", "auto")
            else:
                later = stage.gateway._trouble._steady() + 15_000
                monkeypatch.setattr(stage.gateway._trouble, "_steady", lambda: later)  # noqa: B023 - the last round's
                await stage.gateway.tick()
            assert stage.metrics.troubles == {}
        told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert told[0].endswith(f"clients are asked to wait: {full}")
        assert told[1].endswith("and 2 refusals")
        assert len(told) == 3  # the second time it was not written again


async def test_a_source_that_is_held_up_hears_why_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the log is full, and while the engine is away; it goes on by itself and loses nothing."""
    heard: list[str | None] = []
    async with staged(tmp_path) as stage:
        publish, full, tries = stage.bus.publish, [True], [0]

        async def fail(records: Sequence[Outgoing]) -> Sequence[Position]:
            tries[0] += 1
            if full[0]:
                raise BusUnavailable("there is no space left for the log")
            return await publish(records)

        monkeypatch.setattr(stage.bus, "publish", fail)
        async with Source(stage.url, rooms=("r1",), on_held=heard.append) as source:
            sending = asyncio.create_task(source.send([comment(1)]))
            await eventually(lambda: tries[0] == 2)
            assert heard == ["the engine takes no comments: the engine cannot write its log now; its /readyz tells why"]
            full[0] = False
            await sending
            assert heard[1:] == [None]
            await stage.gateway.close()
            await eventually(lambda: len(heard) == 3)
            assert heard[2] is not None
            assert heard[2].startswith("the engine is away (the server restarts")
            sending = asyncio.create_task(source.send([comment(2)]))
            await stage.restart()
            await sending
            assert heard[3:] == [None]
            assert source.received >= 2


async def test_a_source_hears_that_no_verdicts_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its window is full since no worker runs: it waits, but not mute."""
    monkeypatch.setattr("engine.client.source.STALL_S", 0.05)
    heard: list[str | None] = []
    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), window=1, on_held=heard.append) as source:
        await source.send([comment(1)])
        sending = asyncio.create_task(source.send([comment(2)]))
        await eventually(lambda: heard)
        assert heard == ["no verdicts come; is a worker running?"]
        await put(
            stage.bus,
            Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=(VerdictLine("test", "c1", "chatter", final=True),)),
        )
        await sending
        assert heard[1:] == [None]
