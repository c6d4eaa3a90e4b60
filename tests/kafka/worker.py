"""One process of the engine, a worker on a log on Kafka: `python -m tests.kafka.worker '{"url": …}'`, the settings of the bus as JSON.

It is what `livechat serve --roles worker` runs, but for the meaning of texts, which comes from the simulation's table: a model would cost
seconds at each start. Ends with the exit codes of the command.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Final

from pydantic import SecretStr

from engine.bus import open_bus
from engine.bus.port import Bus
from engine.errors import LivechatError
from engine.events.understanding import Understanding
from engine.metrics import Metrics
from engine.pool.encoding import decode_pool
from engine.room.rooms import Rooms
from engine.settings import BusSettings, PrivacySettings, PublisherSettings, Settings, WorkerSettings
from engine.traces import Traces
from engine.viewers.keeper import ViewerKeys
from engine.worker.library import Library, Openers
from engine.worker.seams import Seams
from engine.worker.service import Worker
from engine.worker.understand import Interpreter
from engine.worker.watchdog import Watchdog
from tests.simulation.shop import SHOP, TEXTS

SNAPSHOT_EVERY: Final = 2_000  # small, so that restores are from snapshots and journal both
log = logging.getLogger(__name__)


class Table:
    """Understands the simulation's texts."""

    def understand(self, texts: Sequence[str]) -> list[Understanding]:
        return [TEXTS[text] for text in texts]


def settings_on(bus: BusSettings) -> Settings:
    """Settings of every worker on this log."""
    return Settings(
        bus=bus,
        worker=WorkerSettings(snapshot_every=SNAPSHOT_EVERY),
        publisher=PublisherSettings(default_shop=SHOP),
        privacy=PrivacySettings(viewer_key=SecretStr("of the tests")),
    )


def worker_on(bus: Bus, settings: Settings, traces: Traces | None = None) -> Worker:
    """A worker with the table in the place of a model."""
    metrics = Metrics()
    library = Library(bus, Openers(decode_pool, lambda data: data, lambda pool, model: Table()))
    seams = Seams(
        library,
        Interpreter(library.pool, library.understander, metrics),
        Rooms,
        ViewerKeys(bus, settings, metrics, "worker"),
        Watchdog(settings.worker.stall_s, metrics),
    )
    return Worker(bus, settings, metrics, seams=seams, traces=traces)


async def run(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    opening = asyncio.ensure_future(open_bus(settings.bus))
    stop = asyncio.ensure_future(stopping.wait())
    await asyncio.wait([opening, stop], return_when=asyncio.FIRST_COMPLETED)
    if not opening.done():
        opening.cancel()
        return
    bus = opening.result()
    worker = worker_on(bus, settings)
    stop.add_done_callback(lambda _: worker.stop())
    try:
        await worker.run()
    finally:
        await bus.close()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(run(settings_on(BusSettings.model_validate_json(sys.argv[1]))))
    except LivechatError as error:
        log.error("%s", error)  # noqa: TRY400 - errors on purpose are a sentence
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
