"""What `livechat replay` and `livechat why` make of a simulated live: the same as stands on its log, however it was disturbed."""

from __future__ import annotations

from collections.abc import Iterable

from engine.bus.port import Bus
from engine.events.codec import decode
from engine.events.outputs import Decision
from engine.insight.explain.lookup import Sighting
from engine.insight.explain.places import Places
from engine.insight.explain.story import story_of
from engine.insight.explain.telling import tell
from engine.insight.rerun import Rerun
from engine.insight.verify import verify
from engine.journal.core import Source
from engine.pool.model import Pool
from tests.simulation.checks import Log
from tests.simulation.player import Broken
from tests.simulation.shop import POOLS

TOLD_EACH = 100  # decisions of which one is explained


class Everything:
    """Every pool there ever was."""

    def pool(self, hash: str) -> Pool:  # noqa: A002 - the library's name
        return POOLS[hash]

    async def ensure(self, hash: str) -> None:  # noqa: A002 - the library's name
        del hash


async def check_reruns(bus: Bus, rooms: Iterable[str], pools: Source) -> int:
    """Each room alone, from its oldest snapshot on; how many records were compared. Raises `Broken`."""
    compared = 0
    for room in rooms:
        told = await verify(bus, Rerun(bus, pools, room))
        if not told.found:
            raise Broken(f"9: room {room} cannot be computed again")
        if told.first is not None:
            raise Broken(
                f"9: room {room} differs in {told.differences} of {told.records} records, first {told.first.topic} at {told.first.at}: "
                f"{told.first.fields()}"
            )
        compared += told.records
    return compared


async def check_stories(bus: Bus, log: Log, pools: Source) -> int:
    """Some comments are explained: the way through the room ends in the decision that stands there. How many were."""
    count = 0
    for partition in range(bus.partitions):
        for stored in log.get(("decisions", partition), [])[::TOLD_EACH]:
            decision: Decision = decode("decisions", stored.value)
            sighting = Sighting(decision.room, decision.source, decision.comment, partition, decision.text, decision)
            story = await story_of(bus, pools, sighting, [])
            if story.gap == "damaged" or (
                story.gap == "" and (story.watch is None or story.watch.decision != decision)
            ):
                raise Broken(f"{decision.room}/{decision.comment} is told otherwise than it was decided: {story}")
            for language in ("zh", "en"):
                told = tell(story, Places())
                if not all(each.text(language) for each in (*told.happened, *told.advice)):
                    raise Broken(f"{decision.room}/{decision.comment} is told in an empty sentence")
            count += 1
    return count
