"""The worker's asynchronous shell: ownership, the loop, outcomes of commits.

One turn: ownership events → read ahead where there is a backlog → poll → begin each partition → understand all texts → settle the
last turn's commit → finish each partition → send the commit. So a commit runs while the next turn polls and understands, and a
partition never has two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from engine import logs
from engine.bus.port import (
    Assigned,
    Bus,
    Lost,
    Member,
    Stored,
)
from engine.clock import wall_clock
from engine.errors import BusUnavailable, Fenced, RestoreError
from engine.events.topics import INPUTS
from engine.metrics import Metrics
from engine.settings import Settings
from engine.worker import ahead, readiness
from engine.worker.outage import Outage
from engine.worker.partition import PartitionWorker
from engine.worker.restore import Restorer
from engine.worker.seams import Seams, real_seams
from engine.worker.sending import Sender
from engine.worker.share import Share
from engine.worker.shops import PoolBoard, ShopFeed
from engine.worker.standing import Shared, Understood, Wants
from engine.worker.waiting import Waiting

if TYPE_CHECKING:
    from engine.traces import Traces

IDLE_WAIT_MS = 100  # longest wait of a poll: timers, shop events and ownership are looked at this often at least
LAG_EVERY_MS = 1_000  # how often the lag gauges are filled
CONCERNS_EVERY_MS = 5_000  # it looks at every sentence of every room: a thousand rooms take some milliseconds
LOAD_EVERY_S = 0.1  # how often a pool that could not be loaded yet is tried again; an edit is live within 2 s
PARKED_MS = 300_000  # how long the rooms of a partition that went away are kept, should it come back
log = logs.get(__name__)


class Worker:
    """Serves partitions of one bus until it is stopped."""

    def __init__(
        self,
        bus: Bus,
        settings: Settings,
        metrics: Metrics,
        clock: Callable[[], int] = wall_clock,
        *,
        seams: Seams | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._bus = bus
        self._settings = settings.worker
        self._metrics = metrics
        self._clock = clock
        self._seams = seams or real_seams(bus, settings, metrics, clock)
        self._group = settings.bus.group
        self._named_shop = settings.publisher.default_shop
        self._board = PoolBoard(self._seams.pools.loaded)
        self._feed = ShopFeed(bus, self._board)
        self._shared = Shared(
            self._settings,
            bus.partitions,
            self._seams.viewers,
            self._board,
            self._default_shop,
            self._settings.max_rooms,
            group=self._group,
            traces=traces,
        )
        self._watchdog = self._seams.watchdog
        self._restorer = Restorer(
            bus,
            self._seams.pools,
            self._seams.make_rooms,
            self._settings.snapshot_every,
            self._watchdog.beat,
            self._group,
        )
        self._share = Share(self._settings.fair_share, self._settings.batch_records)
        self._partitions: dict[int, PartitionWorker] = {}
        self._parked: dict[int, tuple[PartitionWorker, int]] = {}
        self._assigned: set[int] = set()
        self._member: Member | None = None
        # A full disk is not healed by a new process: the embedded log is waited for as long as it takes.
        give_up_s = settings.bus.kafka.give_up_s if settings.bus.url.startswith("kafka:") else 0.0
        self._outage = Outage(give_up_s, metrics, self._watchdog.beat, self._seams.performance)
        self._sender = Sender(self._joined, self._restorer, metrics, clock, self._outage, self._owns, self._drop)
        self._stopping = asyncio.Event()
        self._lag: Mapping[int, Mapping[str, int]] = {}
        self._lag_at = 0
        self._waiting = Waiting()
        self._concerns_at = 0
        self.ready = False
        """The default shop's pool is live, and every owned partition is restored and caught up."""

    # ---- life ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until `stop`; then commit what was computed and leave the group. Raises what it cannot go on after."""
        member = self._joined()
        followers = [
            asyncio.ensure_future(task)
            for task in (
                self._seams.pools.run(),
                self._seams.viewers.run(),
                self._feed.run(),
                self._load_pools(),
                self._watchdog.measure_lag(),
            )
        ]
        self._watchdog.start()
        turns = asyncio.ensure_future(self._turns())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            # A follower never ends by itself: where one does, it failed, and the worker with it.
            await asyncio.wait([turns, stopping, *followers], return_when=asyncio.FIRST_COMPLETED)
            for follower in followers:
                if follower.done():
                    follower.result()
            await asyncio.wait([turns], timeout=self._settings.drain_s)
            if turns.done():
                turns.result()
            else:
                log.warning("the last commit did not end in time; whoever takes over reads the journal and goes on")
        finally:
            self.ready = False
            tasks = (turns, stopping, *followers)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._watchdog.stop()
            self._seams.answerer.close()
            with suppress(BusUnavailable):
                await member.close()

    def stop(self) -> None:
        """Ask `run` to end: it commits what was computed. At most `drain_s` go by."""
        self._stopping.set()

    async def _turns(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.turn()
                self._outage.over()
            except BusUnavailable as error:
                self._outage.failed(str(error))
                pause = self._outage.pause()
                log.warning("the bus cannot be reached", next_try_s=pause, error=error)
                await self._sleep(pause)
        self.ready = False
        await self._sender.settle()

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    # ---- a turn ----------------------------------------------------------------------------------------------------

    async def turn(self) -> None:
        """One turn of the loop."""
        member = self._joined()
        self._watchdog.beat("ownership")
        self._parked = {at: kept for at, kept in self._parked.items() if kept[1] > self._clock()}
        await self._ownership(member)
        await self._acquire_assigned(member)
        if not self._partitions or not self._has_default_pool() or not self._seams.viewers.ready:
            self.ready = False
            await self._sender.settle()
            await self._bus.end("shop-events", 0)  # nothing else here would notice that the bus is away
            await self._sleep(IDLE_WAIT_MS / 1_000)
            return
        self._watchdog.beat("poll")
        limit = self._share.limit
        further = await self._read_ahead()
        polled = await member.poll(max_records=limit, max_bytes=self._settings.batch_bytes, wait_ms=self._wait_ms())
        begun = self._seams.performance()
        now = self._clock()
        self._waiting.took(polled)
        try:
            await self._look_at_lag(member, now)
        except BusUnavailable as error:  # what was polled is handled all the same: nobody would deliver it again
            log.warning("how far the inputs are is not known now", error=error)
        workers, wants = self._begin(polled, further, now, limit)
        answers = await self._seams.answerer.answers(wants) if wants else {}
        settling = self._seams.performance()
        await self._sender.settle()
        waited = self._seams.performance() - settling  # for the bus: polls of fewer records would not shorten it
        self._finish(member, workers, answers)
        records = sum(map(len, polled.values()))
        full = any(len(found) >= limit for found in polled.values())
        handled = records + sum(worker.read_ahead for worker in workers)
        self._share.took(handled, (self._seams.performance() - begun - waited) * 1_000)
        if records and not full:
            await self._space_out(begun)

    async def _read_ahead(self) -> dict[int, Sequence[Stored]]:
        """Comments behind rooms that crowd their partition. Before the poll: what a poll delivered must not be lost to an error here."""
        return {
            partition: await ahead.read(self._bus, partition, worker.ahead_from, self._seams.performance)
            for partition, worker in self._partitions.items()
            if worker.is_crowded
        }

    def _begin(
        self,
        polled: Mapping[int, Sequence[Stored]],
        further: Mapping[int, Sequence[Stored]],
        now: int,
        limit: int,
    ) -> tuple[list[PartitionWorker], Wants]:
        quotas = self._share.quotas(polled, now, further)
        wants: Wants = {}
        workers = list(self._partitions.values())
        for worker in workers:
            records = polled.get(worker.partition, ())
            wanted = worker.begin(
                records,
                now,
                full=len(records) >= limit,
                quota=quotas.get(worker.partition),
                ahead=further.get(worker.partition, ()),
            )
            for pool, texts in wanted.items():
                wants.setdefault(pool, {}).update(texts)
        return workers, wants

    def _finish(self, member: Member, workers: Sequence[PartitionWorker], answers: Mapping[str, Understood]) -> None:
        prepared = []
        for worker in workers:
            if not self._owns(worker):
                continue  # lost while the last commit was settled
            member.pause_comments(worker.partition, worker.comments_paused)
            batch = worker.finish(answers)
            if batch is not None:
                prepared.append((worker, batch))
        if prepared:
            self._sender.send(prepared)
        self._metrics.rooms.set(sum(worker.room_count for worker in self._partitions.values()))

    async def _space_out(self, begun: float) -> None:
        """Under load commits are `batch_ms` apart; what comes after a quiet moment is handled at once."""
        rest = begun + self._settings.batch_ms / 1_000 - self._seams.performance()
        if rest > 0:
            await asyncio.sleep(rest)

    def _wait_ms(self) -> int:
        """How long a poll may wait: not at all while an aborted batch may have to be sent again."""
        return 0 if self._sender.is_answered else IDLE_WAIT_MS

    # ---- ownership -------------------------------------------------------------------------------------------------

    async def _ownership(self, member: Member) -> None:
        for event in await member.events():
            if isinstance(event, Assigned):
                self._assigned.update(event.partitions)
                continue
            is_lost = isinstance(event, Lost)
            if not is_lost:
                await self._sender.settle()  # a running commit ends before the partition goes
            self._metrics.partitions_moved.labels("lost" if is_lost else "given_back").inc(len(event.partitions))
            for partition in event.partitions:
                self._assigned.discard(partition)
                self._drop(partition, park=not is_lost)

    async def _acquire_assigned(self, member: Member) -> None:
        for partition in sorted(self._assigned):
            self._watchdog.beat(f"taking over partition {partition}")
            try:
                lease = await member.acquire(partition)
                worker = await self._take_over(partition, lease)
                positions = worker.standing.positions
                await self._feed.attach(partition, positions.shop_events, worker.offer)
            except Fenced:
                log.warning("the partition went to another owner before it was taken over", partition=partition)
                self._assigned.discard(partition)
                continue
            member.seek(partition, {"comments": positions.comments, "room-events": positions.room_events})
            self._assigned.discard(partition)
            self._partitions[partition] = worker
            self._metrics.partitions_moved.labels("taken_over").inc()
            self._shared.free_rooms -= worker.room_count
            log.info(
                "a partition is taken over",
                partition=partition, lease=lease, seq=worker.standing.seq, rooms=worker.room_count,
            )  # fmt: skip

    async def _take_over(self, partition: int, lease: int) -> PartitionWorker:
        """The partition's state, read after its lease was taken."""
        parked, _ = self._parked.pop(partition, (None, 0))
        if parked is not None:
            last = await self._restorer.last_record(partition)
            if last is not None and (last.last_seq, last.positions) == parked.committed:
                return parked.again(lease)
        restored = await self._restorer.restore(partition, lease)
        for live in restored.standing.live.values():
            await self._seams.pools.ensure(live.pool)
            if not self._seams.pools.loaded(live.pool) and await self._seams.pools.load_first([live.pool]) is None:
                raise RestoreError(
                    f"pool {live.pool[:12]} of shop {live.shop} is live in partition {partition}, but its model is not in `pools`: "
                    "publish the pool again"
                )
        return PartitionWorker(partition, lease, restored.rooms, restored.schedule, restored.standing, self._shared)

    def _owns(self, worker: PartitionWorker) -> bool:
        return self._partitions.get(worker.partition) is worker

    def _drop(self, partition: int, *, park: bool = False) -> None:
        worker = self._partitions.pop(partition, None)
        self._feed.detach(partition)
        if worker is not None:
            self._shared.free_rooms += worker.room_count
            if park and worker.is_clean:
                self._parked[partition] = (worker, self._clock() + PARKED_MS)

    # ---- pools and readiness ---------------------------------------------------------------------------------------

    async def _load_pools(self) -> None:
        """Load what shops went live with, as soon as the topic holds it, for ever."""
        while True:
            wanted = [candidate.pool for candidate in self._board.wanted()]
            if not wanted or await self._seams.pools.load_first(wanted) is None:
                await asyncio.sleep(LOAD_EVERY_S)
                continue
            used = {candidate.pool for candidate in self._board.ready()}
            for worker in self._partitions.values():
                used.update(live.pool for live in worker.standing.live.values())
            self._seams.pools.retain(used)

    def _default_shop(self) -> str | None:
        """Shop of rooms that nobody named one for: as set, else the first by name of those that went live."""
        return self._named_shop or self._board.first_shop()

    def _has_default_pool(self) -> bool:
        default = self._default_shop()
        if default is None:
            return False
        return any(candidate.shop == default for candidate in self._board.ready()) or all(
            default in worker.standing.live for worker in self._partitions.values()
        )

    async def _look_at_lag(self, member: Member, now: int) -> None:
        """Tell partitions that they caught up; fill the gauges now and then."""
        fresh = [worker for worker in self._partitions.values() if not worker.ready]
        if fresh or now - self._lag_at >= LAG_EVERY_MS:
            self._lag_at = now
            self._lag = lag = await member.lag()
            for worker in fresh:
                behind = lag.get(worker.partition, {})
                worker.ready = behind.get("room-events", 0) == 0 and sum(behind.values()) < self._share.limit
            ages = [worker.snapshot_age_ms for worker in self._partitions.values()]
            self._metrics.snapshot_age_seconds.set(max(ages, default=0) / 1_000)
            waits = self._waiting.ages_ms(lag, now)
            for topic in INPUTS:
                self._metrics.lag_records.labels(topic).set(sum(behind.get(topic, 0) for behind in lag.values()))
                self._metrics.lag_seconds.labels(topic).set(waits.get(topic, 0) / 1_000)
            self._watchdog.look_at_readers(
                {
                    (worker.partition, topic): (position, lag.get(worker.partition, {}).get(topic, 0))
                    for worker in self._partitions.values()
                    for topic, position in worker.reads_at.items()
                }
            )
        if now - self._concerns_at >= CONCERNS_EVERY_MS:
            self._concerns_at = now
            found = [worker.rooms.concerns() for worker in self._partitions.values()]
            self._metrics.disclosures_overdue.set(sum(one.undisclosed for one in found))
            self._metrics.scripts_stale.set(sum(one.stale_scripts for one in found))
            self._metrics.players_missing.set(sum(one.missing_players for one in found))
        ready = sum(1 for worker in self._partitions.values() if worker.ready)
        self._metrics.partitions_ready.set(ready)
        self.ready = ready == len(self._partitions) and not self._assigned and not self._stopping.is_set()

    @property
    def partitions(self) -> tuple[readiness.PartitionReadiness, ...]:
        """How far each of its partitions is."""
        return readiness.partitions(self._assigned, self._partitions, self._lag)

    @property
    def waits_for(self) -> str:
        """Why it is not ready."""
        if not self._seams.viewers.ready:
            return "the keys of viewer ids are not read yet"
        return readiness.waits_for(self.partitions, self._default_shop(), has_pool=self._has_default_pool())

    def _joined(self) -> Member:
        if self._member is None:
            self._member = self._bus.member(self._group)
        return self._member
