"""What others may do to a log: foreign garbage on its inputs, and a partition added. Workers as processes on the run's broker."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from engine.bus.kafka.access import Access
from engine.bus.partitioner import partition_of
from engine.errors import Exit
from engine.events.codec import decode, encode
from engine.events.inputs import Comment
from engine.events.letters import DeadLetter
from tests.kafka.checker import check
from tests.kafka.live import pools
from tests.kafka.scene import scene
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTITIONS = 4


def comment(room: str, number: int) -> bytes:
    return encode(Comment(room=room, source="foreign", id=f"c{number}", viewer="v", text="§ 多少钱"))


async def test_garbage_is_set_aside_with_its_origin(kafka_bootstrap: str, tmp_path: Path) -> None:
    """No value, no key, another key, no record, too much of it, hundreds of headers: each a dead letter, and the rest goes on."""
    async with scene(kafka_bootstrap, tmp_path, partitions=PARTITIONS, workers=1) as made:
        room = made.live.rooms[0]
        partition = partition_of(room, PARTITIONS)
        topic = f"{made.settings.prefix}comments"
        producer = AIOKafkaProducer(
            **Access(kafka_bootstrap, made.settings.kafka).options(), max_request_size=1_048_576
        )
        await producer.start()

        async def write(value: bytes | None, key: bytes | None = room.encode(), **more: object) -> int:
            sent = await producer.send_and_wait(topic, value, key=key, partition=partition, **more)
            return int(sent.offset)

        bomb = [(f"h{number}", b"x" * 1_000) for number in range(900)]
        wrong = {
            await write(None): "the value is empty",
            await write(comment(room, 1), key=None): "key must be its room",
            await write(comment(room, 2), key=b"another"): "key must be its room",
            await write(comment(room, 3), key=b"\xff\xfe"): "key must be its room",
            await write(b"garbage"): "not a valid comments",
            await write(b"\xff\x00"): "not a valid comments",
            await write(json.dumps({"room": room}).encode()): "not a valid comments",
            await write(b"x" * 900_000): "900000 bytes, above the limit",
            await write(comment(room, 4), headers=bomb): "900 headers, above the limit",
            await write(b"x" * 1_000_001): "bytes with its key and headers, above the limit",
        }
        await write(comment(room, 5))
        await producer.stop()
        await made.live.write(50, rate=1_000)
        findings = await made.judge()
        log = await made.log()
    assert findings.violations == []
    letters = [decode("dead-letters", stored.value) for stored in log["dead-letters", 0]]
    told: dict[int, DeadLetter] = {letter.origin_offset: letter for letter in letters}
    assert {letter.origin_partition for letter in letters} == {partition}
    for offset, error in wrong.items():
        assert error in told[offset].error
        assert len(b64decode(told[offset].value)) <= told[offset].size + len("***")  # in place of a short viewer
    assert set(told) == set(wrong)
    decided = {decode("decisions", stored.value).comment for stored in log["decisions", partition]}
    assert "c5" in decided


async def test_an_added_partition_stops_the_workers(kafka_bootstrap: str, tmp_path: Path) -> None:
    """Where rooms would change their partition nothing is handled any more: workers end, say what to do, and nothing is decided twice."""
    async with scene(kafka_bootstrap, tmp_path, partitions=PARTITIONS, workers=2) as made:
        await made.live.write(300, rate=1_000)
        await made.goes_on()
        admin = AIOKafkaAdminClient(**Access(kafka_bootstrap, made.settings.kafka).options())
        await admin.start()
        grown = {
            f"{made.settings.prefix}{topic}": NewPartitions(PARTITIONS + 1) for topic in ("comments", "room-events")
        }
        await admin.create_partitions(grown)
        await admin.close()
        workers = list(made.fleet.workers.values())
        ended = await asyncio.gather(*(asyncio.to_thread(worker.wait, PATIENCE_S) for worker in workers))
        assert set(ended) == {Exit.USAGE}
        for worker in workers:
            assert "bus.partitions" in worker.tail()
            assert "Traceback" not in worker.tail()
        made.fleet.start(9)  # nor does a new one begin
        again = made.fleet.workers[9]
        assert await asyncio.to_thread(again.wait, PATIENCE_S) == Exit.USAGE
        acknowledged = made.live.acknowledged.copy()  # before the log is read: players go on writing
        findings = check(await made.log(), pools, acknowledged)
    rules = {violation.rule for violation in findings.violations}
    assert rules <= {"decided", "entered"}, findings  # the workers stopped in the middle of the live
    assert not [violation for violation in findings.violations if "twice" in violation.detail], findings
