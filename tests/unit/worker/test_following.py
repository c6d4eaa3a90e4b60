"""Topics that every process reads whole are followed through outages."""

from __future__ import annotations

import asyncio
from random import Random

from engine.bus.port import Outgoing, Stored
from engine.errors import BusUnavailable
from engine.worker.following import follow
from tests.simulation.bus import Odds, SimBus, SimTail
from tests.simulation.clock import VirtualLoop


class Flaky(SimBus):
    """A bus whose tail breaks after each page."""

    def tail(self, starts: object) -> SimTail:
        tail = super().tail(dict(starts))  # type: ignore[call-overload] # as the port says
        wanted, pages = tail.next, iter([True])

        async def once(**more: int) -> object:
            if next(pages, False):
                return await wanted(**more)
            raise BusUnavailable("simulated")

        tail.next = once  # type: ignore[method-assign, assignment] # a fake
        return tail


def test_every_record_is_handed_on_once_in_order() -> None:
    """An outage in between loses nothing and repeats nothing."""
    got: list[Stored] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        bus = Flaky(loop, Random(1), 1, Odds())
        following = asyncio.ensure_future(follow(bus, "shop-events", got.extend))
        for number in range(5):
            bus.append(Outgoing("shop-events", f"k{number}", b"{}"))
            await asyncio.sleep(2)
        following.cancel()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())
    assert [stored.key for stored in got] == [f"k{number}" for number in range(5)]
