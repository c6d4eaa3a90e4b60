"""What sources get: both acknowledgements, nothing lost, and why it takes long where it does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.bus.port import Outgoing, Position
from engine.client.operator import Operator
from engine.client.refusals import RequestRefused
from engine.client.source import Source
from engine.errors import BusUnavailable, Exit
from engine.events import wire
from engine.events.inputs import Comment
from engine.events.outputs import VerdictLine, Verdicts
from tests.patience import PATIENCE_S
from tests.process.gateway.stage import HASH, break_off, comment, eventually, put, records, staged, until_on_bus

pytestmark = pytest.mark.process


async def test_comments_reach_the_bus_and_are_acknowledged_twice(tmp_path: Path) -> None:
    """A source learns that its comments are durable, then what each got; a malformed one does not hold up the rest."""
    verdicts: dict[str, str] = {}

    def processed(one: Comment, verdict: str, _: bool) -> None:
        verdicts[one.id] = verdict

    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), processed=processed) as source:
        await source.send([comment(n) for n in range(300)])
        assert source.received == 300
        on_bus = await records(stage.bus, "comments")
        assert [c.id for c in on_bus if isinstance(c, Comment)] == [f"c{n}" for n in range(300)]
        assert all(isinstance(c, Comment) and c.received for c in on_bus)
        lines = tuple(VerdictLine("test", f"c{n}", "chatter", final=True) for n in range(300))
        await put(stage.bus, Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=lines))
        async with asyncio.timeout(PATIENCE_S):
            await source.drained()
        assert verdicts == {f"c{n}": "chatter" for n in range(300)}
        batch = ({"id": "ok", "viewer": "v", "text": "hi"}, {"id": "bad"}, 3)
        answer = await source.connection.request(wire.Comments(id="x1", room="r1", source="test", comments=batch))
        assert isinstance(answer, wire.Received)
        assert [(r.comment, r.error is None) for r in answer.results] == [("ok", True), ("bad", False), (None, False)]


async def test_a_source_sends_again_what_has_no_verdict(tmp_path: Path) -> None:
    """After a broken connection; the engine sees the repeat and the source gets its verdict."""
    verdicts: dict[str, str] = {}

    def processed(one: Comment, verdict: str, _: bool) -> None:
        verdicts[one.id] = verdict

    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), processed=processed) as source:
        await source.send([comment(1), comment(2)])
        break_off(source.connection)
        await until_on_bus(stage.bus, "comments", lambda _: True, count=4)
        lines = (VerdictLine("test", "c1", "duplicate", final=True), VerdictLine("test", "c2", "cooling", final=False))
        await put(stage.bus, Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=lines))
        async with asyncio.timeout(PATIENCE_S):
            await source.drained()
        assert verdicts == {"c1": "duplicate", "c2": "cooling"}


async def test_a_source_that_is_too_fast_is_told_to_wait_and_loses_nothing(tmp_path: Path) -> None:
    """The request is refused as a whole, temporarily; the client comes back by itself."""
    async with staged(tmp_path, comments_per_second=1_000.0) as stage:
        async with Source(stage.url, rooms=("r1",), window=None) as source:
            await source.send([comment(n) for n in range(1_500)])
            assert source.received == 1_500
        assert len(await records(stage.bus, "comments")) == 1_500


async def test_a_log_that_cannot_be_written_is_told_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The request is refused as temporary, the process is not ready; a request that succeeds, or a while without any, ends it.

    The process says it once when it begins and once when it ends, however many requests it costs.
    """
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        publish, full = stage.bus.publish, BusUnavailable("there is no space left for the log")

        async def fail(records: Sequence[Outgoing]) -> Sequence[Position]:
            raise full

        for heal in ("write", "wait"):
            monkeypatch.setattr(stage.bus, "publish", fail)
            with pytest.raises(RequestRefused) as caught:
                await operator.set_mode("r1", "auto")
            assert caught.value.refused.temporary
            assert caught.value.exit_code == Exit.UNAVAILABLE
            with pytest.raises(RequestRefused, match="try again"):
                await operator.set_mode("r1", "auto")
            assert stage.metrics.troubles == {"gateway": str(full)}
            await stage.gateway.tick()
            assert stage.metrics.troubles == {"gateway": str(full)}
            monkeypatch.setattr(stage.bus, "publish", publish)
            if heal == "write":
                await operator.set_mode("r1", "auto")
            else:
                later = stage.gateway._trouble._steady() + 15_000
                monkeypatch.setattr(stage.gateway._trouble, "_steady", lambda: later)  # noqa: B023 - the last round's
                await stage.gateway.tick()
            assert stage.metrics.troubles == {}
        told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert f"clients are asked to wait: {full} (" in told[0]
        assert "refusals=2" in told[1]
        assert len(told) == 3  # the second time it was not written again


async def test_a_source_that_is_held_up_hears_why_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the log is full, and while the engine is away; it goes on by itself and loses nothing."""
    heard: list[str | None] = []
    async with staged(tmp_path) as stage:
        publish, full, tries = stage.bus.publish, [True], [0]

        async def fail(records: Sequence[Outgoing]) -> Sequence[Position]:
            tries[0] += 1
            if full[0]:
                raise BusUnavailable("there is no space left for the log")
            return await publish(records)

        monkeypatch.setattr(stage.bus, "publish", fail)
        async with Source(stage.url, rooms=("r1",), on_held=heard.append) as source:
            sending = asyncio.create_task(source.send([comment(1)]))
            await eventually(lambda: tries[0] == 2)
            assert heard == ["the engine takes no comments: the engine cannot write its log now; its /readyz tells why"]
            full[0] = False
            await sending
            assert heard[1:] == [None]
            await stage.gateway.close()
            await eventually(lambda: len(heard) == 3)
            assert heard[2] is not None
            assert heard[2].startswith("the engine is away (the server restarts")
            sending = asyncio.create_task(source.send([comment(2)]))
            await stage.restart()
            await sending
            assert heard[3:] == [None]
            assert source.received >= 2


async def test_a_source_hears_that_no_verdicts_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its window is full since no worker runs: it waits, but not mute."""
    monkeypatch.setattr("engine.client.source.STALL_S", 0.05)
    heard: list[str | None] = []
    async with staged(tmp_path) as stage, Source(stage.url, rooms=("r1",), window=1, on_held=heard.append) as source:
        await source.send([comment(1)])
        sending = asyncio.create_task(source.send([comment(2)]))
        await eventually(lambda: heard)
        assert heard == ["no verdicts come; is a worker running?"]
        await put(
            stage.bus,
            Verdicts(id=HASH, room="r1", lease=1, seq=1, lines=(VerdictLine("test", "c1", "chatter", final=True),)),
        )
        await sending
        assert heard[1:] == [None]
