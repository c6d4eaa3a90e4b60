"""The buses that the contract suite runs against. Another bus joins by adding its harness to `HARNESSES`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest

from engine.bus.embedded import EmbeddedBus, Fault, Point
from engine.bus.embedded.member import EmbeddedMember
from engine.bus.kafka import KafkaBus, open_kafka
from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.member import KafkaMember
from engine.bus.kafka.ownership import Ownership
from engine.bus.kafka.topics import Shape, create, remove
from engine.bus.port import Bus, Member
from engine.errors import BusUnavailable
from engine.settings import BusSettings, KafkaSettings
from tests.kafka.shared import bootstrap, fresh_prefix

Trouble = Literal["aborted", "lost before", "lost after"]
"""What becomes of the next commit: aborted; not on the log, and nobody knows; on the log, and nobody knows."""

PARTITIONS = 4


class Harness(Protocol):
    """One log of `PARTITIONS` partitions, empty at first, that a test opens, troubles and restarts."""

    group: str

    async def open(self) -> Bus:
        """A handle that writes; there is one at a time."""
        ...

    async def reader(self) -> Bus:
        """Another handle, that only reads."""
        ...

    def trouble(self, what: Trouble) -> None:
        """Lets the next commit go wrong; skips the test where the bus cannot be made to."""
        ...

    def evict(self, member: Member) -> None:
        """The group believes this member dead; skips the test where that cannot be done."""
        ...

    async def close(self) -> None:
        """Closes every handle and removes the log."""
        ...


class EmbeddedHarness:
    """The embedded log in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.group = "livechat"
        self._path = folder / "log.db"
        self._open: list[EmbeddedBus] = []
        self._trouble: Trouble | None = None

    def _bus(self, *, readonly: bool) -> Bus:
        bus = EmbeddedBus(self._path, partitions=PARTITIONS, group=self.group, readonly=readonly, faults=self)
        self._open.append(bus)
        return bus

    async def open(self) -> Bus:
        return self._bus(readonly=False)

    async def reader(self) -> Bus:
        return self._bus(readonly=True)

    def at(self, point: Point) -> Fault | None:
        due = {"aborted": "before_commit", "lost before": "before_commit", "lost after": "after_commit"}
        if self._trouble is None or due[self._trouble] != point:
            return None
        fault: Fault = "abort" if self._trouble == "aborted" else "lose_answer"
        self._trouble = None
        return fault

    def trouble(self, what: Trouble) -> None:
        self._trouble = what

    def evict(self, member: Member) -> None:
        assert isinstance(member, EmbeddedMember)
        member.evict()

    async def close(self) -> None:
        for bus in self._open:
            await bus.close()


class KafkaHarness:
    """Topics of its own on the test run's broker."""

    def __init__(self, folder: Path) -> None:
        self.group = "livechat"
        self._servers = bootstrap()
        self._settings = BusSettings(
            partitions=PARTITIONS, prefix=fresh_prefix(), group=self.group, kafka=KafkaSettings(session_timeout_s=6)
        )
        self._access = Access(self._servers, self._settings.kafka)
        self._layout = Layout(self._settings.prefix, PARTITIONS)
        self._made = False
        self._open: list[KafkaBus] = []
        self._leaving: asyncio.Task[Any] | None = None
        self._class: Any = Ownership  # its methods are the one place where a commit can be troubled
        self._real = (Ownership._write, Ownership._end)

    async def _bus(self, *, readonly: bool) -> Bus:
        if not self._made:
            await create(self._access, Shape(self._layout))
            self._made = True
        bus = await open_kafka(self._servers, self._settings, readonly=readonly)
        self._open.append(bus)
        return bus

    async def open(self) -> Bus:
        return await self._bus(readonly=False)

    async def reader(self) -> Bus:
        return await self._bus(readonly=True)

    def trouble(self, what: Trouble) -> None:
        real_write, real_end = self._real

        async def write(ownership: Ownership, *args: Any) -> Any:
            self._heal()
            await real_write(ownership, *args)
            raise KafkaError("a fault was injected")

        async def end(ownership: Ownership) -> None:
            self._heal()
            if what == "lost after":
                await real_end(ownership)
            raise BusUnavailable("a fault was injected")

        if what == "aborted":
            self._class._write = write
        else:
            self._class._end = end

    def _heal(self) -> None:
        self._class._write, self._class._end = self._real

    def evict(self, member: Member) -> None:
        """Somebody says farewell to the group in its name."""
        assert isinstance(member, KafkaMember)
        group = member._group
        consumer = member._membership._consumer
        assert consumer is not None
        coordinator = consumer._coordinator

        async def leave() -> None:
            node = await member._connection.coordinator(group)
            await member._connection.send(node, LeaveGroupRequest(group, coordinator.member_id))

        self._leaving = asyncio.ensure_future(leave())

    async def close(self) -> None:
        self._heal()
        for bus in self._open:
            await bus.close()
        if self._made:
            await remove(self._access, self._layout)


HARNESSES: dict[str, Callable[[Path], Harness]] = {"embedded": EmbeddedHarness, "kafka": KafkaHarness}


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    """A harness of each bus in turn."""
    made = HARNESSES[request.param](tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def bus(harness: Harness) -> Bus:
    """A writing handle on an empty log."""
    return await harness.open()
