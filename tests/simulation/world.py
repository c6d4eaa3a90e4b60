"""One simulated live: rooms, viewers, players, operators, editors, workers that come and go, and everything that goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random

from engine.bus.port import Outgoing
from engine.client.playhead import Say
from engine.events.codec import encode
from engine.events.inputs import (
    Comment,
    FactSet,
    GapMark,
    Kill,
    ModeSet,
    Playback,
    PlayerGone,
    PoolLive,
    RoomClosed,
    RoomOpened,
    ShopEvent,
    TakeOver,
)
from engine.metrics import Metrics
from engine.room.rooms import Rooms
from engine.settings import PublisherSettings, Settings, WorkerSettings
from engine.worker.privacy import ViewerHasher
from engine.worker.service import Seams, Worker
from engine.worker.watchdog import Watchdog
from tests.simulation.bus import Crashed, Odds, SimBus
from tests.simulation.clock import VirtualLoop
from tests.simulation.player import Broken, Gateway, Player
from tests.simulation.shop import FIRST, SECOND, SHOP, TEXTS, Shelf, Table

LIVE_S = 45.0  # in which things happen and go wrong
QUIET_S = 45.0  # deadline, report time-outs and the longest reply, twice
NOTICED_S = 1.0  # until the group notices that a member died
STOP_S = 10.0  # a graceful stop takes no longer


class _Quiet(Watchdog):
    """No thread: the loop's own time is virtual."""

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    async def measure_lag(self) -> None:
        await asyncio.Event().wait()


@dataclass(eq=False)
class Process:
    """A worker in a process of its own."""

    worker: Worker
    task: asyncio.Task[None]


