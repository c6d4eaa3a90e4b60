"""Upkeep: expired records of streams, superseded records of compacted topics, old tombstones. In small steps.

Each step is a statement or two however much it deletes, since every statement may have to wait for the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.bus.embedded.layout import OFFSET_BITS
from engine.bus.embedded.store import Store
from engine.events.topics import DAY_MS, TOPICS, Topic
from engine.retention import RetentionSettings

STEP_RECORDS = 200
"""Records that one step looks at or deletes: about a millisecond."""

TOMBSTONE_MS = DAY_MS
"""How long a tombstone stays, so that every reader learns of it (Kafka's `delete.retention.ms`)."""


class Sweeper:
    """Remembers up to where each compacted partition was cleaned; a new process begins at its start."""

    def __init__(self, store: Store, retention: RetentionSettings | None = None) -> None:
        self._store = store
        self._retention = retention or RetentionSettings()
        self._cleaned: dict[int, int] = {}

    def reset(self) -> None:
        """To be called when a transaction was undone: what was cleaned in it is not."""
        self._cleaned.clear()

    def steps(self) -> Iterator[int]:
        """One whole round, within the caller's transactions: each step yields how many records it deleted."""
        for topic in TOPICS.values():
            for partition in range(self._store.slots.partitions if topic.layout == "rooms" else 1):
                slot = self._store.slots.slot(topic.name, partition)
                yield from self._compact(slot, topic) if topic.compacted else self._expire(slot, topic)
        yield from self._bury()

    def _expire(self, slot: int, topic: Topic) -> Iterator[int]:
        """Deletes from the partition's start on; times never fall along a partition."""
        kept = self._retention.ms(topic.name)
        if kept is None:
            return
        connection = self._store.connection
        low, high = slot << OFFSET_BITS, (slot + 1) << OFFSET_BITS
        while True:
            last: int | None = connection.execute(
                "SELECT max(place) FROM (SELECT place, time FROM stream WHERE place >= ? AND place < ? ORDER BY place LIMIT ?)"
                " WHERE time < ?",
                (low, high, STEP_RECORDS, self._store.time() - kept),
            ).fetchone()[0]
            if last is None:
                yield 0
                return
            gone = connection.execute("DELETE FROM stream WHERE place >= ? AND place <= ?", (low, last))
            yield gone.rowcount

    def _compact(self, slot: int, topic: Topic) -> Iterator[int]:
        """Each record not yet looked at supersedes the older ones of its key."""
        connection = self._store.connection
        low, high = slot << OFFSET_BITS, (slot + 1) << OFFSET_BITS
        while True:
            begin = self._cleaned.get(slot, low)
            last: int | None = connection.execute(
                "SELECT max(place) FROM (SELECT place FROM keyed WHERE place >= ? AND place < ? ORDER BY place LIMIT ?)",
                (begin, high, STEP_RECORDS),
            ).fetchone()[0]
            if last is None:
                yield 0
                return
            with self._store.overwriting(wanted=topic.secret):
                gone = connection.execute(
                    "DELETE FROM keyed WHERE place IN (SELECT older.place FROM keyed AS newer CROSS JOIN keyed AS older"
                    " ON older.key = newer.key AND older.place >= ? AND older.place < newer.place"
                    " WHERE newer.place >= ? AND newer.place <= ?)",
                    (low, begin, last),
                )
            self._cleaned[slot] = last + 1
            yield gone.rowcount

    def _bury(self) -> Iterator[int]:
        """Deletes tombstones that everyone has had time to see; what they superseded went before."""
        while True:
            gone = self._store.connection.execute(
                "DELETE FROM keyed WHERE place IN (SELECT place FROM keyed WHERE value IS NULL AND time < ? LIMIT ?)",
                (self._store.time() - TOMBSTONE_MS, STEP_RECORDS),
            )
            yield gone.rowcount
            if not gone.rowcount:
                return
