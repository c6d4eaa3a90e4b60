"""The last minutes of a stream."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from engine.gateway.ring import ENTRY_BYTES, Entry, Ring


def entry(room: str, offset: int, *, partition: int = 0, time: int = 0, size: int = 10) -> Entry:
    return Entry(room, partition, offset, time, b"x" * size)


def test_what_is_held_is_given_in_order_by_room_and_partition() -> None:
    """Names and patterns select rooms; an offset was seen already, what follows it was not."""
    ring = Ring(1_000)
    for partition in (0, 1):
        ring.begin(partition, 10)
    for offset, room in enumerate(["a", "b", "a", "ab"], start=10):
        ring.add(entry(room, offset))
    ring.add(entry("c", 10, partition=1))
    assert [e.offset for e in ring.since(0, 9, ["a"])] == [10, 12]
    assert [e.offset for e in ring.since(0, 10, ["a*"])] == [12, 13]
    assert [e.offset for e in ring.since(1, 0, ["*"])] == [10]
    assert [e.offset for e in ring.of_room("b")] == [11]
    assert ring.whole(0, 9, ["a", "never-seen"])
    assert not ring.whole(0, 8, ["never-seen"])
    assert not ring.whole(7, 100, ["a"])


def test_a_hot_room_forgets_only_its_own() -> None:
    """Above a room's share its oldest records go, and its gap is not whole any more; a quiet room's is."""
    ring = Ring(1_000, room_bytes=5 * (ENTRY_BYTES + 10))
    ring.begin(0, 0)
    ring.add(entry("quiet", 0))
    for offset in range(1, 5_000):
        ring.add(entry("hot", offset))
    assert [e.offset for e in ring.since(0, -1, ["hot"])] == [4_995, 4_996, 4_997, 4_998, 4_999]
    assert ring.whole(0, -1, ["quiet"])
    assert not ring.whole(0, 4_993, ["hot"])
    assert ring.whole(0, 4_994, ["hot"])
    assert len(ring._order) < 2_000


def test_age_and_the_total_bound_what_is_held() -> None:
    """The oldest go first, over all rooms; a room that has nothing left is known to have lost something."""
    ring = Ring(1_000, total_bytes=3 * (ENTRY_BYTES + 10))
    ring.begin(0, 0)
    for offset in range(5):
        ring.add(entry(f"r{offset}", offset, time=offset * 100))
    assert ring.size == 3 * (ENTRY_BYTES + 10)
    assert [e.offset for e in ring.since(0, -1, ["*"])] == [2, 3, 4]
    ring.trim(1_301)
    assert [e.offset for e in ring.since(0, -1, ["*"])] == [4]
    assert not ring.whole(0, 2, ["r0"])
    assert ring.whole(0, 3, ["r0", "r4"])
    ring.trim(10_000)
    assert ring.size == 0
    assert not ring._rooms
    assert not ring.whole(0, 3, ["*"])
    assert ring.whole(0, 4, ["*"])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 300), st.integers(0, 400)), max_size=60),
    st.integers(-1, 60),
    st.sampled_from([("a",), ("a", "b"), ("*",), ("c", "zzz")]),
)
def test_whole_means_that_nothing_is_missing(
    writes: list[tuple[str, int, int]], seen: int, rooms: tuple[str, ...]
) -> None:
    """Whatever was dropped for whatever reason: where the ring says whole, it gives exactly what was written after the offset."""
    ring = Ring(3_000, room_bytes=2_500, total_bytes=5_000)
    ring.begin(0, 0)
    written = defaultdict(list)
    now = 0
    for offset, (room, size, wait) in enumerate(writes):
        now += wait
        ring.add(entry(room, offset, time=now, size=size))
        ring.trim(now)
        written[room].append(offset)
    wanted = sorted(
        offset
        for room, offsets in written.items()
        if room in rooms or "*" in rooms
        for offset in offsets
        if offset > seen
    )
    given_back = [e.offset for e in ring.since(0, seen, rooms)]
    assert set(given_back) <= set(wanted)
    assert given_back == sorted(given_back)
    if ring.whole(0, seen, rooms):
        assert given_back == wanted
    assert ring.size == sum(e.size for e in ring.since(0, -1, ["*"])) <= 5_000
