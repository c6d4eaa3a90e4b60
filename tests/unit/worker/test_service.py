"""The worker's shell under a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from engine.bus.port import Outgoing
from engine.errors import BusGone, BusUnavailable, Exit, RestoreError
from engine.events.codec import encode
from engine.events.inputs import Comment, PoolLive
from engine.metrics import Metrics
from engine.room.rooms import Rooms
from engine.settings import BusSettings, KafkaSettings, PublisherSettings, Settings, WorkerSettings
from engine.worker.outage import RETRY_MOST_S
from engine.worker.seams import Seams
from engine.worker.service import Worker
from tests.simulation.bus import Odds, SimBus
from tests.simulation.clock import VirtualLoop
from tests.simulation.shop import FIRST, SHOP, Shelf, Table
from tests.simulation.viewers import PRIVACY, Keepers
from tests.simulation.world import Quiet


class Stand:
    """A bus, and workers on it."""

    def __init__(self, loop: VirtualLoop, odds: Odds | None = None) -> None:
        self.loop = loop
        self.bus = SimBus(loop, Random(1), 2, odds or Odds())
        self.shelf = Shelf(loop)
        self.metrics = Metrics()

    def worker(self, bus: BusSettings | None = None) -> Worker:
        settings = Settings(
            bus=bus or BusSettings(),
            publisher=PublisherSettings(default_shop=SHOP),
            worker=WorkerSettings(batch_ms=0),
            privacy=PRIVACY,
        )
        viewers = Keepers(self.loop, 1, settings).keys(self.bus, self.metrics)
        seams = Seams(self.shelf, Table(0.0), Rooms, viewers, Quiet(30.0, self.metrics), self.loop.time)
        return Worker(self.bus, settings, self.metrics, self.loop.now, seams=seams)

    def live(self) -> None:
        self.shelf.since.setdefault(FIRST, 0.0)
        event = PoolLive(id="p", at=1, shop=SHOP, pool=FIRST, generation=1)
        self.bus.append(Outgoing("shop-events", event.key(), encode(event)))

    def say(self, number: int, room: str = "r") -> None:
        comment = Comment(room=room, source="s", id=f"c{number}", viewer="v", text="§ 哈哈哈")
        self.bus.append(Outgoing("comments", room, encode(comment)))

    def decided(self) -> int:
        return sum(len(self.bus.log.get(("decisions", partition), [])) for partition in range(2))


def virtual(scenario: Callable[[Stand], Awaitable[None]], odds: Odds | None = None) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        await scenario(Stand(loop, odds))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


def test_it_is_ready_when_the_pool_is_live_and_everything_was_caught_up() -> None:
    """Not before; and comments wait until then."""

    async def scenario(stand: Stand) -> None:
        stand.say(1)
        worker = stand.worker()
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(1)
        assert (worker.ready, stand.decided()) == (False, 0)
        assert worker.waits_for.startswith(f"no pool of the shop `{SHOP}` is live")
        stand.live()
        await asyncio.sleep(1)
        assert (worker.ready, stand.decided()) == (True, 1)
        assert [one.state for one in worker.partitions] == ["ready", "ready"]
        assert [one.lag for one in worker.partitions] == [{"comments": 0, "room-events": 0}] * 2
        assert sum(one.rooms or 0 for one in worker.partitions) == 1
        worker.stop()
        await running
        assert not worker.ready

    virtual(scenario)


def test_a_pool_whose_blobs_are_missing_waits() -> None:
    """The partition goes on without it."""

    async def scenario(stand: Stand) -> None:
        stand.shelf.since[FIRST] = 3.0
        stand.live()
        worker = stand.worker()
        running = asyncio.ensure_future(worker.run())
        ready = []
        for _ in range(2):
            await asyncio.sleep(2)
            ready.append(worker.ready)
        assert ready == [False, True]
        worker.stop()
        await running

    virtual(scenario)


def test_what_was_computed_is_committed_before_it_stops() -> None:
    """A graceful stop loses nothing and takes far less than ten seconds."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        worker = stand.worker()
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(1)
        for number in range(20):
            stand.say(number)
        await asyncio.sleep(0.0005)
        begun = stand.loop.time()
        worker.stop()
        await running
        assert stand.loop.time() - begun < 1.0
        again = stand.worker()
        running = asyncio.ensure_future(again.run())
        await asyncio.sleep(1)
        again.stop()
        await running
        assert stand.decided() == 20

    virtual(scenario)


