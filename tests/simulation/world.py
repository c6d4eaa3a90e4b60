"""One simulated live: its cast, its workers that come and go, and a bus that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from random import Random

from engine.client.playhead import Say
from engine.events.outputs import ChatReply
from engine.metrics import Metrics
from engine.room.rooms import Rooms
from engine.settings import PublisherSettings, Settings, WorkerSettings
from engine.worker.seams import Seams
from engine.worker.service import Worker
from engine.worker.watchdog import Watchdog
from tests.simulation.bus import Crashed, Odds, SimBus
from tests.simulation.cast import Cast
from tests.simulation.clock import VirtualLoop
from tests.simulation.operators import Operators
from tests.simulation.player import Broken, Gateway, Player
from tests.simulation.shop import SHOP, Shelf, Table
from tests.simulation.viewers import PRIVACY, Keepers

LIVE_S = 30.0  # in which things happen and go wrong
QUIET_S = 30.0  # deadline, report time-outs and the longest reply, and some more
SLOWEST_S = 3.0  # until what players sent last has arrived and was handled
NOTICED_S = 1.0  # until the group notices that a member died
STOP_S = 10.0  # a graceful stop takes no longer


class Quiet(Watchdog):
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
    clock: Clock


@dataclass(eq=False)
class Clock:
    """A worker's own clock: it is set, and set back, while it runs."""

    loop: VirtualLoop
    ahead_ms: int = 0

    def __call__(self) -> int:
        return self.loop.now() + self.ahead_ms

    def set(self, ahead_ms: int) -> None:
        self.ahead_ms = ahead_ms


@dataclass(eq=False)
class World:
    """What one seed makes."""

    loop: VirtualLoop
    seed: int
    on_say: Callable[[Player, Say], None]
    on_post: Callable[[ChatReply], None]
    broken: list[BaseException]
    """Takes what went wrong beside the main line."""
    rng: Random = field(init=False)
    bus: SimBus = field(init=False)
    gateway: Gateway = field(init=False)
    cast: Cast = field(init=False)
    operators: Operators = field(init=False)
    processes: list[Process] = field(default_factory=list)
    shelf: Shelf = field(init=False)
    settings: Settings = field(init=False)
    keepers: Keepers = field(init=False)

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
        self.shelf = Shelf(self.loop)
        self.cast = Cast(self.loop, rng, self.bus, self.gateway, self.shelf, self.on_say, self.on_post)
        self.operators = Operators(self.loop, Random(f"operators/{self.seed}"), self.bus, self.cast.rooms)
        self.bus.watchers.append(self.operators.watch)
        self.settings = Settings(
            worker=WorkerSettings(
                batch_ms=rng.choice((0, 20)),
                batch_records=rng.choice((8, 2_000)),
                snapshot_every=rng.choice((100, 300, 30_000)),
                fair_share=rng.choice((0.25, 0.5)),
                max_rooms=rng.choice((4, 20_000)),
            ),
            publisher=PublisherSettings(default_shop=SHOP),
            privacy=PRIVACY,
        )
        self.keepers = Keepers(self.loop, self.seed, self.settings)

    # ---- the run ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From an empty log to a live that is over, with every disturbance in between."""
        self.cast.open_shop()
        self.start_worker()
        for name in self.cast.rooms:
            self.cast.open_room(name)
        jobs = (self.cast.viewers(), self.cast.people(), self.operators.work(), self._trouble())
        happenings = [self._beside(job) for job in jobs]
        watching = self._beside(self._watch_processes())
        await asyncio.sleep(LIVE_S)
        self.bus.odds = Odds()
        for job in happenings:
            job.cancel()
        for player in self.gateway.players.values():
            if player.deaf or player.gone:
                player.start(fresh=False)
        self.cast.kill("*", "*", on=False)
        await asyncio.sleep(QUIET_S)
        for player in self.gateway.players.values():
            player.deaf = True
        await asyncio.sleep(SLOWEST_S)
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
            viewers=self.keepers.keys(self.bus, metrics),
            watchdog=Quiet(30.0, metrics),
            performance=self.loop.time,
        )
        clock = Clock(self.loop)
        worker = Worker(self.bus, self.settings, metrics, clock, seams=seams)
        self.processes.append(Process(worker, asyncio.ensure_future(worker.run()), clock))

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
        self._notice(process)

    def _left(self, process: Process, task: asyncio.Task[None]) -> None:
        """A worker that was told to leave may crash on its way out."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, Crashed):
            self.broken.append(error)
        self._notice(process)

    def _notice(self, process: Process) -> None:
        """The group notices that a worker is dead."""
        for member in list(self.bus.members):
            if member is process.worker._member:
                self.bus.bury(member)

    async def _trouble(self) -> None:
        """Processes die, join, leave, and are robbed of their partitions."""
        rng = self.rng
        while True:
            await asyncio.sleep(rng.uniform(1.0, 10.0))
            kind = rng.choice(("kill", "join", "leave", "steal", "trim", "clock", "rotate"))
            self.bus.count(kind)
            if kind == "kill" and self.processes:
                self.kill_worker(rng.choice(self.processes))
            elif kind == "join" and len(self.processes) < 3:
                self.start_worker()
            elif kind == "leave" and len(self.processes) > 1:
                leaving = self.processes.pop(rng.randrange(len(self.processes)))
                leaving.worker.stop()
                leaving.task.add_done_callback(partial(self._left, leaving))
            elif kind == "clock" and self.processes:
                clock = rng.choice(self.processes).clock
                clock.set(rng.choice((-4_000, -300, 300, 4_000)))
                self.loop.call_later(rng.uniform(0.5, 8.0), clock.set, 0)
            elif kind == "rotate":
                await self.keepers.rotate(self.bus, self.bus.log)
            elif kind == "steal":
                living = [member for member in self.bus.members if not member.dead]
                if len(living) > 1:
                    victim = rng.choice(living)
                    victim.silent = True  # a zombie: it goes on as if nothing had happened
                    self.loop.call_later(rng.uniform(0.5, 3.0), setattr, victim, "silent", False)
                    self.bus.steal(
                        rng.randrange(self.bus.partitions), rng.choice([m for m in living if m is not victim])
                    )
