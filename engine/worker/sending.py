"""A commit on its way, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine import logs
from engine.bus.port import Aborted, Committed, FencedOff, Member, Outcome, Unknown
from engine.errors import BusUnavailable, Fenced
from engine.metrics import Metrics
from engine.worker import committed
from engine.worker.outage import Outage
from engine.worker.partition import PartitionWorker
from engine.worker.restore import Restorer
from engine.worker.standing import Prepared, under_lease

T = TypeVar("T")
log = logs.get(__name__)


@dataclass(slots=True)
class Sent:
    """A commit on its way."""

    prepared: list[tuple[PartitionWorker, Prepared]]
    outcomes: asyncio.Future[Sequence[Outcome]]
    begun: int
    ended: int | None = None
    """When the outcomes were known; they may be looked at later."""

    def end(self, clock: Callable[[], int]) -> Callable[[asyncio.Future[Sequence[Outcome]]], None]:
        def ended(outcomes: asyncio.Future[Sequence[Outcome]]) -> None:
            self.ended = clock()
            if not outcomes.cancelled():
                outcomes.exception()  # a worker that ends meanwhile does not ask; whoever takes over reads the journal

        return ended


class Sender:
    """Sends what a turn prepared and brings it to its end. At most one commit is on its way."""

    def __init__(
        self,
        member: Callable[[], Member],
        restorer: Restorer,
        metrics: Metrics,
        clock: Callable[[], int],
        outage: Outage,
        holds: Callable[[PartitionWorker], bool],
        drop: Callable[[int], None],
    ) -> None:
        """`holds`: whether the partition is still this worker's; `drop`: throw it away."""
        self._member = member
        self._restorer = restorer
        self._metrics = metrics
        self._clock = clock
        self._outage = outage
        self._holds = holds
        self._drop = drop
        self._sent: Sent | None = None

    @property
    def is_answered(self) -> bool:
        """Whether an answer waits to be looked at."""
        return self._sent is not None and self._sent.outcomes.done()

    def send(self, prepared: list[tuple[PartitionWorker, Prepared]]) -> None:
        """Begin a commit; the last one must be settled."""
        commit = self._member().commit([batch.batch for _, batch in prepared])
        self._sent = Sent(prepared, asyncio.ensure_future(commit), self._clock())
        self._sent.outcomes.add_done_callback(self._sent.end(self._clock))

    async def settle(self) -> None:
        """Bring the commit on its way to its end, whatever happens to it."""
        sent, self._sent = self._sent, None
        if sent is None:
            return
        todo = sent.prepared
        outcomes: Sequence[Outcome]
        try:
            outcomes = await asyncio.shield(sent.outcomes)
        except BusUnavailable as error:
            outcomes = [Unknown(str(error))] * len(todo)
        while True:
            again = []
            for (worker, prepared), outcome in zip(todo, outcomes, strict=True):
                self._metrics.commits.labels(type(outcome).__name__.lower()).inc()
                if isinstance(outcome, Aborted | Unknown):
                    self._outage.failed(outcome.reason)
                if not self._holds(worker):
                    continue
                kept = await self._after(worker, prepared, outcome, sent)
                if kept is not None:
                    again.append((worker, kept))
            if not again:
                self._outage.over()
                return
            todo = again
            try:
                outcomes = await self._member().commit([prepared.batch for _, prepared in todo])
            except BusUnavailable as error:
                outcomes = [Unknown(str(error))] * len(todo)
            sent.ended = None
            if not all(isinstance(outcome, Committed) for outcome in outcomes):
                await asyncio.sleep(self._outage.pause())

    async def _after(
        self, worker: PartitionWorker, prepared: Prepared, outcome: Outcome, sent: Sent
    ) -> Prepared | None:
        """What has to be sent again of a batch, if anything."""
        if isinstance(outcome, Unknown):
            try:
                lease = await self._insist(lambda: self._member().acquire(worker.partition))
            except Fenced:
                self._drop(worker.partition)
                return None
            worker.renew(lease)
            if not await self._insist(lambda: self._is_on_the_log(worker, prepared)):
                return under_lease(prepared, lease)
        elif isinstance(outcome, FencedOff):
            log.warning(
                "the partition has a newer owner: what was computed for it is thrown away", partition=worker.partition
            )
            self._drop(worker.partition)
            return None
        elif isinstance(outcome, Aborted):
            log.warning("a commit was aborted and is sent again", partition=worker.partition, error=outcome.reason)
            return prepared
        worker.settle(prepared)
        ended = self._clock() if sent.ended is None else sent.ended
        prepared.tally.publish(self._metrics, ended)
        self._metrics.commit_seconds.observe(max(0, ended - sent.begun) / 1_000)
        committed.tell(worker.partition, prepared)
        for span in prepared.spans:
            span.end(ended)
        return None

    async def _is_on_the_log(self, worker: PartitionWorker, prepared: Prepared) -> bool:
        if not prepared.journalled:
            return False
        last = await self._restorer.last_record(worker.partition)
        return last is not None and (last.last_seq, last.positions) == (prepared.seq, prepared.positions)

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """`call`, until the bus can serve it: an unknown outcome has to be known before anything else is done."""
        while True:
            try:
                return await call()
            except BusUnavailable as error:
                self._outage.failed(str(error))
                pause = self._outage.pause()
                log.warning("the outcome of a commit is not known yet", next_try_s=pause, error=error)
                await asyncio.sleep(pause)
