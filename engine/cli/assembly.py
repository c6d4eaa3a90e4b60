"""All roles in one process: bus → publisher, worker, gateway, insight on one event loop, HTTP beside them.

    read settings → open the bus → HTTP → roles → (listening) → … a signal, or a role ends …
    → not ready any more → stop every role at once → HTTP → close the bus

A role that fails ends the process with its error; whoever restarts it finds everything on the bus.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from engine import logs
from engine.bus import open_bus
from engine.bus.port import Bus
from engine.cli.http import HttpServer, Readiness
from engine.errors import LivechatError, UsageError
from engine.metrics import Metrics
from engine.settings import Role, Settings
from engine.worker.readiness import PartitionReadiness

if TYPE_CHECKING:
    from engine.traces import Traces

LAG_EVERY_S: Final = 0.5  # how often the event loop's lag is measured where no worker does
OPEN_S: Final = 2.0  # an embedded log is open, and a broken one told, within it
STOP_S: Final = (
    1.5  # beyond `worker.drain_s` for the rest to end; with what closing takes below the 10 s that orchestrators grant
)

COLLECT: Final = (
    50_000,
    20,
    50,
)  # allocations before a collection; a batch makes tens of thousands of records without cycles

SWITCH_S: Final = (
    0.001  # a thread that opens a model gives way after this long; the usual 5 ms add up over a verdict's steps
)

log = logs.get(__name__)


class Part(Protocol):
    """A role as the assembly sees it: it runs until it is stopped, or raises."""

    @property
    def ready(self) -> bool: ...

    async def run(self) -> None: ...

    def stop(self) -> None: ...


@runtime_checkable
class Partitioned(Part, Protocol):
    """A worker, which tells more."""

    @property
    def partitions(self) -> tuple[PartitionReadiness, ...]: ...

    @property
    def waits_for(self) -> str: ...


WAITS_FOR: Final[Mapping[Role, str]] = {
    "worker": "it has not begun",
    "gateway": "it does not hear yet, or no more, what the log says",
    "publisher": "a shop of its settings has no live pool yet",
    "insight": "it still reads the decisions of its window",
}
"""Why a role is not ready that tells no more than that."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a process listens. `gateway` None: it has none."""

    gateway: tuple[str, int] | None
    http: tuple[str, int]


class GatewayPart:
    """The gateway as a part: it listens from `start` on."""

    def __init__(self, bus: Bus, settings: Settings, metrics: Metrics, traces: Traces | None) -> None:
        from engine.gateway.service import Gateway

        self._gateway = Gateway(bus, settings, metrics, traces=traces)
        self._stopping = asyncio.Event()

    @property
    def ready(self) -> bool:
        return self._gateway.ready

    async def start(self) -> tuple[str, int]:
        return await self._gateway.start()

    async def run(self) -> None:
        tasks = [asyncio.create_task(work) for work in (self._stopping.wait(), self._gateway.kept())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[1].done():
                tasks[1].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._gateway.close()

    def stop(self) -> None:
        self._stopping.set()


class Assembly:
    """The roles of one process. `run` returns after `stop`, or raises what ended a role."""

    def __init__(self, settings: Settings, *, listening: Callable[[Listening], None]) -> None:
        self._settings = with_default_shop(settings)
        self._listening = listening
        self._stopping = asyncio.Event()
        self._parts: dict[Role, Part] = {}
        self._metrics = Metrics()
        self._traces = traces_of(settings)

    def stop(self) -> None:
        """End in an orderly way, within `worker.drain_s` and a little."""
        self._stopping.set()

    def ready(self) -> Mapping[Role, bool]:
        """Role → whether it is ready; none is while the process starts or drains."""
        draining = self._stopping.is_set()
        return {role: role in self._parts and self._parts[role].ready and not draining for role in self._settings.roles}

    def readiness(self) -> Readiness:
        """What `/readyz` answers. A role that the log does not serve is not ready either."""
        roles = {role: is_ready and role not in self._metrics.troubles for role, is_ready in self.ready().items()}
        reasons = {role: self._why_not(role) for role, is_ready in roles.items() if not is_ready}
        worker = self._parts.get("worker")
        return Readiness(
            ready=not reasons,
            roles=roles,
            reasons=reasons or None,
            partitions=worker.partitions if isinstance(worker, Partitioned) else None,
        )

    def _why_not(self, role: Role) -> str:
        if self._stopping.is_set():
            return "it is stopping"
        if role not in self._parts:
            return "it is starting: the log is not open yet; on Kafka, look after the brokers where that lasts"
        if role in self._metrics.troubles:
            return self._metrics.troubles[role]
        part = self._parts[role]
        return part.waits_for if isinstance(part, Partitioned) else WAITS_FOR[role]

    async def run(self) -> None:
        """Serve until `stop`. Raises `LivechatError`s of whatever cannot go on."""
        metrics = self._metrics
        http = HttpServer(self._settings.http, metrics, self.readiness)
        opening = asyncio.create_task(open_bus(self._settings.bus))
        stopping = asyncio.create_task(self._stopping.wait())
        bus: Bus | None = None
        try:
            # What the log itself says goes first. Brokers may be away for long: then whoever looks after the process sees it alive.
            await asyncio.wait([opening, stopping], timeout=OPEN_S, return_when=asyncio.FIRST_COMPLETED)
            if opening.done():
                bus = opening.result()
            address = await http.start()
            try:
                await asyncio.wait([opening, stopping], return_when=asyncio.FIRST_COMPLETED)
                if opening.done():
                    bus = opening.result()
                    await self._serve(bus, metrics, address)
            finally:
                await http.close()
        finally:
            opening.cancel()
            stopping.cancel()
            await asyncio.gather(opening, stopping, return_exceptions=True)
            if bus is not None:
                await bus.close()
            if self._traces is not None:
                await asyncio.to_thread(self._traces.close)

    async def _serve(self, bus: Bus, metrics: Metrics, http: tuple[str, int]) -> None:
        roles = self._settings.roles
        self._parts = {role: make(role, bus, self._settings, metrics, self._traces) for role in roles}
        gateway = self._parts.get("gateway")
        socket = await gateway.start() if isinstance(gateway, GatewayPart) else None
        tasks: dict[asyncio.Task[None], Role] = {
            asyncio.create_task(part.run(), name=role): role for role, part in self._parts.items()
        }
        lag = None if "worker" in roles else asyncio.create_task(measure_lag(metrics), name="loop lag")
        settled = asyncio.create_task(self._settle_memory(), name="memory")
        self._listening(Listening(socket, http))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            ended = [task for task in tasks if task.done()]
            self._stopping.set()
            await self._stop(tasks, ended)
            for over in ended:
                over.result()
                raise LivechatError(f"the role `{tasks[over]}` ended by itself; start it again, the log tells more")
        finally:
            running = [task for task in (stopping, lag, settled, *tasks) if task is not None]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _settle_memory(self) -> None:
        """Once every role is ready, what was loaded stays for good: the collector need not walk through it again."""
        while not all(self.ready().values()):  # noqa: ASYNC110 - a role tells whether it is ready, not when
            await asyncio.sleep(LAG_EVERY_S)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT)
        sys.setswitchinterval(SWITCH_S)

    async def _stop(self, tasks: Mapping[asyncio.Task[None], Role], ended: Collection[asyncio.Task[None]]) -> None:
        """Stop every role at once, and wait as long as a graceful stop may take."""
        log.info("stopping")
        for part in self._parts.values():
            part.stop()
        done, late = await asyncio.wait(tasks, timeout=self._settings.worker.drain_s + STOP_S)
        for task in late:
            log.warning("a role did not end in time and is cut off", role=tasks[task])
        for task in done:
            error = task.exception() if not task.cancelled() else None
            if error is not None and task not in ended:  # those are raised
                log.error("a role failed", role=tasks[task], error=error, exc_info=_unexpected(error))


