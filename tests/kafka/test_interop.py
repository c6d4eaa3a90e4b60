"""Other clients of Kafka write comments by the JSON Schema alone, and read what the engine decides."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.partitioner import partition_of
from engine.settings import KafkaSettings
from tests.kafka import jars, shared
from tests.process.commands import serving

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SCHEMA: Final = Path(__file__).parents[2] / "schemas" / "comments.schema.json"
PARTITIONS: Final = 4
PATIENCE_S: Final = 60.0
ROOMS: Final = ["room-1", "直播间", "a", "shop/night".replace("/", "-"), *(f"r{number}" for number in range(16))]

Write = Callable[[str, str, list[tuple[str, bytes]]], None]


@pytest.fixture
async def layout(kafka_bootstrap: str) -> AsyncIterator[Layout]:
    """Topics of this test's own."""
    access, made = Access(kafka_bootstrap, KafkaSettings()), Layout(shared.fresh_prefix(), PARTITIONS)
    await create(access, Shape(made))
    yield made
    await remove(access, made)


def comment(room: str, number: int) -> bytes:
    """A comment with what the schema requires and nothing else."""
    values = {"room": room, "source": "interop", "id": f"c{number}", "viewer": f"v{number}", "text": "什么时候发货"}
    required: list[str] = json.loads(SCHEMA.read_text("utf-8"))["required"]
    return json.dumps({name: values[name] for name in required}, ensure_ascii=False).encode()


def by_console(bootstrap: str, topic: str, records: list[tuple[str, bytes]]) -> None:
    """Kafka's own console producer."""
    try:
        jars.class_path()
    except jars.NoKafka as error:
        shared.no_kafka(str(error))
    lines = b"".join(key.encode() + b"\t" + value + b"\n" for key, value in records)
    properties = ("--property", "parse.key=true", "--property", "key.separator=\t")
    where = ("--bootstrap-server", bootstrap, "--topic", topic)
    jars.tool("org.apache.kafka.tools.ConsoleProducer", *where, *properties, stdin=lines)


def by_librdkafka(bootstrap: str, topic: str, records: list[tuple[str, bytes]]) -> None:
    """The client that Python, Go, .NET and others share; its partitioner has to be told to do as Java does."""
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
    for key, value in records:
        producer.produce(topic, key=key.encode(), value=value)
    assert not producer.flush(PATIENCE_S)


def read(bootstrap: str, topic: str, count: int) -> list[tuple[str, int, dict[str, object]]]:
    """The first `count` committed records: key, partition and content."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "isolation.level": "read_committed"})
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    found: list[tuple[str, int, dict[str, object]]] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} came"
        message = consumer.poll(0.5)
        if message is not None:
            assert message.error() is None, message.error()
            key, value = message.key(), message.value()
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            found.append((key.decode(), message.partition() or 0, json.loads(value)))
    consumer.close()
    return found


@pytest.mark.parametrize("write", [by_console, by_librdkafka])
def test_partitions_are_chosen_as_other_clients_choose_them(kafka_bootstrap: str, layout: Layout, write: Write) -> None:
    """Every room's records stand where our murmur2 says, Chinese names among them."""
    topic = layout.name("comments")
    write(kafka_bootstrap, topic, [(room, comment(room, number)) for number, room in enumerate(ROOMS)])
    found = read(kafka_bootstrap, topic, len(ROOMS))
    assert {(key, partition) for key, partition, _ in found} == {
        (room, partition_of(room, PARTITIONS)) for room in ROOMS
    }


def test_comments_of_other_clients_are_decided(kafka_bootstrap: str, layout: Layout, tmp_path: Path) -> None:
    """`livechat serve` on the cluster decides what two other clients write, and one of them reads it, each comment once."""
    config = tmp_path / "livechat.toml"
    config.write_text(
        f'[bus]\nurl = "kafka:{kafka_bootstrap}"\nprefix = "{layout.prefix}"\npartitions = {PARTITIONS}\n'
        '[privacy]\nviewer_key = "interop"\n'
    )
    rooms = ROOMS[:5]
    with serving(tmp_path, "--config", config):
        for at, write in enumerate((by_console, by_librdkafka)):
            records = [(room, comment(room, number + at * 100)) for number, room in enumerate(rooms)]
            write(kafka_bootstrap, layout.name("comments"), records)
        told = read(kafka_bootstrap, layout.name("verdicts"), len(rooms))
        assert {partition_of(key, PARTITIONS) for key, _, _ in told} == {partition for _, partition, _ in told}
        closed = [
            (room, json.dumps({"type": "room_closed", "room": room, "id": "e", "at": 1}).encode()) for room in rooms
        ]
        by_librdkafka(kafka_bootstrap, layout.name("room-events"), closed)
        decided = read(kafka_bootstrap, layout.name("decisions"), 2 * len(rooms))
    assert all(partition == partition_of(key, PARTITIONS) for key, partition, _ in decided)
    assert sorted((key, content["comment"]) for key, _, content in decided) == sorted(
        (room, f"c{number + at}") for number, room in enumerate(rooms) for at in (0, 100)
    )
    assert {content["intent"] for _, _, content in decided} == {"shipping.dispatch"}
    assert {content["reason"] for _, _, content in decided} <= {"shadowed", "room_closed"}  # nobody plays
