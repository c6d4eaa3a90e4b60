"""Producers of aiokafka that are given up leave no noise behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from engine.bus.kafka.access import Access
from engine.bus.kafka.producing import abort, discard, discarded, make_producer
from engine.settings import KafkaSettings

HERE = TopicPartition("t", 0)


@pytest.fixture
async def noise() -> AsyncIterator[list[dict[str, Any]]]:
    """What asyncio reports; nothing, in the end."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    yield told
    await asyncio.sleep(0)
    gc.collect()
    await asyncio.sleep(0)
    assert told == []


def producer(transactional_id: str | None = None) -> AIOKafkaProducer:
    """One that has its id, and no broker."""
    made = make_producer(Access("127.0.0.1:9", KafkaSettings()), transactional_id=transactional_id)
    made._txn_manager.set_pid_and_epoch(1, 0)
    return made


async def send(made: AIOKafkaProducer) -> asyncio.Future[Any]:
    """A batch that waits to be sent."""
    batch = made.create_batch()
    batch.append(key=b"k", value=b"v", timestamp=0)
    sending: asyncio.Future[Any] = await made._message_accumulator.add_batch(batch, HERE, 1.0)
    return sending


async def gone(made: AIOKafkaProducer) -> None:
    discard(made)
    await discarded(5.0)


async def test_a_batch_that_fails_between_two_tries(noise: list[dict[str, Any]]) -> None:
    """It is told to its caller, and the bookkeeping does not stumble over it."""
    made = producer()
    queue = made._message_accumulator
    sending = await send(made)
    queue.reenqueue(queue._pop_batch(HERE))
    queue.fail_all(KafkaError("given up"))
    with pytest.raises(KafkaError):
        await sending
    await gone(made)


async def test_a_batch_that_nobody_waits_for_any_more(noise: list[dict[str, Any]]) -> None:
    """Its caller had no more time; what becomes of it afterwards is looked at."""
    made = producer()
    queue = made._message_accumulator
    sending = await send(made)
    batch = queue._pop_batch(HERE)
    sending.cancel()
    await asyncio.sleep(0)
    discard(made)
    batch.failure(KafkaError("too late"))
    await gone(made)


async def test_a_transaction_that_is_given_up(noise: list[dict[str, Any]]) -> None:
    """Its end and its offsets fail with nobody there to ask for them."""
    made = producer("x")
    made._txn_manager.begin_transaction()
    sending = asyncio.ensure_future(made.send_offsets_to_transaction({HERE: OffsetAndMetadata(1, "")}, "g"))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait({sending})
    discard(made)
    made._txn_manager.fatal_error(KafkaError("fenced"))
    await gone(made)


async def test_a_transaction_that_is_aborted_for_its_error(noise: list[dict[str, Any]]) -> None:
    """aiokafka keeps the error for a commit that does not come."""
    made = producer("x")
    made._txn_manager.begin_transaction()
    made._txn_manager.error_transaction(KafkaError("not allowed"))
    assert not await abort(made, 0.0)
    await gone(made)
