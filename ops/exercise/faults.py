"""The faults: what each does, what is to be seen of it, and how it is mended."""

from __future__ import annotations

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import ClassVar, Final

from engine.bus.kafka.access import Access
from engine.bus.kafka.layout import Layout
from engine.bus.kafka.topics import Shape, create
from engine.cli.demo.stage import PARTITIONS
from engine.cli.player import script_maker
from engine.client.player import ReferencePlayer
from engine.client.scripts import FactBook
from engine.client.source import Source
from engine.events.inputs import Comment
from engine.events.wire import SetScript
from engine.settings import BusSettings
from ops.exercise.live import ROOM, SPEED, Live
from tests.kafka.broker import Broker

FLOOD: Final = 100  # comments of a step of the flood
STEP_S: Final = 0.2
STILL_S: Final = 2.0  # for which the slow broker stands still at a time
RUNS_S: Final = (0.05, 0.1, 0.2)  # in between, in turn: nobody falls into step with it, and notices nothing


@dataclass(frozen=True, slots=True)
class Sign:
    """A panel that shows the fault, by titles: where one of its series is above `above`, which is unlike its calm."""

    board: str
    panel: str
    above: float


class Fault(ABC):
    """Begins and ends on a live that is on air."""

    name: ClassVar[str]
    text: ClassVar[str]
    signs: ClassVar[Sequence[Sign]]
    alerts: ClassVar[frozenset[str]]
    """One of these has to fire; none of them before."""
    runbook: ClassVar[str]
    plays: ClassVar[bool] = True
    """The reference player plays."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        """What runs beside the live."""

    async def bus(self, folder: Path) -> str:
        """The log to run on; empty: the embedded one."""
        del folder
        return ""

    async def prepare(self, live: Live) -> None:
        """What belongs to the live before anything is wrong."""
        del live

    @abstractmethod
    async def begin(self, live: Live) -> None:
        """From now on something is wrong."""

    async def mend(self, live: Live) -> None:
        """As the runbook says; where nothing else is told, what runs beside the live ends."""
        del live
        await self.close()

    async def close(self) -> None:
        """Whatever happened before."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class SlowBroker(Fault):
    """It stands still for two seconds again and again. Needs Java and Kafka's jars, as the tests do."""

    name = "slow broker"
    text = "a Kafka broker that stands still for 2 s again and again, and runs for a fraction of one in between"
    signs = (Sign("Engine health", "By stage", 1.0),)
    alerts = frozenset({"LivechatVerdictsSlow", "LivechatCommitsFail", "LivechatLag"})
    runbook = "docs/runbooks/broker.md"

    def __init__(self) -> None:
        super().__init__()
        self._broker: Broker | None = None

    async def bus(self, folder: Path) -> str:
        self._broker = Broker(folder / "kafka")
        await asyncio.to_thread(self._broker.start)
        settings = BusSettings()
        layout = Layout(settings.prefix, PARTITIONS)
        await create(Access(self._broker.bootstrap, settings.kafka), Shape(layout, replicas=1))
        return f"kafka:{self._broker.bootstrap}"

    async def begin(self, live: Live) -> None:
        del live
        self._task = asyncio.create_task(self._halt())

    async def _halt(self) -> None:
        assert self._broker is not None
        for runs_s in cycle(RUNS_S):
            self._broker.pause()
            await asyncio.sleep(STILL_S)
            self._broker.resume()
            await asyncio.sleep(runs_s)

    async def mend(self, live: Live) -> None:
        del live
        await super().close()
        assert self._broker is not None
        self._broker.resume()

    async def close(self) -> None:
        await super().close()
        if self._broker is not None:
            self._broker.kill()


class SilentPlayer(Fault):
    """Its process stands still, its connection stays open."""

    name = "silent player"
    text = "a player whose process stands still"
    signs = (Sign("Engine health", "Players missing", 0),)
    alerts = frozenset({"LivechatPlayerSilent"})
    runbook = "docs/runbooks/player.md"

    def __init__(self) -> None:
        super().__init__()
        self._player: int | None = None

    async def begin(self, live: Live) -> None:
        self._player = live.process("player").pid
        os.kill(self._player, signal.SIGSTOP)

    async def close(self) -> None:
        if self._player is not None:
            with suppress(ProcessLookupError):
                os.kill(self._player, signal.SIGCONT)


