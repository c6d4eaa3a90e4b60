"""What only a log on Kafka goes through: strangers on its topics, topics that change, brokers that fall silent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from engine.bus.kafka import KafkaBus, open_kafka
from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.layout import LEASES, Layout
from engine.bus.kafka.member import KafkaMember
from engine.bus.kafka.ownership import Ownership
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.limits import HEADER_LIMIT
from engine.bus.port import Aborted, Committed, FencedOff, Outgoing, Unknown
from engine.errors import BusUnavailable, UsageError
from engine.settings import BusSettings, KafkaSettings
from tests.kafka.broker import Broker
from tests.kafka.shared import bootstrap, fresh_prefix, own_broker_possible

from .conftest import PARTITIONS
from .owning import Owner, room_of, settle, sole_owner

pytestmark = pytest.mark.kafka

ROOMS = [room_of(partition, PARTITIONS) for partition in range(PARTITIONS)]


class Log:
    """Topics of a test's own, and handles on them."""

    def __init__(self, servers: str, **settings: float) -> None:
        kafka = KafkaSettings.model_validate({"session_timeout_s": 6, **settings})
        self.servers = servers
        self.settings = BusSettings(partitions=PARTITIONS, prefix=fresh_prefix(), kafka=kafka)
        self.access = Access(servers, kafka)
        self.layout = Layout(self.settings.prefix, PARTITIONS)
        self._open: list[KafkaBus] = []

    async def make(self) -> None:
        await create(self.access, Shape(self.layout))

    async def open(self) -> KafkaBus:
        bus = await open_kafka(self.servers, self.settings)
        self._open.append(bus)
        return bus

    async def close(self) -> None:
        for bus in self._open:
            await bus.close()


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """A log on the test run's broker."""
    made = Log(bootstrap())
    await made.make()
    yield made
    await made.close()
    await remove(made.access, made.layout)


async def write(log: Log, *records: dict[str, Any]) -> None:
    """Records of a stranger on `comments`, partition 0."""
    producer = AIOKafkaProducer(bootstrap_servers=log.servers)
    await producer.start()
    try:
        for record in records:
            await producer.send_and_wait(log.layout.name("comments"), partition=0, **record)
    finally:
        await producer.stop()


async def test_what_strangers_write_is_delivered_without_harm(log: Log) -> None:
    """A missing key, a key that is no text, a tombstone, a bomb of headers, a header whose name is no text: each is one record, and
    what follows comes, too. What cannot be read, or is beyond the limits, has an empty value and says why."""
    owner = await sole_owner(await log.open(), "livechat")
    bomb = [(f"h{n}", b"x") for n in range(HEADER_LIMIT + 1)]
    await write(
        log,
        {"value": b"no key"},
        {"key": b"\xff\xfe", "value": b"odd key"},
        {"key": b"room"},
        {"key": b"room", "value": b"bomb", "headers": bomb},
        {"key": b"room", "value": b"fine", "headers": [("h", b"")]},
    )
    found = (await owner.gather(5))[0]
    assert [(r.key, r.value, r.headers) for r in found] == [
        (None, b"no key", ()),
        ("\ufffd\ufffd", b"odd key", ()),
        ("room", None, ()),
        ("room", b"", ()),
        ("room", b"fine", (("h", b""),)),
    ]
    assert [r.fault for r in found] == ["", "", "", "101 headers, above the limit of 100", ""]


async def test_an_added_partition_stops_the_worker(log: Log) -> None:
    """It learns so within seconds, with a remedy; nothing more is polled, acquired or committed, and no log opens with this count."""
    owner = await sole_owner(await log.open(), "livechat")
    admin = AIOKafkaAdminClient(bootstrap_servers=log.servers)
    await admin.start()
    await admin.create_partitions({log.layout.name("comments"): NewPartitions(PARTITIONS + 1)})
    await admin.close()

    async def listen() -> None:
        async with asyncio.timeout(20):
            while True:
                await owner.member.events(wait_ms=50)

    with pytest.raises(UsageError, match=r"start on a new log"):
        await listen()
    with pytest.raises(UsageError):
        await owner.poll()
    with pytest.raises(UsageError):
        await owner.member.acquire(0)
    with pytest.raises(UsageError):
        await owner.member.commit([owner.batch(0, Outgoing("journal", "#0", b"{}", partition=0))])
    with pytest.raises(UsageError, match=r"start on a new log"):
        await log.open()


async def test_topics_made_anew_are_another_log(log: Log) -> None:
    """Handles tell one identity as long as the topics live, and another once they were removed and made again."""
    first = await log.open()
    assert (await log.open()).identity == first.identity
    await log.close()
    await remove(log.access, log.layout)
    connection = Connection(log.access, log.layout.names())
    async with asyncio.timeout(20):
        while any((await connection.describe())[1].values()):  # noqa: ASYNC110 - brokers do not tell when a topic is gone
            await asyncio.sleep(0.05)
    await connection.close()
    await log.make()
    anew = await log.open()
    assert anew.identity != first.identity


