"""A shop, its rooms with players that play and report, and viewers that write: load on a log, by way of the bus alone.

Whatever is not known to have been written is written again, as a connector does; so there are repeats after outages.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from engine.bus.port import Bus, Outgoing
from engine.client.playhead import Event, Playhead, Tell
from engine.clock import wall_clock
from engine.errors import BusUnavailable
from engine.events.codec import decode, encode
from engine.events.inputs import (
    Comment,
    FactSet,
    ModeSet,
    Playback,
    PlayerSeen,
    PoolLive,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    Script,
)
from engine.events.outputs import Decision, Insertion, Stop, Verdicts, Withdraw
from engine.events.wire import SetScript
from engine.pool.blobs import to_records
from engine.pool.encoding import encode_pool, pool_hash
from engine.pool.model import Pool
from engine.room.arrival import identity
from tests.simulation.shop import FIRST, MODEL, POOLS, SHOP, TEXTS, script

POOL: Final[Pool] = replace(POOLS[FIRST], hash=pool_hash(POOLS[FIRST]))
"""The simulation's pool under its true hash."""
WAKE_S: Final = 0.02  # how often players look at their playheads
PRESENCE_S: Final = 5.0
TURN_S: Final = 0.1  # comments are written in batches this far apart
REPEATED: Final = 0.02  # share of comments that are written again on purpose
RETRY_S: Final = 0.2


def pools(hash: str) -> Pool:  # noqa: A002 - what records call it
    """The pool of this hash."""
    return {POOL.hash: POOL}[hash]


