"""The parts that tests and the simulation put in the place of the real ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.bus.port import Bus
from engine.clock import wall_clock
from engine.journal.core import Core
from engine.metrics import Metrics
from engine.pool.model import Pool
from engine.settings import Settings
from engine.viewers.keeper import ViewerKeys
from engine.worker.library import Library, engine_openers
from engine.worker.standing import Understood, Wants
from engine.worker.understand import Interpreter
from engine.worker.watchdog import Watchdog


class Pools(Protocol):
    """What the worker needs of the library."""

    async def run(self) -> None: ...
    def loaded(self, pool: str) -> bool: ...
    def pool(self, hash: str) -> Pool: ...  # noqa: A002 - what the records call it
    async def ensure(self, hash: str) -> None: ...  # noqa: A002 - what the records call it
    async def load_first(self, pools: Sequence[str]) -> str | None: ...
    def retain(self, pools: set[str]) -> None: ...


class Answerer(Protocol):
    """What the worker needs of the interpreter."""

    async def answers(self, wants: Wants) -> Mapping[str, Understood]: ...
    def close(self) -> None: ...


class Viewers(Protocol):
    """What the worker needs of the viewer keys."""

    @property
    def ready(self) -> bool: ...
    async def run(self) -> None: ...
    def __call__(self, viewer: str, logged: int) -> str: ...


@dataclass(slots=True)
class Seams:
    """What tests and the simulation put in the place of the real things."""

    pools: Pools
    answerer: Answerer
    make_rooms: Callable[[Callable[[str], Pool]], Core]
    viewers: Viewers
    watchdog: Watchdog
    performance: Callable[[], float] = time.perf_counter


def real_seams(bus: Bus, settings: Settings, metrics: Metrics, clock: Callable[[], int] = wall_clock) -> Seams:
    """The engine's own parts."""
    from engine.room.rooms import Rooms

    library = Library(bus, engine_openers())
    return Seams(
        library,
        Interpreter(library.pool, library.understander, metrics),
        Rooms,
        ViewerKeys(bus, settings, metrics, "worker", clock),
        Watchdog(settings.worker.stall_s, metrics),
    )
