"""Fair share: how much of the process one room may take while others wait.

A turn of the loop should take `TURN_MS` for each partition with a backlog, since a comment that just missed one waits for it
whole. So the size of a poll follows what a record costs. Where all partitions have backlogs nobody can be quick, and long turns
spend least on commits. Where a partition's poll comes back full there is a backlog, and a room may have `fair_share` of
the poll understood; the rest is shed, which costs a fraction. While the backlog lasts (its comments are old when they come)
the share halves from turn to turn: every comment of the hot room must get its decision, and shedding is the way through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from engine.bus.port import Stored

TURN_MS = 20.0  # of 20 against 40: beside a flood quiet rooms see a p99 of 100 instead of 180 ms, at the same throughput (`--case hot`)
LEAST_RECORDS = 100  # a smaller poll would pay more for its commit than for its comments
OLD_MS = 100  # comments that waited longer than this say that the backlog is not a mere burst
LEAST_RELIEF = 1 / 64
FAIR_SPREAD = 2.0  # nobody is refused up to this many times the mean: rooms that are alike differ by chance
ACTIVE_MS = 2_000  # a room that wrote within this counts as one that may be waiting: a single turn sees too few of them
SMOOTHING = 0.2  # weight of the newest turn in the cost of a record


class Share:
    """Sizes polls and says how many comments of one room are understood in a turn."""

    def __init__(self, fair_share: float, most_records: int) -> None:
        self._share = fair_share
        self._most = most_records
        self._limit = most_records
        self._cost_ms = 0.0
        self._relief = 1.0
        self._since = 0
        self._lately: set[str | None] = set()
        self._before: set[str | None] = set()

    @property
    def limit(self) -> int:
        """Records to be polled of each partition."""
        return self._limit

    def quotas(
        self,
        polled: Mapping[int, Sequence[Stored]],
        now: int,
        further: Mapping[int, Sequence[Stored]] = MappingProxyType({}),
    ) -> dict[int, int]:
        """Partition → how many comments of any one room may be understood; partitions without a backlog are absent.

        `further`: what was read ahead; its rooms wait too.
        """
        full = [partition for partition, records in polled.items() if len(records) >= self._limit]
        if not full:
            self._active((polled, further), now)
            self._relief = min(1.0, self._relief * 2)
            return {}
        oldest = max(now - records[-1].time for partition, records in polled.items() if partition in full)
        self._relief = max(LEAST_RELIEF, self._relief / 2) if oldest > OLD_MS else min(1.0, self._relief * 2)
        rooms = self._active((polled, further), now)
        if rooms < 2:
            return {}
        equal = FAIR_SPREAD * sum(len(records) for records in polled.values()) / rooms
        share = self._share * self._relief
        return {partition: max(1, int(max(equal, len(polled[partition]) * share))) for partition in full}

    def _active(self, sources: Iterable[Mapping[int, Sequence[Stored]]], now: int) -> int:
        """How many rooms wrote lately, those of this turn included."""
        if now - self._since >= ACTIVE_MS:
            self._since = now
            self._before, self._lately = self._lately, set()
        for source in sources:
            for records in source.values():
                self._lately.update(record.key for record in records if record.topic == "comments")
        return len(self._lately | self._before)

    def took(self, records: int, elapsed_ms: float) -> None:
        """A turn handled `records` within `elapsed_ms`: size the next polls by it."""
        if records < LEAST_RECORDS or elapsed_ms <= 0:  # a clock that stood still says nothing
            return
        cost = elapsed_ms / records
        self._cost_ms = cost if self._cost_ms == 0.0 else self._cost_ms + SMOOTHING * (cost - self._cost_ms)
        fits = int(TURN_MS / self._cost_ms)
        self._limit = max(min(LEAST_RECORDS, self._most), min(self._most, fits))
