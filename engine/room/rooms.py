"""All rooms of one partition: entries in, effects out. The only door to the core.

The core sees nothing that is not an entry: it opens nothing, reads no clock, draws no randomness. The same entries give the same
effects, byte for byte, on any machine; a restored core goes on as the one that was snapshotted would have.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Final, assert_never

from engine.events.inputs import (
    AppliedShopEvent,
    Approval,
    ChatReplyReport,
    FactSet,
    GapMark,
    HandoffState,
    Kill,
    Mode,
    ModeSet,
    Playback,
    PlayerGone,
    PlayerSeen,
    PoolLive,
    RoomClosed,
    RoomEvent,
    RoomOpened,
    Script,
    ShopModeSet,
    TakeOver,
)
from engine.events.journal import (
    AnyEntry,
    CommentEntry,
    LeaseEntry,
    LivePool,
    PauseEntry,
    PoolEntry,
    RoomEntry,
    RoomSnapshot,
    ShopEntry,
    TickEntry,
)
from engine.pool.model import Pool
from engine.room import (
    control,
    handoffs,
    notices,
    playback,
    posted,
    posts,
    presence,
    proposals,
    script_events,
    snapshot,
)
from engine.room.arrival import arrive
from engine.room.blockers import expire, review, review_one
from engine.room.concerns import Concerns, concerns
from engine.room.effects import Effects
from engine.room.emission import consider
from engine.room.ending import regroup
from engine.room.room import Room
from engine.room.shop import FOREVER, Shop

TIMERS_MIN: Final = 1_000  # timers, overtaken ones included, beyond eight a room: then the overtaken ones are swept out


class Rooms:
    """The rooms of one partition, with the shops that they belong to."""

    def __init__(self, pools: Callable[[str], Pool]) -> None:
        self._pools = pools
        self._rooms: dict[str, Room] = {}
        self._shops: dict[str, Shop] = {}
        self._shop_events: dict[str, AppliedShopEvent] = {}
        self._kills: dict[str, Kill] = {}
        self._timers: list[tuple[int, str]] = []
        self._fx = Effects()

    # ---- what the worker asks --------------------------------------------------------------------------------------

    @property
    def lease(self) -> int:
        """The owner's lease, as the last lease entry said."""
        return self._fx.lease

    def names(self) -> list[str]:
        """Rooms held, in order of creation."""
        return list(self._rooms)

    def room(self, name: str) -> Room | None:
        """A room as it stands, to be looked at only."""
        return self._rooms.get(name)

    def pool_of(self, room: str, shop: str) -> str | None:
        """Hash of the pool by which comments of the room are understood now; `shop` is for a room that nobody opened."""
        known = self._rooms.get(room)
        if known is not None:
            return known.shop.pool.hash
        named = self._shops.get(shop)
        return named.pool.hash if named is not None else None

    def answer_within_ms(self, room: str, shop: str) -> int:
        """The longest `answer_within` of the room's pool."""
        known = self._rooms.get(room)
        held = known.shop if known is not None else self._shops.get(shop)
        return held.longest_ms if held is not None else 0

    def next_deadline(self) -> int | None:
        """The earliest time at which a tick has something to do."""
        timers = self._timers
        while timers:
            at, name = timers[0]
            room = self._rooms.get(name)
            if room is not None and room.timer == at:
                return at
            heapq.heappop(timers)
        return None

    def take(self) -> Effects:
        """What was produced since the last take."""
        taken = self._fx
        self._fx = Effects(lease=taken.lease, seq=taken.seq, now=taken.now, shop_offset=taken.shop_offset)
        return taken

    def concerns(self) -> Concerns:
        """What people should know of the rooms as they stand."""
        return concerns(self._rooms.values(), self._fx.now)

    # ---- entries ---------------------------------------------------------------------------------------------------

    def handle(self, seq: int, now: int, entry: AnyEntry) -> None:
        """Apply one entry. `now` never goes back along `seq`."""
        fx = self._fx
        fx.begin(seq, now)
        if isinstance(entry, CommentEntry):
            room = self._rooms.get(entry.room) or self._open(entry.room, entry.shop)
            if room.restored < seq and arrive(room, entry, fx):
                self._plan(room)
        elif isinstance(entry, RoomEntry):
            room = self._rooms.get(entry.event.room) or self._open(entry.event.room, entry.shop)
            if room.restored < seq:
                room.active = now
                self._event(room, entry.event)
                self._settle(room)
        elif isinstance(entry, TickEntry):
            self._tick()
        elif isinstance(entry, PauseEntry):
            self._skip(entry.paused_ms)
        elif isinstance(entry, ShopEntry):
            self._shop_event(entry.applied)
        elif isinstance(entry, PoolEntry):
            self._pool(entry)
        elif isinstance(entry, LeaseEntry):
            fx.lease = entry.lease
        else:
            assert_never(entry)

    def _open(self, name: str, shop: str) -> Room:
        """A room that is seen for the first time: in its shop's mode until it is told otherwise."""
        held, now = self._shops[shop], self._fx.now
        room = Room(name, held, held.pool.default_language, now, self._mode_of(shop), active=now)
        control.kill(room, *control.killed(room, self._kills), self._fx)
        self._rooms[name] = room
        self._plan(room)
        return room

    def _event(self, room: Room, event: RoomEvent) -> None:
        fx = self._fx
        match event:
            case Playback():
                if not presence.current(room, event.session, fx):
                    return
                room.player_at = fx.now
                room.found(fx.now, "silent")
                if event.insertion is not None and event.kind not in ("sentence_started", "sentence_ended", "idle"):
                    playback.played(room, event, fx)
                elif event.kind == "idle":
                    room.clock.idle(min(event.at, fx.now))
                    room.pause_comes(fx.now)
                else:
                    script_events.sentence(room, event, fx)
            case PlayerSeen():
                presence.seen(room, event, fx)
            case PlayerGone():
                presence.gone(room, event, fx)
            case Script():
                if presence.current(room, event.session, fx):
                    script_events.loaded(room, event, fx)
            case RoomOpened():
                control.opened(room, event, self._shops.get(event.shop), self._mode_of(event.shop))
                control.kill(room, *control.killed(room, self._kills), fx)
            case RoomClosed():
                control.closed(room, fx)
            case ModeSet():
                control.mode_set(room, event.mode, fx, own=True)
            case TakeOver():
                control.take_over(room, event, fx)
            case Approval():
                proposals.verdict(room, event, fx)
            case ChatReplyReport():
                posted.reported(room, event, fx)
            case HandoffState():
                handoffs.closed_by(room, event, fx)
            case _:
                assert_never(event)

    def _shop_event(self, applied: AppliedShopEvent) -> None:
        fx, event = self._fx, applied.event
        known = self._shop_events.get(event.key())
        if known is not None and known.offset >= applied.offset:
            return
        fx.shop_offset = max(fx.shop_offset, applied.offset)
        if isinstance(event, GapMark | PoolLive):
            return
        self._shop_events[event.key()] = applied
        if isinstance(event, FactSet):
            if (shop := self._shops.get(event.shop)) is None:
                return
            shop.set_fact(applied, event)
            self._changed(shop, f"{event.product}/{event.name}")
        elif isinstance(event, Kill):
            self._kills[event.key()] = event
            for room in list(self._rooms.values()):
                if room.restored >= fx.seq:
                    continue
                killed = control.killed(room, self._kills)
                if killed != (room.killed, room.held):
                    control.kill(room, *killed, fx)
                    self._settle(room)
        elif isinstance(event, ShopModeSet):
            shop = self._shops.get(event.shop)
            for room in self._of(shop) if shop is not None else ():
                control.mode_set(room, event.mode, fx, own=False)
                self._settle(room)

    def _pool(self, entry: PoolEntry) -> None:
        fx = self._fx
        fx.shop_offset = max(fx.shop_offset, entry.offset)
        pool = self._pools(entry.pool)
        if (shop := self._shops.get(entry.shop)) is None:
            self._shops[entry.shop] = self._new_shop(entry.shop, pool, entry.generation, entry.offset)
            return
        shop.swap(pool, entry.generation, entry.offset)
        self._changed(shop)

    def _changed(self, shop: Shop, fact: str | None = None) -> None:
        """The shop's `fact`, or its pool, is another one: what is on its way may not be said or posted any more."""
        for room in self._of(shop):
            playback.check_flight(room, self._fx)
            posted.check(room, self._fx)
            script_events.alert_stale(room, self._fx, fact)
            regroup(room, self._fx)
            self._settle(room)

    def _new_shop(self, name: str, pool: Pool, generation: int, offset: int) -> Shop:
        shop = Shop(name, pool, generation, offset)
        for applied in self._shop_events.values():
            if isinstance(applied.event, FactSet) and applied.event.shop == name:
                shop.set_fact(applied, applied.event)
        return shop

    def _of(self, shop: Shop) -> list[Room]:
        """Rooms of a shop that this entry is new to."""
        return [room for room in self._rooms.values() if room.shop is shop and room.restored < self._fx.seq]

    def _mode_of(self, shop: str) -> Mode:
        """The mode of the shop's rooms that were told none of their own: `shadow` where the shop was told none either."""
        told = self._shop_events.get(f"{shop}/mode")
        return told.event.mode if told is not None and isinstance(told.event, ShopModeSet) else "shadow"

    # ---- time ------------------------------------------------------------------------------------------------------

    def _skip(self, paused_ms: int) -> None:
        """Nobody listened until now, so that nothing held here can be newer than the start of that time."""
        for room in self._rooms.values():
            if room.restored < self._fx.seq:
                presence.skip(room, paused_ms)

    def _tick(self) -> None:
        now, timers = self._fx.now, self._timers
        due: list[Room] = []
        early: list[tuple[int, str]] = []  # of restored rooms that have this tick behind them
        while timers and timers[0][0] <= now:
            at, name = heapq.heappop(timers)
            known = self._rooms.get(name)
            if known is None or known.timer != at:
                continue
            if known.restored < self._fx.seq:
                known.timer = FOREVER  # a timer that came back to `at` stands here twice
                due.append(known)
            elif (at, name) not in early:
                early.append((at, name))
        for row in early:
            heapq.heappush(timers, row)
        for room in due:
            if control.forgotten(room, now):
                del self._rooms[room.name]
                continue
            before = (room.lost, room.flight, len(room.chat.unknown))
            shorter = expire(room, self._fx)
            playback.overdue(room, self._fx)
            presence.check(room, self._fx)
            posted.overdue(room, self._fx)
            handoffs.expire(room, self._fx)
            notices.check(room, self._fx)
            woken = notices.due(room, now) or room.review_at <= now or room.decide_at <= now
            if woken or (room.lost, room.flight, len(room.chat.unknown)) != before:
                self._look(room)
            else:
                for demand in shorter:
                    review_one(room, demand, self._fx)
                proposals.attend(room, self._fx)
                if room.chat.look_at <= now:
                    posts.consider(room, self._fx)
            self._plan(room)

    def _settle(self, room: Room) -> None:
        """After anything but a comment or a tick: every demand is looked at again."""
        self._look(room)
        self._plan(room)

    def _look(self, room: Room) -> None:
        review(room, self._fx)
        proposals.attend(room, self._fx)
        control.give_way(room, self._fx)
        consider(room, self._fx)
        posts.consider(room, self._fx)

    def _plan(self, room: Room) -> None:
        """When this room has to be looked at again."""
        waiting = room.next_waiting()
        timer = min(
            waiting.deadline + 1 if waiting is not None else FOREVER,
            room.decide_at,
            room.review_at,
            room.flight.due if room.flight is not None else FOREVER,
            presence.next_check(room),
            room.chat.look_at,
            room.chat.next_due(),
            room.people.next_due(),
            notices.wakes(room, self._fx.now),
            control.forget_at(room) if not room.busy and waiting is None else FOREVER,
        )
        if timer != room.timer:
            room.timer = timer
            heapq.heappush(self._timers, (timer, room.name))
            if len(self._timers) > TIMERS_MIN + 8 * len(self._rooms):
                self._timers = [(known.timer, known.name) for known in self._rooms.values() if known.timer < FOREVER]
                heapq.heapify(self._timers)

    # ---- snapshots -------------------------------------------------------------------------------------------------

    def snapshot(self, room: str, seq: int) -> RoomSnapshot | None:
        """The room's state after entry `seq`; None where the room is closed and forgotten (a tombstone is due)."""
        known = self._rooms.get(room)
        if known is None:
            return None
        return RoomSnapshot(
            room=room, schema_version=snapshot.SCHEMA, seq=seq, state=snapshot.encode(known, self._fx.now)
        )

    def shop_state(self) -> tuple[tuple[AppliedShopEvent, ...], tuple[LivePool, ...]]:
        """Facts and kills, latest per key, and the live pools, as applied."""
        pools = tuple(
            LivePool(shop=shop.id, pool=shop.pool.hash, generation=shop.generation, offset=shop.pool_offset)
            for shop in self._shops.values()
        )
        return tuple(self._shop_events.values()), pools

    def restore_shops(
        self, events: Iterable[AppliedShopEvent], pools: Iterable[LivePool], lease: int, now: int
    ) -> None:
        """Facts, kills and pools as of the seq from which entries will be handled again."""
        self._fx.lease, self._fx.now = lease, now
        for applied in events:
            self._shop_events[applied.event.key()] = applied
            if isinstance(applied.event, Kill):
                self._kills[applied.event.key()] = applied.event
            self._fx.shop_offset = max(self._fx.shop_offset, applied.offset)
        for live in pools:
            self._shops[live.shop] = self._new_shop(live.shop, self._pools(live.pool), live.generation, live.offset)
            self._fx.shop_offset = max(self._fx.shop_offset, live.offset)

    def restore_room(self, saved: RoomSnapshot) -> None:
        """A room as of its snapshot's seq; entries up to it are skipped for this room. Raises `RestoreError`.

        Its shop is live by then: a room exists only in a shop that went live before, by an entry that its snapshot covers, too.
        """
        room = snapshot.restored(saved, self._shops)
        self._rooms[room.name] = room
        if room.timer < FOREVER:
            heapq.heappush(self._timers, (room.timer, room.name))
