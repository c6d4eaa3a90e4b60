"""Fair share: polls are sized by time, and one room cannot take all."""

from __future__ import annotations

from engine.bus.port import Stored
from engine.worker.share import LEAST_RECORDS, TURN_MS, Share

NOW = 1_000_000


def polled(rooms: dict[str, int], *, age: int = 0) -> list[Stored]:
    return [Stored("comments", 0, 0, NOW - age, room, b"") for room, count in rooms.items() for _ in range(count)]


def test_without_a_backlog_nobody_is_limited() -> None:
    """A poll that is not full has no quotas."""
    assert Share(0.5, 2_000).quotas({0: polled({"hot": 1_999, "quiet": 1})[:1_999]}, NOW) == {}


def test_a_hot_room_beside_others_gets_its_share() -> None:
    """Half of a full poll, less from turn to turn while the backlog is old, never less than a fair multiple of the mean."""
    share = Share(0.5, 2_000)
    hot = {0: polled({"hot": 1_950, **{f"q{number}": 1 for number in range(50)}})}
    assert share.quotas(hot, NOW) == {0: 1_000}
    old = {0: [Stored("comments", 0, 0, NOW - 500, record.key, b"") for record in hot[0]]}
    found = [share.quotas(old, NOW)[0] for _ in range(8)]
    assert found[0] == 500
    assert found == sorted(found, reverse=True)
    assert found[-1] == int(2.0 * 2_000 / 51)


def test_a_room_alone_is_not_limited() -> None:
    """There is nobody to be fair to."""
    assert Share(0.5, 2_000).quotas({0: polled({"hot": 2_000})}, NOW) == {}


def test_rooms_of_other_partitions_count_as_waiting() -> None:
    """All partitions of a process share its time."""
    assert Share(0.5, 2_000).quotas({0: polled({"hot": 2_000}), 1: polled({"quiet": 1})}, NOW)[0] >= 1_000


def test_rooms_that_are_alike_are_not_refused() -> None:
    """A process that catches up with many equal rooms sheds none of them."""
    share = Share(0.5, 2_000)
    rooms = {f"r{number}": 20 for number in range(100)}
    for _ in range(10):
        quota = share.quotas({0: polled(rooms, age=5_000)}, NOW)[0]
    assert quota >= 20


def test_a_poll_shrinks_where_records_are_costly_and_grows_again() -> None:
    """The size follows the time that a turn took, within its bounds."""
    share = Share(0.5, 2_000)
    for _ in range(50):
        share.took(share.limit, share.limit * 0.1)
    assert share.limit == round(TURN_MS / 0.1)
    for _ in range(50):
        share.took(share.limit, share.limit * 10.0)
    assert share.limit == LEAST_RECORDS
    for _ in range(100):
        share.took(share.limit, share.limit * 0.001)
    assert share.limit == 2_000


def test_a_small_turn_says_nothing_about_the_cost() -> None:
    """The fixed cost of a turn must not count as that of its records."""
    share = Share(0.5, 2_000)
    share.took(3, 50.0)
    assert share.limit == 2_000
