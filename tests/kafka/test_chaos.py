"""Every fault once, under load, on a broker of its own; then the whole log is judged. `make chaos` is the same, longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kafka import chaos, shared

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

NAMES = (
    "worker joins or leaves",
    "worker killed",
    "worker asleep past its session",
    "broker frozen",
    "worker stopped",
    "broker killed",
    "dead transaction",
    "worker joins or leaves",
    "broker restarted",
    "worker hiccup",
)


async def test_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    """Two and three workers, rebalances, kill -9, a zombie, brokers frozen, killed and restarted, a transaction left open."""
    shared.own_broker_possible()
    told: list[str] = []
    report = await chaos.run(
        tmp_path, comments=4_000, faults=len(NAMES), rate=100.0, seed=5, say=told.append, names=NAMES
    )
    assert set(report.faults) == set(NAMES)
    assert report.is_good, f"{report}\n{told}"
    assert report.findings.decisions == 4_000
    assert report.findings.insertions > 0
