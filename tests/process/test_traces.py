"""Traces of a live on the embedded log, through real sockets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.bus import open_bus
from engine.bus.port import Outgoing, header
from engine.events.codec import decode, encode
from engine.events.inputs import Comment
from engine.settings import BusSettings, PrivacySettings, PublisherSettings, Settings
from tests.simulation.shop import MARK, SHOP
from tests.traced import ROOM, named, one_trace_of_four, traced, value

pytestmark = pytest.mark.process

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""A sampled context of somebody else."""


def settings(folder: Path) -> Settings:
    return Settings(
        bus=BusSettings(url=f"sqlite:{folder / 'log.db'}", partitions=2),
        publisher=PublisherSettings(default_shop=SHOP),
        privacy=PrivacySettings(viewer_key=SecretStr("of the tests")),
    )


async def test_one_trace_holds_a_comment_its_decision_the_insertion_and_its_playback(tmp_path: Path) -> None:
    """Another that is served by the same reply is linked; the records carry the context on, their bodies do not."""
    made = settings(tmp_path)
    bus = await open_bus(made.bus)
    try:
        async with traced(bus, made) as live:
            await live.ask("c1")
            await live.ask("c2")
            await live.ask("idle", f"{MARK} 哈哈哈")
            await live.until(lambda spans: len(named(spans, "decision")) == 3 and bool(named(spans, "playback")))
            one_trace_of_four(live.spans, "c1")
            (second,) = named(live.spans, "decision", comment="c2")
            (insertion,) = named(live.spans, "insertion")
            assert [link.context.span_id for link in insertion.links] == [second.context.span_id]
            (idle,) = named(live.spans, "decision", comment="idle")
            assert value(idle, "reason") == "chatter"
            assert [event.name for event in second.events] == ["waits"]
            traces = {span.context.trace_id for span in live.spans}
            assert len(traces) == 3
        for topic in ("comments", "decisions", "insertions", "room-events"):
            found = [stored for p in range(2) for stored in await bus.read(topic, p, 0)]
            carrying = [stored for stored in found if header(stored, "traceparent") is not None]
            assert carrying, topic
            assert not any(b"traceparent" in (stored.value or b"") for stored in found)
        journal = [stored for p in range(2) for stored in await bus.read("journal", p, 0)]
        assert journal
        assert not any(stored.headers or b"traceparent" in (stored.value or b"") for stored in journal)
    finally:
        await bus.close()


async def test_a_producer_of_its_own_decides_for_its_comments(tmp_path: Path) -> None:
    """Its sampled context is the parent, one that is not sampled or broken begins nothing; the gateway's share is none here."""
    made = settings(tmp_path)
    bus = await open_bus(made.bus)
    try:
        async with traced(bus, made, share=0.0) as live:
            await live.ask("drawn-not")
            for name, parent in (("broken", "00-zz"), ("unsampled", PARENT[:-1] + "0"), ("theirs", PARENT)):
                comment = Comment(room=ROOM, source="k", id=name, viewer="v", text=f"{MARK} 哈哈哈")
                headers = (("traceparent", parent.encode()),)
                await bus.publish([Outgoing("comments", ROOM, encode(comment), headers=headers)])
            await live.until(lambda spans: bool(named(spans, "decision")))
            (only,) = live.spans
            assert value(only, "comment") == "theirs"
            assert only.parent is not None
            assert f"{only.parent.trace_id:032x}-{only.parent.span_id:016x}" in PARENT
    finally:
        await bus.close()


async def test_a_comment_that_is_sent_again_is_told_as_a_duplicate(tmp_path: Path) -> None:
    """Its second span ends with its verdict: no decision comes."""
    made = settings(tmp_path)
    bus = await open_bus(made.bus)
    try:
        async with traced(bus, made) as live:
            for _ in range(2):
                await live.ask("c1", f"{MARK} 哈哈哈")
                await live.source.drained()
            await live.until(lambda spans: len(named(spans, "decision")) == 2)
            assert [value(span, "reason") for span in named(live.spans, "decision")] == ["chatter", "duplicate"]
        decisions = [stored for p in range(2) for stored in await bus.read("decisions", p, 0)]
        assert len([decode("decisions", stored.value) for stored in decisions]) == 1
    finally:
        await bus.close()


def test_off_is_absent(tmp_path: Path) -> None:
    """Without an endpoint neither gateway nor worker imports OpenTelemetry, with it they do: what imports it is what is measured."""
    code = """
import asyncio, sys
from engine.bus import open_bus
from engine.cli.assembly import make, traces_of
from engine.metrics import Metrics
from engine.settings import load

async def run():
    for endpoint in (None, "http://127.0.0.1:9"):
        settings = load(None, bus={"url": f"sqlite:{sys.argv[1]}/log.db"}, traces={"endpoint": endpoint})
        traces = traces_of(settings)
        bus = await open_bus(settings.bus)
        for role in ("gateway", "worker"):
            make(role, bus, settings, Metrics(), traces)
        await bus.close()
        print(any(name.startswith("opentelemetry") for name in sys.modules))
        if traces is not None:
            traces.close()

asyncio.run(run())
"""
    ran = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


def test_without_the_extra_the_start_says_what_to_install(tmp_path: Path) -> None:
    """Exit code 2, and one sentence."""
    code = "import sys; sys.modules['opentelemetry'] = None; import engine.cli.main; engine.cli.main.run()"
    command = [
        sys.executable,
        "-c",
        code,
        "serve",
        "--roles",
        "gateway",
        "--bus",
        f"sqlite:{tmp_path / 'log.db'}",
        "--http",
        "127.0.0.1:0",
    ]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"LIVECHAT_TRACES__ENDPOINT": "http://127.0.0.1:4318"},
    )  # fmt: skip
    assert ran.returncode == 2, ran.stderr
    assert "livechat-engine[otel]" in ran.stderr
