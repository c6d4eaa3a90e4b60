"""A gateway on a log of its own, over real sockets, and what its tests put there and look for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from engine.bus import open_bus
from engine.bus.port import Bus, Outgoing, partition_count
from engine.client.connection import Connection
from engine.client.player import ReferencePlayer
from engine.client.scripts import FactBook
from engine.events import wire
from engine.events.codec import decode, encode
from engine.events.inputs import Comment, Cursor, PoolLive, ScriptSegment, ScriptSentence
from engine.events.outputs import Aired, Alert, FactUse, Insertion, Proposal, ProposalVoid, Verdicts
from engine.gateway.service import Gateway
from engine.metrics import Metrics
from engine.pool.blobs import to_records
from engine.pool.encoding import encode_pool, pool_hash
from engine.pool.model import Fact, Guard, Limits, Pool, Product, TrainingSet
from engine.settings import BusSettings, GatewaySettings, PublisherSettings, Settings
from tests.patience import PATIENCE_S

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
    async with asyncio.timeout(PATIENCE_S):
        while sum(map(wanted, await records(bus, topic))) < count:  # noqa: ASYNC110 -- the log wakes only its own readers
            await asyncio.sleep(0.005)


async def pushes(connection: Connection, count: int) -> list[wire.Push]:
    """The next so many pushes."""
    found: list[wire.Push] = []
    async with asyncio.timeout(PATIENCE_S):
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
    async with asyncio.timeout(PATIENCE_S):
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


async def put(bus: Bus, *emitted: Insertion | Verdicts | Aired | Alert | Proposal | ProposalVoid) -> None:
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
