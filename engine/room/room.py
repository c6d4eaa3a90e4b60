"""The state of one room. The verbs that change it stand in the modules beside this one; they are called by `rooms.py` alone.

Everything here is bounded (each collection names its cap), so that a snapshot stays within 256 KiB (ids that are made to
resist packing may take it further, never beyond what its record takes).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from engine.events.inputs import Mode
from engine.events.outputs import Insertion
from engine.pool.model import Limits
from engine.room.askers import Askers
from engine.room.chat import Chat
from engine.room.demands import Demand, Key, Proposed, Waiting, weight
from engine.room.duties import Duties
from engine.room.people import People
from engine.room.script import ScriptClock
from engine.room.seen import SeenIds
from engine.room.shop import FOREVER, Filled, Shop

HEARD_CAP: Final = 256  # variants and cooldowns that are remembered; the oldest is forgotten
AIRTIME_CAP: Final = 256  # spans of air in the window; replies of a second fill 75 s with 75
NAMED_CAP: Final = 64  # products that viewers named lately
ENDED_MIN: Final = 256  # ended comments that may stand in the heap of deadlines; beyond, at most half of it
REPORT_TIMEOUT_MS: Final = 5_000  # past the predicted event; then its outcome is unknown
WORTH_WEIGHT: Final = 0.1  # of the newest choice in the running mean of what replies are worth
WORTH_MOST: Final = (
    2.0  # times the mean that one choice counts at most, so that a single burst does not make the air dear for long
)
PACE: Final = (
    0.4  # of the airtime's window: that much of its end is looked at too, so that replies do not come all at once
)
LOST_CAP: Final = 4  # insertions of unknown outcome whose late report can still be matched

Lost = Literal["silent", "overdue", "unreported", "gone"]


@dataclass(slots=True)
class Flight:
    """An insertion on its way: sent, accepted, started."""

    insertion: Insertion
    demand: Demand
    emitted: int
    due: int
    """When its next report is overdue."""
    until: int
    """When its facts end: later comments do not join it."""
    state: Literal["sent", "accepted", "started"] = "sent"
    started: int = 0
    resent: bool = False
    cause: str = ""
    """Why it was withdrawn or stopped; empty while it may be said."""
    cuts: bool = False
    """It may not even be finished: stopped, or to be stopped where it starts all the same."""
    cooled: int = 0
    """Until when it reserved its key's cooldown."""
    cooldown_before: int = 0
    heard_before: int | None = None
    proposed: Proposed | None = None
    """The approval by which it is said, where it needs one."""

    @property
    def notice(self) -> bool:
        """The room says it by itself: no reply, and no airtime of replies."""
        return self.insertion.correction or self.insertion.disclosure is not None


