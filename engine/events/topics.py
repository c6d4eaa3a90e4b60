"""Every topic: its records, how it is partitioned, what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `rooms`: as many partitions as the inputs, keyed by room, outputs written to the inputs' partition number.

    `single`: one partition, read whole by every process.
    """

    name: str
    layout: Literal["rooms", "single"]
    compacted: bool
    retention_ms: int | None
    """None: for ever (or until compacted)."""
    direction: Literal["in", "out", "own"]
    secret: bool = False
    """What is superseded has to be gone from the medium, too."""


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic("comments", "rooms", compacted=False, retention_ms=7 * DAY_MS, direction="in"),
        Topic("room-events", "rooms", compacted=False, retention_ms=7 * DAY_MS, direction="in"),
        Topic("shop-events", "single", compacted=True, retention_ms=None, direction="in"),
        Topic("pools", "single", compacted=True, retention_ms=None, direction="in"),
        Topic("verdicts", "rooms", compacted=False, retention_ms=HOUR_MS, direction="out"),
        Topic("decisions", "rooms", compacted=False, retention_ms=30 * DAY_MS, direction="out"),
        Topic("insertions", "rooms", compacted=False, retention_ms=7 * DAY_MS, direction="out"),
        Topic("aired", "rooms", compacted=False, retention_ms=3 * 366 * DAY_MS, direction="out"),
        Topic("handoffs", "rooms", compacted=False, retention_ms=30 * DAY_MS, direction="out"),
        Topic("gaps", "single", compacted=True, retention_ms=None, direction="out"),
        Topic("journal", "rooms", compacted=False, retention_ms=7 * DAY_MS, direction="own"),
        Topic("snapshots", "rooms", compacted=True, retention_ms=None, direction="own"),
        Topic("viewer-keys", "single", compacted=True, retention_ms=None, direction="own", secret=True),
        Topic("dead-letters", "single", compacted=False, retention_ms=30 * DAY_MS, direction="out"),
    )
}

INPUTS = ("comments", "room-events")
"""Co-partitioned inputs of the worker."""
