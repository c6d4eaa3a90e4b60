"""The registry: every label is of a closed set, and each of its values is counted from the start."""

from __future__ import annotations

from typing import get_args

from prometheus_client.metrics import MetricWrapperBase

from engine.bus.port import Outcome as Committing
from engine.events.handoffs import Handoff
from engine.insight.coverage import Outcome
from engine.insight.keys import LANGUAGE_MISSING
from engine.metrics import GAPS, Metrics
from engine.worker.metering import COMMANDS


def values(metric: MetricWrapperBase) -> set[str]:
    """What its label may be."""
    return {name for (name,) in metric._metrics}


def test_every_label_has_its_values_from_the_start() -> None:
    """A counter that appears with its first event has not increased: no alert would see that one."""
    made = Metrics()
    labelled = [metric for metric in vars(made).values() if getattr(metric, "_labelnames", ())]
    labelled.remove(made.role_ready)  # of the roles that this process has
    assert labelled
    for metric in labelled:
        assert len(metric._labelnames) == 1
        assert len(values(metric)) > 1, metric


def test_values_are_those_that_are_counted() -> None:
    """Where the registry cannot ask the code that counts, since that lies above it."""
    made = Metrics()
    assert values(made.asked) == set(get_args(Outcome)) - {"idle"}
    assert values(made.commits) == {kind.__name__.lower() for kind in get_args(Committing)}
    assert values(made.insertions) == {kind.model_fields["type"].default for kind in COMMANDS}
    assert values(made.handoffs) == set(get_args(Handoff.model_fields["state"].annotation))
    assert LANGUAGE_MISSING in GAPS
