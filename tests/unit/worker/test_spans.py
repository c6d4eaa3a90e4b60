"""A partition's part of traces: what begins, what ends with which batch, and that nothing grows."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.events.journal import CommentEntry
from engine.events.outputs import VerdictLine
from engine.traces import Traces
from engine.worker import spans as module
from engine.worker.spans import PartitionSpans
from tests.simulation.shop import MARK
from tests.unit.worker.desk import NOW, Desk

PARENT = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)


class Told:
    """Traces, and what they told."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.traces = Traces(SimpleSpanProcessor(self.exporter), share=0.0)
        self.spans = PartitionSpans(self.traces, 3)

    def take(self, name: str) -> None:
        entry = CommentEntry("r1", "s", name, "0" * 16, "text", NOW, NOW, "tea", None, None)
        self.spans.took(PARENT, entry, NOW)

    def verdict(self, name: str, verdict: str, *, final: bool) -> tuple[object, ...]:
        return self.spans.batch((), (), {"r1": [VerdictLine("s", name, verdict, final)]}, NOW)


def test_without_traced_comments_a_batch_has_no_spans() -> None:
    """Nor looks at its records."""
    assert Told().spans.batch((), (), {}, NOW) == ()


def test_a_duplicate_ends_at_once_and_what_waits_stays() -> None:
    """What it waits for is noted."""
    told = Told()
    told.take("c1")
    assert told.verdict("c1", "cooling", final=False) == ()
    told.take("c1")
    assert told.verdict("c1", "duplicate", final=True) == ()  # the first one still waits for its decision
    told.take("c2")
    assert len(told.verdict("c2", "duplicate", final=True)) == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is told as it is."""
    monkeypatch.setattr(module, "OPEN_MOST", 2)
    told = Told()
    for name in ("c1", "c2", "c3"):
        told.take(name)
    (oldest,) = told.spans.batch((), (), {}, NOW)
    oldest.end(NOW)
    (span,) = told.exporter.get_finished_spans()
    assert span.attributes is not None
    assert span.attributes["livechat.comment"] == "c1"
    assert str(span.attributes["livechat.reason"]).startswith("unknown")


def test_a_batch_is_the_same_with_traces_and_without() -> None:
    """Bodies and journal; only headers are added, to the records of traced comments."""

    def batch(traces: Traces | None) -> list[tuple[str, bytes | None, bool]]:
        desk = Desk()
        if traces is not None:
            desk.worker._spans = PartitionSpans(traces, 0)
        found = []
        for name, text in (("c1", f"{MARK} 哈哈哈"), ("c2", f"{MARK} 什么时候发货")):
            stored = desk.comment(text, id=name)
            stored.headers = PARENT
            prepared = desk.turn(stored)
            assert prepared is not None
            found += [(record.topic, record.value, bool(record.headers)) for record in prepared.batch.records]
        return found

    exporter = InMemorySpanExporter()
    with_traces = batch(Traces(SimpleSpanProcessor(exporter), share=0.0))
    without = batch(None)
    assert [record[:2] for record in with_traces] == [record[:2] for record in without]
    assert [topic for topic, _, carries in with_traces if carries] == ["decisions", "decisions"]
    assert not any(carries for _, _, carries in without)
