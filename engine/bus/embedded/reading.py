"""The readers' side of the file: queries, and a small pool of threads with a connection each."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.bus.embedded.failures import translate
from engine.bus.embedded.layout import OFFSET_BITS, OFFSET_MASK, Row, Slots, table_of
from engine.bus.embedded.store import BUSY_MS
from engine.bus.port import Stored
from engine.errors import BusUnavailable

T = TypeVar("T")

THREADS = 2
"""Reads at a time: one long read must not hold up the others, and the machine has few cores."""


def connect_readonly(path: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises `sqlite3.Error`."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


class Reader:
    """Queries on one connection. Offsets are the log's; `slot` stands for topic and partition."""

    def __init__(self, connection: sqlite3.Connection, slots: Slots) -> None:
        self.connection = connection
        self._slots = slots
        self._version = -1

    def records(self, slot: int, start: int, end: int, max_records: int, max_bytes: int) -> tuple[list[Stored], int]:
        """Records from `start` on below `end`, and the offset to go on at. At least one record, however large, if there is any."""
        low = slot << OFFSET_BITS
        rows = self.connection.execute(
            f"SELECT place, time, key, headers, value FROM {table_of(self._slots.topic(slot))}"  # noqa: S608  a constant
            " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
            (low | max(start, 0), low + min(end, OFFSET_MASK), max_records),
        )
        found: list[Stored] = []
        size = 0
        row: Row
        for row in rows:
            record = self._slots.stored(row)
            found.append(record)
            size += len(record.value) if record.value is not None else 0
            if size >= max_bytes:
                rows.close()
                return found, record.offset + 1
        if len(found) == max_records:
            return found, found[-1].offset + 1 if found else start
        return found, max(start, end)

    def latest(self, slot: int) -> dict[str, Stored]:
        """The newest record of each key that is not a tombstone."""
        low, high = slot << OFFSET_BITS, (slot + 1) << OFFSET_BITS
        table = table_of(self._slots.topic(slot))
        rows: list[Row] = self.connection.execute(
            f"SELECT place, time, key, headers, value FROM {table}"  # noqa: S608  a constant
            f" WHERE place IN (SELECT max(place) FROM {table} WHERE place >= ? AND place < ? GROUP BY key)"
            " AND key IS NOT NULL AND value IS NOT NULL ORDER BY place",
            (low, high),
        ).fetchall()
        return {row[2]: self._slots.stored(row) for row in rows if row[2] is not None}

    def end(self, slot: int) -> int:
        row: tuple[int] | None = self.connection.execute("SELECT next FROM edge WHERE slot = ?", (slot,)).fetchone()
        return row[0] if row is not None else 0

    def ends(self) -> dict[int, int]:
        """Slot → next offset, for all that were ever written."""
        rows: list[tuple[int, int]] = self.connection.execute("SELECT slot, next FROM edge").fetchall()
        return dict(rows)

    def begin(self, slot: int) -> int:
        """The first record that is kept; the end where there is none."""
        first = self._first(slot, 0)
        return first[0] if first is not None else self.end(slot)

    def at_time(self, slot: int, time: int) -> int:
        """The first record not older than `time`, by bisection: times never fall along a partition."""
        low, high = self.begin(slot), self.end(slot)
        while low < high:
            middle = (low + high) // 2
            found = self._first(slot, middle)
            if found is None or found[1] >= time:
                high = middle
            else:
                low = found[0] + 1
        found = self._first(slot, low)
        return found[0] if found is not None else self.end(slot)

    def _first(self, slot: int, start: int) -> tuple[int, int] | None:
        """Offset and time of the first record from `start` on."""
        row: tuple[int, int] | None = self.connection.execute(
            f"SELECT place, time FROM {table_of(self._slots.topic(slot))}"  # noqa: S608  a constant
            " WHERE place >= ? AND place < ? ORDER BY place LIMIT 1",
            (slot << OFFSET_BITS | start, (slot + 1) << OFFSET_BITS),
        ).fetchone()
        return (row[0] & OFFSET_MASK, row[1]) if row is not None else None

    def committed(self, group: str, partition: int) -> dict[str, int]:
        rows: list[tuple[str, int]] = self.connection.execute(
            "SELECT topic, next FROM position WHERE member_group = ? AND partition = ?", (group, partition)
        ).fetchall()
        return dict(rows)

    def ends_if_changed(self) -> dict[int, int] | None:
        """As `ends`; None where nobody has committed since this reader's last call."""
        version: int = self.connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return None
        ends = self.ends()
        self._version = version
        return ends


class Readers:
    """Runs queries in threads, so that the event loop never waits for the disk."""

    def __init__(self, path: Path, slots: Slots) -> None:
        self._path = path
        self._slots = slots
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="livechat-log-reader")
        self._closed = False

    async def run(self, query: Callable[[Reader], T]) -> T:
        """Raises bus errors."""
        if self._closed:
            raise BusUnavailable(f"the log `{self._path}` was closed")
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._run, query)

    def _run(self, query: Callable[[Reader], T]) -> T:
        try:
            reader: Reader | None = getattr(self._local, "reader", None)
            if reader is None:
                connection = connect_readonly(self._path)
                self._open.append(connection)
                reader = self._local.reader = Reader(connection, self._slots)
            return query(reader)
        except sqlite3.Error as error:
            raise translate(error, self._path) from error

    def close(self) -> None:
        """Waits for running queries. Blocks for their time; may be called again."""
        self._closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)
        while self._open:
            self._open.pop().close()
