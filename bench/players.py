"""Model players for load tests: each runs a looped script, says what it is told, and reports, straight to the log."""

from __future__ import annotations

import asyncio
import heapq
import time

from engine.bus.port import Bus, Outgoing
from engine.clock import wall_clock
from engine.events.codec import decode, encode
from engine.events.inputs import (
    Cursor,
    ModeSet,
    Playback,
    PlaybackKind,
    PlayerSeen,
    RoomEvent,
    Script,
    ScriptSegment,
    ScriptSentence,
)
from engine.events.outputs import Insertion
from engine.pool.model import Pool

SENTENCES = 60
SENTENCE_S = 4.5


class Players:
    """One player per room. Reports are published together every 20 ms, as a gateway does."""

    def __init__(self, bus: Bus, pool: Pool, rooms: list[str]) -> None:
        self._bus = bus
        self._products = list(pool.products)
        self._rooms = rooms
        self._stopped = False
        self._queue: list[tuple[float, int, str, PlaybackKind, int, str]] = []
        self._serial = 0
        self._next: dict[str, Insertion] = {}
        self.insertions = 0
        self.said = 0

    def stop(self) -> None:
        self._stopped = True

    def _script(self, room: str) -> Script:
        segments = tuple(
            ScriptSegment(
                id=f"seg-{number}",
                product=product,
                sentences=tuple(
                    ScriptSentence(id=f"s{number}-{n}", text="话", seconds=SENTENCE_S) for n in range(SENTENCES // 6)
                ),
            )
            for number, product in enumerate(self._products[:6])
        )
        return Script(
            room=room, id="script", at=wall_clock(), session="one", script="bench", version="v1", segments=segments
        )

    async def run(self) -> None:
        starts = {(("insertions"), p): await self._bus.end("insertions", p) for p in range(self._bus.partitions)}
        tail = self._bus.tail(starts)
        now = wall_clock()
        began = time.perf_counter()
        for number, room in enumerate(self._rooms):
            await self._send(
                [
                    PlayerSeen(room=room, id="seen", at=now, session="one", identified=True),
                    self._script(room),
                    ModeSet(room=room, id="mode", at=now, mode="auto"),
                ]
            )
            self._later(began + (number % 45) / 10, room, "sentence_started", 0)
        seen = began + 10
        try:
            while not self._stopped:
                for stored in await tail.next(max_records=5_000, wait_ms=20):
                    record = decode("insertions", stored.value)
                    if isinstance(record, Insertion):
                        self.insertions += 1
                        self._next[record.room] = record
                clock = time.perf_counter()
                events: list[RoomEvent] = []
                while self._queue and self._queue[0][0] <= clock:
                    at, _, room, kind, place, insertion = heapq.heappop(self._queue)
                    self._step(at, room, kind, place, insertion, events)
                if clock >= seen:
                    seen += 10
                    events += [PlayerSeen(room=room, id="seen", at=wall_clock(), session="one") for room in self._rooms]
                await self._send(events)
        finally:
            await tail.close()

    def _step(
        self, at: float, room: str, kind: PlaybackKind, place: int, insertion: str, events: list[RoomEvent]
    ) -> None:
        now = wall_clock()
        if kind in ("sentence_started", "sentence_ended"):
            lap, number = divmod(place, SENTENCES)
            segment, sentence = divmod(number, SENTENCES // 6)
            name = f"s{segment}-{sentence}"
            cursor = Cursor(version="v1", lap=lap, segment=f"seg-{segment}", sentence=name)
            events.append(Playback(room=room, id=f"b{self._serial}", at=now, session="one", kind=kind, cursor=cursor))
            if kind == "sentence_started":
                self._later(at + SENTENCE_S, room, "sentence_ended", place)
                return
            told = self._next.get(room)
            if told is not None and told.after is not None and (told.after.lap, told.after.sentence) == (lap, name):
                del self._next[room]
                self._later(at, room, "started", place, told.id)
                self._later(at + told.duration_ms / 1_000, room, "ended", place, told.id)
            else:
                self._later(at, room, "sentence_started", place + 1)
            return
        events.append(Playback(room=room, id=f"b{self._serial}", at=now, session="one", kind=kind, insertion=insertion))
        if kind == "ended":
            self.said += 1
            self._later(at, room, "sentence_started", place + 1)

    def _later(self, at: float, room: str, kind: PlaybackKind, place: int, insertion: str = "") -> None:
        self._serial += 1
        heapq.heappush(self._queue, (at, self._serial, room, kind, place, insertion))

    async def _send(self, events: list[RoomEvent]) -> None:
        if events:
            await self._bus.publish([Outgoing("room-events", event.room, encode(event)) for event in events])
        else:
            await asyncio.sleep(0)
