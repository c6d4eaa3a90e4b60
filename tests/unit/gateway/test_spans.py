"""A gateway's part of traces: which comments, and what is reported in the end."""

from __future__ import annotations

import math
from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.bus.port import Outgoing, Stored
from engine.events import wire
from engine.events.codec import encode
from engine.events.inputs import Comment, Playback, PlaybackKind
from engine.events.outputs import ChatReply
from engine.gateway import spans as module
from engine.gateway.spans import GatewaySpans
from engine.traces import Traces
from tests.process.gateway.stage import HASH, comment, insertion

NOW = 1_800_000_000_000
PARENT = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)


class Told:
    """Traces, and what they told."""

    def __init__(self, draws: list[float] | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        drawn = iter(draws or [0.5])
        self.spans = GatewaySpans(Traces(SimpleSpanProcessor(self.exporter), share=0.1, draw=lambda: next(drawn)))

    def sent(self, value: bytes | None = None, headers: tuple[tuple[str, bytes], ...] = PARENT) -> None:
        value = encode(insertion("session")) if value is None else value
        self.spans.sent(Stored("insertions", 0, 1, NOW, "r1", value, headers))

    def report(self, kind: PlaybackKind, at: int = NOW, room: str = "r1") -> bool:
        report = Playback(room=room, id="p", at=at, session="session", kind=kind, insertion=HASH)
        return bool(self.spans.played(report))

    def told(self) -> list[tuple[str, object, int]]:
        """Name, what was reported, and how long it took, ms."""
        return [
            (
                span.name,
                (span.attributes or {}).get("livechat.playback"),
                ((span.end_time or 0) - (span.start_time or 0)) // 10**6,
            )
            for span in self.exporter.get_finished_spans()
        ]


def test_a_share_of_the_comments_is_drawn() -> None:
    """By gaps, before anything is made for the others; only theirs carry a context."""
    told = Told([0.15, 0.5])
    comments: list[Comment] = [comment(n) for n in range(3)]
    records = [Outgoing("comments", one.room, encode(one)) for one in comments]
    begun = told.spans.received(comments, records, NOW)
    assert [[name for name, _ in record.headers] for record in records] == [[], ["traceparent"], []]
    assert told.told() == []
    for span in begun:
        span.end(NOW + 7)
    assert told.told() == [("comment", None, 7)]
    assert told.spans.received(comments, records, NOW) == []  # the gap goes on in the next batch


@given(st.floats(0.001, 0.999), st.integers(0, 2**32))
def test_gaps_have_the_mean_of_the_share(share: float, seed: int) -> None:
    """As if each comment were drawn alone."""
    traces = Traces(SimpleSpanProcessor(InMemorySpanExporter()), share=share, draw=Random(seed).random)
    mean = sum(traces.gap() for _ in range(4_000)) / 4_000
    wanted = (1 - share) / share
    assert abs(mean - wanted) < 6 * math.sqrt(1 - share) / share / math.sqrt(4_000)


@pytest.mark.parametrize(("share", "traced"), [(0.0, 0), (1.0, 3)])
def test_none_and_all(share: float, traced: int) -> None:
    """The ends of the range."""
    spans = GatewaySpans(Traces(SimpleSpanProcessor(InMemorySpanExporter()), share=share))
    comments = [comment(n) for n in range(3)]
    assert (
        len(spans.received(comments, [Outgoing("comments", one.room, encode(one)) for one in comments], NOW)) == traced
    )


def test_a_playback_lasts_from_its_start_to_its_end() -> None:
    """Once; what is reported of others, of another room or without a context begins nothing."""
    told = Told()
    assert not told.report("started")
    told.sent(headers=())
    assert not told.report("started")
    told.sent()
    assert not told.report("started", room="r2")
    assert not told.report("accepted")
    assert told.report("started", NOW + 100)
    assert told.report("ended", NOW + 2_100)
    assert not told.report("ended", NOW + 2_200)
    assert told.told() == [("playback", "ended", 2_000)]


@pytest.mark.parametrize("kind", ["rejected", "aborted"])
def test_what_never_began_is_told_as_failed(kind: PlaybackKind) -> None:
    """At its moment."""
    told = Told()
    told.sent()
    assert told.report(kind)
    assert told.told() == [("playback", kind, 0)]
    assert not told.exporter.get_finished_spans()[0].status.is_ok


def test_what_is_sent_again_belongs_to_the_newest() -> None:
    """A playback that has begun goes on."""
    told = Told()
    told.sent()
    told.report("started")
    told.sent()
    told.report("ended", NOW + 5)
    assert told.told() == [("playback", "ended", 5)]


@pytest.mark.parametrize("status", ["posted", "failed"])
def test_a_post_is_one_moment(status: Literal["posted", "failed"]) -> None:
    """Of a chat reply, as its connector reports it."""
    told = Told()
    reply = ChatReply(
        id=HASH, room="r1", shop="tea", at=NOW, lease=1, seq=1, shop_offset=1, source="s", reply="x", intent="y", language="zh",
        text="t", not_after=NOW, pool=HASH,
    )  # fmt: skip
    told.sent(encode(reply))
    report = wire.ReportChat(id="q", room="r1", reply=HASH, status=status)
    assert told.spans.posted(report, NOW)
    assert not told.spans.posted(report, NOW)
    assert told.told() == [("post", status, 0)]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports may never come."""
    monkeypatch.setattr(module, "HELD_MOST", 2)
    told = Told()
    for number in range(5):
        told.sent(encode(insertion("session", id=f"{number:032x}")))
    assert len(told.spans._sent) == 2


def test_what_cannot_be_read_is_passed_over() -> None:
    """Whoever follows the topic counts it."""
    told = Told()
    told.sent(b"{}")
    assert not told.report("started")
