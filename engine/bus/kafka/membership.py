"""Membership in the group that shares the inputs: aiokafka's consumer, used for nothing else.

The group's protocol takes everything from everyone at each rebalance and hands it out again; what a member keeps stays as it is here,
so that rooms which do not move notice nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.structs import TopicPartition

from engine import logs
from engine.bus.kafka.access import Access
from engine.bus.kafka.connection import Connection
from engine.bus.kafka.deadline import BROKEN, abandon, close_client, cut_off, within
from engine.bus.kafka.layout import Layout
from engine.bus.port import Assigned, Lost, Ownership, Revoked
from engine.errors import BusUnavailable, UsageError
from engine.events.topics import INPUTS

HEARTBEATS: Final = 10
"""Heartbeats in a session timeout: a rebalance is noticed with the next one."""

WATCH_S: Final = 1.0
"""How often the membership's health and the topics' partition counts are looked at."""

RETRY_S: Final = 0.5
RETRY_MOST_S: Final = 5.0
"""Pause before joining is tried again, doubled up to RETRY_MOST_S."""

LEAVE_S: Final = 1.5
"""Longest wait for leaving the group in order; beyond it the session timeout frees the partitions."""

FOREVER_MS: Final = 2**31 - 1
"""The consumer delivers no records; whether the worker makes progress is the watchdog's affair."""

log = logs.get(__name__)


