"""The writer's side of the file: schema, appending, leases, positions. Synchronous; used by the writer's thread alone."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine import logs
from engine.bus.embedded.failures import translate
from engine.bus.embedded.layout import (
    APPLICATION_ID,
    OFFSET_BITS,
    PARTITION_MASK,
    SCHEMA,
    TOPIC_LIMIT,
    VERSION,
    Slots,
    encode_headers,
)
from engine.bus.port import Batch, Outgoing, Stored
from engine.clock import span_of
from engine.errors import BusDamaged, UsageError
from engine.events.topics import TOPICS
from engine.retention import RetentionSettings

ROWS_PER_STATEMENT = 256
"""Most rows of one INSERT. SQLite's module gives up the interpreter's lock with each step, and takes up to 5 ms to get it back from a
busy thread; one step for many rows keeps a commit of 600 records at 20 ms beside such a thread, against 270 ms row by row."""

CHECKPOINT_PAGES = 2_000
"""Pages (4 KiB) in the write-ahead log at which a commit moves them into the file: it stays at some 8 MB, and no commit pays for more."""

WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""The write-ahead log is cut to this when it is begun anew, should a long reader have let it grow."""

CACHE_KIB = 16_384
BUSY_MS = 5_000
STATEMENTS = 512
"""Prepared statements kept: each size of INSERT is one."""

log = logs.get(__name__)


def connect(path: Path) -> sqlite3.Connection:
    """The writer's connection; durable at each commit."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS)
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
        connection.execute("PRAGMA secure_delete = FAST")
    except BaseException:
        connection.close()
        raise
    return connection


def check_file(connection: sqlite3.Connection, path: Path, partitions: int | None) -> Slots:
    """The slots of an existing log. Raises `BusDamaged` for a file that is none, `UsageError` for another partition count or schema."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    if found != APPLICATION_ID:
        raise BusDamaged(f"`{path}` is not a log of this engine: set `bus.url` to another file, or move this one away")
    meta: dict[str, int] = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    if meta.get("version") != VERSION:
        raise UsageError(
            f"the log `{path}` has schema {meta.get('version')}, this engine writes {VERSION}:"
            " use the engine that wrote it, or another file"
        )
    if partitions is not None and meta["partitions"] != partitions:
        raise UsageError(
            f"the log `{path}` has {meta['partitions']} partitions, the settings say {partitions}: set `bus.partitions` to"
            f" {meta['partitions']} (it is fixed for the life of a log)"
        )
    numbers = dict(connection.execute("SELECT name, number FROM topic").fetchall())
    return Slots(numbers, meta["partitions"], meta["identity"])


