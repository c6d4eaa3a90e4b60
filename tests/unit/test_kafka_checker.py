"""The checker of logs finds what it is there for: each rule is broken by hand on the log of a simulated live."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.bus.port import Stored
from tests.kafka.checker import Findings, check
from tests.simulation.clock import VirtualLoop
from tests.simulation.shop import POOLS
from tests.simulation.world import World

Log = dict[tuple[str, int], list[Stored]]
SEEDS = (7, 29)
"""Of the second, batches are sent again under another lease."""


async def _live(seed: int) -> Log:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    world = World(loop, seed, lambda player, say: None, lambda post: None, [])
    await world.run()
    return world.bus.log


@pytest.fixture(scope="module", params=SEEDS)
def live(request: pytest.FixtureRequest) -> Log:
    """The log of one simulated live, faults included."""
    logging.disable(logging.CRITICAL)
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_live(request.param))
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture
def log(live: Log) -> Log:
    """A log of one's own to spoil."""
    return {place: list(records) for place, records in live.items()}


def judged(log: Log) -> Findings:
    return check(log, POOLS.__getitem__)


def some(log: Log, topic: str, holds: bytes = b"") -> tuple[int, int]:
    """Partition and index of a record of `topic`, from the middle, whose value holds these bytes."""
    places = [
        (partition, index)
        for (name, partition), records in sorted(log.items())
        if name == topic
        for index, stored in enumerate(records)
        if holds in (stored.value or b"")
    ]
    return places[len(places) // 2]


def changed(stored: Stored, **fields: object) -> Stored:
    assert stored.value is not None
    return replace(stored, value=json.dumps({**json.loads(stored.value), **fields}).encode())


def test_a_clean_log_has_no_violation(live: Log) -> None:
    """Aborts, lost answers, zombies and repeats of the simulation leave nothing to tell."""
    found = judged(live)
    assert found.violations == []
    assert found.decisions == found.comments - found.duplicates > 50
    assert found.insertions > 0
    assert found.leases > 0
    assert "no violation" in str(found)


def decide_again(log: Log) -> None:
    partition, index = some(log, "decisions")
    log["decisions", partition].append(log["decisions", partition][index])


def forget_a_decision(log: Log) -> None:
    partition, index = some(log, "decisions")
    del log["decisions", partition][index]


def decide_what_nobody_wrote(log: Log) -> None:
    partition, index = some(log, "decisions")
    stored = log["decisions", partition][index]
    log["decisions", partition].append(changed(stored, id="00000000000000ee", comment="nobody's"))


def insert_again(log: Log) -> None:
    partition, index = some(log, "insertions", b'"type":"insertion"')
    log["insertions", partition].append(log["insertions", partition][index])


def skip_a_comment(log: Log) -> None:
    partition, index = some(log, "comments")
    stored = log["comments", partition][index]
    log["comments", partition].insert(index, changed(stored, id="skipped"))


def swap_comments(log: Log) -> None:
    partition, index = some(log, "comments")
    records = log["comments", partition]
    other = next(
        n
        for n in range(len(records))
        if records[n].key == records[index].key and records[n].value != records[index].value
    )
    records[index], records[other] = records[other], records[index]


def drop_a_dead_letter(log: Log) -> None:
    partition, index = some(log, "comments")
    log["comments", partition].insert(index, replace(log["comments", partition][index], value=b"garbage", offset=10**6))


def let_a_zombie_speak(log: Log) -> None:
    partition, index = some(log, "verdicts")
    stored = log["verdicts", partition][index]
    log["verdicts", partition].append(changed(stored, lease=0, seq=10**6))


def journal_of_an_old_lease(log: Log) -> None:
    partition, _ = some(log, "journal")
    log["journal", partition][-1] = changed(log["journal", partition][-1], lease=0)


def repeat_the_journal(log: Log) -> None:
    partition, index = some(log, "journal")
    log["journal", partition].insert(index, log["journal", partition][index])


def say_something_else(log: Log) -> None:
    partition, index = some(log, "decisions")
    log["decisions", partition][index] = changed(log["decisions", partition][index], reason="shed")


def other_verdict(log: Log) -> None:
    partition, index = some(log, "verdicts")
    stored = log["verdicts", partition][index]
    lines = json.loads(stored.value or b"")["lines"]
    log["verdicts", partition][index] = changed(stored, lines=[{**line, "verdict": "other"} for line in lines])


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (decide_again, "decided"),
        (forget_a_decision, "decided"),
        (decide_what_nobody_wrote, "decided"),
        (insert_again, "twice"),
        (skip_a_comment, "entered"),
        (swap_comments, "entered"),
        (drop_a_dead_letter, "entered"),
        (let_a_zombie_speak, "fenced"),
        (journal_of_an_old_lease, "fenced"),
        (repeat_the_journal, "fenced"),
        (say_something_else, "replay"),
        (other_verdict, "replay"),
    ],
)
def test_each_rule_is_enforced(log: Log, spoil: Callable[[Log], None], rule: str) -> None:
    """One spoilt record is found, under its rule."""
    spoil(log)
    found = judged(log)
    assert rule in {violation.rule for violation in found.violations}
    assert f"{rule}: " in str(found)


def test_what_was_acknowledged_must_be_there(log: Log) -> None:
    """An offset that a producer was told, and that nobody can read, is lost."""
    partition, index = some(log, "comments")
    offset = log["comments", partition][index].offset
    assert check(log, POOLS.__getitem__, [("comments", partition, offset)]).violations == []
    del log["comments", partition][index]
    found = check(log, POOLS.__getitem__, [("comments", partition, offset)])
    assert "lost" in {violation.rule for violation in found.violations}