class Membership:
    """One member. Joins when it is started, and again by itself whenever it dropped out."""

    def __init__(
        self,
        access: Access,
        layout: Layout,
        group: str,
        settle: Callable[[], Awaitable[None]],
        connection: Connection,
    ) -> None:
        """`group`: its name on the brokers. `settle` returns when no commit runs any more, in bounded time."""
        self._access = access
        self._layout = layout
        self._group = group
        self._settle = settle
        self._connection = connection
        self._topics = {layout.name(topic): topic for topic in INPUTS}
        self._consumer: AIOKafkaConsumer | None = None
        self._events: deque[Ownership] = deque()
        self.changed = asyncio.Event()
        """Set while there are events to fetch, or an error to raise."""
        self._heard = asyncio.Event()
        self._heard.set()
        self._owned: set[int] = set()
        self._given: set[int] = set()
        self._generation = 0
        self._error: UsageError | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._task = asyncio.ensure_future(self._run())

    # ---- what the worker asks ------------------------------------------------------------------------------------

    def owns(self, partition: int) -> bool:
        return partition in self._owned

    def check(self) -> None:
        """Raises the `UsageError` that ends this member's work."""
        if self._error is not None:
            raise self._error

    def fetch(self) -> Sequence[Ownership]:
        """The events since the last call. Raises `UsageError`."""
        self.check()
        found = tuple(self._events)
        self._events.clear()
        self.changed.clear()
        self._heard.set()
        return found

    @property
    def pending(self) -> bool:
        return bool(self._events) or self._error is not None

    def lose(self, partition: int) -> None:
        """The partition's producer was fenced: most likely the group gave it away, and this member hears of it last."""
        if partition not in self._owned:
            return
        self._owned.discard(partition)
        self._tell(Lost((partition,)))
        generation = self._generation
        loop = asyncio.get_running_loop()

        def again() -> None:
            self._timers.discard(timer)
            if generation == self._generation and partition in self._given and partition not in self._owned:
                self._owned.add(partition)
                self._tell(Assigned((partition,)))

        # Where the group still means it to be ours, nobody else will take it: brokers also fence a transaction that took too long.
        timer = loop.call_later(self._access.settings.session_timeout_s, again)
        self._timers.add(timer)

    def _tell(self, event: Ownership) -> None:
        self._events.append(event)
        self.changed.set()

    # ---- what the group says -------------------------------------------------------------------------------------

    async def revoked(self, *, dropped: bool) -> None:
        """Before each rebalance. `dropped`: the group took this member for dead."""
        self._generation += 1
        if dropped:
            lost, self._owned = tuple(sorted(self._owned)), set()
            if lost:
                log.warning("the group took this worker for dead: its partitions are lost", count=len(lost))
                self._tell(Lost(lost))
            # It joins again only when the worker knows that it lost everything.
            if self._events:
                self._heard.clear()
                await self._heard.wait()
        else:
            await self._settle()

    def assigned(self, given: Collection[TopicPartition]) -> None:
        """After each rebalance: tells what goes and what comes."""
        by_topic = {topic: {tp.partition for tp in given if tp.topic == topic} for topic in self._topics}
        first, *others = by_topic.values()
        if any(other != first for other in others) or any(p >= self._layout.partitions for p in first):
            self._fail(
                UsageError(
                    f"the group `{self._group}` deals out partitions {by_topic}, which do not belong together: the topics' partition counts"
                    " changed, or a foreign member joined; start on a new log, with another `bus.prefix`"
                )
            )
            return
        gone, come = self._owned - first, first - self._owned
        self._given, self._owned = set(first), set(first)
        if gone:
            self._tell(Revoked(tuple(sorted(gone))))
        if come:
            self._tell(Assigned(tuple(sorted(come))))

    def _fail(self, error: UsageError) -> None:
        """Ends this member's work: nothing more is processed."""
        log.error("this worker can process nothing more", error=error)
        self._error = error
        self._owned.clear()
        self.changed.set()

    # ---- life ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        pause = RETRY_S
        while self._error is None:
            try:
                await self._join()
                pause = RETRY_S
                while self._error is None:
                    await asyncio.sleep(WATCH_S)
                    await self._look()
            except UsageError as error:
                self._fail(error)
            except (*BROKEN, BusUnavailable) as error:
                log.warning("this worker is not in its group", group=self._group, next_try_s=pause, error=error)
                await self._drop_consumer()
                await asyncio.sleep(pause)
                pause = min(RETRY_MOST_S, pause * 2)

    async def _join(self) -> None:
        session_ms = int(self._access.settings.session_timeout_s * 1_000)
        # The broker answers a member that joins only when all are there or timed out. One that gives up earlier joins again as
        # somebody else, and the group waits for the one that never comes back.
        request_ms = session_ms + int(self._access.settings.request_timeout_s * 1_000)
        self._consumer = consumer = AIOKafkaConsumer(
            client_id="livechat",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=session_ms,
            rebalance_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // HEARTBEATS,
            max_poll_interval_ms=FOREVER_MS,
            **{**self._access.options(), "retry_backoff_ms": 100, "request_timeout_ms": request_ms},
        )
        await within(self._access.settings.deadline_s, consumer.start(), "joining the group")
        # Subscribed only now: the start would wait for a whole rebalance otherwise.
        consumer.subscribe(list(self._topics), listener=Listener(self, consumer))

    async def _look(self) -> None:
        """Raises what the consumer came upon in the background, or `UsageError` for a partition that was added."""
        consumer = self._consumer
        if consumer is not None:
            # Everything is paused: it tells of errors alone, first of a background task that ended, which nobody else would notice.
            polled = consumer.getmany(timeout_ms=0)
            try:
                await within(WATCH_S, polled, "asking about the group")
            except BusUnavailable:
                log.debug("a rebalance is on")
        if self._error is None:
            try:
                _, counts = await self._connection.describe()
            except BusUnavailable as error:
                log.warning("the partition counts cannot be looked at", error=error)
                return
            # A broker that has just started may not know every topic yet; one that lost topics for good lets nothing be read.
            if all(counts.values()):
                self._layout.check(counts)

    async def _drop_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is None:
            return
        lost, self._owned = tuple(sorted(self._owned)), set()
        self._given = set()
        self._generation += 1
        if lost:
            self._tell(Lost(lost))
        await stop_consumer(consumer)

    async def close(self) -> None:
        """Leaves the group, in bounded time."""
        self._heard.set()
        for timer in self._timers:
            timer.cancel()
        abandon((self._task,))
        await asyncio.wait({self._task}, timeout=0.1)
        self._owned.clear()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop_consumer(consumer)


class Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """Hands what the consumer says to the membership, as long as that uses this consumer."""

    def __init__(self, membership: Membership, consumer: AIOKafkaConsumer) -> None:
        self._membership = membership
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        # Only the generation tells a member that was thrown out from one that takes part in a rebalance.
        dropped = self._consumer._coordinator.generation < 0  # noqa: SLF001  as said
        await self._membership.revoked(dropped=bool(revoked) and dropped)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        for partition in assigned:  # a position spares the brokers the question for one; nothing is fetched
            self._consumer.seek(partition, 0)
        self._consumer.pause(*assigned)
        self._membership.assigned(assigned)


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Ends a consumer within about `LEAVE_S`; one that hangs is taken apart, as a producer is (`producing.stop_producer`)."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait({stopping}, timeout=LEAVE_S)
    if stopping.done():
        abandon((stopping,))  # it may have ended with a cancellation or an error
        return
    client = consumer._client  # noqa: SLF001  as said
    cut_off(client)
    coordinator = consumer._coordinator  # noqa: SLF001  as said
    tasks = [] if coordinator is None else [coordinator._coordination_task, coordinator._heartbeat_task]  # noqa: SLF001  as said
    abandon([stopping, *(task for task in tasks if task is not None)])
    await close_client(client)
