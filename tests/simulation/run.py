"""Runs one seed: the same seed gives the same live, to the byte."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass, field

from engine.bus.port import Stored
from engine.client.playhead import Say
from engine.events.outputs import ChatReply
from tests.simulation.bus import Crashed
from tests.simulation.checks import Log, check_partition
from tests.simulation.clock import VirtualLoop
from tests.simulation.player import Broken, Player
from tests.simulation.reruns import Everything, check_reruns, check_stories
from tests.simulation.viewers import check_viewers
from tests.simulation.watch import Watch
from tests.simulation.world import World


@dataclass(slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    comments: int
    replies: int
    posts: int
    entries: int
    log: Log = field(repr=False)  # asyncio's runner describes the task that made it, twice
    faults: dict[str, int] = field(default_factory=dict)

    def digest(self) -> str:
        """Of everything on the log."""
        digest = hashlib.sha256()
        for place in sorted(self.log):
            for stored in self.log[place]:
                digest.update(repr((place, stored.offset, stored.time, stored.key, stored.value)).encode())
        return digest.hexdigest()[:16]


class SeedFailed(Exception):
    """A seed broke a rule; says how to replay it."""

    def __init__(self, seed: int, error: BaseException) -> None:
        self.seed = seed
        self.error = error
        super().__init__(seed, error)

    def __str__(self) -> str:
        what = f"{type(self.error).__name__}: {self.error}"
        return f"seed {self.seed}: {what}\n  replay: python -m tests.simulation --seeds 1 --first {self.seed}"


def run_seed(seed: int) -> Outcome:
    """Simulate and check one seed. Raises `SeedFailed`."""
    logging.disable(logging.CRITICAL)
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_run(seed))
    except Exception as error:
        raise SeedFailed(seed, error) from error
    finally:
        logging.disable(logging.NOTSET)


async def _run(seed: int) -> Outcome:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    broken: list[BaseException] = []

    def on_error(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException) and not isinstance(error, Crashed):
            broken.append(error)

    loop.set_exception_handler(on_error)
    watch = Watch(loop)

    def written(stored: Stored) -> None:
        try:
            watch.written(stored)
        except Broken as error:
            broken.append(error)

    def heard(player: Player, say: Say) -> None:
        try:
            watch.heard(player, say)
        except Broken as error:
            broken.append(error)

    def posted(record: ChatReply) -> None:
        try:
            watch.posted(record)
        except Broken as error:
            broken.append(error)

    world = World(loop, seed, heard, posted, broken)
    watch.players = world.gateway.players
    world.bus.watchers.append(written)
    live = asyncio.ensure_future(world.run())
    while not live.done():
        await asyncio.wait([live], timeout=1.0)
        if broken:
            live.cancel()
            raise broken[0]
    live.result()
    if broken:
        raise broken[0]
    log = world.bus.log
    counts = [check_partition(log, partition, watch.decided) for partition in range(world.bus.partitions)]
    entries, comments = (sum(column) for column in zip(*counts, strict=True))
    if not entries:
        raise Broken("nothing happened")
    check_viewers(log, world.settings)
    await check_reruns(world.bus, world.cast.rooms, Everything())
    await check_stories(world.bus, log, Everything())
    faults = {**world.bus.counts, "interruption": watch.interruptions}
    return Outcome(seed, comments, watch.replies_heard, watch.posts_read, entries, log, faults)
