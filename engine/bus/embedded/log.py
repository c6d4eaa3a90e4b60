"""One open log: the file, its writer and readers, and what the loop knows of its end. Shared by bus, members and tails."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from engine.bus.embedded.claim import Claim
from engine.bus.embedded.failures import translate
from engine.bus.embedded.faults import Faults
from engine.bus.embedded.head import Head
from engine.bus.embedded.layout import Slots
from engine.bus.embedded.reading import Reader, Readers, connect_readonly
from engine.bus.embedded.store import Store, check_file
from engine.bus.embedded.sweep import Sweeper
from engine.bus.embedded.writer import NotWritten, Writer
from engine.errors import BusUnavailable, UsageError
from engine.events.topics import TOPICS
from engine.retention import RetentionSettings

T = TypeVar("T")

DEADLINE_S = 10.0
"""Longest wait for a write: a commit takes milliseconds, and a disk that hangs must not hang the engine with it."""

WATCH_S = 0.05
"""How often a process that only reads asks the file for news; SQLite cannot notify across processes."""


class Log:
    """Opened on construction. `clock`: milliseconds since the epoch."""

    def __init__(
        self,
        path: Path,
        partitions: int,
        retention: RetentionSettings,
        *,
        readonly: bool,
        clock: Callable[[], int],
        faults: Faults | None,
    ) -> None:
        """Raises `BusInUse`, `BusUnavailable`, `BusDamaged`, `UsageError`."""
        self.path = path
        self.readonly = readonly
        self._claim: Claim | None = None
        self._writer: Writer | None = None
        self._watch: asyncio.Task[None] | None = None
        self._watch_error: Exception | None = None
        self._closed = False
        if readonly:
            self.slots, ends = _look(path, partitions)
            self.head = self._head(ends)
            return
        self._claim = Claim(path)
        try:
            store = Store(path, partitions, clock)
            store.keep(retention)
        except BaseException:
            self._claim.release()
            raise
        self.slots = store.slots
        self.head = self._head(store.ends)
        self._sweeper = Sweeper(store, retention)
        self._writer = Writer(store, self._sweeper, self.head.extend, faults)
        self._writer.start()

    def _head(self, ends: dict[int, int]) -> Head:
        self._readers = Readers(self.path, self.slots)
        rooms = sum(topic.layout == "rooms" for topic in TOPICS.values())
        return Head(ends, self._readers, slots=rooms * self.slots.partitions + len(TOPICS) - rooms)

    @property
    def closed(self) -> bool:
        return self._closed

    def check_open(self) -> None:
        """Raises `BusUnavailable` once the log is closed."""
        if self._closed:
            raise BusUnavailable(f"the log `{self.path}` was closed")

    async def read(self, query: Callable[[Reader], T]) -> T:
        """The query's answer, from a thread. Raises bus errors."""
        self.check_open()
        return await self._readers.run(query)

    async def write(self, work: Callable[[Store], T], *, weight: int = 1) -> T:
        """What `work` returned, once its transaction is on the disk. Raises `NotWritten`, or what `work` raised."""
        self.check_open()
        if self._writer is None:
            raise UsageError(f"the log `{self.path}` was opened to be read only: open it for writing")
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._writer.submit(work, weight=weight)
        except TimeoutError:
            error = BusUnavailable(f"the log `{self.path}` did not answer within {DEADLINE_S:.0f} s: check the disk")
            raise NotWritten(error, certain=False) from None

    async def sweep(self) -> int:
        """A whole round of upkeep, in one transaction; how many records it deleted."""
        try:
            return await self.write(lambda _: sum(self._sweeper.steps()))
        except NotWritten as failure:
            raise failure.told() from failure

    def watch(self) -> None:
        """Makes sure that the ends of a log that another process writes are followed. Call it in the event loop."""
        self.check_open()
        if self._watch_error is not None:
            error, self._watch_error = self._watch_error, None
            raise error
        if self.readonly and (self._watch is None or self._watch.done()):
            self._watch = asyncio.get_running_loop().create_task(self._follow(), name="livechat-log-watch")

    async def refresh(self) -> None:
        """Brings the ends up to date where another process writes."""
        if self.readonly and (ends := await self.read(Reader.ends_if_changed)) is not None:
            self.head.advance(ends)

    async def _follow(self) -> None:
        try:
            while not self._closed:
                await self.refresh()
                await asyncio.sleep(WATCH_S)
        except Exception as error:  # noqa: BLE001  raised again in the next call of a tail
            self._watch_error = error
            self.head.wake_all()

    async def close(self) -> None:
        """Serves what is queued, tidies the file, gives the claim up. May be called again."""
        self._closed = True
        self.head.wake_all()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait((self._watch,))
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        # Readers first: the last connection to close empties the write-ahead log.
        self._readers.close()
        if self._writer is not None:
            self._writer.stop()
        if self._claim is not None:
            self._claim.release()


def _look(path: Path, partitions: int) -> tuple[Slots, dict[int, int]]:
    """Slots and ends of a log that this process only reads."""
    if not path.exists():
        raise BusUnavailable(f"there is no log `{path}`: start the engine that writes it first, or set `bus.url`")
    try:
        connection = connect_readonly(path)
        try:
            slots = check_file(connection, path, partitions)
            return slots, Reader(connection, slots).ends()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error, path) from error
