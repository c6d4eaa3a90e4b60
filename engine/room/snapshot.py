"""A room's whole state as text, within 256 KiB but for ids that are made to resist packing, and back."""

from __future__ import annotations

import base64
import heapq
import zlib
from collections.abc import Mapping
from typing import Final, Literal

import cramjam
from pydantic import TypeAdapter

from engine.errors import RestoreError
from engine.events.fields import Part
from engine.events.inputs import Mode
from engine.events.journal import RoomSnapshot
from engine.events.outputs import Insertion
from engine.room.askers import Askers
from engine.room.chat import ChatState
from engine.room.demands import DemandState, Key, Proposed, weight
from engine.room.duties import Duties
from engine.room.people import PeopleState
from engine.room.room import Flight, Lost, Room
from engine.room.script import ClockState, ScriptClock
from engine.room.seen import SeenIds, SeenState
from engine.room.shop import Shop

SCHEMA: Final = 8
"""Version of the state below, as it is written."""

READABLE: Final = frozenset({1, 2, 3, 4, 5, 6, 7, SCHEMA})
"""Versions that are read; another one is refused with a remedy. 1: `heard` does not tell which product was spoken about, so that a variant
that names its product may be heard once more within its memory. 2: nothing is proposed; a mode other than
`shadow` is the room's own; nothing was posted, and handoffs were not kept open. 3: without `duties`: the disclosure is said anew.
Up to 4: `worth` is missing, so that the air costs nothing at first; a script that is off the screen is not known to be.
Up to 5: a post that fails gives back only what it took of those who wait for it, and who approved what is on its way is missing.
Up to 7: the product that a waiting comment meant is known only where its answer hung on it."""

PLAIN_BYTES: Final = (
    200 * 1024
)  # JSON up to this is left plain; a full room with long names is packed (Zstandard, base64)

ZLIB: Final = b"\x78"  # first byte of what schemas 1 and 2 packed


class FlightState(Part):
    insertion: Insertion
    demand: DemandState
    emitted: int
    due: int
    until: int
    state: Literal["sent", "accepted", "started"]
    started: int
    resent: bool
    cause: str
    cuts: bool
    cooled: int
    cooldown_before: int
    heard_before: int | None
    proposed: Proposed | None = None

    @classmethod
    def of(cls, flight: Flight) -> FlightState:
        return cls(
            insertion=flight.insertion,
            demand=DemandState.of(flight.demand),
            emitted=flight.emitted,
            due=flight.due,
            until=flight.until,
            state=flight.state,
            started=flight.started,
            resent=flight.resent,
            cause=flight.cause,
            cuts=flight.cuts,
            cooled=flight.cooled,
            cooldown_before=flight.cooldown_before,
            heard_before=flight.heard_before,
            proposed=flight.proposed,
        )

    def flight(self) -> Flight:
        return Flight(
            insertion=self.insertion,
            demand=self.demand.demand(),
            emitted=self.emitted,
            due=self.due,
            until=self.until,
            state=self.state,
            started=self.started,
            resent=self.resent,
            cause=self.cause,
            cuts=self.cuts,
            cooled=self.cooled,
            cooldown_before=self.cooldown_before,
            heard_before=self.heard_before,
            proposed=self.proposed,
        )


class RoomState(Part):
    """Everything of a `Room` that is not worked out from the rest."""

    shop: str
    language: Literal["zh", "en"]
    created: int
    mode: Mode
    own_mode: bool | None = None
    closed: int | None
    active: int
    seen: SeenState
    askers: list[tuple[str, list[int]]]
    demands: list[DemandState]
    serial: int
    named: list[tuple[int, str, str]]
    clock: ClockState
    flight: FlightState | None
    lost_flights: list[FlightState]
    cooldowns: list[tuple[Key, int]]
    heard: dict[str, int]
    airtime: list[tuple[int, int]]
    last_end: int
    worth: float = 0.0
    proposals: tuple[Proposed, ...] = ()
    muted: tuple[tuple[Key, int], ...] = ()
    duties: Duties | None = None
    session: str | None
    gone: str | None
    had_player: bool
    lead_ms: int
    stream_delay_ms: int | None
    player_at: int
    lost: Lost | None
    person: bool
    person_waits: bool
    holding: bool = False
    let_go: str | None = None
    killed: bool
    held: bool
    decide_at: int
    window_end: int
    review_at: int
    timer: int
    chat: ChatState | None = None
    people: PeopleState | None = None


_STATE: Final = TypeAdapter(RoomState)

