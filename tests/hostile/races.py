"""Races of prices with everything that says them: a worker that lags, a gateway that fences, a player that speaks.

Each race is a few seconds of one room: viewers ask for a price, which changes meanwhile, once or more, and kill switches are thrown.
What is heard is held against what the log says: a price may be heard at a moment for which it held, by all that was written until then, or
until at most a second before. A kill may be heard through for as long.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Final

from engine.client.playhead import SLIP_MS, Event, Playhead, Say
from engine.events.inputs import (
    AppliedShopEvent,
    FactSet,
    Kill,
    ModeSet,
    Playback,
    PlayerSeen,
    RoomEvent,
    Script,
    ScriptSegment,
    ScriptSentence,
)
from engine.events.journal import AnyEntry, CommentEntry, LeaseEntry, PoolEntry, RoomEntry, ShopEntry, TickEntry
from engine.events.outputs import Insertion, Stop, Withdraw
from engine.events.understanding import Understanding
from engine.events.wire import SetScript
from engine.gateway.fences import Fences
from engine.pool import speech
from engine.pool.model import Fact, Limits, Pool, Product, Reply
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, SHOP, START, pool

WITHIN_MS: Final = 1_000  # a change acts within this
LIVE_MS: Final = 14_000
_PRICE: Final = re.compile(r"(\d+)元")


def _pools() -> dict[str, Pool]:
    """Two catalogues with another price; quick replies, so that much is said within a race."""
    text = "更正，{product}是{price}"
    right = Reply("correction-zh", "correction", text, "zh", True, speech.placeholders(text), seconds=2.0)
    made = {}
    for name, price in (("00000001", 129), ("00000003", 139)):
        tgy = Product(
            "tgy",
            {"zh": "铁观音"},
            (),
            1,
            {"price": Fact("price", price, "CNY", floor=99, ceiling=169)},
            corrections=(right,),
        )
        one = pool(name, products={"tgy": tgy}, limits=Limits(minimum_pause_ms=0, airtime_share=0.9, memory_ms=0))
        for intent in one.intents.values():
            object.__setattr__(intent, "cooldown_ms", 0)
            for reply in intent.replies:
                object.__setattr__(reply, "memory_ms", 0)
        made[name] = one
    return made


POOLS: Final = _pools()


@dataclass(slots=True)
class Heard:
    """A price on air; `end` moves until it is over."""

    price: int
    start: int
    end: int
    correction: bool


@dataclass(eq=False)
class Race:
    """One race, by its seed."""

    seed: int
    rng: Random = field(init=False)
    now: int = START
    heard: list[Heard] = field(default_factory=list)
    cuts: int = 0
    fenced: int = 0
    _heap: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _serial: int = 0
    _offset: int = 0

    def __post_init__(self) -> None:
        rng = self.rng = Random(self.seed)
        self.lag = rng.choice((0, 10, 50, 50, 300, 3_000))  # of the worker
        self.rooms = Rooms(POOLS.__getitem__)
        self.fences = Fences()
        self.playhead = Playhead(lead_ms=rng.choice((200, 800)))
        self.sent: dict[str, Insertion] = {}
        self.truth: list[tuple[int, FactSet | str]] = [(START, "00000001")]
        self.kills: list[tuple[int, str, bool]] = []
        self._seq = -1
        self._worker_at = START
        self._player_at = 0
        self._tick_at = 0

    # ---- time ------------------------------------------------------------------------------------------------------

    def at(self, time: int, action: Callable[[], None]) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (max(time, self.now), self._serial, action))

    def run(self) -> None:
        rng = self.rng
        self._enter(LeaseEntry(1, 8))
        self._enter(PoolEntry(SHOP, "00000001", 1, 0))
        self._player()
        for _ in range(rng.randint(1, 3)):
            self.at(START + rng.randint(0, 6_000), self._ask)
        for _ in range(rng.randint(1, 4)):
            self.at(START + rng.randint(500, 11_000), self._change)
        while self._heap and self._heap[0][0] <= START + LIVE_MS:
            self.now, _, action = heapq.heappop(self._heap)
            action()

    # ---- who writes ------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._serial += 1
        self._input(
            CommentEntry(
                room=ROOM, source="s", id=f"c{self._serial}", viewer=f"v{self._serial}", text="多少钱", sent=self.now, logged=self.now,
                shop=SHOP, model="00000002",
                understanding=Understanding("accepted", "多少钱", intent="product.price", product="tgy", language="zh", confidence=0.9),
            )
        )  # fmt: skip

    def _change(self) -> None:
        """The price changes: now, from a moment on, until one, or is withdrawn; where the worker keeps up, also with the whole pool."""
        rng = self.rng
        self._offset += 1
        offset = self._offset
        if rng.random() < 0.1:
            scope, target = rng.choice((("room", ROOM), ("shop", SHOP), ("*", "*")))
            self._kill(scope, target, offset, on=True)
            self.at(self.now + rng.randint(200, 4_000), partial(self._lift, scope, target))
            return
        if self.lag <= 50 and rng.random() < 0.2:
            name = rng.choice(tuple(POOLS))
            self.truth.append((self.now, name))
            self._input(PoolEntry(SHOP, name, offset + 1, offset))
            return
        start = self.now + rng.randint(200, 3_000) if rng.random() < 0.25 else None
        until = (start or self.now) + rng.randint(500, 4_000) if rng.random() < 0.3 else None
        event = FactSet(
            id="f", at=self.now, shop=SHOP, product="tgy", name="price", value=rng.choice((109, 119, 149, None, 1_000)), start=start,
            until=until,
        )  # fmt: skip
        self.truth.append((self.now, event))
        self._publish(offset, event)

    def _lift(self, scope: str, target: str) -> None:
        self._offset += 1
        self._kill(scope, target, self._offset, on=False)

    def _kill(self, scope: str, target: str, offset: int, *, on: bool) -> None:
        self.kills.append((self.now, scope, on))
        event = Kill.model_validate({"id": "k", "at": self.now, "scope": scope, "target": target, "on": on})
        self._publish(offset, event)

    def _publish(self, offset: int, event: FactSet | Kill) -> None:
        """To the gateway, and to a worker that may lag far behind it."""
        self.at(self.now + self.rng.randint(5, 50), partial(self._fence, offset, event))
        self._input(ShopEntry(AppliedShopEvent(offset=offset, event=event)))

    # ---- the worker ------------------------------------------------------------------------------------------------

    def _input(self, entry: AnyEntry) -> None:
        self._worker_at = max(self._worker_at, self.now + self.lag + self.rng.randint(1, 20))
        self.at(self._worker_at, lambda: self._enter(entry))

    def _enter(self, entry: AnyEntry) -> None:
        self._seq += 1
        self.rooms.handle(self._seq, self.now, entry)
        for record in self.rooms.take().records:
            if isinstance(record, Insertion | Stop | Withdraw):
                self.at(self.now + self.rng.randint(5, 40), partial(self._gate, record))
        due = self.rooms.next_deadline()
        if due is not None and due <= START + LIVE_MS:
            at = max(due, self.now + 50) + self.lag
            if not self.now < self._tick_at <= at:
                self._tick_at = at
                self.at(at, lambda: self._enter(TickEntry()))

    # ---- the gateway -----------------------------------------------------------------------------------------------

    def _gate(self, record: Insertion | Stop | Withdraw) -> None:
        if isinstance(record, Insertion):
            if self.fences.forbids(record) is not None or record.not_after < self.now:
                self.fenced += 1
                return
            self.sent[record.id] = record
        self.at(self.now + self.rng.randint(2, 30), lambda: self._take(record))

    def _fence(self, offset: int, event: FactSet | Kill) -> None:
        self.fences.apply(offset, event)
        for insertion in list(self.sent.values()):
            verdict = self.fences.forbids(insertion)
            if verdict is None:
                continue
            self.fenced += 1
            fields = insertion.model_dump(
                include={"id", "room", "shop", "at", "lease", "seq", "shop_offset", "session"}
            )
            withdraw = Withdraw(**fields, insertion=insertion.id, reason=verdict.cause)
            self.at(self.now + 5, partial(self._take, withdraw))
            if verdict.price or verdict.cause == "killed":
                self.at(self.now + 6, partial(self._take, Stop(**fields, insertion=insertion.id, reason=verdict.cause)))

    # ---- the player ------------------------------------------------------------------------------------------------

    def _player(self) -> None:
        sentences = tuple(
            ScriptSentence(id=f"s{n}", text="话", seconds=self.rng.choice((0.8, 1.5, 2.5))) for n in range(4)
        )
        segments = (ScriptSegment(id="one", product="tgy", sentences=sentences),)
        self._tell(
            PlayerSeen(room=ROOM, id="p", at=self.now, session="one", identified=True, lead_ms=self.playhead.lead_ms)
        )
        self._tell(Script(room=ROOM, id="s", at=self.now, session="one", script="x", version="v1", segments=segments))
        self._tell(ModeSet(room=ROOM, id="m", at=self.now, mode="auto"))
        self._do(self.playhead.load(SetScript(id="s", script="x", version="v1", segments=segments), self.now))

    def _tell(self, event: RoomEvent) -> None:
        self._input(RoomEntry(event, SHOP))

    def _take(self, record: Insertion | Stop | Withdraw) -> None:
        self._do(self.playhead.advance(self.now))
        if isinstance(record, Insertion):
            self._do(self.playhead.insert(record, self.now))
        elif isinstance(record, Withdraw):
            self._do(self.playhead.withdraw(record, self.now))
        else:
            self._do(self.playhead.stop(record, self.now))

    def _advance(self) -> None:
        self._do(self.playhead.advance(self.now))

    def _do(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Say):
                self._say(event)
                continue
            self._tell(
                Playback(
                    room=ROOM, id="b", at=event.at, session="one", kind=event.kind, cursor=event.cursor, insertion=event.insertion,
                    reason=event.reason,
                )
            )  # fmt: skip
        due = self.playhead.next_deadline()
        if due is not None and due != self._player_at:
            self._player_at = due
            self.at(due, self._advance)

    def _say(self, say: Say) -> None:
        if self.heard and self.heard[-1].end > self.now:
            self.heard[-1].end = self.now
            self.cuts += say.kind == "cut"
        if say.insertion is not None and say.kind == "reply":
            found = _PRICE.search(say.text)
            if found is not None:
                end = self.now + say.insertion.duration_ms
                self.heard.append(Heard(int(found[1]), self.now, end, say.insertion.correction))

    # ---- what was right --------------------------------------------------------------------------------------------

    def price_at(self, known: int, time: int) -> int | None:
        """What holds at `time` by all that was written until `known`: worked out from the log alone."""
        live: FactSet | None = None
        base = 129
        for at, change in self.truth:
            if at > known:
                break
            if isinstance(change, FactSet):
                live = change
            else:
                base = 139 if change == "00000003" else 129
        if (
            live is None
            or (live.until is not None and live.until <= time)
            or (live.start is not None and live.start > time)
        ):
            return base
        value = live.value
        return value if isinstance(value, int) and 99 <= value <= 169 else None

    def silences(self) -> list[tuple[int, int]]:
        """When any kill switch was on."""
        found: list[tuple[int, int]] = []
        on: dict[str, int] = {}
        for at, key, thrown in self.kills:
            if thrown and not on:
                found.append((at, START + LIVE_MS))
            if thrown:
                on[key] = at
            elif on.pop(key, None) is not None and not on:
                found[-1] = (found[-1][0], at)
        return found

    def wrong(self) -> str | None:
        """The first price that was heard at a moment for which it did not hold, or that a kill had silenced for a second."""
        for begin, end in self.silences():
            for said in self.heard:
                if max(said.start, begin + WITHIN_MS) < min(said.end, end):
                    return f"{said} was heard while a kill held from {begin - START} to {end - START} ms"
        changes = [at for at, _ in self.truth]
        edges = set(changes)
        for _, change in self.truth:
            if isinstance(change, FactSet):
                edges |= {moment for moment in (change.start, change.until) if moment is not None}
        for said in self.heard:
            moments = {said.start, said.end - 1, *(edge + late for edge in edges for late in (SLIP_MS, WITHIN_MS))}
            for moment in sorted(moment for moment in moments if said.start <= moment < said.end):
                known = (moment - WITHIN_MS, *(at for at in changes if moment - WITHIN_MS <= at <= moment))
                held = {self.price_at(at, time) for at in known for time in (moment, moment - SLIP_MS)}
                if said.price not in held:
                    return f"{said.price} was heard at {moment - START} ms, where {held} held ({said})"
        return None


@dataclass(slots=True)
class RacesOutcome:
    """What came of the races."""

    races: int
    prices: int = 0
    cuts: int = 0
    fenced: int = 0
    corrections: int = 0


def run(count: int, seed: int) -> RacesOutcome:
    """`count` races. Raises `AssertionError` with the first wrong price."""
    outcome = RacesOutcome(count)
    for number in range(seed, seed + count):
        race = Race(number)
        race.run()
        wrong = race.wrong()
        assert wrong is None, f"race {number}: {wrong}"
        outcome.prices += len(race.heard)
        outcome.cuts += race.cuts
        outcome.fenced += race.fenced
        outcome.corrections += sum(said.correction for said in race.heard)
    return outcome
