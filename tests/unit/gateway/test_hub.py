"""Fan-out and resume."""

from __future__ import annotations

from engine.bus.port import Stored
from engine.events.codec import encode
from engine.events.gaps import Gap
from engine.events.wire import Point
from engine.gateway.hub import Hub
from tests.unit.gateway.made import HASH, NOW, insertion, peer


def hub() -> Hub:
    """Rooms a… on partition 0, all others on partition 1; players and sources get everything of session s1."""
    made = Hub(
        log="log", partitions=2, partition_of=lambda room: 0 if room.startswith("a") else 1, keep_ms=60_000,
        gate=lambda _, record: record.session == "s1",
    )  # fmt: skip
    for stream in made.rings:
        for partition in (0, 1):
            made.begin(stream, partition, 100)
    return made


def write(made: Hub, offset: int, room: str, *, session: str = "s1") -> None:
    partition = 0 if room.startswith("a") else 1
    value = encode(insertion(room=room, session=session))
    entry = made.add("insertions", Stored("insertions", partition, offset, NOW, room, value))
    assert entry is not None
    made.deliver("insertions", entry)


def test_a_record_goes_to_those_who_follow_its_room() -> None:
    """By name and by pattern, each once, with its place; players only what the gate lets through."""
    made = hub()
    named, named_link = peer("observer", "a1", "a1", "b1")
    pattern, pattern_link = peer("operator", "a*", "a1*")
    player, player_link = peer("player", "a1")
    for one in (named, pattern, player):
        made.subscribe(one)
    write(made, 100, "a1")
    write(made, 101, "a1", session="s2")
    write(made, 100, "b1")
    assert [push["offset"] for push in named_link.sent] == [100, 101, 100]
    assert [push["epoch"] for push in named_link.sent] == ["log.0", "log.0", "log.1"]
    assert [push["offset"] for push in pattern_link.sent] == [100, 101]
    assert [push["offset"] for push in player_link.sent] == [100]
    for one in (named, pattern, player):
        made.leave(one)
    write(made, 102, "a1")
    assert len(named_link.sent) == 3
    assert not made._named


def test_a_client_without_points_starts_now_and_nothing_is_called_recovered() -> None:
    """It is told where its streams stand."""
    made = hub()
    write(made, 100, "a1")
    player, _ = peer("player", "a1")
    points, recovered, backlog = made.resume(player, 1_000_000)
    assert points == (Point(stream="insertions", epoch="log.0", offset=100),)
    assert points == made.points(player)
    assert (recovered, backlog) == (False, [])


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    """Whole, in order, of its rooms only; its points stay where it stands until the pushes move them."""
    made = hub()
    for offset, room in ((100, "a1"), (101, "a2"), (103, "a1"), (104, "a1")):
        write(made, offset, room)
    back, link = peer("player", "a1", resume=(Point(stream="insertions", epoch="log.0", offset=100),))
    points, recovered, backlog = made.resume(back, 1_000_000)
    assert recovered
    assert points == (Point(stream="insertions", epoch="log.0", offset=100),)
    made.replay(back, backlog)
    assert [push["offset"] for push in link.sent] == [103, 104]


def test_a_gap_that_may_have_holes_is_not_called_recovered() -> None:
    """Another log, a point from before what is held, a stream without a point, a backlog above the limit."""
    made = hub()
    for offset in range(100, 110):
        write(made, offset, "a1")

    def resume(*points: Point, role: str = "player", limit: int = 1_000_000) -> tuple[bool, int]:
        back, _ = peer(role, "a1", resume=points)  # type: ignore[arg-type]  # a role
        _, recovered, backlog = made.resume(back, limit)
        return recovered, len(backlog)

    point = Point(stream="insertions", epoch="log.0", offset=104)
    assert resume(point) == (True, 5)
    assert resume(point.model_copy(update={"epoch": "other.0"})) == (False, 0)
    assert resume(point.model_copy(update={"offset": 98})) == (False, 10)
    assert resume(point.model_copy(update={"offset": 99})) == (True, 10)
    assert resume(point.model_copy(update={"offset": 999})) == (True, 0)
    assert resume(point, role="operator") == (False, 5)
    assert resume(point, limit=2_000)[0] is False
    assert 0 < resume(point, limit=2_000)[1] < 5


def test_a_backlog_above_the_limit_keeps_its_newest() -> None:
    """Better the end than the beginning of what was missed."""
    made = hub()
    for offset in range(100, 110):
        write(made, offset, "a1")
    back, _ = peer("player", "a1", resume=(Point(stream="insertions", epoch="log.0", offset=100),))
    size = made.rings["insertions"].of_room("a1")[0].size
    _, recovered, backlog = made.resume(back, 2 * size + 1)
    assert not recovered
    assert [entry.offset for _, entry in backlog] == [108, 109]
    assert made.resume(back, 0)[2] == []


def test_gaps_are_seen_by_shop() -> None:
    """A token of a shop sees that shop's gaps; one of all rooms and no shop sees all."""
    made = hub()
    mine, mine_link = peer("operator", "a1", shop="tea")
    every, every_link = peer("operator", "a1")
    for one in (mine, every):
        made.subscribe(one)
    for offset, shop in ((100, "tea"), (101, "toys")):
        gap = Gap(id=HASH, shop=shop, reason="no_reply", viewers=1, comments=1, first_seen=NOW, last_seen=NOW)
        entry = made.add("gaps", Stored("gaps", 0, offset, NOW, gap.key(), encode(gap)))
        assert entry is not None
        made.deliver("gaps", entry)
    assert [push["offset"] for push in mine_link.sent] == [100]
    assert [push["offset"] for push in every_link.sent] == [100, 101]
    assert made.add("gaps", Stored("gaps", 0, 102, NOW, "tea/x", None)) is None