def make(role: Role, bus: Bus, settings: Settings, metrics: Metrics, traces: Traces | None) -> Part:
    """A role's part. Imports only what the role needs: a gateway process carries no classifier."""
    if role == "gateway":
        return GatewayPart(bus, settings, metrics, traces)
    if role == "worker":
        from engine.worker.service import Worker

        return Worker(bus, settings, metrics, traces=traces)
    if role == "publisher":
        from engine.publisher.service import Publisher

        return Publisher(bus, settings, metrics)
    from engine.insight.service import Insight

    return Insight(bus, settings, metrics)


async def measure_lag(metrics: Metrics) -> None:
    """How late the event loop wakes up, for ever."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(LAG_EVERY_S)
        metrics.loop_lag_seconds.set(max(0.0, time.monotonic() - before - LAG_EVERY_S))


def traces_of(settings: Settings) -> Traces | None:
    """The traces that the settings ask for. Raises `UsageError` where what they need is not installed."""
    if settings.traces.endpoint is None:
        return None
    try:
        from engine.traces import to_collector
    except ImportError as error:
        raise UsageError(
            f"traces need a package that is not installed (`{error.name}`): install `livechat-engine[otel]`, or leave out `traces.endpoint`"
        ) from None
    return to_collector(settings.traces)


def with_default_shop(settings: Settings) -> Settings:
    """The settings with `default_shop` filled in: the id of the first shop folder, where nothing says otherwise.

    Raises `UsageError` where a publisher has nothing to publish.
    """
    publisher = settings.publisher
    if "publisher" in settings.roles and not publisher.shops:
        raise UsageError(
            "no shop to serve: name its folder with `--shop DIR` (to begin with: `--shop examples/tea-shop`)"
        )
    missing = [shop for shop in publisher.shops if not shop.is_dir()]
    if missing:
        raise UsageError(f"`{missing[0]}` is no folder; name the folder that holds the shop's YAML files")
    if publisher.default_shop is not None or not publisher.shops:
        return settings
    from engine.pool.load import shop_id

    named = publisher.model_copy(update={"default_shop": shop_id(publisher.shops[0])})
    return settings.model_copy(update={"publisher": named})


def _unexpected(error: BaseException) -> BaseException | None:
    """An error that nobody raised on purpose is logged with its traceback."""
    return None if isinstance(error, LivechatError) else error
