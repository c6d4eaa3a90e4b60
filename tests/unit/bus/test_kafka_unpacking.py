"""Bytes of brokers and strangers → records."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from engine.bus.kafka.unfolding import MOST_BYTES
from engine.bus.kafka.unpacking import unpack
from engine.bus.limits import HEADER_LIMIT, RECORD_LIMIT_BYTES
from engine.bus.port import Stored

COMMIT = (b"\x00\x00\x00\x01", b"\x00\x00\x00\x00\x00\x00")
ABORT = (b"\x00\x00\x00\x00", b"\x00\x00\x00\x00\x00\x00")
CONTROL = 0x20

Row = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]


def batch(
    offset: int,
    *rows: Row,
    producer: int = -1,
    transactional: bool = False,
    control: bool = False,
    compression: int = 0,
) -> bytes:
    """A batch as it lies on the log, its first record at `offset`."""
    builder = DefaultRecordBatchBuilder(
        2,
        compression,
        is_transactional=transactional,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=1 << 24,
    )
    for index, (key, value, headers) in enumerate(rows):
        builder.append(index, 1_000 + index, key, value, list(headers))
    made = bytearray(builder.build())
    made[0:8] = offset.to_bytes(8, "big")
    if control:
        made[22] |= CONTROL
        made[17:21] = crc32c(bytes(made[21:])).to_bytes(4, "big")
    return bytes(made)


def crc32c(data: bytes) -> int:
    """The checksum of a batch, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF


def row(value: str) -> Row:
    return b"room", value.encode(), ()


def marker(offset: int, kind: tuple[bytes, bytes], producer: int) -> bytes:
    return batch(offset, (*kind, ()), producer=producer, transactional=True, control=True)


@pytest.mark.parametrize("compression", range(5), ids=["none", "gzip", "snappy", "lz4", "zstd"])
def test_batches_that_others_compressed_are_read(compression: int) -> None:
    """Whatever compression the producer chose."""
    data = batch(7, *(row(f"{n} 什么时候发货") for n in range(100)), compression=compression)
    assert values(unpack("t", 0, data, (), 7)[0]) == [(7 + n, f"{n} 什么时候发货".encode()) for n in range(100)]


def values(found: Sequence[Stored]) -> list[tuple[int, bytes | None]]:
    return [(record.offset, record.value) for record in found]


def test_a_record_as_it_was_written() -> None:
    """Key, value, headers, offset, time."""
    data = batch(7, ("直播间".encode(), b"\x00", [("h", "值".encode()), ("none", None)]), (None, None, []))
    assert unpack("comments", 3, data, (), 0) == (
        [
            Stored("comments", 3, 7, 1_000, "直播间", b"\x00", (("h", "值".encode()), ("none", b""))),
            Stored("comments", 3, 8, 1_001, None, None),
        ],
        9,
    )


def test_reading_begins_within_a_batch() -> None:
    """Brokers send whole batches; what comes before the asked offset is left out."""
    assert values(unpack("t", 0, batch(5, row("a"), row("b"), row("c")), (), 6)[0]) == [(6, b"b"), (7, b"c")]


def test_aborted_transactions_and_markers_are_left_out() -> None:
    """Of two producers' interleaved transactions the aborted one disappears; the same producer's next one is there again."""
    data = b"".join(
        (
            batch(0, row("gone"), producer=1, transactional=True),
            batch(1, row("kept"), producer=2, transactional=True),
            batch(2, row("gone too"), producer=1, transactional=True),
            marker(3, ABORT, 1),
            batch(4, row("plain")),
            marker(5, COMMIT, 2),
            batch(6, row("again"), producer=1, transactional=True),
            marker(7, COMMIT, 1),
        )
    )
    found, after = unpack("t", 0, data, [(1, 0)], 0)
    assert values(found) == [(1, b"kept"), (4, b"plain"), (6, b"again")]
    assert after == 8


def test_nothing_but_marks_moves_on() -> None:
    """A position never stands still before what holds no records."""
    assert unpack("t", 0, marker(4, COMMIT, 1), (), 4) == ([], 5)
    assert unpack("t", 0, b"", (), 4) == ([], 4)


def test_a_batch_cut_short_is_left_for_the_next_time() -> None:
    """The broker cuts at its limit of bytes."""
    data = batch(0, row("a")) + batch(1, row("b"))[:-3]
    assert values(unpack("t", 0, data, (), 0)[0]) == [(0, b"a")]


