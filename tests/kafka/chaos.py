"""Faults under load, and the judgement of what is on the log afterwards: `python -m tests.kafka.chaos --comments 100000 --faults 100`.

Which fault follows which is drawn from the seed. After each the workers must go on before the next one comes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer

from engine.bus.kafka.access import Access
from engine.events.codec import encode
from engine.events.inputs import Comment
from tests.kafka.broker import Broker
from tests.kafka.checker import Findings
from tests.kafka.scene import Scene, scene

SESSION_S: Final = 3.0
"""Session of the workers; the usual 10 s would make each fault as much longer."""
ZOMBIE_S: Final = SESSION_S + 1.5
"""A worker that sleeps for so long is thought dead, and wakes up as one that was replaced."""
HICCUP_S: Final = 0.6
FREEZE_S: Final = (0.5, 3.0, 7.0)
"""How long a broker says nothing: below the deadline of a request, above it, and above that of a call and the session."""
DEAD_TRANSACTION_MS: Final = 3_000
SECOND: Final = 2
"""A third worker has this number."""


@dataclass
class Report:
    """What a run came to."""

    seed: int
    findings: Findings
    faults: dict[str, int]
    recovery_s: dict[str, float]
    """Longest time until everything that was written by then was handled, by fault."""
    exits: dict[int, int]
    strange: list[str]
    written_again: int
    seconds: float

    @property
    def is_good(self) -> bool:
        return not self.findings.violations and not self.strange

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count} (≤ {self.recovery_s[name]:.1f} s)" for name, count in self.faults.items())
        return "\n".join(
            [
                f"seed {self.seed}, {self.seconds:.0f} s, {sum(self.faults.values())} faults: {faults}",
                f"workers ended by themselves: {self.exits}; {self.written_again} calls of producers were made again",
                str(self.findings),
                *self.strange,
            ]
        )


@dataclass
class Chaos:
    """Faults on one scene."""

    scene: Scene
    broker: Broker
    rng: random.Random
    say: Callable[[str], None]
    faults: dict[str, int] = field(default_factory=dict)
    recovery_s: dict[str, float] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Every fault by name."""
        return {
            "worker killed": self.worker_killed,
            "worker stopped": self.worker_stopped,
            "worker asleep past its session": self.zombie,
            "worker hiccup": self.hiccup,
            "worker joins or leaves": self.joins_or_leaves,
            "broker frozen": self.broker_frozen,
            "broker killed": self.broker_killed,
            "broker restarted": self.broker_restarted,
            "dead transaction": self.dead_transaction,
        }

    async def fault(self, name: str) -> None:
        """One fault, until the workers go on."""
        await self.kinds[name]()
        took = await self.scene.goes_on()
        self.faults[name] = self.faults.get(name, 0) + 1
        self.recovery_s[name] = max(self.recovery_s.get(name, 0.0), took)
        self.say(f"{sum(self.faults.values())}: {name}, all handled after {took:.1f} s")

    def _one(self) -> int:
        return self.rng.choice(sorted(self.scene.fleet.workers))

    async def worker_killed(self) -> None:
        self.scene.fleet.kill(self._one())

    async def worker_stopped(self) -> None:
        number = self._one()
        await asyncio.to_thread(self.scene.fleet.stop, number)
        self.scene.fleet.start(number)

    async def zombie(self) -> None:
        await self._asleep(ZOMBIE_S)

    async def hiccup(self) -> None:
        await self._asleep(HICCUP_S)

    async def _asleep(self, seconds: float) -> None:
        worker = self.scene.fleet.workers[self._one()]
        worker.pause()
        await asyncio.sleep(seconds)
        worker.send(signal.SIGCONT)

    async def joins_or_leaves(self) -> None:
        if SECOND in self.scene.fleet.workers:
            await asyncio.to_thread(self.scene.fleet.stop, SECOND)
        else:
            self.scene.fleet.start(SECOND)
            await self.scene.until(lambda: self._joined(SECOND), "the new worker's share")

    def _joined(self, number: int) -> bool:
        return "lease" in self.scene.fleet.workers[number].tail()

    async def broker_frozen(self) -> None:
        self.broker.pause()
        await asyncio.sleep(self.rng.choice(FREEZE_S))
        self.broker.resume()

    async def broker_killed(self) -> None:
        await asyncio.to_thread(self.broker.kill)
        await asyncio.to_thread(self.broker.start)

    async def broker_restarted(self) -> None:
        await asyncio.to_thread(self.broker.stop)
        await asyncio.to_thread(self.broker.start)

    async def dead_transaction(self) -> None:
        """Another producer begins to write comments in a transaction, and dies: nothing behind them is read until that ends."""
        access = Access(self.broker.bootstrap, self.scene.settings.kafka)
        producer = AIOKafkaProducer(
            transactional_id=f"{self.scene.settings.prefix}dead-{self.rng.random()}",
            transaction_timeout_ms=DEAD_TRANSACTION_MS,
            **access.options(),
        )
        await producer.start()
        await producer.begin_transaction()
        for room in self.scene.live.rooms:
            never = Comment(room=room, source="dead", id=f"d{self.rng.random()}", viewer="d", text="never")
            await producer.send_and_wait(f"{self.scene.settings.prefix}comments", encode(never), key=room.encode())
        await _die(producer)


