"""The peer of the Kafka benchmarks: a plain consume-produce loop of aiokafka, which is what Kafka itself costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import islice

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from bench.harness import (
    MOST_RATE,
    PUBLISH_BATCH,
    WARM_S,
    WINDOW,
    Span,
    batches,
    outgoing,
    while_published,
)
from bench.kafka_site import Site
from bench.workload import rooms
from engine.bus import open_bus
from engine.clock import wall_clock

# What a comment takes in a worker's records, bytes: both cases tell `log_bytes_per_comment`, which must be about the same.
DECISION_BYTES = 498
ENTRY_BYTES = 422  # of the journal
VERDICT_BYTES = 68  # of the record of its room's verdicts


async def loop(site: Site, partitions: int) -> dict[str, float]:
    """What Kafka itself costs: consume, copy, commit with the offsets, one transaction for each partition and batch.

    Each transaction holds what a worker's does, in records as large: every comment among the decisions, all of them in one record of
    the journal, and a record of verdicts for each room.
    """
    lines = islice(rooms(site.arrivals, 100, 400.0, 60.0), round(2 * MOST_RATE * (site.seconds + WARM_S)))
    made = [[outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH)]
    async with site.settings(partitions) as settings:
        bus = await open_bus(settings.bus)
        inputs = [TopicPartition(settings.bus.prefix + "comments", p) for p in range(partitions)]
        group = settings.bus.prefix + "loop"
        options = {"bootstrap_servers": site.broker.bootstrap, "retry_backoff_ms": 10}
        producers = [
            AIOKafkaProducer(transactional_id=f"{group}-{p}", acks="all", max_batch_size=524_288, **options)
            for p in range(partitions)
        ]
        consumer = AIOKafkaConsumer(
            isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest", **options
        )
        await asyncio.gather(consumer.start(), *(producer.start() for producer in producers))
        consumer.assign(inputs)
        copied = published = 0
        stopped = False
        source = iter(made)

        async def publish() -> None:
            nonlocal published
            for batch in source:
                while published - copied > WINDOW and not stopped:
                    await asyncio.sleep(0.002)
                if stopped:
                    return
                published += len(batch)
                await bus.publish(batch)

        async def write(topic: str, partition: int, records: Sequence[tuple[bytes, bytes]]) -> None:
            """Records (key, value) in as few batches as hold them."""
            producer, now = producers[partition], wall_clock()
            batch = producer.create_batch()
            for key, value in records:
                if batch.append(key=key, value=value, timestamp=now) is None:
                    await producer.send_batch(batch, settings.bus.prefix + topic, partition=partition)
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=now)
            await producer.send_batch(batch, settings.bus.prefix + topic, partition=partition)

        async def copy(at: TopicPartition, found: Sequence[ConsumerRecord]) -> None:
            copies = [(record.key, record.value.ljust(DECISION_BYTES)) for record in found]
            by_room: dict[bytes, list[bytes]] = {}
            for room, value in copies:
                by_room.setdefault(room, []).append(value[:VERDICT_BYTES])
            async with producers[at.partition].transaction():
                await asyncio.gather(
                    write("decisions", at.partition, copies),
                    write("journal", at.partition, [(b"#", b",".join(value[:ENTRY_BYTES] for _, value in copies))]),
                    write("verdicts", at.partition, [(room, b",".join(lines)) for room, lines in by_room.items()]),
                )
                await producers[at.partition].send_offsets_to_transaction({at: found[-1].offset + 1}, group)

        async def consume() -> None:
            nonlocal copied
            while not stopped:
                found = await consumer.getmany(timeout_ms=100, max_records=2_000 * partitions)
                await asyncio.gather(*(copy(at, records) for at, records in found.items() if records))
                copied += sum(map(len, found.values()))

        publishers = [asyncio.ensure_future(publish()) for _ in range(8)]
        consuming = asyncio.ensure_future(consume())
        await asyncio.sleep(WARM_S)
        warm, span, cpu = copied, Span(), site.cpu()
        await while_published(publishers, site.seconds)
        spent = time.perf_counter() - span.wall
        figures = {
            "comments_per_s": round((copied - warm) / spent),
            "first_per_s": round(warm / WARM_S),
            "cores": round(span.cores(), 2),
            "broker_cores": round((site.cpu() - cpu) / spent, 2),
        }
        stopped = True
        await asyncio.gather(*publishers, consuming)
        figures["log_bytes_per_comment"] = round(site.log_bytes(settings) / copied)
        await asyncio.gather(consumer.stop(), *(producer.stop() for producer in producers))
        await bus.close()
    return figures
