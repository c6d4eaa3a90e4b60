"""Following a topic through what a bus may do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from engine.bus.port import Bus, Stored, Tail
from engine.errors import BusUnavailable, RecordError
from engine.gateway import feed as feed_module
from engine.gateway.feed import Feed
from engine.metrics import Metrics
from tests.patience import PATIENCE_S


class Script:
    """A tail that gives what it is told, then raises or waits for ever."""

    def __init__(self, steps: list[Sequence[Stored] | Exception]) -> None:
        self._steps = steps

    async def next(self, *, max_records: int = 1_000, wait_ms: int = 1_000) -> Sequence[Stored]:
        if not self._steps:
            await asyncio.Event().wait()
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def close(self) -> None:
        pass


class OneTopic:
    """As much of the port as a feed uses: one partition with records from offset 3 on."""

    partitions = 1

    def __init__(self, held: list[Stored], *tails: list[Sequence[Stored] | Exception]) -> None:
        self.held = held
        self.tails = list(tails)
        self.starts: list[Mapping[tuple[str, int], int]] = []

    async def end(self, topic: str, partition: int) -> int:
        return self.held[-1].offset + 1 if self.held else 3

    async def at_time(self, topic: str, partition: int, time: int) -> int:
        return next((stored.offset for stored in self.held if stored.time >= time), await self.end(topic, partition))

    async def read(
        self, topic: str, partition: int, start: int, end: int | None = None, *, max_records: int = 1_000
    ) -> Sequence[Stored]:
        return [stored for stored in self.held if start <= stored.offset < (end or 1 << 60)][:max_records]

    def tail(self, starts: Mapping[tuple[str, int], int]) -> Tail:
        self.starts.append(starts)
        return Script(self.tails.pop(0) if self.tails else [])


def stored(offset: int) -> Stored:
    return Stored("aired", 0, offset, time=offset * 10, key="r", value=b"{}")


class Taken:
    """What the feed gave."""

    def __init__(self, until: int, *, fail: Mapping[int, Exception] | None = None) -> None:
        self.records: list[tuple[int, bool]] = []
        self.begun: list[tuple[int, int]] = []
        self.done = asyncio.Event()
        self._until = until
        self._fail = fail or {}

    def take(self, record: Stored, live: bool) -> None:
        if record.offset == self._until:
            self.done.set()
        if record.offset in self._fail:
            raise self._fail[record.offset]
        self.records.append((record.offset, live))

    def begin(self, partition: int, offset: int) -> None:
        self.begun.append((partition, offset))


async def follow(bus: OneTopic, taken: Taken, since: int | None, metrics: Metrics | None = None) -> Feed:
    made = Feed(as_bus(bus), "aired", taken.take, taken.begin, metrics or Metrics())
    await made.start(since)
    await made.start(since)
    async with asyncio.timeout(PATIENCE_S):
        await taken.done.wait()
    return made


def as_bus(bus: OneTopic) -> Bus:
    return bus  # type: ignore[return-value]  # the feed uses no more of it


async def test_it_fills_from_the_past_then_follows() -> None:
    """From the given time on; the tail begins where the fill ended; starting twice is starting once."""
    bus = OneTopic([stored(n) for n in range(3, 8)], [[stored(8)], [], [stored(9)]])
    taken = Taken(until=9)
    made = await follow(bus, taken, since=50)
    assert taken.records == [(5, False), (6, False), (7, False), (8, True), (9, True)]
    assert taken.begun == [(0, 5)]
    assert bus.starts == [{("aired", 0): 8}]
    await made.close()
    assert not made.failed


async def test_without_a_past_it_starts_at_the_end() -> None:
    """Nothing older is given."""
    bus = OneTopic([stored(3)], [[stored(4)]])
    taken = Taken(until=4)
    await (await follow(bus, taken, since=None)).close()
    assert (taken.records, taken.begun) == ([(4, True)], [(0, 4)])


async def test_a_bus_that_was_away_is_followed_from_where_it_broke_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost or given twice; it is told once that it is away, and once that it is back."""
    monkeypatch.setattr(feed_module, "RETRY_FIRST_S", 0.001)
    bus = OneTopic([], [[stored(3), stored(4)], BusUnavailable("away")], [BusUnavailable("still")], [[stored(5)]])
    taken = Taken(until=5)
    made = await follow(bus, taken, since=0)
    assert taken.records == [(3, True), (4, True), (5, True)]
    assert [starts["aired", 0] for starts in bus.starts] == [3, 5, 5]
    assert [line.getMessage() for line in caplog.records] == [
        "a topic cannot be read, trying until it can: away (topic=aired)", "a topic is read again (topic=aired)",
    ]  # fmt: skip
    await made.close()


async def test_a_record_that_cannot_be_read_is_counted_and_passed_over() -> None:
    """The next one is taken."""
    bus = OneTopic([stored(3), stored(4)], [[stored(5), stored(6)]])
    taken, metrics = Taken(until=6, fail={3: RecordError("aired", "x"), 5: RecordError("aired", "x")}), Metrics()
    made = await follow(bus, taken, 0, metrics)
    assert taken.records == [(4, False), (6, True)]
    assert metrics.unreadable.labels("aired")._value.get() == 2
    await made.close()


async def test_a_mistake_of_ours_shows() -> None:
    """A feed that ends by itself says so: the gateway is not ready any more."""
    bus = OneTopic([], [[stored(3)]])
    taken = Taken(until=3, fail={3: ZeroDivisionError()})
    made = await follow(bus, taken, None)
    assert made._task is not None
    await asyncio.wait((made._task,))
    assert made.failed
    await made.close()
