"""What a gateway says of a log that does not serve it."""

from __future__ import annotations

import pytest

from engine.gateway.trouble import CALM_MS, Trouble
from engine.metrics import Metrics


def test_it_is_said_once_at_each_end(caplog: pytest.LogCaptureFixture) -> None:
    """However often it fails; a calm while hides it from `/readyz`, yet it is not said anew."""
    metrics, now = Metrics(), [1_000]
    trouble = Trouble(metrics, lambda: now[0])
    trouble.over()
    for _ in range(3):
        trouble.failed("full")
    assert metrics.troubles == {"gateway": "full"}
    now[0] += CALM_MS - 1
    trouble.calm()
    assert metrics.troubles == {"gateway": "full"}
    now[0] += 1
    trouble.calm()
    assert metrics.troubles == {}
    trouble.failed("full")
    trouble.over()
    assert metrics.troubles == {}
    trouble.over()
    assert [record.getMessage() for record in caplog.records] == [
        "the log does not serve the gateway, clients are asked to wait: full",
        "the log serves the gateway again (seconds=15.0, refusals=4)",
    ]