async def _die(producer: AIOKafkaProducer) -> None:
    """As if the process were gone: the sockets close, and nobody aborts."""
    sender = producer._sender
    sender.sender_task.cancel()
    with suppress(asyncio.CancelledError):
        await sender.sender_task
    await producer.client.close()
    producer._closed = True


async def run(
    folder: Path,
    *,
    comments: int,
    faults: int,
    rate: float,
    seed: int,
    say: Callable[[str], None],
    names: Sequence[str] = (),
) -> Report:
    """A whole run on a broker of its own. `names`: these faults in this order, before those that are drawn. Raises `Stuck`."""
    begun = time.monotonic()
    broker = Broker(folder / "broker")
    rng = random.Random(seed)
    await asyncio.to_thread(broker.start)
    try:
        async with scene(broker.bootstrap, folder / "workers", seed=seed, session_s=SESSION_S) as made:
            chaos = Chaos(made, broker, rng, say)
            writing = asyncio.ensure_future(made.live.write(comments, rate))
            try:
                took = await made.until(lambda: bool(made.live.handled), "the first verdict")
                say(f"first verdict after {took:.1f} s")
                drawn = [rng.choice(list(chaos.kinds)) for _ in range(faults - len(names))]
                for name in (*names, *drawn):
                    await chaos.fault(name)
                    await asyncio.sleep(rng.uniform(0.2, 2.0))
                say("no more faults; the rest of the comments")
                await made.until(writing.done, "the last comment", comments / rate + 300)
                writing.result()
                findings = await made.judge()
            finally:
                writing.cancel()
            return Report(
                seed=seed,
                findings=findings,
                faults=chaos.faults,
                recovery_s=chaos.recovery_s,
                exits=dict(made.fleet.exits),
                strange=made.fleet.strange,
                written_again=made.live.unavailable,
                seconds=time.monotonic() - begun,
            )
    finally:
        broker.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description="Faults under load on a real Kafka, then a check of the whole log.")
    parser.add_argument("--comments", type=int, default=100_000)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--rate", type=float, default=150.0, help="comments a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {line}", flush=True)

    with tempfile.TemporaryDirectory(prefix="livechat-chaos-") as folder:
        report = asyncio.run(
            run(
                Path(folder),
                comments=options.comments,
                faults=options.faults,
                rate=options.rate,
                seed=options.seed,
                say=say,
            )
        )
    print(report)
    if options.json:
        found = report.findings
        figures = {
            "seed": report.seed, "seconds": report.seconds, "faults": report.faults, "recovery_s": report.recovery_s,
            "exits": report.exits, "comments": found.comments, "duplicates": found.duplicates, "decisions": found.decisions,
            "insertions": found.insertions, "leases": found.leases, "violations": [str(one) for one in found.violations],
        }  # fmt: skip
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
