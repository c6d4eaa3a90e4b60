"""What Kafka itself carries of transactions, without an engine: producers that commit one after another, each on a partition."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer, TopicPartition

from bench.harness import WARM_S, Span
from bench.kafka_site import Site

PRODUCERS = (1, 8, 32, 64)
RECORDS = 10
RECORD = b"x" * 300  # bytes; about a decision


@dataclass(slots=True)
class Committer:
    """Transactions of one producer, back to back."""

    producer: AIOKafkaProducer
    prefix: str
    partition: int
    done: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        offset = 0
        while not self.stopping.is_set():
            async with self.producer.transaction():
                for _ in range(RECORDS):
                    await self.producer.send(self.prefix + "decisions", RECORD, partition=self.partition)
                offset += RECORDS
                await self.producer.send_offsets_to_transaction(
                    {TopicPartition(self.prefix + "comments", self.partition): offset}, self.prefix + "group"
                )
            self.done += 1


async def transactions(site: Site, partitions: int) -> dict[str, float]:
    """Transactions a second of 10 records and one offset each, by the number of producers."""
    del partitions
    figures: dict[str, float] = {}
    for count in PRODUCERS:
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
            figures |= {
                f"{count}_per_s": round(per_s),
                f"{count}_ms": round(1_000 * count / per_s, 1),
                f"{count}_client_cores": round(span.cores(), 2),
                f"{count}_broker_cores": round((site.cpu() - cpu) / spent, 2),
                f"{count}_init_ms": round(1_000 * started / count, 1),
            }
            for committer in committers:
                committer.stopping.set()
            await asyncio.gather(*tasks)
            await asyncio.gather(*(committer.producer.stop() for committer in committers))
    return figures
