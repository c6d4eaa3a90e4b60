"""Rooms and shops by their names: which exist, and who hears of which."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from engine.client.connection import Connection
from engine.client.operator import Operator
from engine.client.player import ReferencePlayer
from engine.client.refusals import RequestRefused
from engine.client.source import Source
from engine.errors import ProtocolError
from engine.events.closes import CloseCode
from engine.events.inputs import Comment, PlayerSeen
from tests.process.gateway.stage import (
    break_off,
    comment,
    eventually,
    go_live,
    playing,
    records,
    script,
    staged,
    until_on_bus,
)

pytestmark = pytest.mark.process


async def test_no_room_is_called_like_a_pattern(tmp_path: Path) -> None:
    """Nor like the worker's own keys: requests are refused, a comment has its receipt, and nothing of it is on the bus."""
    async with staged(tmp_path) as stage, connect(stage.url) as socket:
        await socket.send(json.dumps({"type": "identify", "role": "operator", "rooms": ["*"]}))
        while json.loads(await socket.recv())["type"] != "identified":
            pass
        for request in (
            {"type": "room_open", "room": "*"}, {"type": "room_close", "room": "r*"},
            {"type": "mode_set", "room": "*", "mode": "auto"}, {"type": "mode_set", "room": "#1", "mode": "auto"},
            {"type": "take_over", "room": "*", "who": "person"},
            {"type": "kill", "scope": "room", "target": "*", "on": True},
        ):  # fmt: skip
            await socket.send(json.dumps({**request, "id": "1"}))
            answer = json.loads(await socket.recv())
            assert (answer["type"], answer["code"]) == ("error", "bad_message"), request
            assert "is a pattern" in answer["message"] or "begins with" in answer["message"]
        async with Source(stage.url, rooms=("*",)) as source:
            await source.send([comment(1, "*"), comment(2, "r1"), comment(3, "#1")])
            assert source.received == 1
            assert [(one.room, why.partition(";")[0]) for one, why in source.refused] == [
                ("*", "room: a name that ends with `*` is a pattern, which no room is called"),
                ("#1", "room: no room's name begins with `#`"),
            ]  # fmt: skip
        assert await records(stage.bus, "room-events") == []
        assert await records(stage.bus, "shop-events") == []
        assert [one.room for one in await records(stage.bus, "comments") if isinstance(one, Comment)] == ["r1"]


async def test_a_shop_that_is_not_live_is_named_to_who_names_it(tmp_path: Path) -> None:
    """A room is not opened and a player not admitted for it; comments are taken, and their source hears of it once."""
    warned: list[str] = []
    objection = "shop: no pool of shop `nope` is live; live: `tea`"
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await go_live(stage)
        with pytest.raises(RequestRefused) as caught:
            await operator.open_room("r1", shop="nope")
        assert (caught.value.refused.code, caught.value.refused.message) == ("unknown", objection)
        assert not caught.value.refused.temporary
        with pytest.raises(ProtocolError, match=objection) as ended:
            await Connection(stage.url, role="player", rooms=("r1",), shop="nope").start()
        assert ended.value.code == CloseCode.BAD_IDENTIFY
        assert await records(stage.bus, "room-events") == []
        async with Source(stage.url, rooms=("r1",), on_warning=warned.append) as source:
            for n in range(3):
                await source.send([replace(comment(n), shop=shop) for shop in ("nope", "tea", None)])
            assert (source.received, source.refused) == (9, [])
            assert warned == list(source.warnings)
            assert [told.partition(";")[0] for told in warned] == ["shop: no pool of shop `nope` is live"]
        await operator.open_room("r1", shop="tea")
        async with Connection(stage.url, role="player", rooms=("r1",), shop="tea") as player:
            assert player.identified is not None
            assert player.identified.shop == "tea"
            (seen,) = [event for event in await records(stage.bus, "room-events") if isinstance(event, PlayerSeen)]
            assert seen.shop == "tea"


async def test_a_shop_that_is_being_published_is_waited_for(tmp_path: Path) -> None:
    """On a log where no shop is live yet: a player is admitted and gets its facts later, a room is opened later."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        with pytest.raises(RequestRefused) as caught:
            await operator.open_room("r1", shop="soon")
        assert caught.value.refused.temporary
        await operator.open_room("r2", shop="tea")  # the default one: workers wait for it
        async with Connection(stage.url, role="player", rooms=("r1",), shop="soon") as player:
            assert player.identified is not None
            assert player.identified.shop == "soon"


async def test_a_token_of_one_shop_hears_of_no_other(tmp_path: Path) -> None:
    """It is told that its own is not live, not which ones are."""
    token = {"name": "a", "token": "t", "roles": ["operator"], "rooms": ["*"], "shop": "mine"}
    async with staged(tmp_path, open=False, tokens=[token]) as stage, Operator(stage.url, token="t") as operator:
        await go_live(stage)
        with pytest.raises(RequestRefused, match="`mine` is live; publish it first"):
            await operator.open_room("r1")


async def test_a_player_is_told_that_its_room_is_another_shops(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says and what is replied would not fit; once, also where it connects again."""
    async with staged(tmp_path) as stage, Operator(stage.url) as operator:
        await operator.open_room("r1", shop="tea")
        await eventually(lambda: "r1" in stage.gateway._inbound.shops._known)
        player = ReferencePlayer(stage.url, room="r1", shop="toys", script=script, on_say=lambda _: None)
        async with playing(player):
            await eventually(lambda: player.connection.identified)
            break_off(player.connection)
            await until_on_bus(stage.bus, "room-events", lambda event: getattr(event, "identified", False), count=2)
            await eventually(lambda: player.connection.up)
        assert caplog.text.count("(room=r1, shop=tea, script_shop=toys)") == 1