def test_a_bus_that_never_answers_does_not_hold_up_the_stop() -> None:
    """After `drain_s` it leaves; whoever takes over reads the journal."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        worker = stand.worker()
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(1)
        stand.bus.odds.unavailable = 1.0
        await asyncio.sleep(1)
        begun = stand.loop.time()
        worker.stop()
        await running
        assert stand.loop.time() - begun <= 10.0

    virtual(scenario)


def test_a_partition_that_comes_back_keeps_its_rooms() -> None:
    """Nothing is replayed where the journal's end is where we left it."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        worker = stand.worker()
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(1)
        stand.say(1)
        await asyncio.sleep(1)
        kept = {partition: one.rooms for partition, one in worker._partitions.items()}
        other = stand.bus.member("g")
        await asyncio.sleep(1)
        assert len(worker._partitions) == 1
        await other.close()
        await asyncio.sleep(1)
        assert {partition: one.rooms for partition, one in worker._partitions.items()} == kept
        stand.say(2)
        await asyncio.sleep(1)
        assert stand.decided() == 2
        worker.stop()
        await running

    virtual(scenario)


def test_a_log_that_does_not_add_up_ends_the_worker() -> None:
    """A restore error is raised by `run`, never passed over."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        stand.bus.offsets[0] = {"comments": 5}
        with pytest.raises(RestoreError):
            await stand.worker().run()

    virtual(scenario)


def test_commits_are_counted_by_outcome() -> None:
    """Aborted ones are sent again until they stand."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        worker = stand.worker()
        running = asyncio.ensure_future(worker.run())
        for number in range(30):
            stand.say(number)
            await asyncio.sleep(0.3)
        worker.stop()
        await running
        assert stand.decided() == 30
        assert (stand.metrics.registry.get_sample_value("livechat_commits_total", {"outcome": "aborted"}) or 0) > 0
        assert stand.metrics.registry.get_sample_value("livechat_comments_total") == 30
        assert stand.metrics.registry.get_sample_value("livechat_partitions_moved_total", {"event": "taken_over"}) == 2
        assert (stand.metrics.registry.get_sample_value("livechat_snapshot_age_seconds") or 0) > 0

    virtual(scenario, Odds(abort=0.3))


KAFKA = BusSettings(url="kafka:broker:9092", kafka=KafkaSettings(give_up_s=60.0))


def test_brokers_that_stay_away_end_the_worker() -> None:
    """After `give_up_s`, with the exit code for what is away; a shorter outage does not count towards the next."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        running = asyncio.ensure_future(stand.worker(KAFKA).run())
        await asyncio.sleep(1)
        for _ in range(3):
            stand.bus.odds.unavailable = 1.0
            await asyncio.sleep(50)
            assert stand.metrics.troubles == {"worker": "simulated"}
            stand.bus.odds.unavailable = 0.0
            await asyncio.sleep(10)
            assert stand.metrics.troubles == {}
        stand.bus.odds.unavailable = 1.0
        begun = stand.loop.time()
        with pytest.raises(BusGone, match=r"simulated$") as ended:
            await running
        assert 60 <= stand.loop.time() - begun <= 60 + 2 * RETRY_MOST_S
        assert ended.value.exit_code is Exit.UNAVAILABLE

    virtual(scenario)


def test_a_worker_without_partitions_gives_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would have none for ever where its own client is what does not work."""

    async def away(topic: str, partition: int) -> int:
        raise BusUnavailable(f"no broker answers for {topic}/{partition}")

    async def scenario(stand: Stand) -> None:
        monkeypatch.setattr(stand.bus, "end", away)
        with pytest.raises(BusGone):
            await stand.worker(KAFKA).run()

    virtual(scenario)


@pytest.mark.parametrize(
    "bus", [BusSettings(), BusSettings(url="kafka:broker:9092", kafka=KafkaSettings(give_up_s=0.0))]
)
def test_it_waits_for_ever_where_that_is_wanted(bus: BusSettings) -> None:
    """For the embedded log always: a full disk is not healed by another process."""

    async def scenario(stand: Stand) -> None:
        stand.live()
        worker = stand.worker(bus)
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(1)
        stand.bus.odds.unavailable = 1.0
        await asyncio.sleep(3_600)
        assert not running.done()
        worker.stop()
        await running

    virtual(scenario)
