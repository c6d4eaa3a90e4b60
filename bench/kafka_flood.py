"""A flood of one room, from a process of its own, so that it takes nothing from the worker that it floods but the machine.

    python -m bench.kafka_flood BOOTSTRAP TOPIC ROOM PER_S SECONDS

Prints `begun` when it begins, and in the end how many comments it wrote; their ids are h0, h1, and so on.
"""

from __future__ import annotations

import sys
import time

from bench.harness import flood_of
from bench.kafka_site import fast_producer


def flood(bootstrap: str, topic: str, room: str, per_s: float, seconds: float) -> int:
    """Writes `per_s` comments a second; how many were acknowledged. Where it falls behind, it catches up."""
    producer, parts = fast_producer(bootstrap), flood_of(room)
    acknowledged = 0

    def count(error: object, message: object) -> None:
        nonlocal acknowledged
        del message
        acknowledged += error is None

    written, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        due = int(spent * per_s)
        while written < due and len(producer) < 100_000:
            producer.produce(topic, parts[written % len(parts)] % written, room, on_delivery=count)
            written += 1
        producer.poll(0.005)
    producer.flush()
    if acknowledged < written:
        raise RuntimeError(f"{written - acknowledged} of {written} comments were not acknowledged")
    return written


def main() -> None:
    bootstrap, topic, room, per_s, seconds = sys.argv[1:]
    print("begun", flush=True)
    print(flood(bootstrap, topic, room, float(per_s), float(seconds)), flush=True)


if __name__ == "__main__":
    main()
