"""A small engine on the embedded log, made to be killed: publishes numbered inputs, and counts and copies each in one transaction.

It says `opening`, then `ready` over a pipe. What is acknowledged is appended to a file, a line per call.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Batch, Committed, Outgoing, Stored

if TYPE_CHECKING:
    Says = Connection[str, str]
else:
    Says = Connection

DRAIN = "drain"
PARTITIONS = 4
GROUP = "livechat"
ROOMS = 13
PER_CALL = 10


async def read_all(bus: EmbeddedBus, topic: str, partition: int) -> list[Stored]:
    found: list[Stored] = []
    while more := await bus.read(topic, partition, found[-1].offset + 1 if found else 0, max_records=5_000):
        found += more
    return found


async def publish(bus: EmbeddedBus, acks: int, prefix: str) -> None:
    """Publishes without end; notes what was acknowledged before it goes on."""
    number = 0
    while True:
        names = [f"{prefix}.{number + n}" for n in range(PER_CALL)]
        await bus.publish([Outgoing("comments", f"room-{hash_of(name)}", name.encode()) for name in names])
        os.write(acks, (" ".join(names) + "\n").encode())
        number += PER_CALL


def hash_of(name: str) -> int:
    return sum(name.encode()) % ROOMS


async def work(bus: EmbeddedBus, say: Says, *, drain: bool) -> None:
    """The consume → commit loop. Counts are restored from what was written, positions from what was committed."""
    member = bus.member(GROUP)
    await member.events()
    leases: dict[int, int] = {}
    counts: dict[int, Counter[str]] = {}
    for partition in range(PARTITIONS):
        leases[partition] = await member.acquire(partition)
        position = (await bus.committed(partition)).get("comments", 0)
        written = await read_all(bus, "decisions", partition)
        journal = await read_all(bus, "journal", partition)
        assert position == (int(journal[-1].value or b"") if journal else 0), "offsets and journal differ"
        assert len(written) == len(await bus.read("comments", partition, 0, position, max_records=10**9)), (
            "an output is missing"
        )
        counts[partition] = Counter(record.key or "" for record in written)
        member.seek(partition, {"comments": position, "room-events": 0})
    say.send("ready")
    while True:
        polled = await member.poll(max_records=200, max_bytes=1_000_000, wait_ms=0 if drain else 1_000)
        if drain and not polled:
            return
        batches: list[Batch] = []
        for partition, records in polled.items():
            outputs: list[Outgoing] = []
            for record in records:
                room = record.key or ""
                counts[partition][room] += 1
                copy = b"%s %d" % (record.value or b"", counts[partition][room])
                outputs.append(Outgoing("decisions", room, copy, partition=partition))
            following = records[-1].offset + 1
            outputs.append(Outgoing("journal", f"#{partition}", b"%d" % following, partition=partition))
            batches.append(Batch(partition, leases[partition], tuple(outputs), {"comments": following}))
        outcomes = await member.commit(batches)
        assert all(isinstance(outcome, Committed) for outcome in outcomes), outcomes


async def live(path: Path, acks_path: Path, prefix: str, say: Says) -> None:
    bus = EmbeddedBus(path, partitions=PARTITIONS, group=GROUP)
    if prefix == DRAIN:
        await work(bus, say, drain=True)
        await bus.close()
        return
    acks = os.open(acks_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    await asyncio.gather(publish(bus, acks, prefix), work(bus, say, drain=False))


def main(path: Path, acks_path: Path, prefix: str, say: Says) -> None:
    """The process. With the prefix `DRAIN` it publishes nothing, and ends once every input was handled."""
    say.send("opening")
    asyncio.run(live(path, acks_path, prefix, say))
