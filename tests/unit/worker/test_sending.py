"""What becomes of a batch, by the outcome of its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from engine.bus.port import Aborted, Batch, Committed, FencedOff, Outcome, Unknown
from engine.errors import BusGone, BusUnavailable
from engine.metrics import Metrics
from engine.room.rooms import Rooms
from engine.worker.outage import Outage
from engine.worker.restore import Restorer
from engine.worker.sending import Sender
from tests.simulation.bus import Odds, SimBus, SimMember
from tests.simulation.clock import VirtualLoop
from tests.unit.worker.desk import NOW, Desk
from tests.unit.worker.test_restore import Source

GIVE_UP_S = 60.0


class Member(SimMember):
    """Answers by a list; `lands` says whether the batch is on the log all the same."""

    plan: list[tuple[Outcome | None, bool]]
    got: list[Batch]
    metrics: Metrics
    reasons: list[str | None]
    """What kept the worker from writing, as of each attempt."""
    away: bool = False
    """Whether no lease can be had."""

    async def acquire(self, partition: int) -> int:
        if self.away:
            raise BusUnavailable("no broker answers")
        return await super().acquire(partition)

    async def commit(self, batches: Sequence[Batch]) -> Sequence[Outcome]:
        self.reasons.append(self.metrics.troubles.get("worker"))
        outcome, lands = self.plan.pop(0)
        for batch in batches:
            self.got.append(batch)
            if lands and not self.bus.land("g", batch):
                return [FencedOff()]
        if outcome is None:
            raise BusUnavailable("simulated")
        return [outcome]


def run(plan: list[tuple[Outcome | None, bool]], *, away: bool = False) -> tuple[Desk, Member, list[int]]:
    """Send one batch; the desk's worker, the member, and the partitions that were dropped. `away`: no lease can be had afterwards."""
    desk, dropped = Desk(), list[int]()

    async def main() -> Member:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        bus = SimBus(loop, Random(1), 1, Odds())
        member = Member(bus, "g")
        member.plan, member.got = plan, []
        member.metrics, member.reasons = Metrics(), []
        bus.owners[0] = member
        assert await member.acquire(0) == 1
        member.away = away
        restorer = Restorer(bus, Source(), Rooms, 100, lambda _: None)
        outage = Outage(GIVE_UP_S, member.metrics, lambda _: None, loop.time)
        sender = Sender(
            lambda: member, restorer, member.metrics, lambda: NOW, outage, lambda _: not dropped, dropped.append
        )
        prepared = desk.turn(desk.comment())
        assert prepared is not None
        sender.send([(desk.worker, prepared)])
        await sender.settle()
        await sender.settle()  # nothing is on its way any more
        assert not plan
        return member

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        member = runner.run(main())
    return desk, member, dropped


def journals(member: Member) -> int:
    return len(member.bus.log.get(("journal", 0), []))


def test_an_aborted_batch_is_sent_again_as_it_is() -> None:
    """The same bytes until they stand."""
    desk, member, dropped = run([(Aborted("x"), False), (Aborted("x"), False), (Committed(), True)])
    assert member.got[0] == member.got[1] == member.got[2]
    assert (desk.worker.is_clean, journals(member), dropped) == (True, 1, [])


def test_why_nothing_can_be_committed_is_told_until_it_can() -> None:
    """Whoever asks whether the process is ready hears it, and no more once the batch stands or is thrown away."""
    _, member, _ = run([(Aborted("no space left"), False), (None, False), (Committed(), True)])
    assert member.reasons == [None, "no space left", "simulated"]
    assert member.metrics.troubles == {}
    _, member, _ = run([(Aborted("no space left"), False), (FencedOff(), False)])
    assert member.metrics.troubles == {}


def test_after_an_unknown_outcome_the_journal_decides() -> None:
    """There: go on. Not there: the same records again, under the new lease. Either way it stands once."""
    desk, member, _ = run([(Unknown("x"), True)])
    assert (len(member.got), journals(member), desk.worker.lease, desk.worker.is_clean) == (1, 1, 2, True)
    desk, member, _ = run([(Unknown("x"), False), (Committed(), True)])
    assert [batch.lease for batch in member.got] == [1, 2]
    assert member.got[0].records == member.got[1].records
    assert (journals(member), desk.worker.is_clean) == (1, True)


def test_a_bus_that_is_away_leaves_the_outcome_unknown() -> None:
    """It is found out as soon as the bus is back."""
    desk, member, _ = run([(None, True)])
    assert (len(member.got), journals(member), desk.worker.is_clean) == (1, 1, True)


def test_a_fenced_batch_is_thrown_away() -> None:
    """A newer owner has the partition."""
    desk, member, dropped = run([(FencedOff(), False)])
    assert (dropped, journals(member), desk.worker.is_clean) == ([0], 0, False)


@pytest.mark.parametrize("outcome", [Aborted("no broker answers"), Unknown("no broker answers"), None])
@pytest.mark.parametrize("away", [False, True])
def test_a_bus_that_stays_away_is_given_up(outcome: Outcome | None, away: bool) -> None:
    """Whether sending again fails, or finding out what became of it; a process that begins anew may be served."""
    with pytest.raises(BusGone, match=r"not served this worker for 6\d s .*(no broker answers|simulated)$"):
        run([(outcome, False)] * 100, away=away)
