"""What all tests share: settings kept out of the environment, Hypothesis profiles, and a summary of which tiers ran."""

from __future__ import annotations

import gc
import os
from collections import Counter

import hypothesis
import pytest

from tests.kafka import shared

OWN_VARIABLES = ("LIVECHAT_KILLS", "LIVECHAT_REQUIRE_KAFKA", "LIVECHAT_REQUIRE_OPS")
"""Read by tests themselves; every other `LIVECHAT_*` variable is a setting."""

# Pools of tens of thousands of lines are made again and again, of which nothing refers to itself.
gc.set_threshold(50_000, 20, 100)

# No deadline: a busy machine is not a failure. In CI the examples are the same in each run, so that a red run means a change.
hypothesis.settings.register_profile("suite", deadline=None, derandomize="CI" in os.environ, print_blob=True)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _settings_from_tests_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in list(os.environ):
        if name.startswith("LIVECHAT_") and name not in OWN_VARIABLES:
            monkeypatch.delenv(name)


class HandClock:
    """A clock that moves only when told; calling it gives milliseconds since the epoch."""

    def __init__(self, now: int = 1_767_225_600_000) -> None:  # 2026-01-01T00:00:00Z
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, ms: int) -> int:
        """Move forward; returns the new time."""
        if ms < 0:
            raise ValueError("time does not go back")
        self.now += ms
        return self.now


@pytest.fixture
def clock() -> HandClock:
    """A hand-cranked clock."""
    return HandClock()


@pytest.fixture(scope="session")
def kafka_bootstrap() -> str:
    """HOST:PORT of the run's Kafka broker; without one the test is skipped, or fails where Kafka is required."""
    return shared.bootstrap()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tiers ran and why one did not."""
    done = {"passed", "failed", "error", "xfailed", "xpassed", "skipped"}
    reports = [
        report
        for outcome, found in terminalreporter.stats.items()
        if outcome in done
        for report in found
        if isinstance(report, pytest.TestReport)
    ]
    terminalreporter.section("tiers")
    counts = Counter(_tier(report) for report in reports if not report.skipped)
    left_out = [report for report in reports if report.skipped and _tier(report) == "kafka"]
    terminalreporter.write_line(f"in this process: {counts['plain'] or 'no'} tests")
    terminalreporter.write_line(f"real processes and sockets: {counts['process'] or 'no'} tests")
    line = f"Kafka: {counts['kafka'] or 'no'} tests"
    if counts["kafka"]:
        line += f" on {shared.describe()}"
    if left_out:
        why = left_out[0].longrepr
        line += f", {len(left_out)} left out: {why[2] if isinstance(why, tuple) else why}"
    terminalreporter.write_line(line)
    without = [str(report.longrepr[2]) for report in reports if report.skipped and isinstance(report.longrepr, tuple)]
    if missing := sorted({why for why in without if why.endswith("is not on PATH")}):
        count = sum(why in missing for why in without)
        terminalreporter.write_line(f"operations: {count} left out: {'; '.join(missing)}")


def _tier(report: pytest.TestReport) -> str:
    return next((tier for tier in ("kafka", "process") if tier in report.keywords), "plain")
