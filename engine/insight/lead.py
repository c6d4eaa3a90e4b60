"""Of several insights on a log one is active: it holds the lease of one partition, in a group of their own, and writes under it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from engine.bus.port import Aborted, Assigned, Batch, Bus, Committed, FencedOff, Member, Outgoing
from engine.errors import BusUnavailable, Fenced

PARTITION: Final = 0  # whoever owns it is active; the others own the rest, and have nothing to do with it
WAIT_MS: Final = 1_000  # between two looks whether it is time to stop
TRIES: Final = 3  # of one batch that was aborted


class Deposed(Exception):
    """Another insight is active now; what this one knows may be old."""


class Lead:
    """One insight's part in the group. Joins with the first `take`."""

    def __init__(self, bus: Bus, group: str) -> None:
        self._bus = bus
        self._group = group
        self._member: Member | None = None
        self._owned = False
        self._lease: int | None = None
        self.waits = False
        """Another one is active, as far as this one knows."""

    async def take(self, stopping: asyncio.Event) -> bool:
        """Wait until this insight is the active one; False where it is time to stop before. Raises `BusUnavailable`."""
        self._lease = None
        if self._member is None:
            self._member = self._bus.member(self._group)
        while not stopping.is_set():
            await self._look(self._member, WAIT_MS)
            self.waits = not self._owned
            if self._owned:
                try:
                    self._lease = await self._member.acquire(PARTITION)
                except Fenced:
                    self._owned = False
                    continue
                return True
        return False

    async def keep(self) -> None:
        """Look whether this insight is still the active one. Raises `Deposed`, `BusUnavailable`."""
        if self._member is not None:
            await self._look(self._member, 0)
        if not self._owned:
            raise Deposed

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Write records as the active one. Raises `Deposed` where it is so no more, `BusUnavailable` where they may not be on the log."""
        if self._member is None or self._lease is None:
            raise Deposed
        batch = Batch(PARTITION, self._lease, tuple(records))
        reason = ""
        for _ in range(TRIES):
            (outcome,) = await self._member.commit([batch])
            if isinstance(outcome, Committed):
                return
            if isinstance(outcome, FencedOff):
                self._owned = False
                raise Deposed
            reason = outcome.reason
            if not isinstance(outcome, Aborted):
                break
        # Under the next lease what was not confirmed is written again: a gap's record says all of it, so that twice does no harm.
        try:
            self._lease = await self._member.acquire(PARTITION)
        except Fenced:
            self._owned = False
            raise Deposed from None
        raise BusUnavailable(reason)

    async def close(self) -> None:
        """Leave the group: another one may take over at once."""
        if self._member is not None:
            await self._member.close()
            self._member = None
        self._owned = False

    async def _look(self, member: Member, wait_ms: int) -> None:
        for event in await member.events(wait_ms=wait_ms):
            if PARTITION in event.partitions:
                self._owned = isinstance(event, Assigned)
