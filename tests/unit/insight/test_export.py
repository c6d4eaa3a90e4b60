"""Everything that was aired, whole and in order."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.bus.embedded import EmbeddedBus
from engine.bus.port import Outgoing, Stored
from engine.events.codec import encode
from engine.events.outputs import Aired
from engine.events.topics import DAY_MS
from engine.insight import export
from engine.insight.export import Line, Seal, Span, aired
from tests.conftest import HandClock

PARTITIONS = 4


@pytest.fixture
async def bus(tmp_path: Path, clock: HandClock) -> AsyncIterator[EmbeddedBus]:
    opened = EmbeddedBus(tmp_path / "log.db", partitions=PARTITIONS, clock=clock)
    yield opened
    await opened.close()


def said(number: int, shop: str = "tea") -> Outgoing:
    record = Aired(
        id=f"{number:012x}", room=f"room-{number % 9}", shop=shop, insertion="0000000a", reply="fee", intent="shipping.fee",
        language="zh", text="包邮", pool="0000000b", started=number, viewers=1,
    )  # fmt: skip
    return Outgoing("aired", record.room, encode(record))


async def export_of(bus: EmbeddedBus, span: Span, seal: Seal, now: int) -> list[Line]:
    return [line async for line in aired(bus, span, range(PARTITIONS), seal, now)]


def ids(lines: list[Line]) -> list[int]:
    return [int(line.record.id, 16) for line in lines if line.record is not None]


async def test_all_partitions_come_in_the_order_of_the_log(
    bus: EmbeddedBus, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbered without a gap, and with few records in memory at a time."""
    monkeypatch.setattr(export, "HELD", 8)
    read, sizes = bus.read, []

    async def counting(*place: object, max_records: int = 1_000) -> list[Stored]:
        sizes.append(max_records)
        return list(await read(*place, max_records=max_records))  # type: ignore[arg-type]

    for number in range(100):
        await bus.publish([said(number)])
        clock.advance(1)
    monkeypatch.setattr(bus, "read", counting)
    seal = Seal()
    lines = await export_of(bus, Span(), seal, clock())
    assert ids(lines) == list(range(100))
    assert [line.number for line in lines] == list(range(1, 101))
    assert (seal.records, seal.unreadable, seal.kept_from) == (100, 0, None)
    assert max(sizes) == 2


async def test_a_span_is_of_the_log_s_time(bus: EmbeddedBus, clock: HandClock) -> None:
    """Its beginning belongs to it, its end does not: two exports that meet miss nothing and repeat nothing."""
    begin = clock()
    for number in range(10):
        await bus.publish([said(number)])
        clock.advance(1_000)
    middle = begin + 4_000
    first = await export_of(bus, Span(until=middle), Seal(), clock())
    second = await export_of(bus, Span(since=middle), Seal(), clock())
    assert (ids(first), ids(second)) == (list(range(4)), list(range(4, 10)))


async def test_one_room_or_shop(bus: EmbeddedBus, clock: HandClock) -> None:
    """Others are left out, and numbers have no gap all the same."""
    await bus.publish([said(number, "tea" if number % 2 else "toys") for number in range(20)])
    lines = await export_of(bus, Span(room="room-3"), Seal(), clock())
    assert ids(lines) == [3, 12]
    lines = await export_of(bus, Span(shop="tea"), Seal(), clock())
    assert sorted(ids(lines)) == [*range(1, 20, 2)]
    assert [line.number for line in lines] == list(range(1, 11))


async def test_what_is_kept_no_more_is_told(bus: EmbeddedBus, clock: HandClock) -> None:
    """Where something that was asked for may have gone to the retention: an export is whole, or says that it is not."""
    await bus.publish([said(1)])
    clock.advance(1_099 * DAY_MS)
    await bus.publish([said(1)])
    recent = clock()
    await bus.sweep()
    seal = Seal()
    assert len(await export_of(bus, Span(), seal, clock())) == 1
    assert seal.kept_from == recent
    assert not seal.misses(Span())
    assert not seal.misses(Span(since=recent))
    assert seal.misses(Span(since=recent - 1))
    clock.advance(1_099 * DAY_MS)
    await bus.sweep()
    seal = Seal()
    assert await export_of(bus, Span(), seal, clock()) == []
    assert seal.kept_from == clock()


async def test_what_cannot_be_read_has_its_place(bus: EmbeddedBus, clock: HandClock) -> None:
    """It is a line of its own, counted, and holds nothing up; of any shop, since nobody knows of which."""
    await bus.publish([said(0), Outgoing("aired", "room-0", b'{"type":"aired"}'), said(9)])
    seal = Seal()
    lines = await export_of(bus, Span(shop="tea"), seal, clock())
    assert [line.record is None for line in lines] == [False, True, False]
    assert "Field required" in lines[1].error
    assert (seal.records, seal.unreadable) == (3, 1)


def test_the_seal_is_of_all_that_was_written() -> None:
    """As `sha256sum` computes it."""
    seal = Seal()
    seal.add(b"one\n")
    seal.add(b"two\n")
    assert seal.sha256 == hashlib.sha256(b"one\ntwo\n").hexdigest()
