"""`livechat topics` and `livechat dead-letters` against real brokers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from engine.bus import open_bus
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import KAFKA_TOPICS, Layout
from engine.bus.kafka.topics import Shape, check, create, remove
from engine.bus.port import Outgoing
from engine.errors import Exit, UsageError
from engine.events.codec import encode
from engine.settings import BusSettings, KafkaSettings
from tests.kafka.shared import fresh_prefix
from tests.patience import PATIENCE_S
from tests.unit.cli.conftest import Invoke
from tests.unit.cli.conftest import folders as folders  # noqa: PLC0414 - fixtures that `invoke` needs
from tests.unit.cli.conftest import invoke as invoke  # noqa: PLC0414 - a fixture
from tests.unit.cli.test_letters import letter

pytestmark = pytest.mark.kafka

PARTITIONS = 3


@pytest.fixture
async def layout(kafka_bootstrap: str) -> AsyncIterator[Layout]:
    """Names of topics that are not there yet, and that are gone in the end."""
    made = Layout(fresh_prefix(), PARTITIONS)
    yield made
    await remove(Access(kafka_bootstrap, KafkaSettings()), made)


async def test_topics_are_made_once_as_they_should_be(kafka_bootstrap: str, layout: Layout) -> None:
    """All of them are made, a second time none; then nothing differs."""
    access, shape = Access(kafka_bootstrap, KafkaSettings()), Shape(layout, replicas=1)
    assert [one.found for one in await check(access, shape)] == ["missing"] * len(KAFKA_TOPICS)
    assert await create(access, shape) == (layout.names(), [])
    assert await create(access, shape) == ([], [])
    assert await check(access, shape) == []


async def test_differences_are_told_and_nothing_is_changed(kafka_bootstrap: str, layout: Layout) -> None:
    """Partitions, retention and the log's time of topics that someone else made are told, by `create` as well."""
    access, shape = Access(kafka_bootstrap, KafkaSettings()), Shape(layout, replicas=1)
    admin = AIOKafkaAdminClient(**access.options())
    await admin.start()
    await admin.create_topics([NewTopic(layout.name("comments"), 5, 1, topic_configs={"retention.ms": "60000"})])
    made, told = await create(access, shape)
    assert len(made) == len(KAFKA_TOPICS) - 1
    assert told == await check(access, shape)
    assert {(one.topic, one.what) for one in told} >= {
        (layout.name("comments"), what) for what in ("partitions", "retention.ms", "message.timestamp.type")
    }
    journal = layout.name("journal")
    await admin.create_partitions({journal: NewPartitions(PARTITIONS + 1)})
    await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, layout.name("aired"), {"cleanup.policy": "compact"})]
    )
    await admin.close()
    wanted = {(journal, "partitions"), (layout.name("aired"), "cleanup.policy")}
    async with asyncio.timeout(PATIENCE_S):  # a broker learns of a change a moment later
        while not wanted <= {(one.topic, one.what) for one in await check(access, shape)}:
            pass


async def test_more_replicas_than_brokers(kafka_bootstrap: str, layout: Layout) -> None:
    """It is a usage error that says what to do, and makes nothing."""
    access = Access(kafka_bootstrap, KafkaSettings())
    with pytest.raises(UsageError, match="--replicas"):
        await create(access, Shape(layout, replicas=5))
    assert len(await check(access, Shape(layout))) == len(KAFKA_TOPICS)


def test_the_commands(invoke: Invoke, kafka_bootstrap: str) -> None:
    """`check` before and after `create`, as text and as JSON; then a dead letter is listed."""
    prefix = fresh_prefix()
    bus = f"kafka:{kafka_bootstrap}"
    options = ("--bus", bus, "--prefix", prefix, "--partitions", "2", "--replicas", "1")
    before = invoke("topics", "check", *options)
    assert before.exit_code == Exit.FAILED
    assert "livechat topics create" in " ".join(before.stdout.split())
    made = invoke("topics", "create", *options, "--json")
    assert made.exit_code == 0
    assert json.loads(made.stdout) == {"made": [prefix + name for name in KAFKA_TOPICS], "differences": []}
    assert invoke("topics", "create", *options).stdout == "every topic was there already\n"
    after = invoke("topics", "check", *options)
    assert (after.exit_code, after.stdout) == (0, f"all {len(KAFKA_TOPICS)} topics are right\n")
    other = invoke("topics", "check", *options[:4], "--partitions", "4", "--json")
    assert other.exit_code == Exit.FAILED
    assert {one["what"] for one in json.loads(other.stdout)["differences"]} == {"partitions"}
    settings = BusSettings(url=bus, prefix=prefix, partitions=2)
    asyncio.run(_set_aside(settings))
    environment = {"LIVECHAT_BUS__PREFIX": prefix, "LIVECHAT_BUS__PARTITIONS": "2"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        shown = invoke("dead-letters", "list", "--bus", bus, "--json")
    (found,) = json.loads(shown.stdout)
    assert (found["topic"], found["offset"], found["excerpt"]) == ("comments", 11, "garbage")
    asyncio.run(remove(Access(kafka_bootstrap, KafkaSettings()), Layout(prefix, 2)))


async def _set_aside(settings: BusSettings) -> None:
    bus = await open_bus(settings)
    found = letter(11, b"garbage")
    await bus.publish([Outgoing("dead-letters", found.key(), encode(found))])
    await bus.close()
