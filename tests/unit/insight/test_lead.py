"""Which of several insights is active: leases, hand-overs, and what becomes of one that does not know yet that it is not any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Aborted, Assigned, Batch, Bus, Committed, FencedOff, Outcome, Outgoing, Ownership, Unknown
from engine.errors import BusUnavailable, Fenced
from engine.insight.lead import Deposed, Lead
from tests.conftest import HandClock
from tests.patience import PATIENCE_S

GO = asyncio.Event


@pytest.fixture
async def bus(tmp_path: Path, clock: HandClock) -> AsyncIterator[EmbeddedBus]:
    made = EmbeddedBus(tmp_path / "log.db", partitions=2, clock=clock)
    yield made
    await made.close()


def record(key: str) -> Outgoing:
    return Outgoing("gaps", key, b"{}", partition=0)


async def until_it_waits(lead: Lead) -> None:
    """A lead tells how it stands, not when."""
    while not lead.waits:  # noqa: ASYNC110
        await asyncio.sleep(0)


async def keys(bus: EmbeddedBus) -> set[str]:
    return set(await bus.latest_per_key("gaps", 0))


async def test_one_is_active_and_the_next_takes_over(bus: EmbeddedBus) -> None:
    """The second waits while the first holds the lease; when the first leaves, it takes over and writes."""
    first, second = Lead(bus, "g"), Lead(bus, "g")
    assert await first.take(GO())
    await first.publish([record("a/1")])
    waiting = asyncio.create_task(second.take(GO()))
    await until_it_waits(second)
    with pytest.raises(Deposed):
        await second.publish([record("a/2")])
    await first.keep()
    await first.close()
    assert await asyncio.wait_for(waiting, PATIENCE_S)
    await second.publish([record("a/3")])
    assert await keys(bus) == {"a/1", "a/3"}
    await second.close()


async def test_one_that_was_only_slow_writes_nothing(bus: EmbeddedBus) -> None:
    """Its lease is old, so what it writes is refused whole, whatever it still believes."""
    slow = Lead(bus, "g")
    assert await slow.take(GO())
    other = bus.member("g")
    await slow.close()
    assert await other.events(wait_ms=1_000)
    await other.acquire(0)
    slow._member, slow._owned = other, True
    with pytest.raises(Deposed):
        await slow.publish([record("a/1")])
    assert await keys(bus) == set()


async def test_a_stop_ends_the_waiting(bus: EmbeddedBus) -> None:
    """One that never was active can be stopped."""
    first, second, stopping = Lead(bus, "g"), Lead(bus, "g"), asyncio.Event()
    assert await first.take(GO())
    waiting = asyncio.create_task(second.take(stopping))
    await until_it_waits(second)
    stopping.set()
    assert not await asyncio.wait_for(waiting, PATIENCE_S)
    await second.close()
    await first.close()


class Member:
    """A member of a group whose commits end as they are told to."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = list(outcomes)
        self.lease = 0
        self.mine = True
        self.committed: list[int] = []

    async def events(self, *, wait_ms: int = 0) -> Sequence[Ownership]:
        return () if self.lease else (Assigned((0, 1)),)

    async def acquire(self, partition: int) -> int:
        if not self.mine:
            raise Fenced(partition, self.lease)
        self.lease += 1
        return self.lease

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        self.committed.append(batches[0].lease)
        return [self.outcomes.pop(0)]

    async def close(self) -> None:
        return None


class Log:
    def __init__(self, member: Member) -> None:
        self._member = member

    def member(self, group: str) -> Member:
        return self._member


async def led(*outcomes: Outcome) -> tuple[Lead, Member]:
    member = Member(outcomes)
    made = Lead(cast("Bus", Log(member)), "g")
    assert await made.take(GO())
    return made, member


async def test_an_aborted_commit_is_sent_again() -> None:
    """Nothing of it is on the log, so the same goes again under the same lease."""
    made, member = await led(Aborted("x"), Committed())
    await made.publish([record("a/1")])
    assert member.committed == [1, 1]


async def test_an_unknown_outcome_is_told_and_fenced() -> None:
    """The caller hears that nothing is certain, and goes on under a new lease."""
    made, member = await led(Unknown("lost"), Committed())
    with pytest.raises(BusUnavailable, match="lost"):
        await made.publish([record("a/1")])
    await made.publish([record("a/1")])
    assert member.committed == [1, 2]


@pytest.mark.parametrize("outcome", [FencedOff(), Unknown("lost")])
async def test_who_lost_its_lease_is_deposed(outcome: Outcome) -> None:
    """By the commit itself, or by the fence that follows an unknown outcome."""
    made, member = await led(outcome)
    member.mine = False
    with pytest.raises(Deposed):
        await made.publish([record("a/1")])
    with pytest.raises(Deposed):
        await made.keep()
