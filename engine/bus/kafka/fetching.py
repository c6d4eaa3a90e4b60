"""Fetching committed records from the brokers that lead their partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka.protocol.fetch import FetchRequest

from engine import logs
from engine.bus.kafka.connection import Connection, TryAgain
from engine.bus.kafka.deadline import abandon, consume
from engine.bus.kafka.layout import Layout, Slot
from engine.bus.kafka.offsets import Offsets
from engine.bus.kafka.unpacking import unpack
from engine.bus.port import Stored
from engine.errors import BusDamaged, BusUnavailable

READ_COMMITTED: Final = 1

PARTITION_BYTES: Final = 1_048_588
"""Most bytes of one partition in an answer: the brokers' default for the largest record. A larger one comes alone all the same."""

TOTAL_BYTES: Final = 16 * 1_048_576
"""Most bytes of one answer."""

LONG_POLL_MS: Final = 100
"""Long poll of a worker: partitions that it adds or resumes wait for so long at most."""

OUT_OF_RANGE: Final = 1
STALE: Final = frozenset({3, 5, 6, 9, 74, 75, 76})
"""Kafka's codes for «ask someone else, or later»: unknown topic, no leader, not the leader, no replica, stale or unknown epochs."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of a partition. `after`: the offset to go on from; `end`: the last stable offset."""

    records: list[Stored]
    after: int
    end: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way to a broker."""

    positions: dict[Slot, int]
    answer: asyncio.Task[dict[Slot, Fetched]]


class Fetcher:
    """Fetches for one reader. At most one request is on its way to each broker; it waits there until something comes."""

    def __init__(self, connection: Connection, layout: Layout, *, long_poll_ms: int = LONG_POLL_MS) -> None:
        """`long_poll_ms`: longest that a broker waits before it answers with nothing; meanwhile it is asked nothing else."""
        self._connection = connection
        self._layout = layout
        self._long_poll_ms = long_poll_ms
        self._offsets = Offsets(connection, layout)
        self._asked: dict[int, Asked] = {}

    async def fetch(
        self, positions: Mapping[Slot, int], *, wait_ms: int, partition_bytes: int = PARTITION_BYTES
    ) -> dict[Slot, Fetched]:
        """What stands at these positions: of some partitions or of all, once a broker answers, at most `wait_ms` (or a long poll) later.

        A cancelled call loses nothing: what a broker answers later is handed out by the next call, where it still fits.
        Raises `BusUnavailable` after the deadline, `BusDamaged` for a position that the log never had.
        """
        wait_ms = min(wait_ms, self._long_poll_ms)
        return await self._connection.insist(lambda: self._ask(positions, wait_ms, partition_bytes), "reading records")

    async def _ask(self, positions: Mapping[Slot, int], wait_ms: int, partition_bytes: int) -> dict[Slot, Fetched]:
        by_node: dict[int, dict[Slot, int]] = {}
        for (topic, partition), at in positions.items():
            node = await self._connection.leader(self._layout.name(topic), partition)
            by_node.setdefault(node, {})[topic, partition] = at
        fresh = []
        for node, wanted in by_node.items():
            if node not in self._asked:
                answer = asyncio.ensure_future(self._request(node, wanted, wait_ms, partition_bytes))
                answer.add_done_callback(consume)  # its caller may have been cancelled
                self._asked[node] = Asked(wanted, answer)
                fresh.append(answer)
        # What others wait for at their brokers is not waited for here when the caller has no time.
        waiting = [asked.answer for asked in self._asked.values()] if wait_ms else fresh
        if waiting:
            await asyncio.wait(waiting, timeout=wait_ms / 1_000 or None, return_when=asyncio.FIRST_COMPLETED)
        found: dict[Slot, Fetched] = {}
        for node, asked in list(self._asked.items()):
            if asked.answer.done():
                del self._asked[node]
                answers = asked.answer.result()
                found |= {
                    slot: answer for slot, answer in answers.items() if positions.get(slot) == asked.positions[slot]
                }
        return found

    async def _request(
        self, node: int, positions: dict[Slot, int], wait_ms: int, partition_bytes: int
    ) -> dict[Slot, Fetched]:
        topics: dict[str, list[tuple[int, int, int]]] = {}
        slots: dict[tuple[str, int], Slot] = {}
        for (topic, partition), at in positions.items():
            name = self._layout.name(topic)
            topics.setdefault(name, []).append((partition, at, partition_bytes))
            slots[name, partition] = (topic, partition)
        request = FetchRequest(wait_ms, 1, TOTAL_BYTES, READ_COMMITTED, list(topics.items()))
        response = await self._connection.send(node, request, wait_s=wait_ms / 1_000)
        found: dict[Slot, Fetched] = {}
        for name, partitions in response.topics:
            for partition, error, _, *rest in partitions:
                slot = slots[name, partition]
                at = positions[slot]
                if error == 0:
                    aborted = rest[-3] if response.API_VERSION >= 11 else rest[-2]
                    records, after = unpack(*slot, rest[-1] or b"", aborted or (), at)
                    found[slot] = Fetched(records, after, rest[0])
                elif error == OUT_OF_RANGE:
                    found[slot] = await self._out_of_range(slot, at)
                elif error in STALE:
                    await self._connection.refresh()
                    raise TryAgain(f"error {error} of partition {partition} of `{name}`")
                else:
                    raise BusUnavailable(
                        f"the broker refuses to let partition {partition} of `{name}` be read (error {error})"
                    )
        return found

    async def _out_of_range(self, slot: Slot, at: int) -> Fetched:
        topic, partition = slot
        begin, end = await self._offsets.begin(slot), await self._offsets.end(slot)
        if at < begin:
            log.warning(
                "records are no longer kept: reading goes on after them",
                topic=topic, partition=partition, offset=at, last=begin - 1,
            )  # fmt: skip
            return Fetched([], begin, end)
        raise BusDamaged(
            f"offset {at} of partition {partition} of `{self._layout.name(topic)}` is beyond its end {end}: the topic lost records"
            " or was made anew; put it back, or start on a new log, with another `bus.prefix`"
        )

    def close(self) -> None:
        """Nobody asks any more."""
        abandon(asked.answer for asked in self._asked.values())
        self._asked.clear()
