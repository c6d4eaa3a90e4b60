"""What comes from the bus: held, fanned out, and acted on where the gateway itself must act (fences, facts, verdicts)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Final

from engine import logs
from engine.bus.partitioner import partition_of
from engine.bus.pools import PoolReader
from engine.bus.port import Bus, Headers, Stored
from engine.errors import BusError
from engine.events import wire
from engine.events.closes import CloseCode
from engine.events.codec import decode
from engine.events.fields import MAX_SHORT
from engine.events.inputs import Comment, FactSet, Kill, Playback, PlayerSeen, PoolLive, RoomOpened, ShopEvent
from engine.events.outputs import Insertion, RoomCommand, Verdicts
from engine.events.told import Fact, ProcessedLine
from engine.gateway.facts import ShopFacts
from engine.gateway.feed import Feed
from engine.gateway.fences import Fences
from engine.gateway.hub import STREAMS, Hub
from engine.gateway.peer import Peer
from engine.gateway.players import Players
from engine.gateway.posts import Posts
from engine.gateway.proposals import Board
from engine.gateway.ring import Entry
from engine.gateway.shops import Published, RoomShops, not_live
from engine.gateway.sources import Owed
from engine.gateway.spans import GatewaySpans
from engine.metrics import Metrics
from engine.settings import Settings
from engine.viewers.keeper import ViewerKeys

ON_DEMAND: Final[frozenset[wire.Stream]] = frozenset({"decisions"})
"""Streams that are read only once somebody follows them: one record per comment, and nothing here acts on them."""

SHOPLESS: Final = "the comments are taken, in a room that nobody opened as those of the default shop"
MAX_OBJECTION: Final = MAX_SHORT - len(SHOPLESS) - 2  # characters
MAX_WARNINGS: Final = 10  # of one batch

log = logs.get(__name__)


class Inbound:
    """Everything that the gateway knows from the bus."""

    def __init__(
        self,
        bus: Bus,
        settings: Settings,
        metrics: Metrics,
        clock: Callable[[], int],
        spans: GatewaySpans | None = None,
    ) -> None:
        self._bus = bus
        self._metrics = metrics
        self._spans = spans
        self._clock = clock
        self.fences = Fences()
        self._default_shop = settings.publisher.default_shop
        self._published = Published(settings.publisher.shops)
        self.shops = RoomShops(self._default_shop)
        self.facts = ShopFacts(PoolReader(bus))
        self.owed: Owed[Peer] = Owed()
        self.proposals = Board()
        self.viewers = ViewerKeys(bus, settings, metrics, "gateway", clock)
        self._keeping: asyncio.Task[None] | None = None
        self.players = Players(self.fences, metrics, clock, self.shops.of)
        self.posts = Posts(self.fences, metrics, clock)
        self.hub = Hub(
            log=bus.identity[:12],
            partitions=bus.partitions,
            partition_of=lambda room: partition_of(room, bus.partitions),
            keep_ms=round(settings.gateway.ring_minutes * 60_000),
            gate=self._gate,
        )
        self._feeds = {stream: self._feed(stream) for stream in STREAMS}
        self._shop_feed = Feed(bus, "shop-events", self._shop_event, lambda _partition, _offset: None, metrics)
        self._background: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Read what must be known before the first client comes. Raises `BusError`, and `UsageError` without the secret of viewer ids."""
        await self.viewers.start()
        await self._shop_feed.start(None)
        for stored in (await self._bus.latest_per_key("shop-events", 0)).values():
            self._shop_feed.read(stored)
        await self.follow(stream for stream in STREAMS if stream not in ON_DEMAND)
        self._keeping = asyncio.create_task(self.viewers.run(), name="viewer keys")

    async def follow(self, streams: Iterable[wire.Stream]) -> None:
        """Make sure that these streams are read. Raises `BusError`."""
        for stream in streams:
            await self._feeds[stream].start(self._clock() - self.hub.keep_ms(stream))

    @property
    def failed(self) -> bool:
        """Whether some topic is not followed any more."""
        unkept = self._keeping is not None and self._keeping.done()
        return unkept or any(feed.failed for feed in (self._shop_feed, *self._feeds.values()))

    async def keeping(self) -> None:
        """Runs as long as the viewer keys are kept; raises why they are not any more."""
        if self._keeping is not None:
            await asyncio.wait([self._keeping])  # cancelled alone: the keys are kept until `close`
            self._keeping.result()

    async def close(self) -> None:
        """Stop reading."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        for feed in (self._shop_feed, *self._feeds.values()):
            await feed.close()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def trim(self) -> None:
        """Forget what is too old."""
        now = self._clock()
        for stream, ring in self.hub.rings.items():
            ring.trim(now)
            self._metrics.ring_bytes.labels(stream).set(ring.size)
        self.players.trim()
        self.proposals.trim(now)
        self.posts.trim()
        for scope, since in self.fences.kills_since().items():
            self._metrics.kills.labels(scope).set(len(since))
            self._metrics.kill_seconds.labels(scope).set(max(0, now - min(since, default=now)) / 1_000)

    async def knows_room(self, room: str) -> bool:
        """Whether the log says anything of this room: lately, or as the state that its worker keeps of it. Raises `BusError`."""
        if room in self.players.rooms or any(ring.of_room(room) for ring in self.hub.rings.values()):
            return True
        # Rare: the room was silent for minutes, or its name is mistyped.
        return room in await self._bus.latest_per_key("snapshots", partition_of(room, self._bus.partitions))

    async def knows(self, kill: wire.SetKill) -> bool:
        """Whether a kill switch is for what was ever seen, or was killed before. Raises `BusError`."""
        if kill.scope == "*" or self.fences.names(kill):
            return True
        return self.facts.is_live(kill.target) if kill.scope == "shop" else await self.knows_room(kill.target)

    def still_killed(self, record: object) -> tuple[str, ...]:
        """Keys of the kill switches that still hold, where this record lifts one."""
        if not isinstance(record, Kill):
            return ()
        return self.fences.still(record, self.shops.of(record.target) if record.scope == "room" else None)

    def shop_objection(self, shop: str | None, *, names: bool) -> str | None:
        """Why no room can have this shop now, as a sentence; None where it can, since it is live, or the default, for which workers wait.

        `names`: whether whoever asks may hear which shops are live.
        """
        if shop is None or shop == self._default_shop or self.facts.is_live(shop):
            return None
        return not_live(shop, self.facts.live_shops if names else ())

    def shop_warnings(self, comments: Sequence[Comment], *, names: bool) -> tuple[str, ...]:
        """What to tell who sent these comments of the shops that they name. `names` as above."""
        shops = dict.fromkeys(comment.shop for comment in comments)
        objections = (self.shop_objection(shop, names=names) for shop in shops)
        warnings = tuple(f"{told[:MAX_OBJECTION]}; {SHOPLESS}" for told in objections if told is not None)
        return warnings[:MAX_WARNINGS]

    def is_coming(self, shop: str) -> bool:
        """Whether a shop that is not live may be on its way: this process publishes it, or the log is so new that none is live."""
        return not self.facts.live_shops or shop in self._published

    def leave(self, peer: Peer) -> None:
        """A client is gone."""
        self.hub.leave(peer)
        self.owed.leave(peer)
        self.posts.leave(peer)

    def played(self, report: Playback) -> Headers:
        """A player reports; what its record carries."""
        self.players.report(report.room, report.kind, report.insertion)
        return () if self._spans is None else self._spans.played(report)

    def posted(self, report: wire.ReportChat, now: int) -> Headers:
        """A connector reports; what its record carries."""
        self.posts.report(report.room, report.reply)
        return () if self._spans is None else self._spans.posted(report, now)

    def recall(self, room: str) -> None:
        """A player identified: what its session holds is known again, and fenced."""
        records = (decode("insertions", entry.value) for entry in self.hub.rings["insertions"].of_room(room))
        self.players.catch_up(room, (record for record in records if isinstance(record, Insertion)))

    # ---- streams -----------------------------------------------------------------------------------------------------------

    def _feed(self, stream: wire.Stream) -> Feed:
        def take(stored: Stored, live: bool) -> None:
            entry = self.hub.add(stream, stored)
            if entry is None:
                return
            self._learn(stream, entry)
            if self._spans is not None and stream == "insertions" and stored.headers:
                self._spans.sent(stored)
            if live:
                self._act(stream, entry)
                self.hub.deliver(stream, entry)

        def begin(partition: int, offset: int) -> None:
            self.hub.begin(stream, partition, offset)

        return Feed(self._bus, stream, take, begin, self._metrics)

    def _learn(self, stream: wire.Stream, entry: Entry) -> None:
        """Which shop a room has, and what is proposed in it."""
        if stream == "insertions":
            record: RoomCommand = decode(stream, entry.value)
            self.shops.learn(entry.room, record.shop)
            self.proposals.learn(record)
        elif stream == "room-events" and b'"room_opened"' in entry.value:
            event = decode(stream, entry.value)
            if isinstance(event, RoomOpened):
                self.shops.learn(entry.room, event.shop)

    def _act(self, stream: wire.Stream, entry: Entry) -> None:
        if stream == "verdicts" and len(self.owed):
            self._acknowledge(decode(stream, entry.value))
        elif stream == "room-events" and b'"player_seen"' in entry.value and entry.room in self.players.rooms:
            event = decode(stream, entry.value)
            if isinstance(event, PlayerSeen) and event.identified:
                self._replaced(event)

    def _acknowledge(self, verdicts: Verdicts) -> None:
        """Acknowledgement 2, one message per source and record."""
        lines: dict[Peer, list[ProcessedLine]] = {}
        for line in verdicts.lines:
            peer = self.owed.take((verdicts.room, line.source, line.id))
            if peer is not None:
                done = ProcessedLine(source=line.source, comment=line.id, verdict=line.verdict, final=line.final)
                lines.setdefault(peer, []).append(done)
        for peer, results in lines.items():
            self._metrics.acks.labels("processed").inc(len(results))
            peer.say(wire.Processed(room=verdicts.room, results=tuple(results)))

    def _replaced(self, event: PlayerSeen) -> None:
        """A player identified somewhere; where that is another gateway, ours has been replaced."""
        player = self.players.rooms[event.room]
        if event.session != player.peer.name and event.at > player.entered:
            end = player.peer.session.end(CloseCode.REPLACED, "a newer session plays this room")
            player.peer.link.end(end.code, end.reason)

    def _gate(self, peer: Peer, record: RoomCommand) -> bool:
        if peer.role == "source":
            return self.posts.gate(peer, record)
        return self.players.gate(peer, record)

    # ---- shop events ---------------------------------------------------------------------------------------------------------

    def _shop_event(self, stored: Stored, live: bool) -> None:
        if stored.value is None:
            return
        event: ShopEvent = decode("shop-events", stored.value)
        self.fences.apply(stored.offset, event)
        self.facts.apply(stored.offset, event)
        if not live:
            return
        self.players.enforce()
        self.posts.enforce()
        if isinstance(event, FactSet):
            self._later(self._push_fact(stored.offset, event))
        elif isinstance(event, PoolLive):
            self._later(self._push_facts(event.shop))

    def _later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="push facts")
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _push_fact(self, offset: int, event: FactSet) -> None:
        players = self._players_of(event.shop)
        if players:
            await self._push(event.shop, players, whole=False, facts=self._one(offset, event))

    async def _push_facts(self, shop: str) -> None:
        players = self._players_of(shop)
        if players:
            await self._push(shop, players, whole=True, facts=self.facts.of_shop(shop))

    async def _one(self, offset: int, event: FactSet) -> tuple[Fact, ...]:
        return (await self.facts.changed(offset, event),)

    async def _push(
        self, shop: str, players: list[Peer], *, whole: bool, facts: Coroutine[None, None, tuple[Fact, ...]]
    ) -> None:
        try:
            message = wire.Facts(shop=shop, whole=whole, facts=await facts)
        except BusError as error:
            log.warning("facts were not pushed", shop=shop, error=error)
            return
        for peer in players:
            peer.say(message)

    def _players_of(self, shop: str) -> list[Peer]:
        return [player.peer for room, player in self.players.rooms.items() if self.shops.of(room) == shop]