def test_what_is_beyond_the_limits_is_unreadable() -> None:
    """Too many headers, too many bytes: the value is withheld, with the reason; the rest of the batch is not hurt."""
    bomb = [(f"h{n}", b"") for n in range(HEADER_LIMIT + 1)]
    large: Row = (b"room", bytes(RECORD_LIMIT_BYTES + 1), [])
    heavy: Row = (b"room", b"x", [("h", bytes(RECORD_LIMIT_BYTES))])
    found, after = unpack("t", 0, batch(0, (b"room", b"x", bomb), large, heavy, row("fine")), (), 0)
    assert values(found) == [(0, b""), (1, b""), (2, b""), (3, b"fine")]
    assert [record.headers for record in found] == [()] * 4
    assert [record.fault for record in found] == [
        "101 headers, above the limit of 100",
        "1000005 bytes with its key and headers, above the limit of 1000000",
        "1000006 bytes with its key and headers, above the limit of 1000000",
        "",
    ]
    assert after == 4


def test_a_header_whose_name_is_no_text() -> None:
    """The record and the rest of its batch are unreadable, each by itself; the batches around it are fine."""
    poison = batch(1, row("ok"), (b"room", b"x", [("name", b"")]), row("lost"))
    poison = poison.replace(b"name", b"\xff\xfe\xfd\xfc")
    poison = poison[:17] + crc32c(poison[21:]).to_bytes(4, "big") + poison[21:]
    found, after = unpack("t", 0, batch(0, row("a")) + poison + batch(4, row("b")), (), 0)
    assert values(found) == [(0, b"a"), (1, b"ok"), (2, b""), (3, b""), (4, b"b")]
    assert [bool(record.fault) for record in found] == [False, False, True, True, False]
    assert found[2].fault.startswith("it or what its batch holds before it cannot be decoded: 'utf-8' codec")
    assert after == 5


def test_a_damaged_batch_is_unreadable(caplog: pytest.LogCaptureFixture) -> None:
    """Its checksum tells; every offset of it is accounted for, and the log says so."""
    damaged = bytearray(batch(0, row("a"), row("b")))
    damaged[-1] ^= 1
    found, _ = unpack("t", 0, bytes(damaged), (), 0)
    assert values(found) == [(0, b""), (1, b"")]
    assert found[0].fault.endswith("cannot be decoded: its checksum is wrong")
    assert "(topic=t, partition=0, offset=0, last=1)" in caplog.text


@given(st.lists(st.tuples(st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=9)), min_size=1), st.data())
def test_positions_grow_and_nothing_is_lost(rows: list[tuple[bytes | None, bytes | None]], data: st.DataObject) -> None:
    """From any offset on, exactly the records from there come, and the position is behind them."""
    start = data.draw(st.integers(0, len(rows)))
    found, after = unpack("t", 0, batch(0, *((key, value, ()) for key, value in rows)), (), start)
    assert values(found) == [(at, value) for at, (_, value) in enumerate(rows)][start:]
    assert after == len(rows)


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_a_batch_that_would_fill_the_memory_is_not_unfolded(compression: int) -> None:
    """Each of its records counts as unreadable, and what stands beside it is read."""
    bomb = batch(5, (b"k", bytes(2 * MOST_BYTES), ()), compression=compression)
    found, after = unpack("comments", 0, batch(4, row("before")) + bomb + batch(6, row("after")), (), 0)
    assert values(found) == [(4, b"before"), (5, b""), (6, b"after")]
    assert f"unfolds to more than {MOST_BYTES} bytes" in found[1].fault
    assert after == 7


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_a_large_batch_that_fits_is_read(compression: int) -> None:
    """A batch may unfold to many times its size."""
    rows = [(b"k", f"{n}".encode() * 2_000, ()) for n in range(300)]
    found, _ = unpack("comments", 0, batch(0, *rows, compression=compression), (), 0)
    assert [(stored.value, stored.fault) for stored in found] == [(value, "") for _, value, _ in rows]


@pytest.mark.parametrize("compression", [1, 2, 3, 4])
def test_a_large_batch_that_hardly_shrinks_is_read(compression: int) -> None:
    """Its size alone says nothing."""
    noise = Random(3).randbytes(RECORD_LIMIT_BYTES - 100)
    found, _ = unpack("comments", 0, batch(0, (b"k", noise, ()), compression=compression), (), 0)
    assert [(stored.value == noise, stored.fault) for stored in found] == [(True, "")]
