"""Viewer keys, retention and the export on a real broker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pydantic import SecretStr

from engine.bus import open_bus
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.port import Outgoing
from engine.clock import wall_clock
from engine.events.codec import encode
from engine.events.outputs import Aired
from engine.metrics import Metrics
from engine.retention import RetentionSettings
from engine.settings import BusSettings, KafkaSettings, PrivacySettings, Settings
from engine.viewers.keeper import AGAIN_MS, TOPIC, ViewerKeys, remains
from tests.kafka.shared import fresh_prefix
from tests.process.commands import running

pytestmark = pytest.mark.kafka

PARTITIONS: Final = 3
PATIENCE_S: Final = 60.0


@pytest.fixture
async def layout(kafka_bootstrap: str) -> AsyncIterator[Layout]:
    """Topics of this test's own."""
    access, made = Access(kafka_bootstrap, KafkaSettings()), Layout(fresh_prefix(), PARTITIONS)
    await create(access, Shape(made))
    yield made
    await remove(access, made)


@pytest.fixture
def settings(kafka_bootstrap: str, layout: Layout) -> Settings:
    bus = BusSettings(url=f"kafka:{kafka_bootstrap}", prefix=layout.prefix, partitions=PARTITIONS)
    return Settings(bus=bus, privacy=PrivacySettings(viewer_key=SecretStr("of the tests")))


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    """The same settings for a command."""
    file = tmp_path / "livechat.toml"
    file.write_text(
        f'[bus]\nurl = "{settings.bus.url}"\nprefix = "{settings.bus.prefix}"\npartitions = {PARTITIONS}\n'
        '[privacy]\nviewer_key = "of the tests"\n'
    )
    return file


async def run(config: Path, *arguments: str) -> str:
    """What the command prints; it has to end well."""
    with running(*arguments, "--config", config, cwd=config.parent) as command:
        code = await asyncio.to_thread(command.wait)
        assert code == 0, command.stderr
        return command.rest


async def test_processes_agree_and_what_is_destroyed_goes_from_the_brokers(
    settings: Settings, config: Path, layout: Layout, kafka_bootstrap: str
) -> None:
    """Several processes start on an empty log at once; keys change and are destroyed by command; compaction takes the bits away."""
    access = Access(kafka_bootstrap, KafkaSettings())
    admin = AIOKafkaAdminClient(**access.options())
    await admin.start()
    quick = {
        "max.compaction.lag.ms": "1",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "cleanup.policy": "compact",
    }
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, layout.name(TOPIC), quick)])
    await admin.close()
    buses = [await open_bus(settings.bus) for _ in range(4)]
    several = [ViewerKeys(bus, settings, Metrics(), "test") for bus in buses]
    await asyncio.gather(*(keys.start() for keys in several))
    await asyncio.gather(*(keys.start() for keys in several))
    at = wall_clock()
    (before,) = {keys("viewer", at) for keys in several}
    for verb in ("rotate", "destroy"):
        await run(config, "keys", verb)
    await asyncio.gather(*(keys.start() for keys in several))
    (after,) = {keys("viewer", at) for keys in several}
    assert before != after
    later = ViewerKeys(buses[0], settings, Metrics(), "test", lambda: wall_clock() + AGAIN_MS + 60_000, lambda: 0.0)
    async with asyncio.timeout(PATIENCE_S):
        while await remains(buses[0], wall_clock()):  # the broker compacts in its own time
            await later.start()
            later._verified = 0
    shown = await run(config, "keys", "list", "--json")
    assert [key["state"] for key in json.loads(shown)] == ["erased", "in use"]
    for bus in buses:
        await bus.close()


async def test_topics_that_are_kept_otherwise_are_told_at_the_start(
    settings: Settings, layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    """Each with the command that changes it, and the process goes on; made with the same settings, nothing is to be told."""
    caplog.set_level(logging.WARNING)
    await (await open_bus(settings.bus)).close()
    assert not [one for one in caplog.messages if "is kept otherwise" in one]
    other = settings.bus.model_copy(update={"retention": RetentionSettings(decisions="14d")})
    await (await open_bus(other)).close()
    (said,) = [one for one in caplog.messages if "is kept otherwise" in one]
    assert "→ kafka-configs --bootstrap-server" in said
    assert f"topic={layout.name('decisions')}, found=retention.ms 2592000000, wanted=1209600000" in said


async def test_what_was_aired_is_exported_whole(settings: Settings, config: Path) -> None:
    """From all partitions, in order, beside whoever writes; the seal fits."""
    bus = await open_bus(settings.bus)
    for number in range(30):
        record = Aired(
            id=f"{number:012x}", room=f"room-{number % 7}", shop="tea", insertion="0000000a", reply="fee", intent="shipping.fee",
            language="zh", text="包邮", pool="0000000b", started=number, viewers=1, approved_by="ann",
        )  # fmt: skip
        await bus.publish([Outgoing("aired", record.room, encode(record))])
    printed = await run(config, "audit", "aired", "--json")
    await bus.close()
    *lines, end = printed.splitlines(keepends=True)
    assert sorted(json.loads(line)["record"]["started"] for line in lines) == list(range(30))
    logged = [json.loads(line)["logged"] for line in lines]
    assert logged == sorted(logged)
    told = json.loads(end)["end"]
    assert (told["records"], told["whole"]) == (30, True)
    assert told["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