class Store:
    """One open log. Between `begin` and `commit`, requests are staged in memory; `flush` writes them in a few statements."""

    def __init__(self, path: Path, partitions: int, clock: Callable[[], int]) -> None:
        """Opens or creates the file. Raises bus errors."""
        self.path = path
        self._clock = clock
        try:
            self.connection = connect(path)
        except sqlite3.Error as error:
            raise translate(error, path) from error
        try:
            if not self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                self._create(partitions)
            self.slots = check_file(self.connection, path, partitions)
            if set(TOPICS) - {name for (name,) in self.connection.execute("SELECT name FROM topic")}:
                self._add_topics()
                self.slots = check_file(self.connection, path, partitions)
            edges: list[tuple[int, int, int]] = self.connection.execute("SELECT slot, next, time FROM edge").fetchall()
        except sqlite3.Error as error:
            self.connection.close()
            raise translate(error, path) from error
        except BaseException:
            self.connection.close()
            raise
        self.ends = {slot: end for slot, end, _ in edges}
        self._newest = max((time for _, _, time in edges), default=0)
        self.appended: dict[int, list[Stored]] = {}
        """Slot → what the open transaction appends."""
        self._streams: list[object] = []
        self._keyed: list[object] = []
        self._positions: dict[tuple[str, int, str], int] = {}
        self._leases: dict[str, dict[int, int]] = {}
        self.now = self._newest
        self._secrets_left = False
        """Something secret was deleted, and may still stand in the write-ahead log."""

    def _create(self, partitions: int) -> None:
        self.connection.executescript(
            f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION_ID};"  # noqa: S608  numbers only
            f"INSERT INTO meta VALUES ('version', {VERSION}), ('partitions', {int(partitions)}), "
            f"('identity', {secrets.randbits(62)}); COMMIT;"
        )

    def _add_topics(self) -> None:
        """Numbers for topics that the file does not know yet; numbers are never used again for another topic."""
        rows = ",".join(["(?)"] * len(TOPICS))
        self.connection.execute(f"INSERT OR IGNORE INTO topic (name) VALUES {rows}", list(TOPICS))  # noqa: S608  question marks only
        if self.connection.execute("SELECT max(number) FROM topic").fetchone()[0] >= TOPIC_LIMIT:
            raise BusDamaged(
                f"the log `{self.path}` has seen more than {TOPIC_LIMIT} topics: move it away to begin anew"
            )

    # ---- the transaction -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Opens a transaction; all that it writes bears one time, never less than any before."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.now = self.time()

    def time(self) -> int:
        """The log's time: the clock's, but never less than that of any record."""
        return max(self._newest, self._clock())

    def flush(self) -> None:
        """Writes what was staged."""
        self._insert("stream", "place, time, key, headers, value", 5, self._streams)
        self._insert("keyed", "place, time, key, headers, value", 5, self._keyed)
        edges: list[object] = []
        for slot, records in self.appended.items():
            edges += (slot, records[-1].offset + 1, self.now)
        self._insert("edge", "slot, next, time", 3, edges)
        positions: list[object] = []
        for (group, partition, topic), following in self._positions.items():
            positions += (group, partition, topic, following)
        self._insert("position", "member_group, partition, topic, next", 4, positions)

    def commit(self) -> dict[int, list[Stored]]:
        """Makes the transaction durable and returns what it appended. Should it raise, the outcome is not known until `rollback`."""
        self.connection.execute("COMMIT")
        appended = self.appended
        for slot, records in appended.items():
            self.ends[slot] = records[-1].offset + 1
        if appended:
            self._newest = self.now
        self._forget()
        return appended

    def rollback(self) -> None:
        """Undoes the open transaction, if there is one."""
        self._forget()
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _forget(self) -> None:
        self.appended = {}
        self._streams = []
        self._keyed = []
        self._positions = {}
        self._leases = {}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A whole transaction; rolled back on any error."""
        self.begin()
        try:
            yield
            self.flush()
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def _insert(self, table: str, columns: str, width: int, values: Sequence[object]) -> None:
        """Inserts rows, given one after the other, in statements of 256, 128, 64 … 1 rows, so that few statements are prepared."""
        verb = "INSERT" if table in ("stream", "keyed") else "REPLACE"
        row = f"({','.join('?' * width)})"
        at, left, step = 0, len(values) // width, ROWS_PER_STATEMENT
        while left:
            while step > left:
                step //= 2
            sql = f"{verb} INTO {table} ({columns}) VALUES {','.join([row] * step)}"
            self.connection.execute(sql, values[at : at + step * width])
            at += step * width
            left -= step

    # ---- requests, each within a transaction ---------------------------------------------------------------------

    def append(self, records: Sequence[Outgoing]) -> list[Stored]:
        """Stages records, and tells where they will stand. Raises ValueError (before staging any) for an unknown topic or partition."""
        return self._stage(records, self._targets(records))

    def _targets(self, records: Sequence[Outgoing]) -> list[int]:
        """The slot of each record."""
        place = self.slots.place
        return [place(record.topic, record.partition, record.key) for record in records]

    def _stage(self, records: Sequence[Outgoing], targets: Sequence[int]) -> list[Stored]:
        now, appended = self.now, self.appended
        stored: list[Stored] = []
        for record, slot in zip(records, targets, strict=True):
            topic, key, value, headers = record.topic, record.key, record.value, record.headers
            newest = appended.get(slot)
            if newest is None:
                newest = appended[slot] = []
                offset = self.ends.get(slot, 0)
            else:
                offset = newest[-1].offset + 1
            rows = self._keyed if slot in self.slots.keyed else self._streams
            rows += (slot << OFFSET_BITS | offset, now, key, encode_headers(headers) if headers else None, value)
            item = Stored(topic, slot & PARTITION_MASK, offset, now, key, value, headers)
            newest.append(item)
            stored.append(item)
        return stored

    def commit_batches(self, group: str, batches: Sequence[Batch]) -> list[bool]:
        """Stages a worker's batches; False, with nothing staged, for each whose lease is not its partition's.

        Raises ValueError, before anything is staged, for an unknown topic or partition.
        """
        leases = self._leases.get(group)
        if leases is None:
            leases = self._leases[group] = self._read_leases(group)
        placed = [self._targets(batch.records) for batch in batches]
        landed: list[bool] = []
        for batch, targets in zip(batches, placed, strict=True):
            ours = leases.get(batch.partition, 0) == batch.lease
            landed.append(ours)
            if ours:
                self._stage(batch.records, targets)
                for topic, following in batch.offsets.items():
                    self._positions[group, batch.partition, topic] = following
        return landed

    def _read_leases(self, group: str) -> dict[int, int]:
        # One row for all: see ROWS_PER_STATEMENT.
        sql = "SELECT json_group_object(partition, lease) FROM lease WHERE member_group = ?"
        found: dict[str, int] = json.loads(self.connection.execute(sql, (group,)).fetchone()[0])
        return {int(partition): lease for partition, lease in found.items()}

    def acquire(self, group: str, partition: int) -> int:
        """The partition's new lease, one higher than any before."""
        sql = (
            "INSERT INTO lease (member_group, partition, lease) VALUES (?, ?, 1)"
            " ON CONFLICT DO UPDATE SET lease = lease + 1 RETURNING lease"
        )
        rows: list[tuple[int]] = self.connection.execute(sql, (group, partition)).fetchall()
        self._leases.pop(group, None)
        return rows[0][0]

    # ---- upkeep --------------------------------------------------------------------------------------------------

    def keep(self, retention: RetentionSettings) -> None:
        """Remember how long records are kept, and tell what was told otherwise before. Raises bus errors."""
        wanted = {f"retention/{name}": kept for name in TOPICS if (kept := retention.ms(name)) is not None}
        try:
            found: dict[str, int] = dict(self.connection.execute("SELECT name, value FROM meta").fetchall())
            changed = {name: kept for name, kept in wanted.items() if found.get(name) != kept}
            if changed:
                with self.transaction():
                    self.connection.executemany("REPLACE INTO meta (name, value) VALUES (?, ?)", changed.items())
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        for name, kept in changed.items():
            before, topic = found.get(name), name.partition("/")[2]
            if before is not None:
                what = "what is older goes now" if kept < before else "nothing that is gone comes back"
                log.warning(
                    "a topic is kept for another time from now on",
                    topic=topic, found=span_of(before), wanted=f"{span_of(kept)}: {what}",
                )  # fmt: skip

    @contextmanager
    def overwriting(self, *, wanted: bool) -> Iterator[None]:
        """What is deleted meanwhile is overwritten in the file, where `wanted`."""
        if not wanted:
            yield
            return
        before = self.connection.total_changes
        self.connection.execute("PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA secure_delete = FAST")
            self._secrets_left = self._secrets_left or self.connection.total_changes > before

    def scrub(self) -> None:
        """Empty the write-ahead log where deleted secrets may stand in it. Outside of transactions; a reader may put it off."""
        if not self._secrets_left:
            return
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            busy: int = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._secrets_left = bool(busy)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def close(self) -> None:
        """Moves the write-ahead log into the file and closes it; readers of other processes may keep it from being emptied."""
        try:
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.connection.close()
