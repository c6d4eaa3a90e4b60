"""The buses that the contract suite runs against. Another bus joins by adding its harness to `HARNESSES`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal, Protocol

import pytest

from engine.bus.embedded import EmbeddedBus, Fault, Point
from engine.bus.embedded.member import EmbeddedMember
from engine.bus.port import Bus, Member

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


HARNESSES: dict[str, Callable[[Path], Harness]] = {"embedded": EmbeddedHarness}


@pytest.fixture(params=sorted(HARNESSES))
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    """A harness of each bus in turn."""
    made = HARNESSES[request.param](tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def bus(harness: Harness) -> Bus:
    """A writing handle on an empty log."""
    return await harness.open()
