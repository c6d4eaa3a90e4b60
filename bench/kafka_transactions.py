"""What Kafka itself carries of transactions, without an engine: producers that commit one after another, each on a partition."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer, TopicPartition

from bench.harness import WARM_S, Span
from bench.kafka_site import Site

CASES = ((1, True), (8, True), (8, False), (32, True), (64, True))
"""How many producers, and whether they tell the group's offsets in each transaction."""
RECORDS = 10
RECORD = b"x" * 300  # bytes; about a decision


@dataclass(slots=True)
class Committer:
    """Transactions of one producer, back to back."""

    producer: AIOKafkaProducer
    prefix: str
    partition: int
    tells: bool
    done: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        offset = 0
        while not self.stopping.is_set():
            async with self.producer.transaction():
                for _ in range(RECORDS):
                    await self.producer.send(self.prefix + "decisions", RECORD, partition=self.partition)
                offset += RECORDS
                if self.tells:
                    await self.producer.send_offsets_to_transaction(
                        {TopicPartition(self.prefix + "comments", self.partition): offset}, self.prefix + "group"
                    )
            self.done += 1


async def transactions(site: Site, partitions: int) -> dict[str, float]:
    """Transactions a second of 10 records each, by the number of producers; with and without the group's offsets."""
    del partitions
    figures: dict[str, float] = {}
    for count, tells in CASES:
        async with site.settings(count) as settings:
            prefix = settings.bus.prefix
            committers = [
                Committer(
                    AIOKafkaProducer(
                        bootstrap_servers=site.broker.bootstrap,
                        transactional_id=f"{prefix}{number}",
                        acks="all",
                        retry_backoff_ms=10,
                    ),
                    prefix,
                    number,
                    tells,
                )
                for number in range(count)
            ]
            began = time.perf_counter()
            await asyncio.gather(*(committer.producer.start() for committer in committers))
            started = time.perf_counter() - began
            tasks = [asyncio.ensure_future(committer.run()) for committer in committers]
            await asyncio.sleep(WARM_S)
            before, span, cpu = sum(committer.done for committer in committers), Span(), site.cpu()
            await asyncio.sleep(site.seconds)
            spent = time.perf_counter() - span.wall
            per_s = (sum(committer.done for committer in committers) - before) / spent
            name = f"{count}" if tells else f"{count}_untold"
            figures |= {
                f"{name}_per_s": round(per_s),
                f"{name}_ms": round(1_000 * count / per_s, 1),
                f"{name}_client_cores": round(span.cores(), 2),
                f"{name}_broker_cores": round((site.cpu() - cpu) / spent, 2),
                f"{name}_init_ms": round(1_000 * started / count, 1),
            }
            for committer in committers:
                committer.stopping.set()
            await asyncio.gather(*tasks)
            await asyncio.gather(*(committer.producer.stop() for committer in committers))
    return figures
