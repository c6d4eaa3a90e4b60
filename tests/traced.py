"""A live with traces: gateway, worker, player and source on one log, and the spans that they told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from engine.bus.port import Bus, Outgoing
from engine.client.operator import Operator
from engine.client.player import ReferencePlayer
from engine.client.scripts import FactBook
from engine.client.source import Source
from engine.clock import wall_clock
from engine.events import wire
from engine.events.codec import encode
from engine.events.inputs import Comment, PoolLive, ScriptSegment, ScriptSentence
from engine.gateway.service import Gateway
from engine.metrics import Metrics
from engine.pool.blobs import to_records
from engine.pool.encoding import encode_pool
from engine.settings import GatewaySettings, Settings
from engine.traces import Traces
from tests.kafka.live import POOL
from tests.kafka.worker import worker_on
from tests.patience import PATIENCE_S
from tests.simulation.shop import MARK, MODEL, SHOP

ROOM = "r1"
ASKED = f"{MARK} 什么时候发货"


@dataclass
class Traced:
    """What is told, and how to write."""

    bus: Bus
    source: Source
    exporter: InMemorySpanExporter

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    async def ask(self, name: str, text: str = ASKED) -> None:
        await self.source.send([Comment(room=ROOM, source="s", id=name, viewer=f"viewer-{name}", text=text)])

    async def until(self, told: Callable[[Sequence[ReadableSpan]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not told(self.spans):  # noqa: ASYNC110 -- an exporter wakes nobody
                await asyncio.sleep(0.02)


def value(span: ReadableSpan, name: str) -> object:
    """An attribute."""
    return (span.attributes or {}).get(f"livechat.{name}")


def named(spans: Sequence[ReadableSpan], name: str, **values: object) -> list[ReadableSpan]:
    """The spans of that name whose attributes are these."""
    return [
        span
        for span in spans
        if span.name == name and all(value(span, key) == wanted for key, wanted in values.items())
    ]


def parents(spans: Sequence[ReadableSpan]) -> Mapping[str, str | None]:
    """Span → its parent, by name. Of one trace."""
    by_id = {span.context.span_id: span.name for span in spans if span.context is not None}
    return {span.name: None if span.parent is None else by_id[span.parent.span_id] for span in spans}


@asynccontextmanager
async def traced(bus: Bus, settings: Settings, *, share: float = 1.0) -> AsyncIterator[Traced]:
    """A room on air, in mode `auto`, with a player that says a short script in a loop."""
    exporter = InMemorySpanExporter()
    traces = Traces(SimpleSpanProcessor(exporter), share=share)
    settings = settings.model_copy(
        update={"gateway": GatewaySettings.model_validate({"listen": "127.0.0.1:0", "open": True})}
    )
    await _publish_shop(bus)
    worker = worker_on(bus, settings, traces)
    running = asyncio.ensure_future(worker.run())
    gateway = Gateway(bus, settings, Metrics(), traces=traces)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not worker.ready:
                if running.done():
                    running.result()
                await asyncio.sleep(0.02)
        host, port = await gateway.start()
        url = f"ws://{host}:{port}/ws"
        async with Operator(url) as operator, Source(url, rooms=[ROOM]) as source:
            await operator.open_room(ROOM, shop=SHOP)
            await operator.set_mode(ROOM, "auto")
            player = asyncio.ensure_future(
                ReferencePlayer(url, room=ROOM, script=_script, on_say=lambda _: None, lead_ms=50).run()
            )
            try:
                yield Traced(bus, source, exporter)
            finally:
                player.cancel()
                await asyncio.gather(player, return_exceptions=True)
    finally:
        await gateway.close()
        worker.stop()
        await running
        traces.close()


def _script(facts: FactBook, at: int, request: str) -> wire.SetScript:
    del facts, at
    sentences = tuple(ScriptSentence(id=f"s{n}", text="话", seconds=0.5) for n in range(4))
    return wire.SetScript(
        id=request, script="evening", version="v1", loop=True,
        segments=(ScriptSegment(id="a", product="tgy", sentences=sentences),),
    )  # fmt: skip


async def _publish_shop(bus: Bus) -> None:
    now = wall_clock()
    blobs = to_records(MODEL, "model", b"m", None, now) + to_records(POOL.hash, "pool", encode_pool(POOL), MODEL, now)
    await bus.publish([Outgoing("pools", blob.key(), encode(blob)) for blob in blobs])
    live = PoolLive(id="p", at=now, shop=SHOP, pool=POOL.hash, generation=1)
    await bus.publish([Outgoing("shop-events", live.key(), encode(live))])


def one_trace_of_four(spans: Sequence[ReadableSpan], comment: str) -> None:
    """The comment's trace is whole: four spans with the right parents, in the order of time, and nothing of viewers in them."""
    (first,) = named(spans, "comment", comment=comment)
    assert first.context is not None
    mine = [span for span in spans if span.context is not None and span.context.trace_id == first.context.trace_id]
    assert parents(mine) == {
        "comment": None,
        "decision": "comment",
        "insertion": "decision",
        "playback": "insertion",
    }
    by_name = {span.name: span for span in mine}
    assert len(by_name) == len(mine) == 4
    begun = [by_name[name].start_time or 0 for name in ("comment", "decision", "insertion", "playback")]
    assert begun == sorted(begun)
    decision, insertion, playback = by_name["decision"], by_name["insertion"], by_name["playback"]
    assert value(decision, "reason") == "answered"
    assert value(decision, "insertion") == value(insertion, "insertion") == value(playback, "insertion")
    assert value(playback, "playback") == "ended"
    assert (decision.end_time or 0) >= (playback.end_time or 0)  # the decision is that it was answered
    told = "".join(span.to_json() for span in mine)
    assert MARK not in told
    assert "viewer-" not in told
