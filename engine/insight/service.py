"""The insight role: follows the decisions, and keeps the `gaps` topic as the boards are.

It owns nothing durable: a start reads the window's decisions again, and the marks and gaps that the bus holds. Of several insights on a log
one is active, by a lease (`Lead`); the others wait until it goes, and rebuild the window then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from engine import logs
from engine.bus.port import Bus, Outgoing, Stored, Tail, partition_count
from engine.clock import wall_clock
from engine.errors import BusUnavailable, RecordError, UsageError
from engine.events.codec import decode, decode_as
from engine.events.gaps import Gap
from engine.events.inputs import GapMark, Playback, PoolLive, Script
from engine.events.outputs import Decision
from engine.insight.board import Boards, Change
from engine.insight.coverage import Coverage, Idle, Outcome, outcome
from engine.insight.knowledge import Knowledge
from engine.insight.lead import Deposed, Lead
from engine.insight.window import Window
from engine.metrics import Metrics
from engine.settings import Settings

DECISIONS: Final = "decisions"
GAPS: Final = "gaps"
SHOP_EVENTS: Final = "shop-events"
ROOM_EVENTS: Final = "room-events"
PLAYED: Final = (b'"type":"script"', b'"type":"playback"')
"""The room events that tell what is on screen, as gateways write them."""
IDLE_MARKS: Final = (b'"reason":"chatter"', b'"reason":"abuse"')
"""What a decision on idle talk holds as workers write it; inside a text the quotes would be escaped. Any other form is read as a whole."""

PAGE: Final = 1_000  # records of one read; half a megabyte of decisions
SLICE_S: Final = 0.005  # longest work without letting others of the event loop have their turn
GLANCE: Final = 16  # records between two looks at the time; a record takes some 20 µs
WRITE: Final = 100  # gaps of one publication, up to 10 KiB each
RETRY_S: Final = 1.0  # pause while the bus is away
log = logs.get(__name__)


class Insight:
    """`run` until `stop`. `ready` once the window was read and the board is published, or another insight is known to be the active one."""

    def __init__(self, bus: Bus, settings: Settings, metrics: Metrics, clock: Callable[[], int] = wall_clock) -> None:
        """Raises `UsageError` where the window is longer than decisions are kept."""
        kept, minutes = settings.bus.retention, settings.insight.window_minutes
        if (kept.ms("decisions") or 0) < minutes * 60_000:
            raise UsageError(
                f"`insight.window_minutes` looks back {minutes:g} minutes, and decisions are kept for {kept.decisions}: raise "
                "`bus.retention.decisions`, or lower the window"
            )
        self.active = False
        self._bus = bus
        self._metrics = metrics
        self._clock = clock
        self._publish_s = settings.insight.publish_s
        self._window = Window(round(settings.insight.window_minutes * 60_000))
        self._max_gaps = settings.insight.max_gaps
        self._lead = Lead(bus, f"{settings.bus.group}-insight")
        self._begin()
        self._asked = {
            name: metrics.asked.labels(outcome=name) for name in ("answered", "shadowed", "missed", "people", "gap")
        }
        self._stopping = asyncio.Event()
        self._slice = 0.0
        self._unshown = 0
        """The log's time of the first decision that no publication shows yet, ms; 0: all are shown."""

    def _begin(self) -> None:
        """Nothing is known yet."""
        self._boards = Boards(self._window, self._max_gaps)
        self._knowledge = Knowledge(self._bus)
        self._next: dict[tuple[str, int], int] = {}

    @property
    def ready(self) -> bool:
        return self.active or self._lead.waits

    # ---- what others see ---------------------------------------------------------------------------------------------

    def shops(self) -> list[str]:
        """The shops that have decisions or gaps, sorted."""
        return self._boards.shops()

    def board(self, shop: str) -> list[Gap]:
        """The shop's gaps, ranked."""
        return self._boards.board(shop, self._clock())

    def coverage(self, shop: str) -> Coverage:
        """The shop's coverage now."""
        return self._boards.coverage(shop, self._clock())

    # ---- running -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Be the active insight as long and as often as the log grants it. Raises `BusUnavailable` only before it first was."""
        begun = False
        try:
            while not self._stopping.is_set():
                try:
                    if await self._lead.take(self._stopping):
                        self._metrics.troubles.pop("insight", None)
                        await self._serve()
                    begun = True
                except Deposed:
                    begun = True
                    log.warning("another insight is active now; this one waits")
                except BusUnavailable as error:
                    if not begun:
                        raise
                    await self._bear("insight cannot begin now, and tries again", error)
                self._be(active=False)
        finally:
            self._be(active=False)
            await self._lead.close()

    async def _serve(self) -> None:
        """Rebuild the window, then follow, and publish what changed, until it is time to stop. Raises `Deposed`, `BusUnavailable`."""
        self._begin()
        await self._rebuild()
        if self._stopping.is_set():
            return  # the window was not read whole: what it lacks must not be taken off the topic
        await self._publish(first=True)
        self._be(active=True)
        while not self._stopping.is_set():
            try:
                await self._follow()
            except BusUnavailable as error:
                await self._bear("insight cannot go on now, and tries again", error)

    async def _bear(self, told: str, error: BusUnavailable) -> None:
        """The log does not serve it: told in `/readyz` until it does again."""
        self._metrics.troubles["insight"] = str(error)
        log.warning(told, error=error)
        await self._pause()

    def _be(self, *, active: bool) -> None:
        self.active = active
        self._metrics.insight_active.set(active)

    def stop(self) -> None:
        """Ask `run` to end; it publishes what it knows."""
        self._stopping.set()

    async def _follow(self) -> None:
        """Take in what is written and publish in intervals, until it is time to stop."""
        loop = asyncio.get_running_loop()
        tail = self._bus.tail(self._next)
        due = loop.time() + self._publish_s
        try:
            while not self._stopping.is_set():
                for_ms = max(0, round((due - loop.time()) * 1_000))
                await self._take(await self._records(tail, for_ms), live=True)
                await self._lead.keep()
                if loop.time() >= due:
                    await self._publish()
                    self._metrics.troubles.pop("insight", None)
                    due = loop.time() + self._publish_s
            await self._publish()
        finally:
            await tail.close()

    async def _records(self, tail: Tail, wait_ms: int) -> Iterable[Stored]:
        """What comes next; nothing when it is time to stop."""
        reading = asyncio.ensure_future(tail.next(max_records=PAGE, wait_ms=wait_ms))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else ()
        finally:
            reading.cancel()
            stopping.cancel()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), RETRY_S)
        except TimeoutError:
            return

    # ---- start -------------------------------------------------------------------------------------------------------

    async def _rebuild(self) -> None:
        """Marks first, since they say what counts; then what is published; then the window's decisions."""
        self._next[SHOP_EVENTS, 0] = await self._bus.end(SHOP_EVENTS, 0)
        await self._take((await self._bus.latest_per_key(SHOP_EVENTS, 0)).values(), live=False)
        for stored in (await self._bus.latest_per_key(GAPS, 0)).values():
            gap = self._read(stored)
            if isinstance(gap, Gap) and stored.value is not None:
                self._boards.found(gap, stored.value)
            await self._breathe()
        since = self._window.begins(self._clock())
        for topic in (ROOM_EVENTS, DECISIONS):
            for partition in range(partition_count(self._bus, topic)):
                await self._fill(topic, partition, since)
        self._boards.settle()

    async def _fill(self, topic: str, partition: int, since: int) -> None:
        at, end = await self._bus.at_time(topic, partition, since), await self._bus.end(topic, partition)
        while at < end and not self._stopping.is_set():
            page = await self._bus.read(topic, partition, at, end, max_records=PAGE)
            if not page:
                break
            await self._take(page, live=False)
            at = page[-1].offset + 1
        self._next[topic, partition] = max(at, end)

    # ---- records -----------------------------------------------------------------------------------------------------

    async def _take(self, records: Iterable[Stored], *, live: bool) -> None:
        """Take records in, in slices. `live`: written while we follow, so that metrics count it once."""
        now = self._clock()
        for count, stored in enumerate(records, 1):
            if live:
                self._next[stored.topic, stored.partition] = stored.offset + 1
            found = self._read(stored)
            if isinstance(found, Decision | Idle):
                self._boards.decided(found, now)
                if live:
                    self._count(outcome(found))
                    self._unshown = min(self._unshown or stored.time, stored.time)
            elif isinstance(found, GapMark):
                self._boards.marked(found)
            elif isinstance(found, PoolLive):
                self._knowledge.live(found)
            elif isinstance(found, Script | Playback):
                self._boards.played(found)
            if count % GLANCE == 0:
                await self._breathe()

    def _read(self, stored: Stored) -> object | None:
        """The record; None for a tombstone, for what does not concern us, and for what cannot be read."""
        if stored.value is None:
            return None
        if stored.topic == SHOP_EVENTS and not ("/gap/" in (stored.key or "") or (stored.key or "").endswith("/pool")):
            return None
        if stored.topic == ROOM_EVENTS and not any(kind in stored.value for kind in PLAYED):
            return None
        try:
            if stored.topic == DECISIONS and any(mark in stored.value for mark in IDLE_MARKS):
                idle: Idle = decode_as(Idle, stored.value, DECISIONS)
                return idle
            found: object = decode(stored.topic, stored.value)
        except RecordError as error:
            log.warning(
                "a record is passed over",
                topic=stored.topic, partition=stored.partition, offset=stored.offset, error=error,
            )  # fmt: skip
            return None
        return found

    def _count(self, found: Outcome | None) -> None:
        if found is not None and found != "idle":
            self._asked[found].inc()

    async def _breathe(self) -> None:
        """Let others have their turn, once this one was long enough."""
        if time.monotonic() - self._slice > SLICE_S:
            await asyncio.sleep(0)
            self._slice = time.monotonic()

    # ---- publication -------------------------------------------------------------------------------------------------

    async def _publish(self, *, first: bool = False) -> None:
        """Write what changed on the boards, and only that. `first`: since this process began, so that metrics count nothing of before."""
        for shop, pool in (await self._knowledge.news()).items():
            self._boards.pooled(shop, pool)
        waiting: list[Change] = []
        unshown, self._unshown = self._unshown, 0
        for change in self._boards.changes(self._clock()):
            if change is None:
                await self._breathe()
                continue
            waiting.append(change)
            if len(waiting) >= WRITE:
                await self._write(waiting)
                waiting = []
        await self._write(waiting)
        # What changes with time alone, as trends do, waited for nothing.
        self._metrics.gap_delay_seconds.set(max(0, self._clock() - unshown) / 1_000 if unshown else 0)
        for reason, count in self._boards.open().items():
            self._metrics.gaps_open.labels(reason=reason).set(count)
        ended, reopened = self._boards.ended(), self._boards.reopened()
        self._metrics.gaps_dropped.inc(self._boards.dropped())
        if not first:
            self._metrics.gaps_reopened.inc(reopened)
            for how, ms in ended:
                self._metrics.gap_life_seconds.labels(end=how).observe(ms / 1_000)

    async def _write(self, changes: list[Change]) -> None:
        if changes:
            await self._lead.publish([Outgoing(GAPS, change.key, change.value, partition=0) for change in changes])
            self._boards.confirm(changes)
