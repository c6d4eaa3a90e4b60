"""Cases on Kafka whose workers are processes of their own, as on a cluster: more of them, one that dies, rooms with players, memory."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from itertools import islice

from bench.harness import (
    LOAD_ENDED,
    MOST_RATE,
    PUBLISH_BATCH,
    WARM_S,
    WINDOW,
    Source,
    batches,
    on_air,
    outgoing,
    pace,
    quantiles,
    soak,
    steps,
)
from bench.kafka_site import Meter, Site, verdicts
from bench.workload import rooms
from engine.clock import wall_clock

ROOMS = 1_000
ROOM_PER_S = 3.0
RECOVERY_PER_S = 2_000  # comments/s of all rooms together
JOINS_S = 20.0  # the second worker starts, joins, and takes its half
BACK_S = 40.0  # what is told of a worker's death begins and ends within it
SOON_MS = 1_000  # a comment that waits no longer than this says that its partition is back


async def workers(site: Site, partitions: int) -> dict[str, float]:
    """As fast as one and two worker processes bring verdicts."""
    return {
        f"{number}_{name}": value
        for number in (1, 2)
        for name, value in (await throughput(site, partitions, number)).items()
    }


async def throughput(site: Site, partitions: int, number: int) -> dict[str, float]:
    """With as many comments on their way for each of the workers as in the case `rate`."""
    lines = islice(rooms(site.arrivals, 100, 400.0, 60.0), round(number * MOST_RATE * (site.seconds + WARM_S)))
    made = deque([outgoing(line) for line in batch] for batch in batches(lines, PUBLISH_BATCH))
    async with site.apart(partitions) as log:
        for _ in range(number):
            log.start()
        await log.awake()
        await asyncio.sleep(WARM_S)  # the second one has joined by then
        writer = log.writer()
        async with verdicts(log.bus) as reading:

            async def flood(seconds: float) -> int:
                """How many got their verdict meanwhile; where the load ends earlier, so does the time."""
                before, end = len(reading.times()), time.perf_counter() + seconds
                while made and time.perf_counter() < end:
                    if writer.written - len(reading.times()) < number * WINDOW:
                        writer.write(made.popleft())
                    else:
                        await asyncio.sleep(0.01)
                return len(reading.times()) - before

            first = await flood(WARM_S)
            if not made:
                raise RuntimeError(LOAD_ENDED)
            unread, meter = reading.unread(), Meter(site, log.cpu)
            done = await flood(site.seconds)
            spent, cores = meter.read()
            return {
                "per_s": round(done / spent),
                "first_per_s": round(first / WARM_S),
                **cores,
                "unread_percent": round(100 * (reading.unread() - unread) / max(1, done), 1),
            }


async def recovery(site: Site, partitions: int) -> dict[str, float]:
    """1,000 rooms at 2,000 comments/s together: a second worker joins, one of both is killed, the other is killed and started again."""
    length = WARM_S + JOINS_S + 2 * BACK_S
    made = steps(rooms(site.arrivals, ROOMS, RECOVERY_PER_S / ROOMS, length), length)
    async with site.apart(partitions) as log:
        first = log.start()
        await log.awake()
        source = Source(log.bus)
        async with verdicts(log.bus) as reading:
            publishing = asyncio.ensure_future(pace(source, made))
            await asyncio.sleep(WARM_S)
            joins = wall_clock()
            second = log.start()
            await asyncio.sleep(JOINS_S)
            killed = wall_clock()
            await first.kill()
            await asyncio.sleep(BACK_S)
            alone = wall_clock()
            await second.kill()
            log.start()
            await publishing
            await reading.drained(len(source.sent), BACK_S)
            times = reading.times()
    sent = source.sent
    waits = sorted((at, times[name] - at) for name, at in sent.items() if name in times)
    figures: dict[str, float] = {"rooms": ROOMS, "comments_per_s": round(len(sent) / length)}
    for name, begin, end in (("joined", joins, killed), ("killed", killed, alone), ("restarted", alone, 1 << 60)):
        # What was sent a moment before may not have been committed either.
        found = [(at, wait) for at, wait in waits if begin - SOON_MS <= at < end - SOON_MS]
        slow = [at for at, wait in found if wait > SOON_MS]
        figures[f"{name}_longest_wait_s"] = round(max(wait for _, wait in found) / 1_000, 1)
        figures[f"{name}_back_to_normal_s"] = round((max(slow) - begin) / 1_000, 1) if slow else 0.0
    figures["session_timeout_s"] = log.settings.bus.kafka.session_timeout_s
    figures["unread"] = sum(1 for name in sent if name not in times)
    return figures


async def held(site: Site, partitions: int) -> dict[str, float]:
    """1,000 rooms at 3 comments/s, each with a script that runs and a player that reports: what a worker process takes for them."""
    made = steps(rooms(site.arrivals, ROOMS, ROOM_PER_S, site.seconds + WARM_S), site.seconds + WARM_S)
    async with site.apart(partitions) as log:
        worker = log.start()
        await log.awake()
        empty = worker.resident_mb()
        source = Source(log.bus)
        async with verdicts(log.bus) as reading, on_air(log.bus, site.shelf.pool, ROOMS) as players:
            meter = Meter(site, worker.cpu)
            await pace(source, made)
            spent, cores = meter.read()
            full = worker.resident_mb()
            await reading.drained(len(source.sent))
            times = reading.times()
        after = meter.began + round(WARM_S * 1_000)
        found = sorted(times[name] - sent for name, sent in source.sent.items() if sent >= after and name in times)
        return {
            "rooms": ROOMS,
            "comments_per_s": round(len(source.sent) / spent),
            **quantiles(found),
            "unread": sum(1 for name in source.sent if name not in times),
            "insertions": players.insertions,
            "said": players.said,
            **cores,
            "empty_mb": round(empty),
            "full_mb": round(full),
        }


async def memory(site: Site, partitions: int) -> dict[str, float]:
    """Resident memory of a worker process over many comments of few rooms."""
    async with site.apart(partitions) as log:
        worker = log.start()
        await log.awake()
        async with verdicts(log.bus) as reading:
            return await soak(log.bus, site.arrivals, site.comments, lambda: len(reading.times()), worker.resident_mb)