async def test_a_missing_topic_is_told_with_the_remedy() -> None:
    """Opening a log whose topics were never made says which command makes them."""
    with pytest.raises(UsageError, match=r"have no topic .*comments.*livechat topics create"):
        await Log(bootstrap()).open()


async def test_two_openers_agree_on_the_identity(log: Log) -> None:
    """Who opens a new log at the same time finds the same identity."""
    buses = await asyncio.gather(*(log.open() for _ in range(4)))
    assert len({bus.identity for bus in buses}) == 1


async def test_leases_outlive_the_log_of_positions(log: Log) -> None:
    """They are records of a topic of their own, one each; what other groups do there does not hide them."""
    bus = await log.open()
    owner, other = await sole_owner(bus, "livechat"), await sole_owner(bus, "shadow")
    for lease in (2, 3, 4):
        assert await owner.take(0) == lease
        assert await other.take(0) == lease
    assert (await bus.latest_per_key(LEASES.name, 0))[log.layout.name("livechat")].value == b"4"


async def test_a_batch_that_the_brokers_refuse_is_sent_by_another_producer(log: Log) -> None:
    """A producer whose records were not taken once counts them all the same, and would be refused for ever."""
    owner = await sole_owner(await log.open(), "livechat")
    batch = owner.batch(0, Outgoing("journal", "#0", b"{}", partition=0))
    assert await owner.member.commit([batch]) == [Committed()]
    assert isinstance(owner.member, KafkaMember)
    counted = owner.member._owned[0]._producer._txn_manager._sequence_numbers
    counted[TopicPartition(log.layout.name("journal"), 0)] += (
        5  # as after a batch that aiokafka drained and nobody took
    )
    (outcome,) = await owner.member.commit([batch])
    assert isinstance(outcome, Aborted)
    assert await owner.member.commit([batch]) == [Committed()]
    assert [record.value for record in await owner.bus.read("journal", 0, 0)] == [b"{}", b"{}"]


async def test_who_lost_the_partition_learns_it_where_a_batch_is_refused(log: Log) -> None:
    """Another producer of its id would fence the new owner; the newer lease says whose the partition is, and nothing is committed."""
    owner = await sole_owner(await log.open(), "livechat")
    batch = owner.batch(0, Outgoing("journal", "#0", b"{}", partition=0))
    assert await owner.member.commit([batch]) == [Committed()]
    member = owner.member
    assert isinstance(member, KafkaMember)
    owned = member._owned[0]
    renewal = owned._renewal
    assert renewal is not None

    async def later() -> tuple[AIOKafkaProducer, int]:
        """Meanwhile somebody else took it."""
        heir = await Ownership.take(log.access, member._connection, log.layout, log.layout.name("livechat"), 0)
        heir.retire()
        return await renewal()

    owned._renewal = later
    owned._producer._txn_manager._sequence_numbers[TopicPartition(log.layout.name("journal"), 0)] += 5
    assert await member.commit([batch]) == [FencedOff()]
    assert owned.fenced
    assert [record.value for record in await owner.bus.read("journal", 0, 0)] == [b"{}"]


async def test_silent_brokers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every call ends at its deadline with a sentence, a commit's outcome is unknown, and closing takes no more than five seconds."""
    own_broker_possible()
    broker = Broker(tmp_path / "broker")
    broker.start()
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
    log = Log(broker.bootstrap, request_timeout_s=1, deadline_s=2)
    try:
        await log.make()
        bus = await log.open()
        owner = await sole_owner(bus, "livechat")
        tail = bus.tail({("decisions", 0): 0})
        assert await tail.next(wait_ms=10) == []
        await bus.publish([Outgoing("comments", ROOMS[0], b"before")])
        broker.pause()
        with pytest.raises(BusUnavailable, match=r"not known: look after the brokers"):
            await bus.publish([Outgoing("comments", ROOMS[0], b"{}")])
        with pytest.raises(BusUnavailable):
            await bus.end("comments", 0)
        with pytest.raises(BusUnavailable):
            await owner.member.lag()
        with pytest.raises(BusUnavailable):
            await tail.next(wait_ms=5_000)
        (outcome,) = await owner.member.commit(
            [owner.batch(0, Outgoing("journal", "#0", b"{}", partition=0), offsets={"comments": 1})]
        )
        assert isinstance(outcome, Unknown)
        begun = time.monotonic()
        await bus.close()
        assert time.monotonic() - begun < 5
        broker.resume()
        again = await log.open()
        heir = Owner(again, "livechat")
        await settle(heir, counts=[PARTITIONS])
        assert await heir.take(0) > owner.leases[0]
        batch = heir.batch(0, Outgoing("journal", "#0", b"{}", partition=0))
        assert await heir.member.commit([batch]) == [Committed()]
        broker.kill()
        begun = time.monotonic()
        await again.close()
        assert time.monotonic() - begun < 5
    finally:
        broker.kill()
    await asyncio.sleep(0)
    assert noise == []
    assert not [record for record in caplog.records if record.name == "asyncio" and record.levelno >= logging.ERROR]
