"""The gateway over real sockets and a real log: what sources, players and operators get."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from engine.bus import open_bus
from engine.bus.port import Bus, Outgoing, partition_count
from engine.client.connection import Connection, RequestRefused
from engine.client.operator import Operator
from engine.client.player import ReferencePlayer
from engine.client.playhead import Say, Tell
from engine.client.scripts import FactBook
from engine.client.source import Source
from engine.errors import ProtocolError, Unavailable
from engine.events import wire
from engine.events.closes import CloseCode
from engine.events.codec import decode, encode
from engine.events.inputs import Comment, Cursor, Kill, PlayerSeen, ScriptSegment, ScriptSentence
from engine.events.outputs import Aired, FactUse, Insertion, VerdictLine, Verdicts
from engine.gateway.service import Gateway
from engine.metrics import Metrics
from engine.settings import BusSettings, GatewaySettings, PublisherSettings, Settings

pytestmark = pytest.mark.process

HASH = "ab" * 16


@asynccontextmanager
async def gateway(folder: Path, **fields: object) -> AsyncIterator[tuple[str, Bus, Gateway]]:
    """A gateway on a fresh log; its URL, its bus and itself."""
    settings = Settings(
        bus=BusSettings(url=f"sqlite:{folder / 'log.db'}", partitions=2),
        gateway=GatewaySettings.model_validate({"listen": "127.0.0.1:0", "open": True, **fields}),
        publisher=PublisherSettings(default_shop="tea"),
    )
    bus = open_bus(settings.bus)
    service = Gateway(bus, settings, Metrics())
    try:
        host, port = await service.start()
        yield f"ws://{host}:{port}/ws", bus, service
    finally:
        await service.close()
        await bus.close()


async def records(bus: Bus, topic: str) -> list[object]:
    """Everything on a topic."""
    found: list[object] = []
    for partition in range(partition_count(bus, topic)):
        found += [decode(topic, stored.value) for stored in await bus.read(topic, partition, 0)]
    return found


async def eventually(check: Callable[[], object]) -> None:
    """Wait until something that other tasks do has happened."""
    async with asyncio.timeout(5):
        while not check():
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


async def put(bus: Bus, *emitted: Insertion | Verdicts | Aired) -> None:
    await bus.publish([Outgoing(record.topic, record.key(), encode(record)) for record in emitted])


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
    async with gateway(tmp_path) as (url, bus, _):
        async with Source(url, rooms=("r1",), processed=lambda c, verdict, _: verdicts.update({c.id: verdict})) as source:
            await source.send([comment(n) for n in range(300)])
            assert source.received == 300
            on_bus = await records(bus, "comments")
            assert [c.id for c in on_bus if isinstance(c, Comment)] == [f"c{n}" for n in range(300)]
            assert all(isinstance(c, Comment) and c.received for c in on_bus)
            lines = tuple(VerdictLine("test", f"c{n}", "chatter", final=True) for n in range(300))
            await put(bus, Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=lines))
            async with asyncio.timeout(5):
                await source.drained()
            assert verdicts == {f"c{n}": "chatter" for n in range(300)}
            answer = await source.connection.request(
                wire.Comments(id="x1", room="r1", source="test", comments=({"id": "ok", "viewer": "v", "text": "hi"}, {"id": "bad"}, 3))
            )
            assert isinstance(answer, wire.Received)
            assert [(r.comment, r.error is None) for r in answer.results] == [("ok", True), ("bad", False), (None, False)]


async def test_a_player_speaks_the_script_and_an_insertion_at_its_boundary(tmp_path: Path) -> None:
    """The reply starts at the end of the sentence that it names, the script goes on after it, and all is reported."""
    said: list[Say] = []
    told: list[object] = []
    async with gateway(tmp_path) as (url, bus, _):
        player = ReferencePlayer(url, room="r1", script=script, on_say=said.append, on_tell=told.append, lead_ms=50)
        task = asyncio.create_task(player.run())
        await eventually(lambda: said)
        after = Cursor(version="v-none", lap=0, segment="a", sentence="a2")
        resume = Cursor(version="v-none", lap=0, segment="b", sentence="b1")
        await put(bus, insertion(player.connection.session, after, resume=resume))
        await put(bus, insertion("somebody-else", after, id="cd" * 16))
        await eventually(lambda: any(s.text == "three" for s in said))
        assert [s.text for s in said][:4] == ["one", "price ?", "您放心拍。", "three"]
        kinds = [t.kind for t in told if isinstance(t, Tell) and t.insertion]
        assert kinds == ["accepted", "started", "ended"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        events = await records(bus, "room-events")
    kinds_on_bus = [getattr(event, "kind", getattr(event, "type", "")) for event in events]
    assert kinds_on_bus[:3] == ["player_seen", "script", "sentence_started"]
    assert {"accepted", "started", "ended"} <= set(kinds_on_bus)