_PLAIN: Final = (
    "language", "created", "mode", "own_mode", "closed", "active", "serial", "named", "heard", "airtime", "last_end", "worth",
    "session", "gone", "had_player", "lead_ms", "stream_delay_ms", "player_at", "lost", "person", "person_waits", "holding",
    "let_go", "killed", "held", "decide_at", "window_end", "review_at", "timer",
)  # fmt: skip
"""Fields that are the same in the room and in its state."""


def encode(room: Room, now: int) -> str:
    """The state as JSON, packed where it is large. Identities past their use are left out: nobody can tell, but memory."""
    room.seen.forget(now)
    seen = room.seen.encode()
    state = RoomState.model_construct(  # nothing to check: it comes from where each part was
        shop=room.shop.id,
        seen=SeenState(runs=seen.runs, ids=""),
        askers=room.askers.encode(),
        demands=[DemandState.of(demand) for demand in room.demands.values()],
        clock=room.clock.encode(),
        flight=FlightState.of(room.flight) if room.flight else None,
        lost_flights=[FlightState.of(flight) for flight in room.lost_flights.values()],
        cooldowns=list(room.cooldowns.items()),
        proposals=tuple(room.proposals.values()),
        muted=tuple(room.muted.items()),
        chat=ChatState.of(room.chat),
        people=PeopleState.of(room.people),
        duties=room.duties,
        **{name: getattr(room, name) for name in _PLAIN},
    )
    text = _STATE.dump_json(state)
    if len(text) + len(seen.ids) <= PLAIN_BYTES:
        return _STATE.dump_json(state.model_copy(update={"seen": seen})).decode()
    packed = base64.b64encode(cramjam.zstd.compress(text, 1)).decode()
    return f"{packed}\n{seen.ids}"  # hashes do not pack


def read(text: str) -> RoomState:
    """The state, packed or plain. Raises `ValueError`."""
    if text.startswith("{"):
        return _STATE.validate_json(text)
    head, _, ids = text.partition("\n")
    packed = base64.b64decode(head)
    try:
        if packed.startswith(ZLIB):
            return _STATE.validate_json(zlib.decompress(packed))
        state = _STATE.validate_json(bytes(cramjam.zstd.decompress(packed)))
        return state.model_copy(update={"seen": SeenState(runs=state.seen.runs, ids=ids)}) if ids else state
    except (zlib.error, cramjam.DecompressionError) as error:
        raise ValueError(f"it cannot be unpacked: {error}") from error


def decode(name: str, state: RoomState, shop: Shop, seq: int) -> Room:
    """The room of a snapshot that covers entries up to `seq`."""
    room = Room(name, shop, state.language, state.created)
    for field in _PLAIN:
        setattr(room, field, getattr(state, field))
    room.seen = SeenIds.decode(state.seen)
    room.duties = state.duties or Duties(since=room.active, due=room.active)
    room.askers = Askers.decode(state.askers)
    room.clock = ScriptClock.decode(state.clock)
    room.demands = {(d.intent, d.product): d.demand() for d in state.demands}
    room.flight = state.flight.flight() if state.flight else None
    room.lost_flights = {f.insertion.id: f.flight() for f in state.lost_flights}
    if state.own_mode is None:
        room.own_mode = state.mode != "shadow"
    room.cooldowns = dict(state.cooldowns)
    room.proposals = {proposed.key: proposed for proposed in state.proposals}
    room.muted = dict(state.muted)
    if state.chat is not None:
        room.chat = state.chat.chat()
    if state.people is not None:
        room.people = state.people.people()
    room.deadlines = [(c.deadline, c.serial, c) for c in room.all_waiting() if not c.deferred]
    heapq.heapify(room.deadlines)
    room.waiting_bytes = sum(weight(comment) for comment in room.all_waiting())
    room.restored = seq
    return room


def restored(saved: RoomSnapshot, shops: Mapping[str, Shop]) -> Room:
    """The room as of its snapshot's seq. Raises `RestoreError`. `shops`: those that are live."""
    if saved.schema_version not in READABLE:
        raise RestoreError(
            f"the snapshot of room {saved.room} has schema {saved.schema_version}, this version reads up to {SCHEMA}: "
            "run the version that wrote it, or a newer one"
        )
    try:
        state = read(saved.state)
        shop = shops.get(state.shop)
        if shop is None:
            raise RestoreError(
                f"the snapshot of room {saved.room} is of shop {state.shop}, which neither the partition record nor the journal up "
                f"to seq {saved.seq} made live: restore the log from a copy"
            )
        return decode(saved.room, state, shop, saved.seq)
    except ValueError as error:
        raise RestoreError(f"the snapshot of room {saved.room} cannot be read: {error}") from error
