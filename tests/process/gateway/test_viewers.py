"""Viewer ids at the gateways: the log gets hashes, the same from every gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.bus.port import Bus
from engine.cli.assembly import GatewayPart
from engine.client.source import Source
from engine.errors import UsageError
from engine.events.codec import decode
from engine.events.inputs import Comment
from engine.gateway.service import Gateway
from engine.metrics import Metrics
from engine.settings import PrivacySettings
from engine.viewers.hashing import is_hash
from engine.viewers.keeper import TOPIC, new_key, outgoing
from engine.viewers.secret import secret_of
from tests.patience import PATIENCE_S
from tests.process.gateway.stage import Stage, eventually, now, records, staged

pytestmark = pytest.mark.process


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


async def send(url: str, name: str, viewer: str) -> None:
    """One comment of a viewer, received on the log."""
    async with Source(url, rooms=("r1",)) as source:
        await source.send([Comment(room="r1", source="tiktok", id=name, viewer=viewer, text="hi")])


async def viewers(bus: Bus) -> dict[str, str]:
    """Comment → viewer, as they stand on the log."""
    return {one.id: one.viewer for one in await records(bus, "comments") if isinstance(one, Comment)}


async def test_the_log_never_gets_a_viewer_s_id(stage: Stage) -> None:
    """From two gateways, the same viewer has the same hash; the id stands nowhere in the files."""
    async with AsyncExitStack() as stack:
        second = Gateway(stage.bus, stage.settings, Metrics())
        host, port = await second.start()
        stack.push_async_callback(second.close)
        await send(stage.url, "a", "viewer-number-42")
        await send(f"ws://{host}:{port}/ws", "b", "viewer-number-42")
        await send(stage.url, "c", "viewer-number-43")
    found = await viewers(stage.bus)
    assert found["a"] == found["b"] != found["c"]
    assert all(map(is_hash, found.values()))
    folder = Path(stage.settings.bus.url.removeprefix("sqlite:")).parent
    assert not [path for path in folder.iterdir() if b"viewer-number" in path.read_bytes()]
    assert len(await stage.bus.latest_per_key(TOPIC, 0)) == 1


async def test_gateways_take_a_new_key_together(stage: Stage) -> None:
    """From its start on both hash with it, and a viewer counts as a new one."""
    async with AsyncExitStack() as stack:
        second = Gateway(stage.bus, stage.settings, Metrics())
        host, port = await second.start()
        stack.push_async_callback(second.close)
        await send(stage.url, "a", "v")
        await stage.bus.publish([outgoing(new_key(secret_of(stage.settings), 2, now(), now(), "test"))])
        await eventually(lambda: all(len(each._inbound.viewers.ring.keys) == 2 for each in (stage.gateway, second)))
        await send(stage.url, "b", "v")
        await send(f"ws://{host}:{port}/ws", "c", "v")
    found = await viewers(stage.bus)
    assert found["a"] != found["b"] == found["c"]


async def test_a_gateway_with_another_secret_does_not_start(stage: Stage) -> None:
    """It would tell one viewer as two; the sentence says what to do."""
    other = stage.settings.model_copy(update={"privacy": PrivacySettings(viewer_key=SecretStr("another"))})
    with pytest.raises(UsageError, match="to the same secret for every worker and gateway"):
        await Gateway(stage.bus, other, Metrics()).start()


async def test_a_gateway_ends_when_the_key_is_another_s(stage: Stage) -> None:
    """Whoever looks after it starts it again with the new secret."""
    part = GatewayPart(stage.bus, stage.settings, Metrics(), None)
    await part.start()
    running = asyncio.ensure_future(part.run())
    await stage.bus.publish([outgoing(new_key(b"o" * 32, 2, now(), now(), "test"))])
    with pytest.raises(UsageError, match="livechat keys rotate"):
        await asyncio.wait_for(running, PATIENCE_S)


async def test_a_comment_keeps_all_else(stage: Stage) -> None:
    """Only the id is another."""
    await send(stage.url, "a", "v")
    (stored,) = [one for p in range(2) for one in await stage.bus.read("comments", p, 0)]
    comment: Comment = decode("comments", stored.value)
    assert (comment.room, comment.source, comment.text, comment.hashed) == ("r1", "tiktok", "hi", True)