class Live:
    """The rooms of one log. `run` plays until it is cancelled; `write` writes comments meanwhile."""

    def __init__(self, bus: Bus, rooms: int, seed: int) -> None:
        self._bus = bus
        self._rng = random.Random(seed)
        self.rooms = [f"live-{number}" for number in range(rooms)]
        self.acknowledged: list[tuple[str, int, int]] = []
        """Topic, partition and offset of what is on the log."""
        self.wanted: set[str] = set()
        """Ids of the decisions that have to come."""
        self.decided: set[str] = set()
        self.handled: set[str] = set()
        """Of those that have a verdict: final, or what they wait for."""
        self.unavailable = 0
        """How often something had to be written again."""
        self._heads = {room: Playhead(lead_ms=300) for room in self.rooms}
        self._events: asyncio.Queue[RoomEvent] = asyncio.Queue()
        self._over = False
        self._reporting = False
        self._serial = 0

    # ---- writing ---------------------------------------------------------------------------------------------------

    async def put(self, records: Sequence[Outgoing]) -> None:
        """Write until it is known to be written."""
        while True:
            try:
                positions = await self._bus.publish(records)
            except BusUnavailable:
                self.unavailable += 1
                await asyncio.sleep(RETRY_S)
            else:
                self.acknowledged += (
                    (record.topic, position.partition, position.offset)
                    for record, position in zip(records, positions, strict=True)
                )
                return

    async def open(self) -> None:
        """The shop goes live, the rooms open."""
        now = wall_clock()
        blobs = to_records(MODEL, "model", b"m", None, now) + to_records(
            POOL.hash, "pool", encode_pool(POOL), MODEL, now
        )
        await self.put([Outgoing("pools", blob.key(), encode(blob)) for blob in blobs])
        shop = (
            PoolLive(id="p", at=now, shop=SHOP, pool=POOL.hash, generation=1),
            FactSet(id="f", at=now, shop=SHOP, product="tgy", name="price", value=119),
        )
        await self.put([Outgoing("shop-events", event.key(), encode(event)) for event in shop])
        for room in self.rooms:
            self._say(RoomOpened(room=room, id=self._id(), at=now, shop=SHOP))
            self._say(ModeSet(room=room, id=self._id(), at=now, mode="auto"))
            self._say(PlayerSeen(room=room, id=self._id(), at=now, session="s", identified=True, lead_ms=300))
            said = SetScript(id="s", script="evening", version="v1", segments=script())
            fields = {"script": said.script, "version": said.version, "segments": said.segments}
            self._say(Script.model_validate({"room": room, "id": self._id(), "at": now, "session": "s", **fields}))
            self._do(room, self._heads[room].load(said, now))

    async def write(self, count: int, rate: float) -> None:
        """So many comments, so many a second: bursts, as viewers do, and some of them twice."""
        texts = list(TEXTS)
        begun, written = time.monotonic(), 0
        while written < count:
            due = min(count, int((time.monotonic() - begun) * rate) + 1)
            batch = [self._comment(written + number, texts) for number in range(min(due - written, 500))]
            written += len(batch)
            again = [comment for comment in batch if self._rng.random() < REPEATED]
            if batch:
                await self.put([Outgoing("comments", one.room, encode(one)) for one in (*batch, *again)])
                self.wanted |= {identity(one.room, one.source, one.id)[0] for one in batch}
            await asyncio.sleep(TURN_S)

    def _comment(self, number: int, texts: list[str]) -> Comment:
        room = self.rooms[min(int(self._rng.paretovariate(1.2)) - 1, len(self.rooms) - 1)]
        return Comment(
            room=room, source="s", id=f"c{number}", viewer=f"v{self._rng.randrange(500)}", text=self._rng.choice(texts)
        )

    def close_rooms(self) -> None:
        """The lives end: players fall silent, what still waits is decided at once."""
        self._over = True
        for room in self.rooms:
            self._events.put_nowait(RoomClosed(room=room, id=self._id(), at=wall_clock()))

    @property
    def is_written(self) -> bool:
        """Whether every report is on the log."""
        return not self._events.qsize() and not self._reporting

    # ---- playing ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Players play and report, and what is decided is looked at, until cancelled."""
        tasks = [
            asyncio.ensure_future(work) for work in (self._report(), self._play(), self._present(), self._listen())
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _report(self) -> None:
        while True:
            events = [await self._events.get()]
            with suppress(asyncio.QueueEmpty):
                while len(events) < 500:
                    events.append(self._events.get_nowait())
            self._reporting = True
            await self.put([Outgoing("room-events", event.room, encode(event)) for event in events])
            self._reporting = False

    async def _play(self) -> None:
        while True:
            for room, head in self._heads.items():
                self._do(room, head.advance(wall_clock()))
            await asyncio.sleep(WAKE_S)

    async def _present(self) -> None:
        while True:
            await asyncio.sleep(PRESENCE_S)
            for room in self.rooms:
                self._say(PlayerSeen(room=room, id=self._id(), at=wall_clock(), session="s", lead_ms=300))

    async def _listen(self) -> None:
        starts = {
            (topic, partition): 0
            for topic in ("insertions", "decisions", "verdicts")
            for partition in range(self._bus.partitions)
        }
        while True:
            tail = self._bus.tail(starts)
            try:
                while True:
                    for stored in await tail.next():
                        starts[stored.topic, stored.partition] = stored.offset + 1
                        if stored.topic == "decisions":
                            decision: Decision = decode("decisions", stored.value)
                            self.decided.add(decision.id)
                        elif stored.topic == "verdicts":
                            verdicts: Verdicts = decode("verdicts", stored.value)
                            self.handled |= {
                                identity(verdicts.room, line.source, line.id)[0] for line in verdicts.lines
                            }
                        else:
                            self._take(decode("insertions", stored.value))
            except BusUnavailable:
                await asyncio.sleep(RETRY_S)
            finally:
                await tail.close()

    def _take(self, command: object) -> None:
        if isinstance(command, Insertion | Withdraw | Stop):
            head, now = self._heads[command.room], wall_clock()
            self._do(command.room, head.advance(now))
            if isinstance(command, Insertion):
                self._do(command.room, head.insert(command, now))
            elif isinstance(command, Withdraw):
                self._do(command.room, head.withdraw(command, now))
            else:
                self._do(command.room, head.stop(command, now))

    def _do(self, room: str, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Tell):
                self._say(
                    Playback(
                        room=room, id=self._id(), at=event.at, session="s", kind=event.kind, cursor=event.cursor,
                        insertion=event.insertion, reason=event.reason,
                    )
                )  # fmt: skip

    def _say(self, event: RoomEvent) -> None:
        if not self._over:
            self._events.put_nowait(event)

    def _id(self) -> str:
        self._serial += 1
        return f"e{self._serial}"
