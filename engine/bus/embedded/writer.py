"""The one thread that writes: requests queue up while a transaction is being synced, and share the next one."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from engine import logs
from engine.bus.embedded.failures import primary_code, translate
from engine.bus.embedded.faults import Fault, Faults, Point
from engine.bus.embedded.store import Store
from engine.bus.embedded.sweep import Sweeper
from engine.bus.port import Stored
from engine.errors import BusDamaged, BusError, BusUnavailable

T = TypeVar("T")

GROUP_RECORDS = 10_000
"""Most records of a shared transaction, so that one that waits behind it waits some 100 ms at most."""

SWEEP_EVERY_S = 10.0
"""How often expired and superseded records are looked for."""

SWEEP_BUDGET_S = 0.003
"""How long the upkeep may hold the writer before requests go first again; a request waits that much longer in the worst case."""

log = logs.get(__name__)


class NotWritten(Exception):
    """A request's transaction failed. `certain`: nothing of it is on the log; otherwise nobody knows. `error` says why."""

    def __init__(self, error: BusError, *, certain: bool) -> None:
        self.error = error
        self.certain = certain
        super().__init__(error, certain)

    def told(self) -> BusError:
        """What a caller is told who knows no outcomes but errors."""
        if self.certain or isinstance(self.error, BusDamaged):
            return self.error
        return BusUnavailable(f"{self.error}; whether it was written is not known")


