"""Stand-ins: a builder without processes, edits on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from engine.bus.embedded import EmbeddedBus
from engine.metrics import Metrics
from engine.publisher.builder import BuildFailed, Built, Request, Trained, build, train
from engine.publisher.service import Publisher
from engine.settings import Settings, load
from tests.unit.publisher.trainers import LineTrainer

NOW = 1_800_000_000_000


class InlineBuilder:
    """Builds in this process. `gate`, while cleared, holds trainings back; `fails` makes builds fail."""

    def __init__(self, trainer: LineTrainer) -> None:
        self.trainer = trainer
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False
        self.builds = 0
        self.urgent: list[bool] = []
        """Of each training."""
        self.closed = False

    async def build(self, request: Request) -> Built:
        self.builds += 1
        if self.fails:
            raise BuildFailed("the process died")
        return build(self.trainer, request)

    async def train(self, pool: bytes, *, urgent: bool) -> Trained:
        self.urgent.append(urgent)
        await self.gate.wait()
        if self.fails:
            raise BuildFailed("the process died")
        return train(self.trainer, pool)

    async def close(self) -> None:
        self.closed = True


class Desk:
    """A publisher on an embedded log, and an editor beside it."""

    def __init__(self, root: Path, shops: Sequence[Path], base: Path) -> None:
        self.root = root
        self.settings: Settings = load(
            bus={"url": f"sqlite:{root}/log.db"},
            publisher={"shops": tuple(shops), "base": base, "cache": root / "models"},
        )
        self.bus = EmbeddedBus(root / "log.db", partitions=1)
        self.metrics = Metrics()
        self.trainer = LineTrainer()
        self.builder = InlineBuilder(self.trainer)
        self.edited: asyncio.Queue[set[Path]] = asyncio.Queue()
        self.publisher = self.make()

    def make(self) -> Publisher:
        return Publisher(
            self.bus,
            self.settings,
            self.metrics,
            lambda: NOW,
            trainer=self.trainer,
            builder=self.builder,
            watch=self._watch,
        )

    async def _watch(
        self, folders: Sequence[Path], debounce_ms: int, stop: asyncio.Event
    ) -> AsyncGenerator[set[Path], None]:
        while not stop.is_set():
            yield await self.edited.get()

    def count(self, outcome: str) -> float:
        return self.metrics.registry.get_sample_value("livechat_pool_builds_total", {"outcome": outcome}) or 0.0


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(30):  # only a test that hangs meets it
        while not condition():  # noqa: ASYNC110 - what is awaited is the state of the code under test, which has no event for tests
            await asyncio.sleep(0.001)  # a loop that never rests starves the bus's thread, at times for seconds