class BrokenEdit(Fault):
    """An editor saves a file with a mistake."""

    name = "broken pool edit"
    text = "a reply that names a fact that nobody has"
    signs = (Sign("Live room coverage", "Mistakes in the pool files", 0),)
    alerts = frozenset({"LivechatPoolRejected"})
    runbook = "docs/runbooks/pool.md"
    EDIT: ClassVar = 'intents:\n  shipping.dispatch:\n    replies:\n      - {id: dispatch-broken, text: "拍下{no_such_fact}小时内发。"}\n'

    async def begin(self, live: Live) -> None:
        self._file(live).write_text(self.EDIT, encoding="utf-8")

    async def mend(self, live: Live) -> None:
        self._file(live).unlink()

    def _file(self, live: Live) -> Path:
        return live.stage.shop / "intents" / "exercise.yaml"


class Flood(Fault):
    """A raid on one room."""

    name = "chatter flood"
    text = f"{FLOOD / STEP_S:.0f} idle comments a second in one room"
    signs = (Sign("Engine health", "What comes in", 100),)
    alerts = frozenset({"LivechatCommentFlood"})
    runbook = "docs/runbooks/flood.md"

    async def begin(self, live: Live) -> None:
        self._task = asyncio.create_task(self._pour(live))

    async def _pour(self, live: Live) -> None:
        numbers = count()
        async with Source(live.url, rooms=(ROOM,), token=live.stage.tokens["source"]) as source:
            while True:
                await source.send(self._step(numbers))
                await asyncio.sleep(STEP_S)

    @staticmethod
    def _step(numbers: Iterator[int]) -> list[Comment]:
        return [
            Comment(room=ROOM, source="raid", id=f"x{number}", viewer=f"x{number % 997}", text=f"哈哈哈哈{number % 50}")
            for number in (next(numbers) for _ in range(FLOOD))
        ]


class StalePrice(Fault):
    """A player that does not load its script again when a price changes."""

    name = "stale price"
    text = "a changed price, and a player that goes on with the old script"
    signs = (Sign("Engine health", "Stale scripts", 0),)
    alerts = frozenset({"LivechatScriptStale"})
    runbook = "docs/runbooks/wrong-price.md"
    plays = False
    PRODUCT: ClassVar = "longjing"

    def __init__(self) -> None:
        super().__init__()
        self._first: SetScript | None = None
        self.deaf = True

    async def prepare(self, live: Live) -> None:
        made = script_maker(live.pool, "evening", SPEED, lambda _sentence, _why: None)

        def make(facts: FactBook, now: int, request: str) -> SetScript:
            script = made(facts, now, request)
            self._first = script if self._first is None or not self.deaf else self._first
            return self._first.model_copy(update={"id": request})

        player = ReferencePlayer(
            live.url, room=ROOM, token=live.stage.tokens["player"], shop=live.pool.shop, speed=SPEED, script=make,
            on_say=lambda _: None,
        )  # fmt: skip
        self._task = asyncio.create_task(player.run())

    async def begin(self, live: Live) -> None:
        await self._lower(live, 10)

    async def mend(self, live: Live) -> None:
        """It hears of the next change, and loads the script with all of them."""
        self.deaf = False
        await self._lower(live, 5)

    async def _lower(self, live: Live, by: int) -> None:
        """The price becomes so much less than the catalogue's."""
        price = live.pool.products[self.PRODUCT].facts["price"].value
        assert isinstance(price, int | float)
        await live.operator.set_fact(live.pool.shop, "price", price - by, product=self.PRODUCT, source="exercise")


FAULTS: Final[Sequence[type[Fault]]] = (SlowBroker, SilentPlayer, BrokenEdit, Flood, StalePrice)
