"""Publishing outside of transactions: calls queue up per partition while a batch is on its way, and share the next one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from engine.bus.kafka.access import Access
from engine.bus.kafka.deadline import BROKEN, REMEDY, consume, reason_of
from engine.bus.kafka.layout import Layout, Slot
from engine.bus.kafka.packing import check, fill, slot_of
from engine.bus.kafka.producing import discard, start_producer, stop_producer
from engine.bus.port import Outgoing, Position
from engine.clock import wall_clock
from engine.errors import BusUnavailable

UNKNOWN: Final = "; whether it was written is not known"

RETRY_S: Final = 0.2
"""Pause before a producer is started again."""


@dataclass(slots=True, eq=False)
class Call:
    """One call of `publish`."""

    left: int
    positions: list[Position | None]
    done: asyncio.Future[None]
    is_sent: bool = False
    """Whether any of it went to the brokers."""

    def settle(self, index: int, position: Position) -> None:
        self.positions[index] = position
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True, eq=False)
class Lane:
    """What waits for one partition."""

    waiting: deque[tuple[Outgoing, Call, int]] = field(default_factory=deque)
    running: asyncio.Task[None] | None = None


class Outlet:
    """A producer, and whether it was given up."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.producer = producer
        self.given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Publisher:
    """Writes with one idempotent producer, made when it is needed, and anew when it fails."""

    def __init__(self, access: Access, layout: Layout, clock: Callable[[], int] = wall_clock) -> None:
        self._access = access
        self._layout = layout
        self._clock = clock
        self._lanes: dict[Slot, Lane] = {}
        self._outlet: Outlet | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def publish(self, records: Sequence[Outgoing]) -> list[Position]:
        """See the port. Raises `BusUnavailable`, whose sentence says so where it is not known whether all was written."""
        check(records)
        slots = [slot_of(record, self._layout) for record in records]
        if self._closed:
            raise BusUnavailable("the log was closed")
        if not records:
            return []
        call = Call(len(records), [None] * len(records), asyncio.get_running_loop().create_future())
        for index, (record, slot) in enumerate(zip(records, slots, strict=True)):
            lane = self._lanes.setdefault(slot, Lane())
            lane.waiting.append((record, call, index))
            if lane.running is None:
                lane.running = asyncio.ensure_future(self._run(slot, lane))
        try:
            done, _ = await asyncio.wait({call.done}, timeout=self._access.settings.deadline_s)
        except asyncio.CancelledError:
            call.done.add_done_callback(consume)  # what waits is still written
            raise
        if not done:
            call.done.cancel()
            if not call.is_sent:
                raise BusUnavailable(f"the brokers could not be reached in time, and nothing was written{REMEDY}")
            self._give_up(self._outlet)
            raise BusUnavailable(f"publishing did not end in time{UNKNOWN}{REMEDY}")
        call.done.result()
        return [position for position in call.positions if position is not None]

    async def _run(self, slot: Slot, lane: Lane) -> None:
        """Writes what waits for a partition until nothing does."""
        try:
            while lane.waiting:
                await self._write(slot, lane)
        finally:
            lane.running = None

    async def _write(self, slot: Slot, lane: Lane) -> None:
        taken = [entry for entry in lane.waiting if not entry[1].done.done()]  # some callers stopped waiting
        lane.waiting.clear()
        at = 0
        try:
            outlet = await self._open()
            while at < len(taken):
                at = await self._send(outlet, slot, taken, at)
        except BusUnavailable as error:
            for _, call, _ in taken[at:]:
                call.fail(error)

    async def _send(self, outlet: Outlet, slot: Slot, taken: list[tuple[Outgoing, Call, int]], at: int) -> int:
        """One batch from index `at` on; the index after it."""
        topic, partition = slot
        producer = outlet.producer
        batch, after = fill(producer, [record for record, _, _ in taken], at, self._clock())
        for _, call, _ in taken[at:after]:
            call.is_sent = True
        sending = asyncio.ensure_future(_delivered(producer, batch, self._layout.name(topic), partition))
        either: set[asyncio.Future[Any]] = {sending, outlet.given_up}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            sending.add_done_callback(consume)
            sending.cancel()
            raise BusUnavailable(f"the brokers did not take records in time{UNKNOWN}{REMEDY}")
        try:
            base = sending.result()
        except BROKEN as error:
            # The producer counts its batches: after one that failed, the next ones would be out of order.
            self._give_up(outlet)
            name = self._layout.name(topic)
            raise BusUnavailable(f"writing to `{name}` failed ({reason_of(error)}){UNKNOWN}{REMEDY}") from error
        for index, (_, call, position) in enumerate(taken[at:after]):
            call.settle(position, Position(partition, base + index))
        return after

    async def _open(self) -> Outlet:
        async with self._opening:
            if self._closed:
                raise BusUnavailable("the log was closed")
            if self._outlet is None:
                self._outlet = Outlet(await self._start())
            return self._outlet

    async def _start(self) -> AIOKafkaProducer:
        """A producer, as soon as brokers can be reached: at their restart, publishing waits for them."""
        until = time.monotonic() + self._access.settings.deadline_s
        while True:
            try:
                return await start_producer(self._access)
            except BusUnavailable:
                if self._closed or time.monotonic() >= until:
                    raise
            await asyncio.sleep(RETRY_S)

    def _give_up(self, outlet: Outlet | None) -> None:
        if outlet is None or outlet.given_up.done():
            return
        outlet.given_up.set_result(None)
        if self._outlet is outlet:
            self._outlet = None
        discard(outlet.producer)

    async def close(self, seconds: float) -> None:
        """Writes what waits, within `seconds`, and ends the producer. May be called again."""
        self._closed = True
        running = [lane.running for lane in self._lanes.values() if lane.running is not None]
        if running:
            await asyncio.wait(running, timeout=seconds)
        outlet, self._outlet = self._outlet, None
        if outlet is not None and not outlet.given_up.done():
            outlet.given_up.set_result(None)
            await stop_producer(outlet.producer)


async def _delivered(producer: AIOKafkaProducer, batch: object, topic: str, partition: int) -> int:
    """The offset of the batch's first record, once it is on the log."""
    future = await producer.send_batch(batch, topic, partition=partition)
    try:
        metadata = await future
    except asyncio.CancelledError:
        future.add_done_callback(consume)
        raise
    return int(metadata.offset)
