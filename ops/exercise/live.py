"""A live on air to be troubled: server, player and source of the demo as processes, an operator, and a Prometheus that watches."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.cli import options
from engine.cli.demo.stage import Stage
from engine.cli.demo.tempo import copy_pack
from engine.cli.demo.verb import SKIP_S, cut
from engine.client.operator import Operator
from engine.pool.load import load_pool
from engine.pool.model import Pool
from engine.pool.paths import base_pack, example_shop
from ops.exercise.monitor import Monitor

ROOM: Final = "demo"
SPEED: Final = 4.0
LOOK_S: Final = 0.25  # between two looks at what Prometheus says


@dataclass(slots=True)
class Live:
    """What a fault has to do with. `url`: the gateway's WebSocket."""

    stage: Stage
    operator: Operator
    monitor: Monitor
    pool: Pool

    @property
    def url(self) -> str:
        return self.stage.url

    def process(self, name: str) -> asyncio.subprocess.Process:
        """`server`, `player` or `source`: the last one that was started."""
        return next(actor.process for actor in reversed(self.stage.actors) if actor.name == name)

    async def until(self, holds: Callable[[], Awaitable[bool]], within_s: float) -> float | None:
        """Seconds until it holds; None where it does not in time."""
        begun = time.monotonic()
        while not await holds():
            if time.monotonic() - begun > within_s:
                return None
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - begun


@asynccontextmanager
async def on_air(
    folder: Path, *, hurry: int = 1, bus: str = "", player: bool = True, models: Path | None = None
) -> AsyncIterator[Live]:
    """The example shop's room in mode `auto`, played and commented at `SPEED`. `player`: else somebody else plays it."""
    base = copy_pack(base_pack(), folder / "intents", SPEED)
    shop = copy_pack(example_shop(), folder / "shop", SPEED)
    cut(example_shop() / "live.jsonl", folder / "live.jsonl", SKIP_S, math.inf)
    pool = await asyncio.to_thread(load_pool, base, shop, model_of=lambda _: "")
    stage = Stage(folder, base, shop, models or options.model_cache(), bus=bus)
    try:
        await stage.open()
        target = stage.http.removeprefix("http://")
        async with Monitor(folder / "prometheus", {target: "gateway"}, hurry=hurry) as monitor:  # and all other roles
            await stage.ready()
            async with Operator(stage.url, token=stage.tokens["operator"], stays=True) as operator:
                await operator.open_room(ROOM, shop=pool.shop)
                await operator.set_mode(ROOM, "auto")
                if player:
                    await stage.play(ROOM, SPEED)
                await stage.comment(ROOM, folder / "live.jsonl", SPEED)
                yield Live(stage, operator, monitor, pool)
    finally:
        await stage.close()
