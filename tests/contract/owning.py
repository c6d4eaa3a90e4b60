"""What the contract tests share: keys by partition, and members that settle who owns what."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from engine.bus.partitioner import partition_of
from engine.bus.port import Assigned, Batch, Bus, Lost, Member, Outgoing, Revoked, Stored
from tests.patience import PATIENCE_S

ROUND_MS = 50
"""Wait of one call for ownership events while members settle."""


def room_of(partition: int, partitions: int) -> str:
    """A room whose records belong to this partition."""
    return next(room for room in map("room-{}".format, range(10_000)) if partition_of(room, partitions) == partition)


class Owner:
    """A member, and what it was told to own."""

    def __init__(self, bus: Bus, group: str) -> None:
        self.bus = bus
        self.member: Member = bus.member(group)
        self.owned: set[int] = set()
        self.revoked: list[int] = []
        self.lost: list[int] = []
        self.leases: dict[int, int] = {}

    async def listen(self, wait_ms: int = ROUND_MS) -> None:
        """Takes in the ownership events that there are."""
        for event in await self.member.events(wait_ms=wait_ms):
            match event:
                case Assigned(partitions):
                    self.owned |= set(partitions)
                case Revoked(partitions):
                    self.owned -= set(partitions)
                    self.revoked += partitions
                case Lost(partitions):
                    self.owned -= set(partitions)
                    self.lost += partitions

    async def take(self, partition: int, offsets: Mapping[str, int] | None = None) -> int:
        """Acquires and seeks (None: to the beginning); returns the lease."""
        lease = self.leases[partition] = await self.member.acquire(partition)
        self.member.seek(partition, offsets if offsets is not None else {"comments": 0, "room-events": 0})
        return lease

    async def take_all(self) -> None:
        for partition in sorted(self.owned):
            await self.take(partition)

    async def poll(
        self, *, max_records: int = 1_000, max_bytes: int = 1_000_000, wait_ms: int = 100
    ) -> dict[int, list[Stored]]:
        polled = await self.member.poll(max_records=max_records, max_bytes=max_bytes, wait_ms=wait_ms)
        return {partition: list(records) for partition, records in polled.items()}

    async def gather(
        self, count: int, *, max_records: int = 1_000, max_bytes: int = 1_000_000
    ) -> dict[int, list[Stored]]:
        """Polls until `count` records came in all."""
        found: dict[int, list[Stored]] = {}
        async with asyncio.timeout(PATIENCE_S):
            while sum(map(len, found.values())) < count:
                for partition, records in (await self.poll(max_records=max_records, max_bytes=max_bytes)).items():
                    found.setdefault(partition, []).extend(records)
        return found

    def batch(self, partition: int, *records: Outgoing, offsets: Mapping[str, int] | None = None) -> Batch:
        """A batch under the lease that this owner has."""
        return Batch(partition, self.leases[partition], records, offsets or {})


async def settle(*owners: Owner, counts: Sequence[int]) -> None:
    """Lets members listen until each owns as many partitions as `counts` says."""
    async with asyncio.timeout(PATIENCE_S):
        while [len(owner.owned) for owner in owners] != list(counts):
            await asyncio.gather(*(owner.listen() for owner in owners))


async def sole_owner(bus: Bus, group: str) -> Owner:
    """The only member of a group, with every partition acquired and sought to its beginning."""
    owner = Owner(bus, group)
    await settle(owner, counts=[bus.partitions])
    await owner.take_all()
    return owner


def values(records: Sequence[Stored]) -> list[bytes | None]:
    return [record.value for record in records]
