"""One hot room on Kafka: what of it is shed, and what the rooms beside it feel."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

from bench.harness import WARM_S, Source, pace, quantiles, steps
from bench.kafka_site import Meter, Site, verdicts
from bench.workload import rooms
from engine.bus.partitioner import partition_of
from engine.clock import wall_clock

HOT = "hot"
TIMES = 5
"""The flood, in what one process carries."""
QUIET_ROOMS = 100
QUIET_PER_S = 3.0


def room_of(comment: str) -> str:
    """The quiet room of a comment's id."""
    return f"room-{comment.partition('-')[0]}"


async def hot(site: Site, partitions: int) -> dict[str, float]:
    """One room at five times `site.rate`, from a process of its own, beside 100 quiet rooms on all partitions."""
    length = site.seconds + WARM_S
    made = steps(rooms(site.arrivals, QUIET_ROOMS, QUIET_PER_S, length), length)
    per_s = TIMES * site.rate
    async with site.apart(partitions) as log:
        worker = log.start()
        await log.awake()
        where = (site.broker.bootstrap, log.settings.bus.prefix + "comments", HOT, str(per_s), str(length))
        async with verdicts(log.bus) as reading:
            flood = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.kafka_flood", *where, stdout=asyncio.subprocess.PIPE
            )
            assert flood.stdout is not None
            await flood.stdout.readline()
            meter = Meter(site, worker.cpu)
            source = Source(log.bus)
            await pace(source, made)
            spent, cores = meter.read()
            ended = wall_clock()
            told, _ = await flood.communicate()
            if flood.returncode:
                raise RuntimeError("the flood failed; its error stands above")
            flooded, sent = int(told), source.sent
            await reading.drained(flooded + len(sent))
            times = reading.times()
            drained_s = max(0, max(times.values()) - ended) / 1_000
    of_flood = {name: when for name, when in times.items() if name[0] == "h"}
    outcomes = reading.outcomes.get(HOT, Counter())
    after = meter.began + round(WARM_S * 1_000)
    place = partition_of(HOT, partitions)
    waited = {"quiet": list[int](), "beside": list[int](), "elsewhere": list[int](), "first": list[int]()}
    for name, when in sent.items():
        if name in times:
            if when < after:
                waited["first"].append(times[name] - when)
                continue
            waited["quiet"].append(times[name] - when)
            side = "beside" if partition_of(room_of(name), partitions) == place else "elsewhere"
            waited[side].append(times[name] - when)
    apart = ("shed", "expired")
    return {
        "flood_offered_per_s": round(per_s),
        "flood_published_per_s": round(flooded / spent),
        "flood_handled_per_s": round(sum(1 for when in of_flood.values() if when <= ended) / spent),
        "flood_comments": flooded,
        **{f"flood_{reason}_percent": round(100 * outcomes[reason] / flooded, 2) for reason in apart},
        "flood_understood_percent": round(100 * (outcomes.total() - sum(outcomes[r] for r in apart)) / flooded, 2),
        "flood_without_verdict": flooded - len(of_flood),
        "flood_drained_s": round(drained_s, 1),
        "quiet_without_verdict": sum(1 for name in sent if name not in times),
        **cores,
        "first_p99_ms": quantiles(sorted(waited["first"]))["p99_ms"],
        **{f"{side}_comments": len(waited[side]) for side in ("quiet", "beside", "elsewhere")},
        **{
            f"{side}_{name}": value
            for side in ("quiet", "beside", "elsewhere")
            for name, value in quantiles(sorted(waited[side])).items()
        },
    }
