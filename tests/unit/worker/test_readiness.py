"""What `/readyz` tells of partitions."""

from __future__ import annotations

from engine.worker.readiness import PartitionReadiness, partitions, waits_for
from tests.unit.worker.desk import Desk


def test_each_partition_is_told() -> None:
    """In order; what is not known yet is left out."""
    desk = Desk()
    assert desk.turn(desk.comment()) is not None
    desk.worker.ready = False
    found = partitions({3, 1}, {0: desk.worker}, {0: {"comments": 7, "room-events": 0}})
    assert [one.model_dump(exclude_none=True) for one in found] == [
        {
            "partition": 0,
            "state": "catching up",
            "lease": 1,
            "seq": desk.worker.standing.seq,
            "rooms": 1,
            "lag": {"comments": 7, "room-events": 0},
        },
        {"partition": 1, "state": "restoring"},
        {"partition": 3, "state": "restoring"},
    ]
    desk.worker.ready = True
    assert partitions((), {0: desk.worker}, {})[0].state == "ready"


def test_what_it_waits_for_is_a_sentence() -> None:
    """The pool goes first: without it nothing is read; of many partitions some are named."""
    late = [PartitionReadiness(partition=0, state="catching up", lag={"comments": 40, "room-events": 2})]
    late += [PartitionReadiness(partition=number, state="restoring") for number in range(1, 6)]
    assert waits_for(late, None, has_pool=True).startswith("no shop is live yet: ")
    assert waits_for(late, "tea", has_pool=False).startswith("no pool of the shop `tea` is live and loaded yet: ")
    assert "no partition" in waits_for([], "tea", has_pool=True)
    assert waits_for(late, "tea", has_pool=True) == (
        "partition 0 is catching up (42 records to be read), partition 1 is restoring, partition 2 is restoring, 3 more are not ready"
    )
    assert waits_for(late[:1], "tea", has_pool=True) == "partition 0 is catching up (42 records to be read)"