@dataclass(eq=False)
class World:
    """What one seed makes."""

    loop: VirtualLoop
    seed: int
    on_say: Callable[[Player, Say], None]
    broken: list[BaseException]
    """Takes what went wrong beside the main line."""
    rng: Random = field(init=False)
    bus: SimBus = field(init=False)
    gateway: Gateway = field(init=False)
    rooms: list[str] = field(init=False)
    processes: list[Process] = field(default_factory=list)
    shelf: Shelf = field(init=False)
    settings: Settings = field(init=False)
    published: int = 0
    """Records on `comments` and `room-events` that must end in the journal or in a dead letter."""
    quiet: bool = False
    _serial: int = 0
    _generation: int = 1

    def __post_init__(self) -> None:
        rng = self.rng = Random(self.seed)
        chance = rng.choice((0.0, 0.01, 0.04))
        odds = Odds(
            abort=rng.choice((0.0, chance)), unknown=rng.choice((0.0, chance)), crash=rng.choice((0.0, chance / 4)),
            redeliver=rng.choice((0.0, 0.02)), unavailable=rng.choice((0.0, chance / 4)),
        )  # fmt: skip
        self.bus = SimBus(self.loop, rng, 2, odds)
        self.gateway = Gateway(self.loop, rng)
        self.bus.watchers.append(self.gateway.watch)
        self.rooms = [f"room-{number}" for number in range(rng.randint(2, 4))]
        self.shelf = Shelf(self.loop)
        self.settings = Settings(
            worker=WorkerSettings(
                batch_ms=rng.choice((0, 20)),
                batch_records=rng.choice((8, 2_000)),
                snapshot_every=rng.choice((100, 300, 30_000)),
                fair_share=rng.choice((0.25, 0.5)),
                max_rooms=rng.choice((4, 20_000)),
            ),
            publisher=PublisherSettings(default_shop=SHOP),
        )

    # ---- the run ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From an empty log to a live that is over, with every disturbance in between."""
        self._open_shop()
        self.start_worker()
        for name in self.rooms:
            self._open_room(name)
        happenings = [self._beside(job) for job in (self._viewers(), self._people(), self._trouble())]
        watching = self._beside(self._watch_processes())
        await asyncio.sleep(LIVE_S)
        self.quiet = True
        self.bus.odds = Odds()
        for job in happenings:
            job.cancel()
        for player in self.gateway.players.values():
            if player.deaf or player.gone:
                player.start(fresh=False)
        self._say(Kill(id=self._id(), at=self.loop.now(), scope="*", on=False))
        await asyncio.sleep(QUIET_S)
        watching.cancel()
        if not any(process.worker.ready for process in self.processes):
            raise Broken("no worker is ready although nothing goes wrong any more")
        for process in list(self.processes):
            process.worker.stop()
            await asyncio.wait_for(process.task, STOP_S)
        await asyncio.gather(*happenings, watching, return_exceptions=True)

    def _beside(self, job: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """A job that runs beside the main line; where it fails, the seed fails."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                self.broken.append(error)

        task = asyncio.ensure_future(job)
        task.add_done_callback(ended)
        return task

    # ---- workers ---------------------------------------------------------------------------------------------------

    def start_worker(self) -> None:
        """Another worker joins."""
        metrics = Metrics()
        seams = Seams(
            pools=self.shelf,
            answerer=Table(self.rng.choice((0.0, 0.0, 0.02))),
            make_rooms=Rooms,
            hasher=ViewerHasher(b"secret", 30),
            watchdog=_Quiet(30.0, metrics),
            performance=self.loop.time,
        )
        worker = Worker(self.bus, self.settings, metrics, self.loop.now, seams=seams)
        self.processes.append(Process(worker, asyncio.ensure_future(worker.run())))

    def kill_worker(self, process: Process) -> None:
        """As `kill -9` would; what was on its way to the log may still land."""
        self.processes.remove(process)
        if process.worker._member is not None:
            member = process.worker._member
            found = next(each for each in self.bus.members if each is member)
            found.dead = True
            self.loop.call_later(NOTICED_S, self.bus.bury, found)
        process.task.cancel()

    async def _watch_processes(self) -> None:
        """Workers that crashed are started again, as a cluster does."""
        while True:
            await asyncio.sleep(0.25)
            for process in list(self.processes):
                if process.task.done():
                    self._bury(process)
            if not self.processes:
                await asyncio.sleep(self.rng.uniform(0.1, 3.0))
                self.start_worker()

    def _bury(self, process: Process) -> None:
        error = process.task.exception()
        if error is None or not isinstance(error, Crashed):
            raise Broken(f"a worker ended by itself: {error!r}") from error
        self.processes.remove(process)
        for member in list(self.bus.members):
            if member is process.worker._member:
                self.bus.bury(member)

    async def _trouble(self) -> None:
        """Processes die, join, leave, and are robbed of their partitions."""
        rng = self.rng
        while True:
            await asyncio.sleep(rng.uniform(2.0, 15.0))
            kind = rng.choice(("kill", "join", "leave", "steal", "trim"))
            self.bus.count(kind)
            if kind == "kill" and self.processes:
                self.kill_worker(rng.choice(self.processes))
            elif kind == "join" and len(self.processes) < 3:
                self.start_worker()
            elif kind == "leave" and len(self.processes) > 1:
                leaving = self.processes.pop(rng.randrange(len(self.processes)))
                leaving.worker.stop()
            elif kind == "steal":
                living = [member for member in self.bus.members if not member.dead]
                if len(living) > 1:
                    victim = rng.choice(living)
                    victim.silent = True  # a zombie: it goes on as if nothing had happened
                    self.loop.call_later(rng.uniform(0.5, 3.0), setattr, victim, "silent", False)
                    self.bus.steal(rng.randrange(self.bus.partitions), rng.choice([m for m in living if m is not victim]))

    # ---- the shop --------------------------------------------------------------------------------------------------

    def _open_shop(self) -> None:
        self.shelf.since[FIRST] = self.rng.choice((0.0, 1.0))
        self._say(PoolLive(id=self._id(), at=self.loop.now(), shop=SHOP, pool=FIRST, generation=1))

    def _say(self, event: ShopEvent) -> None:
        value = event.model_dump_json().encode()  # None is a fact's value where it is withdrawn
        self.bus.append(Outgoing("shop-events", event.key(), value))

    def _change_shop(self) -> None:
        rng, now = self.rng, self.loop.now()
        draw = rng.choice(("price", "price", "hours", "deal", "none", "pool", "old pool", "mark", "broken"))
        if draw == "price":
            value = rng.choice((99, 119, 139, 1_000))
            until = rng.choice((None, now + rng.randint(2_000, 20_000)))
            start = rng.choice((None, None, now + 3_000))
            product = rng.choice(("tgy", "puer"))
            if start is not None and until is not None and until <= start:
                until = start + 1_000
            self._say(FactSet(id=self._id(), at=now, shop=SHOP, product=product, name="price", value=value, start=start, until=until))
        elif draw == "none":
            self._say(FactSet(id=self._id(), at=now, shop=SHOP, name="hours", value=None, until=now + 5_000))
        elif draw in ("hours", "deal"):
            value = rng.choice((12, 36)) if draw == "hours" else rng.choice(("满减", "第二件半价"))
            self._say(FactSet(id=self._id(), at=now, shop=SHOP, name=draw, value=value, until=rng.choice((None, now + 9_000))))
        elif draw == "pool":
            self._generation += 1
            pool = rng.choice((FIRST, SECOND))
            self.shelf.since.setdefault(pool, self.loop.time() + rng.choice((0.0, 2.0)))
            self._say(PoolLive(id=self._id(), at=now, shop=SHOP, pool=pool, generation=self._generation))
        elif draw == "old pool":
            rollback = rng.random() < 0.5 and SECOND in self.shelf.since
            pool = FIRST if rollback else SECOND
            if rollback:
                self._generation = max(1, self._generation - 1)
            self._say(
                PoolLive(id=self._id(), at=now, shop=SHOP, pool=pool, generation=max(1, self._generation), rollback=rollback)
            )
        elif draw == "mark":
            self._say(GapMark(id=self._id(), at=now, shop=SHOP, gap="00000000000000cc", mark="later"))
        else:
            self.bus.append(Outgoing("shop-events", f"{SHOP}/fact/*/x", rng.choice((b"{", b'{"type":"fact_set"}', b""))))

    # ---- the rooms -------------------------------------------------------------------------------------------------

    def _id(self) -> str:
        self._serial += 1
        return f"w{self._serial}"

    def _room_event(self, event: RoomOpened | RoomClosed | ModeSet | TakeOver | Playback | PlayerGone) -> None:
        self.bus.append(Outgoing("room-events", event.room, encode(event)))

    def _open_room(self, name: str) -> None:
        rng, now = self.rng, self.loop.now()
        if rng.random() < 0.8:
            shop = SHOP if rng.random() < 0.9 else "nowhere"
            self._room_event(RoomOpened(room=name, id=self._id(), at=now, shop=shop))
        if rng.random() < 0.9:
            player = Player(name, self.loop, rng, self.bus, self.on_say)
            self.gateway.players[name] = player
            self.loop.call_later(rng.uniform(0, 3), lambda: player.start(fresh=True))
        if rng.random() < 0.9:
            self.loop.call_later(
                rng.uniform(0, 4), lambda: self._room_event(ModeSet(room=name, id=self._id(), at=self.loop.now(), mode="auto"))
            )

    async def _people(self) -> None:
        """Operators, editors and players do what they do."""
        rng = self.rng
        while True:
            await asyncio.sleep(rng.uniform(0.3, 4.0))
            now, room = self.loop.now(), rng.choice(self.rooms)
            player = self.gateway.players.get(room)
            kind = rng.choice(("shop", "shop", "mode", "take", "kill", "player", "player", "lie", "broken", "close"))
            if kind == "shop":
                self._change_shop()
            elif kind == "mode":
                mode = rng.choice(("paused", "shadow", "approve"))
                self._room_event(ModeSet(room=room, id=self._id(), at=now, mode=mode))
                self._later(lambda room=room: self._room_event(ModeSet(room=room, id=self._id(), at=self.loop.now(), mode="auto")))
            elif kind == "take":
                self._room_event(TakeOver(room=room, id=self._id(), at=now, who="person", at_boundary=rng.random() < 0.5))
                self._later(lambda room=room: self._room_event(TakeOver(room=room, id=self._id(), at=self.loop.now(), who="engine")))
            elif kind == "kill":
                scope, target = rng.choice((("room", room), ("shop", SHOP), ("*", "*")))
                self._kill(scope, target, on=True)
                self._later(lambda scope=scope, target=target: self._kill(scope, target, on=False))
            elif kind == "player" and player is not None and player.session:
                self._disturb(player)
            elif kind == "lie":
                session = player.session if player is not None and player.session else "liar"
                lie = rng.choice(("started", "ended", "aborted", "rejected", "accepted"))
                self._room_event(
                    Playback(room=room, id=self._id(), at=now + rng.choice((0, 10**7)), session=session, kind=lie, insertion="00000000000000dd")
                )
                self._room_event(PlayerGone(room=room, id=self._id(), at=now, session="someone-else"))
            elif kind == "broken":
                value = rng.choice((b"", b"[]", b"\xff\xfe", b'{"type":"mode_set","room":"%b"}' % room.encode(), b"x" * 500_000))
                self.bus.append(Outgoing("room-events", room, value))
            elif kind == "close" and rng.random() < 0.2:
                self._room_event(RoomClosed(room=room, id=self._id(), at=now))

    def _later(self, action: Callable[[], None]) -> None:
        self.loop.call_later(self.rng.uniform(0.5, 6.0), action)

    def _kill(self, scope: str, target: str, *, on: bool) -> None:
        self._say(Kill.model_validate({"id": self._id(), "at": self.loop.now(), "scope": scope, "target": target, "on": on}))

    def _disturb(self, player: Player) -> None:
        kind = self.rng.choice(("silent", "restart", "reconnect", "leave"))
        self.bus.count(f"player {kind}")
        if kind == "silent":
            player.deaf = True
            self._later(lambda: player.start(fresh=False))
        elif kind == "restart":
            player.start(fresh=True)
        elif kind == "reconnect":
            player.start(fresh=False)
        else:
            player.leave()
            self._later(lambda: player.start(fresh=False))

    # ---- the viewers -----------------------------------------------------------------------------------------------

    async def _viewers(self) -> None:
        rng = self.rng
        texts = list(TEXTS)
        rate = rng.choice((2.0, 6.0, 15.0))
        recent: list[Comment] = []
        while True:
            await asyncio.sleep(rng.expovariate(rate))
            for _ in range(rng.choice((1, 1, 1, 2, 12))):
                if recent and rng.random() < 0.08:
                    comment = rng.choice(recent[-50:])
                    self.bus.count("repeated comment")
                else:
                    comment = self._comment(rng.choice(texts))
                    recent.append(comment)
                self.bus.append(Outgoing("comments", comment.room, encode(comment)))
            if rng.random() < 0.03:
                room = rng.choice(self.rooms)
                key = rng.choice((room, "another", "#partition"))
                value = rng.choice((None, b"{}", b"nonsense", encode(self._comment(texts[0])), b"y" * 600_000))
                self.bus.append(Outgoing("comments", key, value))

    def _comment(self, text: str) -> Comment:
        rng, now = self.rng, self.loop.now()
        room = rng.choice(self.rooms) if rng.random() < 0.97 else f"stranger-{rng.randint(0, 3)}"
        sent = rng.choice((None, now, now, now - rng.randint(0, 5_000), now - 60_000, now + 60_000, now - 10**7))
        return Comment(
            room=room, source="sim", id=self._id(), viewer=f"v{rng.randint(0, 60)}", text=text, sent=sent,
            shop=rng.choice((None, None, SHOP, "nowhere")),
        )  # fmt: skip
