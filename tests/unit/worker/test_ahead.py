"""Reading ahead: who is handled before the backlog, and what is remembered of it."""

from __future__ import annotations

import asyncio
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from engine.bus.port import Outgoing, Stored
from engine.worker import ahead
from engine.worker.ahead import ReadAhead
from tests.simulation.bus import Odds, SimBus
from tests.simulation.clock import VirtualLoop


def line(keys: str, first: int = 0) -> list[Stored]:
    """One record per letter, which is its room; `-`: no key."""
    return [Stored("comments", 0, first + at, 0, None if key == "-" else key, b"") for at, key in enumerate(keys)]


def choose(reader: ReadAhead, found: list[Stored], *, position: int = 0, share: int = 2, most: int = 100) -> str:
    return "".join(stored.key or "" for stored in reader.choose(found, position, (), share=share, most=most))


def left(reader: ReadAhead, found: list[Stored]) -> str:
    return "".join(stored.key or "-" for stored in found if not reader.handled(stored))


def test_quiet_rooms_are_handled_and_hot_ones_left() -> None:
    """Up to a room's share of a turn; the main pass finds the rest."""
    reader, found = ReadAhead(None), line("hhhhahhbhc")
    assert choose(reader, found) == "hhabc"
    assert left(reader, found) == "hhhhh"
    assert reader.start(0) == 10


def test_comments_of_this_turn_count() -> None:
    """A room that had its share in the poll is passed over at once."""
    chosen = ReadAhead(None).choose(line("hah", 2), 2, line("hh"), share=2, most=100)
    assert [stored.key for stored in chosen] == ["a"]


def test_a_room_passed_over_stays_so_until_its_last_comment_is_reached() -> None:
    """However little it writes later; then it is like the others again."""
    reader = ReadAhead(None)
    assert choose(reader, line("hhhaa")) == "hhaa"
    assert choose(reader, line("ha", 5)) == "a"
    reader.reached(5)
    assert choose(reader, line("ha", 7), position=5) == "a"
    reader.reached(8)
    assert choose(reader, line("ha", 9), position=8) == "ha"
    assert reader.saved() is not None
    reader.reached(11)
    assert reader.saved() is None


def test_records_without_a_room_wait_for_the_main_pass() -> None:
    """They become dead letters there."""
    reader, found = ReadAhead(None), [*line("-a"), Stored("comments", 0, 2, 0, "x" * 129, b"")]
    assert choose(reader, found) == "a"
    assert [reader.handled(stored) for stored in found] == [False, True, False]


def test_it_stops_at_its_bounds() -> None:
    """At `most` comments, and when no further room can be remembered; nothing behind is taken for handled."""
    reader, found = ReadAhead(None), line("abcd")
    assert choose(reader, found, most=2) == "ab"
    assert left(reader, found) == "cd"
    reader, found = ReadAhead(None), []
    for number in range(ahead.MOST_PASSED + 1):
        found += [Stored("comments", 0, 2 * number + more, 0, f"r{number}", b"") for more in (0, 1)]
    chosen = reader.choose(found, 0, (), share=1, most=1_000)
    assert len(chosen) == ahead.MOST_PASSED + 1
    assert reader.start(0) == found[-1].offset
    assert not reader.handled(found[-1])


def test_what_a_poll_has_taken_meanwhile_is_left_out() -> None:
    """The read came before the poll, and both hold its records."""
    reader = ReadAhead(None)
    assert choose(reader, line("abc"), position=2) == "c"
    reader = ReadAhead(None)
    assert choose(reader, line("ab"), position=9) == ""
    reader.reached(9)
    assert reader.saved() is None


@given(
    st.text("habcd-", max_size=60), st.lists(st.tuples(st.integers(1, 9), st.integers(1, 30)), min_size=1), st.data()
)
def test_every_comment_is_handled_once_and_a_rooms_in_order(
    keys: str, turns: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Whatever is polled and read ahead in each turn, also where the partition is restored in between."""
    log, handled = line(keys), []
    reader, position = ReadAhead(None), 0
    for polled, scanned in [*turns, (60, 0)]:
        start = reader.start(position)
        found = log[start : start + scanned]
        batch = [stored for stored in log[position : position + polled] if not reader.handled(stored)]
        position = min(len(log), position + polled)
        reader.reached(position)
        share, most = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 9))
        batch += reader.choose(found, position, batch, share=share, most=most)
        handled += batch
        if data.draw(st.booleans()):
            reader = ReadAhead(reader.saved())
    assert sorted(stored.offset for stored in handled) == list(range(len(log)))
    for room in set(keys) - {"-"}:
        offsets = [stored.offset for stored in handled if stored.key == room]
        assert offsets == sorted(offsets)


def test_a_read_is_bounded() -> None:
    """By records, bytes and time; at the log's end it ends."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        bus = SimBus(loop, Random(1), 1, Odds())
        for _ in range(12_000):
            bus.append(Outgoing("comments", "r", b"x" * 500, 0))
        still = [len(await ahead.read(bus, 0, 0, lambda: 0.0))]
        ticks = iter(range(100))
        still.append(len(await ahead.read(bus, 0, 0, lambda: float(next(ticks)))))
        late = (await bus.end("comments", 0)) - 50
        still.append((await ahead.read(bus, 0, late, lambda: 0.0))[-1].offset - late + 1)
        assert still == [8_000, 1_000, 50]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
