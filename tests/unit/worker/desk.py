"""A partition's worker on a desk: real rooms, the simulation's shop, records handed in by hand."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bus.port import Stored
from engine.events.codec import adapter, decode, encode
from engine.events.inputs import Comment, PoolLive, RoomEvent, ShopEvent
from engine.events.journal import JournalRecord, PartitionSnapshot, Positions
from engine.events.outputs import Decision
from engine.room.rooms import Rooms
from engine.settings import WorkerSettings
from engine.worker.partition import PartitionWorker
from engine.worker.shops import PoolBoard, ShopItem
from engine.worker.snapshots import Schedule
from engine.worker.standing import Prepared, Shared, Standing, Understood, Wants
from tests.simulation.shop import FIRST, MODEL, POOLS, SHOP, TEXTS

NOW = 1_800_000_000_000


def empty(seq: int = -1, now: int = 0) -> PartitionSnapshot:
    return PartitionSnapshot(
        partition=0, partitions=1, lease=1, seq=seq, now=now, positions=Positions(), shop_events=(), pools=()
    )


class Desk:
    """One partition. `turn` is one turn of the loop, with understanding from the simulation's table."""

    def __init__(self, **settings: object) -> None:
        self.settings = WorkerSettings.model_validate(settings)
        self.board = PoolBoard(POOLS.__contains__)
        self.shared = Shared(
            self.settings, 1, lambda viewer, logged: "0" * 16, self.board, lambda: SHOP, self.settings.max_rooms
        )
        self.worker = PartitionWorker(
            0, 1, Rooms(POOLS.__getitem__), Schedule(self.settings.snapshot_every, empty()), Standing(), self.shared
        )
        self.worker.ready = True
        self.now = NOW
        self.offsets = {"comments": 0, "room-events": 0, "shop-events": 0}
        self.live(FIRST)

    def live(self, pool: str, generation: int = 1, *, rollback: bool = False) -> bool:
        event = PoolLive(id="p", at=self.now, shop=SHOP, pool=pool, generation=generation, rollback=rollback)
        taken = self.board.put(self.offsets["shop-events"], event)
        self.offer(event)
        return taken

    def offer(self, event: ShopEvent | None, error: str = "") -> None:
        stored = self.stored("shop-events", "k", b"x" if event is None else event.model_dump_json().encode())
        self.worker.offer(ShopItem(stored, event, error))

    def stored(self, topic: str, key: str | None, value: bytes | None, *, age: int = 0) -> Stored:
        offset = self.offsets[topic]
        self.offsets[topic] += 1
        return Stored(topic, 0, offset, self.now - age, key, value)

    def comment(self, text: str = next(iter(TEXTS)), *, room: str = "r", age: int = 0, **more: object) -> Stored:
        fields = {
            "room": room,
            "source": "s",
            "id": f"c{self.offsets['comments']}",
            "viewer": "v",
            "text": text,
            **more,
        }
        return self.stored("comments", room, encode(adapter(Comment).validate_python(fields)), age=age)

    def event(self, event: RoomEvent, *, age: int = 0) -> Stored:
        return self.stored("room-events", event.room, encode(event), age=age)

    def turn(
        self,
        *records: Stored,
        full: bool = False,
        quota: int | None = None,
        ahead: Sequence[Stored] = (),
        ms: int = 100,
    ) -> Prepared | None:
        self.now += ms
        self.wants: Wants = self.worker.begin(records, self.now, full=full, quota=quota, ahead=ahead)
        return self.worker.finish(
            {pool: Understood(MODEL, {text: TEXTS[text] for text in texts}) for pool, texts in self.wants.items()}
        )

    def commit(
        self,
        *records: Stored,
        quota: int | None = None,
        full: bool = False,
        ahead: Sequence[Stored] = (),
        ms: int = 100,
    ) -> Prepared:
        prepared = self.turn(*records, quota=quota, full=full, ahead=ahead, ms=ms)
        assert prepared is not None
        self.worker.settle(prepared)
        return prepared


def journal_of(prepared: Prepared) -> JournalRecord:
    found = [decode("journal", record.value) for record in prepared.batch.records if record.topic == "journal"]
    assert len(found) == 1
    record: JournalRecord = found[0]
    return record


def decisions_of(prepared: Prepared) -> list[Decision]:
    return [decode("decisions", record.value) for record in prepared.batch.records if record.topic == "decisions"]


def topics_of(prepared: Prepared) -> list[str]:
    return [record.topic for record in prepared.batch.records]