@dataclass(slots=True)
class Room:
    """One live session."""

    name: str
    shop: Shop
    language: Literal["zh", "en"]
    created: int
    mode: Mode = "shadow"
    own_mode: bool = False
    """It was told its mode itself, after its shop was: it keeps it where it moves to another shop."""
    closed: int | None = None
    """When it was closed."""
    active: int = 0
    """Time of the last input."""
    # what is asked
    seen: SeenIds = field(default_factory=SeenIds)
    askers: Askers = field(default_factory=Askers)
    demands: dict[Key, Demand] = field(default_factory=dict)
    deadlines: list[tuple[int, int, Waiting]] = field(default_factory=list)
    """Heap of (deadline, serial, comment); comments that ended are skipped when they surface."""
    ended: set[int] = field(default_factory=set)
    """Serials in the heap that have ended; never iterated."""
    serial: int = 0
    waiting_bytes: int = 0
    named: list[tuple[int, str, str]] = field(default_factory=list)
    # what is said
    clock: ScriptClock = field(default_factory=ScriptClock)
    flight: Flight | None = None
    lost_flights: dict[str, Flight] = field(default_factory=dict)
    cooldowns: dict[Key, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    """When each variant was heard last, and each that names its product (`reply/product`) about which."""
    airtime: list[tuple[int, int]] = field(default_factory=list)
    chat: Chat = field(default_factory=Chat)
    """What is posted."""
    people: People = field(default_factory=People)
    """What was passed to people."""
    last_end: int = 0
    duties: Duties = field(default_factory=Duties)
    worth: float = 0.0
    """Running mean of the value densities that were chosen."""
    # what people are asked
    proposals: dict[Key, Proposed] = field(default_factory=dict)
    muted: dict[Key, int] = field(default_factory=dict)
    """Until when a demand that a person refused stays silent."""
    # who says it
    session: str | None = None
    gone: str | None = None
    """The session that left last: nothing that it said before comes as news of a player."""
    had_player: bool = False
    lead_ms: int = 800
    stream_delay_ms: int | None = None
    player_at: int = 0
    lost: Lost | None = None
    person: bool = False
    person_waits: bool = False
    holding: bool = False
    """The player was told to hold its script for a person."""
    let_go: str | None = None
    """The session that was told to go on after a person had the room, until a sentence shows that it does."""
    killed: bool = False
    held: bool = False
    """A kill switch holds the script too."""
    # when to look again
    decide_at: int = FOREVER
    window_end: int = 0
    review_at: int = FOREVER
    timer: int = FOREVER
    restored: int = -1
    """Entries up to this seq are part of the snapshot that the room came from."""

    @property
    def limits(self) -> Limits:
        return self.shop.pool.limits

    @property
    def stream_delay(self) -> int:
        return self.stream_delay_ms if self.stream_delay_ms is not None else self.limits.stream_delay_ms

    @property
    def may_speak(self) -> bool:
        """Whether an insertion may be emitted at all."""
        return (
            self.mode in ("auto", "approve")
            and not self.killed
            and not self.person
            and not self.person_waits
            and self.session is not None
            and self.lost is None
        )

    @property
    def may_post(self) -> bool:
        """Whether a chat reply may be written at all; mode `approve`: one that nobody need approve."""
        return (
            self.mode in ("auto", "approve")
            and not self.killed
            and not self.person
            and not self.person_waits
            and self.closed is None
        )

    @property
    def busy(self) -> bool:
        """Whether something is on its way, or people have a question of it."""
        return self.flight is not None or bool(self.chat.posts) or bool(self.people.open)

    def found(self, now: int, *causes: Lost) -> None:
        """The player shows that it is there after all; not while it may be saying what nobody knows of."""
        if self.lost in causes and not any(
            flight.insertion.session == self.session
            and now <= flight.insertion.not_after + flight.insertion.duration_ms
            for flight in self.lost_flights.values()
        ):
            self.lost = None

    def rest(self, at: int) -> None:
        """Script time stands still while a reply is spoken, a person has the room or a kill holds it; else it goes on from `at`."""
        if self.person or self.held or (self.flight is not None and self.flight.state == "started"):
            self.clock.hold_still()
        else:
            self.clock.go_on(at)

    def resumes(self, now: int) -> int:
        """When a script that stands still is expected to go on: at the end of the reply that is said, else nobody knows."""
        begun = self.flight is not None and self.flight.state == "started"
        return self.flight.started + self.flight.insertion.duration_ms if begun and self.flight is not None else now

    def pushes(self) -> tuple[int, int]:
        """(moment, by how much the reply on its way will put off all that the script says after that moment)."""
        flight = self.flight
        if flight is None or flight.state == "started" or flight.cause:
            return FOREVER, 0
        said = flight.insertion
        again = max(0, said.start - self.clock.started) if said.when == "now" else 0
        return said.start, said.duration_ms + again

    def pause_comes(self, at: int) -> None:
        """A sentence or a reply is over, or nothing is said: who waited for that has the room now."""
        if self.person_waits and not (self.flight is not None and self.flight.state == "started"):
            self.person, self.person_waits = True, False
        self.rest(at)

    # ---- waiting comments ------------------------------------------------------------------------------------------

    def demand(self, intent: str, product: str | None, now: int) -> Demand:
        """The demand for intent × product, new where there is none."""
        key = (intent, product)
        demand = self.demands.get(key)
        if demand is None:
            known = self.shop.pool.intents.get(intent)
            demand = self.demands[key] = Demand(intent, product, now, priority=known.priority if known else 0)
        return demand

    def demand_of(self, comment: Waiting, now: int) -> Demand:
        """The demand that a comment belongs to, by the product that it meant and the shop's answers of now."""
        intent = self.shop.pool.intents.get(comment.intent)
        if intent is not None and comment.meant is not None:
            comment.product = self.shop.about(intent, comment.meant)
        return self.demand(comment.intent, comment.product, now)

    def wait(self, comment: Waiting) -> None:
        """Enter a comment into the books; its demand takes it separately."""
        self.waiting_bytes += weight(comment)
        heapq.heappush(self.deadlines, (comment.deadline, comment.serial, comment))

    def forget(self, comment: Waiting) -> None:
        """The comment has its decision."""
        self.waiting_bytes -= weight(comment)
        if comment.deferred:
            return
        self.ended.add(comment.serial)
        if len(self.ended) > ENDED_MIN and 2 * len(self.ended) > len(self.deadlines):
            self.deadlines = [row for row in self.deadlines if row[1] not in self.ended]
            heapq.heapify(self.deadlines)
            self.ended.clear()

    def defer(self, comment: Waiting) -> None:
        """Its deadline has passed while it is in flight: what becomes of the flight decides."""
        heapq.heappop(self.deadlines)
        comment.deferred = True

    def next_waiting(self) -> Waiting | None:
        """The comment with the earliest deadline that has not passed unseen."""
        heap = self.deadlines
        while heap:
            serial = heap[0][1]
            if serial in self.ended:
                heapq.heappop(heap)
                self.ended.discard(serial)
                continue
            return heap[0][2]
        return None

    def all_waiting(self) -> Iterator[Waiting]:
        """Every comment that has no decision yet."""
        for demand in self.demands.values():
            yield from demand.comments
        if self.flight is not None:
            yield from self.flight.demand.comments
        for post in self.chat.posts.values():
            yield from post.demand.comments

    # ---- what was said ---------------------------------------------------------------------------------------------

    def spent(self, until: int, window: int | None = None) -> int:
        """Airtime within the window that ends at `until`, ms."""
        start = until - (self.limits.airtime_window_ms if window is None else window)
        return sum(min(e, until) - max(s, start) for s, e in self.airtime if e > start and s < until)

    def free_air(self, start: int) -> int:
        """How long a reply that starts then may be at most, ms: what the window has left, and what leaves it meanwhile."""
        window = self.limits.airtime_window_ms
        at, free = start - window, 0  # where the window begins: it moves on while the reply goes on
        spans = sorted(span for span in self.airtime if span[1] > at)
        left = int(self.limits.airtime_share * window) - sum(e - max(s, at) for s, e in spans)
        if left < 0:
            return 0
        for s, e in spans:
            if s - at > left:
                break
            left -= max(0, s - at)
            free += e - at
            at = e
        return free + left

    def price(self, start: int) -> float:
        """What a second of air has to be worth then: as much as replies were lately, times the cube of how full the air is."""
        limits = self.limits
        window, recent = limits.airtime_window_ms, round(PACE * limits.airtime_window_ms)
        full = max(self.spent(start) / window, self.spent(start, recent) / recent) / limits.airtime_share
        return round(self.worth * full * full * full, 4)

    def chose(self, density: float) -> None:
        """A reply of this value density goes on air."""
        most = min(density, WORTH_MOST * self.worth) if self.worth else density
        self.worth = round(self.worth + (WORTH_WEIGHT if self.worth else 1.0) * (most - self.worth), 4)

    def say(self, start: int, end: int) -> None:
        """Reserve a span of air."""
        horizon = start - self.limits.airtime_window_ms
        self.airtime = [span for span in self.airtime if span[1] > horizon][-(AIRTIME_CAP - 1) :]
        self.airtime.append((start, end))
        self.last_end = max(self.last_end, end)

    def unsay(self, start: int, end: int) -> None:
        """Return a reserved span."""
        if (start, end) in self.airtime:
            self.airtime.remove((start, end))
        self.last_end = max(self.duties.ended, max((e for _, e in self.airtime), default=0))

    def cool(self, key: Key, until: int) -> None:
        """Nothing is said to this key before `until`."""
        self.cooldowns.pop(key, None)
        self.cooldowns[key] = until
        if len(self.cooldowns) > HEARD_CAP:
            del self.cooldowns[next(iter(self.cooldowns))]

    def hear(self, filled: Filled, at: int) -> None:
        """Viewers hear this variant at `at`."""
        for key in dict.fromkeys((filled.reply.id, filled.words)):
            self._remember(key, at)

    def unhear(self, reply: str, product: str | None, at: int, before: int | None) -> None:
        """They did not hear it at `at` after all, but last at `before`, as `heard` said then."""
        words = f"{reply}/{product}"
        if self.heard.get(words) == at:
            self._remember(words, before)
            before = max((other for key, other in self.heard.items() if key.startswith(f"{reply}/")), default=None)
        if self.heard.get(reply) == at:
            self._remember(reply, before)

    def heard_later(self, reply: str, product: str | None, planned: int, at: int) -> None:
        """They heard it at `at`, not when it was planned."""
        for key in (reply, f"{reply}/{product}"):
            if self.heard.get(key) == planned:
                self._remember(key, at)

    def _remember(self, key: str, at: int | None) -> None:
        self.heard.pop(key, None)
        if at is not None:
            self.heard[key] = at
        if len(self.heard) > HEARD_CAP:
            del self.heard[next(iter(self.heard))]
