"""What the journal's readers and writers need of the room core (`engine.room.rooms.Rooms`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.events.inputs import AppliedShopEvent
from engine.events.journal import AnyEntry, LivePool, RoomSnapshot
from engine.events.outputs import VerdictLine
from engine.pool.model import Pool


class Keyed(Protocol):
    """What the core puts out: a record that knows its topic and key."""

    @property
    def topic(self) -> str: ...

    def key(self) -> str: ...


class Effects(Protocol):
    """What the core produced since it was last asked."""

    @property
    def records(self) -> Sequence[Keyed]: ...
    @property
    def verdicts(self) -> Mapping[str, Sequence[VerdictLine]]: ...


class Concerns(Protocol):
    """Numbers of rooms that people should look at."""

    @property
    def undisclosed(self) -> int: ...
    @property
    def stale_scripts(self) -> int: ...
    @property
    def missing_players(self) -> int: ...


class Core(Protocol):
    """All rooms of a partition."""

    def handle(self, seq: int, now: int, entry: AnyEntry) -> None: ...
    def take(self) -> Effects: ...
    def next_deadline(self) -> int | None: ...
    def concerns(self) -> Concerns: ...
    def pool_of(self, room: str, shop: str) -> str | None: ...
    def answer_within_ms(self, room: str, shop: str) -> int: ...
    def snapshot(self, room: str, seq: int) -> RoomSnapshot | None: ...
    def restore_room(self, snapshot: RoomSnapshot) -> None: ...
    def shop_state(self) -> tuple[tuple[AppliedShopEvent, ...], tuple[LivePool, ...]]: ...
    def restore_shops(
        self, events: tuple[AppliedShopEvent, ...], pools: tuple[LivePool, ...], lease: int, now: int
    ) -> None: ...


class Source(Protocol):
    """Where pools come from."""

    def pool(self, hash: str) -> Pool: ...  # noqa: A002 - what the records call it
    async def ensure(self, hash: str) -> None: ...  # noqa: A002 - what the records call it