@dataclass(slots=True)
class Job(Generic[T]):
    """A request: what to do in the transaction, and who waits for it."""

    work: Callable[[Store], T]
    """Raises before it changes anything, or not at all (but for SQLite's errors, which end the transaction for all)."""
    weight: int
    """Records that it writes, about."""
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[T]
    result: list[T] = field(default_factory=list)
    error: Exception | None = None

    def run(self, store: Store) -> None:
        try:
            self.result.append(self.work(store))
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001  handed to the caller, who waits for it
            self.error = error

    def answer(self) -> None:
        """In the loop: tells the caller, who may have stopped waiting."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result[0])


OnAppended = Callable[[Mapping[int, Sequence[Stored]]], None]


class Writer:
    """Owns the store from `start` to `stop`."""

    def __init__(self, store: Store, sweeper: Sweeper, on_appended: OnAppended, faults: Faults | None = None) -> None:
        self._store = store
        self._sweeper = sweeper
        self._on_appended = on_appended
        self._faults = faults
        self._queue: SimpleQueue[Job[object] | None] = SimpleQueue()
        self._ended: BusError | None = None
        self._ending = threading.Lock()
        self._crashed = False
        self._thread = threading.Thread(target=self._main, name="livechat-log-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, work: Callable[[Store], T], *, weight: int = 1) -> asyncio.Future[T]:
        """Queues a request. The future raises `NotWritten`, or what `work` raised. Call it in the event loop."""
        loop = asyncio.get_running_loop()
        job = Job(work, weight, loop, loop.create_future())
        with self._ending:
            if self._ended is not None:
                raise self._ended
            self._queue.put(job)
        return job.future

    def stop(self) -> None:
        """Serves what is queued, then ends the thread and closes the store. Blocks; may be called again."""
        self._end("was closed")
        self._queue.put(None)
        self._thread.join()

    def _end(self, how: str) -> None:
        """Takes no more requests."""
        with self._ending:
            if self._ended is None:
                self._ended = BusUnavailable(f"the log `{self._store.path}` {how}: open it again")

    # ---- in the thread -------------------------------------------------------------------------------------------

    def _main(self) -> None:
        steps: Iterator[int] = iter(())
        due = time.monotonic() + SWEEP_EVERY_S
        sweeping = False
        open_ = True
        while open_:
            jobs, open_ = self._gather(0.0 if sweeping else max(0.0, due - time.monotonic()))
            if jobs:
                self._run(jobs)
            if self._has_crashed():
                break
            if not sweeping and time.monotonic() >= due:
                steps, sweeping = self._sweeper.steps(), True
            if sweeping and open_ and not self._sweep(steps):
                sweeping, due = False, time.monotonic() + SWEEP_EVERY_S
        self._finish()

    def _has_crashed(self) -> bool:
        return self._crashed

    def _gather(self, wait_s: float) -> tuple[list[Job[object]], bool]:
        """What waits, up to a group's size; False when the end was asked for."""
        jobs: list[Job[object]] = []
        weight = 0
        try:
            job = self._queue.get(timeout=wait_s) if wait_s else self._queue.get_nowait()
            while job is not None:
                jobs.append(job)
                weight += job.weight
                if weight >= GROUP_RECORDS:
                    return jobs, True
                job = self._queue.get_nowait()
        except Empty:
            return jobs, True
        return jobs, False

    def _run(self, jobs: list[Job[object]]) -> None:
        store = self._store
        committing = False
        appended: Mapping[int, Sequence[Stored]] = {}
        failure: NotWritten | None = None
        try:
            store.begin()
            for job in jobs:
                job.run(store)
            store.flush()
            fault = self._fault("before_commit")
            if fault is None:
                committing = True
                appended = store.commit()
                fault = self._fault("after_commit")
                failure = self._injected(fault, certain=False) if fault else None
            else:
                failure = self._injected(fault, certain=fault == "abort")
                store.rollback()
        except sqlite3.Error as error:
            # SQLITE_FULL leaves the commit's last page unwritten; other errors at the commit may come after it was written.
            certain = not committing or primary_code(error) == sqlite3.SQLITE_FULL
            failure = NotWritten(translate(error, store.path), certain=certain)
            self._undo()
        except Exception as error:
            # A mistake of ours must not end the thread, since everyone would wait in vain.
            log.exception("the writer of the log failed", file=str(store.path))
            failure = NotWritten(BusUnavailable(f"the log `{store.path}` failed: {error!r}"), certain=not committing)
            self._undo()
        if failure is not None:
            for job in jobs:
                job.error = job.error or failure
        self._deliver(jobs, appended)

    def _fault(self, point: Point) -> Fault | None:
        fault = self._faults.at(point) if self._faults is not None else None
        self._crashed = self._crashed or fault == "crash"
        return fault

    def _injected(self, fault: Fault, *, certain: bool) -> NotWritten:
        return NotWritten(BusUnavailable(f"a fault was injected into `{self._store.path}`: {fault}"), certain=certain)

    def _undo(self) -> None:
        self._sweeper.reset()
        try:
            self._store.rollback()
        except sqlite3.Error:
            log.exception(
                "the failed transaction could not be rolled back; the next one will try", file=str(self._store.path)
            )

    def _deliver(self, jobs: Sequence[Job[object]], appended: Mapping[int, Sequence[Stored]]) -> None:
        loop = jobs[0].loop

        def in_loop() -> None:
            if appended:
                self._on_appended(appended)
            for job in jobs:
                job.answer()

        # A closed loop has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(in_loop)

    def _sweep(self, steps: Iterator[int]) -> bool:
        """Upkeep within its budget; False when there is nothing left to do."""
        until = time.monotonic() + SWEEP_BUDGET_S
        try:
            with self._store.transaction():
                while time.monotonic() < until:
                    if next(steps, None) is None:
                        break
                else:
                    return True
            self._store.scrub()
        except sqlite3.Error as error:
            self._undo()
            log.warning("upkeep failed, and is tried again later", error=translate(error, self._store.path))
        return False

    def _finish(self) -> None:
        """Answers who waits in vain, and closes the file."""
        self._end("has crashed")
        with contextlib.suppress(Empty):
            while True:
                job = self._queue.get_nowait()
                if job is not None:
                    job.error = self._ended
                    self._deliver([job], {})
        try:
            if self._crashed:
                self._store.connection.close()
            else:
                self._store.close()
        except sqlite3.Error as error:
            log.warning("the log could not be tidied at its end", error=translate(error, self._store.path))
