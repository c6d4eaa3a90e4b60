"""Rooms that were worked on: a log in memory that a worker's partition wrote, and steps of rooms that a scene played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from engine.bus.port import Stored
from engine.errors import RestoreError
from engine.events.journal import NumberedEntry
from engine.insight.rerun import Step
from engine.journal.reading import room_of
from engine.pool.model import Pool
from engine.room.rooms import Rooms
from tests.simulation.bus import Odds, SimBus
from tests.simulation.clock import START, VirtualLoop
from tests.simulation.shop import POOLS
from tests.unit.room.scene import Scene
from tests.unit.worker.desk import Desk

CHAT, ASK, SURE = "§ 哈哈哈", "§ 有券吗", "§ 什么时候发货"
"""Chatter; a question without a reply; one with a reply."""


class Shelf:
    """Pools by hash. Those in `gone` are not there any more."""

    def __init__(self, pools: Mapping[str, Pool] = POOLS) -> None:
        self.pools = pools
        self.gone: set[str] = set()

    def pool(self, hash: str) -> Pool:  # noqa: A002 - the library's name
        return self.pools[hash]

    async def ensure(self, hash: str) -> None:  # noqa: A002 - the library's name
        if hash in self.gone:
            raise RestoreError(f"the journal names pool {hash}, which is gone")


class Logged:
    """A worker's partition on a log, the only one; inputs stand on it too."""

    def __init__(self, **settings: object) -> None:
        self.desk = Desk(**settings)
        self.bus = SimBus(VirtualLoop(), Random(1), 1, Odds())
        self.bus.leases[0] = 1

    def write(self, *records: Stored) -> tuple[Stored, ...]:
        """Put inputs on the log, at their offsets."""
        self.bus.loop._virtual = (self.desk.now - START) / 1_000
        for record in records:
            line = self.bus.log.setdefault((record.topic, 0), [])
            line.append(record)
            self.bus._written.setdefault((record.topic, 0), []).append(record.offset)
        return records

    def turn(self, *records: Stored, ms: int = 100) -> None:
        """Write inputs, let the worker handle them, and commit."""
        self.write(*records)
        batch = self.desk.commit(*records, ms=ms).batch
        self.bus.loop._virtual = (self.desk.now - START) / 1_000
        assert self.bus.land("g", batch)

    def sweep(self, topic: str, records: int) -> None:
        """The oldest records are gone."""
        line = self.bus.log[topic, 0]
        del line[:records], self.bus._written[topic, 0][:records]
        self.bus.begins[topic, 0] = line[0].offset

    def compact(self) -> None:
        """Only the newest snapshot of each key is left."""
        newest = {stored.key: stored for stored in self.bus.log["snapshots", 0]}
        self.bus.log["snapshots", 0][:] = sorted(newest.values(), key=lambda stored: stored.offset)
        self.bus._written["snapshots", 0] = [stored.offset for stored in self.bus.log["snapshots", 0]]

    def change(self, topic: str, number: int, old: bytes, new: bytes) -> None:
        """Falsify one record."""
        stored = self.bus.log[topic, 0][number]
        assert stored.value is not None
        assert old in stored.value
        stored.value = stored.value.replace(old, new)


def steps_of(scene: Scene) -> Iterator[Step]:
    """What a rerun of the scene's room gives, each step while the room stands so."""
    rooms = Rooms(scene.pools.__getitem__)
    for seq, now, entry in scene.log:
        if room_of(NumberedEntry(seq, now, entry)) in (None, scene.room):
            rooms.handle(seq, now, entry)
            effects = rooms.take()
            lines = effects.verdicts.get(scene.room, ())
            yield Step(seq, now, entry, rooms.room(scene.room), effects.records, lines)
