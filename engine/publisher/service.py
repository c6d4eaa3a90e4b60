"""The publisher: watches shop folders, keeps the best valid pool of each live.

An edit is built and tested with the model that is there and goes live at once; where it needs another model, that one is trained
beside it and the pool goes live once more. A broken edit changes nothing on air: all its problems are logged and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path

from engine import logs
from engine.bus.port import Bus
from engine.clock import wall_clock
from engine.errors import BusUnavailable, PoolError, Problem, RecordError, UsageError
from engine.logs.lines import Fields
from engine.metrics import Metrics
from engine.pool.encoding import decode_pool
from engine.pool.load import shop_id, taken
from engine.pool.paths import base_pack
from engine.publisher.builder import Builder, BuildFailed, Built, ProcessBuilder, Request
from engine.publisher.bulletin import Bulletin
from engine.publisher.models import Trainer
from engine.publisher.trainer import CachedTrainer
from engine.publisher.watch import edits
from engine.settings import Settings

RETRY_S = 1.0  # pause before a publication that the bus refused is tried again
TOLD = 5  # test lines that a log record quotes
log = logs.get(__name__)

Edits = Callable[[Sequence[Path], int, asyncio.Event], AsyncGenerator[set[Path], None]]


class Publisher:
    """`run` until `stop`. `ready` once every shop has a live pool.

    Parts that tests exchange: `builder` and `trainer` make pools and models, `watch` tells of edits, `clock` gives ms.
    """

    def __init__(
        self,
        bus: Bus,
        settings: Settings,
        metrics: Metrics,
        clock: Callable[[], int] = wall_clock,
        *,
        trainer: Trainer | None = None,
        builder: Builder | None = None,
        watch: Edits = edits,
    ) -> None:
        self.ready = False
        self._settings = settings.publisher
        self._base = self._settings.base or base_pack()
        self._metrics = metrics
        self._trainer: Trainer = trainer or CachedTrainer(self._settings.cache.resolve())
        self._builder: Builder = builder or ProcessBuilder(self._trainer)
        self._watch = watch
        self._bulletin = Bulletin(bus, clock)
        self._stopping = asyncio.Event()
        self._dirty: set[Path] = set()
        self._woken = asyncio.Event()
        self._live: dict[str, bytes] = {}
        """Shop → content of its live pool."""
        self._shops: dict[Path, str] = {}
        """Folder → shop, as last read."""
        self._training: dict[Path, asyncio.Task[None]] = {}
        self._problems: dict[Path, tuple[Problem, ...]] = {}
        self._troubled: set[Path] = set()
        """Folders whose last log record says that something is wrong."""

    async def run(self) -> None:
        """Publish what the folders hold, then every edit.

        Raises `PoolError` where a shop has broken files and no live pool, and where two folders are one shop.
        """
        watching = asyncio.create_task(self._follow())  # before the first reading: no edit falls between
        try:
            await self._recover()
            await self._first()
            self.ready = not self._stopping.is_set()
            await self._turns(watching)
        finally:
            await self._end(watching)

    def stop(self) -> None:
        """Ask `run` to end; a training that goes on is given up."""
        self._stopping.set()
        self._woken.set()

    # ---- start -----------------------------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """Take over what is live, with its models."""
        await self._bulletin.survey()
        live = await self._bulletin.live()
        found = await self._bulletin.blobs(frozenset(event.pool for event in live.values()))
        self._live = {shop: found[event.pool] for shop, event in live.items() if event.pool in found}
        models = {decode_pool(content).model for content in self._live.values()}
        missing = frozenset([model for model in models if not await asyncio.to_thread(self._trainer.has, model)])
        for model, content in (await self._bulletin.blobs(missing)).items():
            try:
                await asyncio.to_thread(self._trainer.adopt, model, content)
            except (RecordError, OSError) as error:
                log.warning("the published model cannot be used, another is trained", model=model[:12], error=error)

    async def _first(self) -> None:
        """The first pool of every shop; waits for the training of those that have none live."""
        for folder in self._settings.shops:
            await self._update(folder)
        self._refuse_broken()
        while not self._stopping.is_set():
            training = [task for folder, task in self._training.items() if not self._is_live(folder)]
            if not training:
                break
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([*training, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            for folder in self._take():
                await self._update(folder)
            self._refuse_broken()

    def _refuse_broken(self) -> None:
        """Broken files stop the start only where nothing of their folder is live."""
        waiting = [folder for folder in self._problems if not self._is_live(folder)]
        fatal = [problem for folder in waiting for problem in self._problems[folder]]
        if fatal:
            raise PoolError(fatal)

    def _is_live(self, folder: Path) -> bool:
        return self._shops.get(folder) in self._live

    def _meanwhile(self, folder: Path) -> str:
        """What goes on while the folder cannot be published."""
        return "what is live stays live" if self._is_live(folder) else "nothing of this shop is live"

    # ---- while running ---------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        folders = (self._base, *self._settings.shops)
        async with aclosing(self._watch(folders, self._settings.debounce_ms, self._stopping)) as changes:
            async for changed in changes:
                self._mark(self._settings.shops if self._base in changed else changed)

    async def _turns(self, watching: asyncio.Task[None]) -> None:
        while not self._stopping.is_set():
            waking = asyncio.create_task(self._woken.wait())
            await asyncio.wait([waking, watching], return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            if watching.done() and not self._stopping.is_set():
                watching.result()
                raise UsageError("the shop folders cannot be watched any more; start the publisher again")
            for folder in self._take():
                if not self._stopping.is_set():
                    await self._update(folder)

    def _mark(self, folders: Iterable[Path]) -> None:
        self._dirty.update(folders)
        self._woken.set()

    def _take(self) -> list[Path]:
        """The folders to be read again, in the order of the settings."""
        taken = [folder for folder in self._settings.shops if folder in self._dirty]
        self._dirty.clear()
        self._woken.clear()
        return taken

    async def _update(self, folder: Path) -> None:
        """Build the folder's pool and make it live, unless it must not be. Never raises for what editors wrote."""
        shop = await asyncio.to_thread(shop_id, folder) or self._shops.get(folder)
        owner = next((other for other, name in self._shops.items() if name == shop and other != folder), None)
        problems: list[Problem] = []
        if owner is not None:  # two folders of one shop would take turns: the one that is named first has it
            problems.append(taken(folder, owner))
        elif shop is not None:
            self._shops[folder] = shop
        built = None
        try:
            built = await self._builder.build(Request(self._base, folder, self._live.get(shop or "")))
        except PoolError as error:
            problems += error.problems
        except BuildFailed:
            self._metrics.pool_builds.labels(outcome="failed").inc()
            if not self.ready and not self._is_live(folder):
                raise
            self._troubled.add(folder)
            log.exception("the pool could not be built", folder=str(folder), remedy=self._meanwhile(folder))
            return
        if built is None or problems:
            self._refuse(folder, PoolError(problems), "broken")
            return
        self._shops[folder] = built.shop
        if built.ready and built.regressions:
            refusal = PoolError(built.regressions)
            if built.model == built.wanted:
                self._refuse(folder, refusal, "refused")
            else:
                self._troubled.add(folder)
                log.warning(
                    "the pool waits for its own model, since with the live one", folder=str(folder), error=refusal
                )
        elif built.ready:
            self._note(folder, (), None)
            await self._publish(folder, built)
        if built.model != built.wanted or not built.ready:
            self._train(folder, built)

    def _refuse(self, folder: Path, error: PoolError, outcome: str) -> None:
        """Note what is wrong with a folder, and log it, unless it ends the start: then the command tells it."""
        self._note(folder, error.problems, outcome)
        if self.ready or self._is_live(folder):
            self._troubled.add(folder)
            log.error("the pool files are wrong", folder=str(folder), remedy=self._meanwhile(folder), error=error)

    def _note(self, folder: Path, problems: Sequence[Problem], outcome: str | None) -> None:
        self._problems[folder] = tuple(problems)
        self._metrics.pool_problems.set(sum(map(len, self._problems.values())))
        if outcome is not None:
            self._metrics.pool_builds.labels(outcome=outcome).inc()

    async def _publish(self, folder: Path, built: Built) -> None:
        try:
            generation = await self._put(folder, built)
        except BusUnavailable as error:
            if not self.ready:
                raise
            self._metrics.troubles["publisher"] = str(error)
            log.warning("the bus took no pool, it is tried again", folder=str(folder), error=error)
            asyncio.get_running_loop().call_later(RETRY_S, self._mark, {folder})
            return
        self._metrics.troubles.pop("publisher", None)
        if generation is None:
            self._metrics.pool_builds.labels(outcome="unchanged").inc()
            self._troubled.discard(folder)
            return
        self._live[built.shop] = built.pool
        self._metrics.pool_builds.labels(outcome="published").inc()
        base = f" --base {self._base}" if self._settings.base is not None else ""
        fields: Fields = {
            "folder": str(folder), "shop": built.shop, "pool": built.hash[:12], "generation": generation,
            "model": built.model[:12], "tests": built.tests, "tests_understood": built.tests - len(built.failed),
        }  # fmt: skip
        if built.failed:
            fields["remedy"] = (
                f"`livechat pool check {folder} --tests{base}` names the test lines that are not understood"
            )
        log.info("a pool is live", **fields)
        self._troubled.discard(folder)
        if built.worse:
            told = "; ".join(built.worse[:TOLD]) + (" …" if len(built.worse) > TOLD else "")
            log.warning(
                "test lines of the base pack that were understood before are not any more",
                folder=str(folder), count=len(built.worse), error=told, remedy="look at the last edit",
            )  # fmt: skip

    async def _put(self, folder: Path, built: Built) -> int | None:
        """Write pool, model and what is live: its generation; None where that is not to change. Raises `BusUnavailable`."""
        live = (await self._bulletin.live()).get(built.shop)
        pool = built.hash[:12]
        if live is not None and live.pool == built.hash:
            self._live[built.shop] = built.pool
            if folder in self._troubled:
                log.info("the files are right again; they hold what is live", folder=str(folder), pool=pool)
            return None
        if live is not None and live.rollback and self._bulletin.published(built.hash):
            log.warning("the pool was rolled back; edit the files to publish again", folder=str(folder), pool=pool)
            return None
        if not self._bulletin.published(built.model):
            content = await asyncio.to_thread(self._trainer.content, built.model)
            await self._bulletin.publish_blob(built.model, "model", content)
        await self._bulletin.publish_blob(built.hash, "pool", built.pool, built.model)
        return await self._bulletin.publish_live(built.shop, built.hash)

    # ---- training --------------------------------------------------------------------------------------------------

    def _train(self, folder: Path, built: Built) -> None:
        """Train in the background; one training a folder, whatever is edited meanwhile is seen when it ends."""
        if folder not in self._training:
            self._training[folder] = asyncio.create_task(self._trained(folder, built))

    async def _trained(self, folder: Path, built: Built) -> None:
        try:
            trained = await self._builder.train(built.pool, urgent=not self._live)
            self._metrics.train_seconds.set(trained.seconds)
            log.info("a model is trained", folder=str(folder), model=trained.model[:12], seconds=trained.seconds)
        except PoolError as error:
            self._refuse(folder, error, "broken")
        except BuildFailed as error:
            self._metrics.pool_builds.labels(outcome="failed").inc()
            self._troubled.add(folder)
            log.exception("no model could be trained", folder=str(folder), remedy=self._meanwhile(folder))
            if not self._is_live(folder):
                remedy = "see the log; the cache folder must be writable"
                self._note(
                    folder, [Problem(folder.as_posix(), 0, 0, f"no model could be trained: {error}", remedy)], None
                )
        else:
            self._mark({folder})
        finally:
            del self._training[folder]

    async def _end(self, watching: asyncio.Task[None]) -> None:
        self.ready = False
        self._stopping.set()
        tasks = [watching, *self._training.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._builder.close()
