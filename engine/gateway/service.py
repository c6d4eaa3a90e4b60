"""The gateway: WebSocket clients on one side, the bus on the other.

`Gateway` wires the parts and answers requests; what comes from the bus is `Inbound`'s. Every request that becomes a record is
answered only once the record is durable.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from engine import __version__, logs
from engine.bus.port import Bus, Headers, Outgoing, Position
from engine.clock import wall_clock
from engine.errors import BusError, BusUnavailable
from engine.events import wire
from engine.events.closes import CloseCode
from engine.events.codec import describe, encode
from engine.events.fields import MAX_RECORD_BYTES, Record
from engine.events.inputs import ChatReplyReport, Playback, PlayerGone, RoomRecord, Script, ShopRecord
from engine.events.told import Fact
from engine.gateway import requests
from engine.gateway.auth import Access, Authenticator, matches
from engine.gateway.gaps import page_of_gaps
from engine.gateway.inbound import Inbound
from engine.gateway.peer import Link, Peer, told_room
from engine.gateway.server import SocketServer
from engine.gateway.session import Admit, End, Handle, Say, Session
from engine.gateway.sources import Rate
from engine.gateway.spans import GatewaySpans
from engine.gateway.trouble import Trouble
from engine.metrics import Metrics
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.traces import Traces

SEEN_MS: Final = 10_000  # between two signs of life of a player on the bus; a third of after what it counts as lost

COMING_MS: Final = 2_000  # until a shop that is being published is asked for again; its training takes some ten seconds

log = logs.get(__name__)

Clock = Callable[[], int]


def steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Gateway:
    """One gateway. `clock`: UTC ms, for records; `steady`: ms that never jump, for deadlines."""

    def __init__(
        self, bus: Bus, settings: Settings, metrics: Metrics, *, clock: Clock = wall_clock, steady: Clock = steady_ms,
        traces: Traces | None = None,
    ) -> None:  # fmt: skip
        self._started = False
        self._bus = bus
        self._settings = settings.gateway
        self._default_shop = settings.publisher.default_shop
        self._metrics = metrics
        self._clock = clock
        self._steady = steady
        self._authenticator = Authenticator(settings.gateway)
        self._spans = GatewaySpans(traces) if traces is not None else None
        self._inbound = Inbound(bus, settings, metrics, clock, self._spans)
        self._server = SocketServer(settings.gateway, metrics, self)
        self._peers: dict[Peer, None] = {}
        self._ticker: asyncio.Task[None] | None = None
        self._last_seen = steady()
        self._trouble = Trouble(metrics, steady)

    # ---- life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> tuple[str, int]:
        """Catch up with the bus, then listen; returns host and port. Raises `BusError`, `UsageError`."""
        await self._inbound.start()
        try:
            address = await self._server.start()
        except BaseException:
            await self._inbound.close()  # its readers would go on with a log that is closed next
            raise
        self._ticker = asyncio.create_task(self._tick(), name="gateway ticker")
        self._started = True
        return address

    @property
    def ready(self) -> bool:
        """Whether clients are served with all that the bus says."""
        return self._started and not self._inbound.failed

    async def kept(self) -> None:
        """Runs while viewer ids can be hashed. Raises `UsageError` where they cannot any more."""
        await self._inbound.keeping()

    async def close(self) -> None:
        """Tell the clients, wait for them at most two seconds, stop reading."""
        self._started = False
        await self._server.close()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        await self._inbound.close()

    async def _tick(self) -> None:
        pause = min(1.0, self._settings.heartbeat_s / 4, self._settings.identify_s / 4)
        while True:
            await asyncio.sleep(pause)
            try:
                await self.tick()
            except BusError as error:
                self._failed("players' presence was not published", error)

    async def tick(self) -> None:
        """Deadlines of sessions, presence of players, what is too old to be held. Raises `BusError`."""
        now = self._steady()
        for peer in list(self._peers):
            if peer.busy:
                peer.session.alive(now)
            end = peer.session.due(now)
            if end is not None:
                peer.link.end(end.code, end.reason)
        self._inbound.trim()
        self._server.measure()
        self._trouble.calm()
        if now - self._last_seen >= SEEN_MS:
            self._last_seen = now
            players = self._inbound.players.rooms.items()
            await self._write([requests.player_seen(room, at.peer, at.state, self._clock()) for room, at in players])

    # ---- connections (called by the server) ------------------------------------------------------------------------------

    def connected(self, link: Link) -> Peer:
        """A connection opened: greet it."""
        session = Session(
            self._authenticator.access, now=self._steady(), identify_ms=round(self._settings.identify_s * 1_000),
            heartbeat_ms=self._heartbeat_ms,
        )  # fmt: skip
        peer = Peer(link, session)
        self._peers[peer] = None
        peer.say(
            wire.Hello(
                server=f"livechat-engine {__version__}", heartbeat_ms=self._heartbeat_ms,
                identify_ms=round(self._settings.identify_s * 1_000), time=self._clock(),
            )
        )  # fmt: skip
        return peer

    async def received(self, peer: Peer, frame: str | bytes) -> None:
        """A frame of a client."""
        action = peer.session.receive(frame, self._steady())
        peer.busy = True
        try:
            match action:
                case Admit(identify, access):
                    await self._admit(peer, identify, access)
                case Handle(message):
                    await self._handle(peer, message)
                case Say(message):
                    peer.say(message)
                case End(code, reason):
                    peer.link.end(code, reason)
                case None:
                    pass
        except BusError as error:
            self._failed("a request failed", error)
            request = action.message if isinstance(action, Handle) else None
            why = "the engine cannot write its log now; its /readyz tells why"
            peer.refuse(request, "bus_unavailable", why, retry_ms=1_000)
        except Exception:
            log.exception("a frame could not be handled")
            peer.link.end(CloseCode.INTERNAL, "the server made a mistake; it is logged there")
        finally:
            peer.busy = False

    async def gone(self, peer: Peer) -> None:
        """A connection ended."""
        self._peers.pop(peer, None)
        if peer.identify is None:
            return
        self._metrics.clients.labels(peer.identify.role).dec()
        log.info("a client is gone", code=peer.link.closed_with)
        self._inbound.leave(peer)
        if peer.role == "player":
            room = peer.identify.rooms[0]
            if self._inbound.players.leave(room, peer):
                gone = PlayerGone(room=room, id=uuid.uuid4().hex, at=self._clock(), by=peer.by, session=peer.name)
                try:
                    await self._write([gone])
                except BusError as error:
                    self._failed("a player's end was not published, its presence will expire", error)

    # ---- identify --------------------------------------------------------------------------------------------------------

    async def _admit(self, peer: Peer, identify: wire.Identify, access: Access) -> None:
        peer.admit(identify, access, identify.session or uuid.uuid4().hex)
        logs.bind(client=peer.name, role=identify.role, by=peer.by, room=told_room(peer))
        self._metrics.clients.labels(identify.role).inc()
        facts: tuple[Fact, ...] = ()
        shop: str | None = None
        try:
            await self._inbound.follow(peer.streams)
            if identify.role == "player":
                room = identify.rooms[0]
                named = access.shop or identify.shop
                objection = self._inbound.shop_objection(named, names=access.shop is None)
                if named is not None and objection is not None and not self._inbound.is_coming(named):
                    end = peer.session.end(CloseCode.BAD_IDENTIFY, objection)
                    return peer.link.end(end.code, end.reason)
                if named is not None:
                    self._inbound.shops.suppose(room, named)
                shop = self._inbound.shops.of(room)
                facts = await self._inbound.facts.of_shop(shop)
                await self._enter(peer, room, identify.player or wire.PlayerState(), named)
        except BusError as error:
            self._failed("a client could not be admitted", error)
            return peer.link.end(CloseCode.TRY_LATER, "the log is away; try later")
        if identify.role == "source":
            peer.rate = Rate(self._settings.comments_per_second, self._steady())
        frame_bytes = self._settings.max_frame_bytes
        if identify.role == "player":
            frame_bytes = max(frame_bytes, wire.MAX_SCRIPT_FRAME)
            peer.link.allow(frame_bytes)
        points, recovered, backlog = self._inbound.hub.resume(peer, self._settings.outbox_bytes // 2)
        peer.say(
            wire.Identified(
                session=peer.name, role=identify.role, streams=peer.streams, time=self._clock(),
                max_frame_bytes=frame_bytes, points=points, recovered=recovered, backlog=len(backlog), shop=shop, facts=facts,
            )
        )  # fmt: skip
        self._inbound.hub.replay(peer, backlog)
        self._inbound.hub.subscribe(peer)
        if identify.role == "player":
            self._inbound.recall(identify.rooms[0])
        log.info("a client is admitted")
        return None

    async def _enter(self, peer: Peer, room: str, state: wire.PlayerState, shop: str | None) -> None:
        """The newest player of a room wins; the room learns its whole state."""
        replaced = self._inbound.players.enter(room, peer, state)
        if replaced is not None and replaced is not peer:
            end = replaced.session.end(CloseCode.REPLACED, "a newer session plays this room")
            replaced.link.end(end.code, end.reason)
        await self._write([requests.player_seen(room, peer, state, self._clock(), identified=True, shop=shop)])

    # ---- requests --------------------------------------------------------------------------------------------------------

    async def _handle(self, peer: Peer, message: wire.Message) -> None:
        assert peer.access is not None
        assert peer.identify is not None
        now, by = self._clock(), peer.by
        match message:
            case wire.Heartbeat():
                points = self._inbound.hub.points(peer)
                peer.say(wire.HeartbeatReply(sent=message.sent, time=now, points=points))
            case wire.Comments():
                await self._comments(peer, peer.access, message, now)
            case wire.SetScript() | wire.ReportPlayback():
                await self._from_player(peer, message, now)
            case wire.ListProposals():
                rooms = peer.identify.rooms if message.room is None else (message.room,)
                if not all(any(matches(pattern, room) for pattern in peer.identify.rooms) for room in rooms):
                    return peer.refuse(message, "forbidden", f"this session does not cover room {message.room}")
                found, more = self._inbound.proposals.of(rooms, now)
                peer.say(wire.Proposals(id=message.id, proposals=tuple(found), more=more))
            case wire.ListGaps():
                peer.say(await page_of_gaps(self._bus, message, peer.scope("gaps")))
            case wire.SetKill() | wire.SetShopMode() | wire.SetFact() | wire.MarkGap():
                refusal = peer.access.refusal(message)
                if refusal is not None:
                    return peer.refuse(message, "forbidden", refusal)
                if isinstance(message, wire.SetFact):
                    objection = await self._inbound.facts.objection(message, shops=peer.access.shop is None)
                    if objection is not None:
                        return peer.refuse(message, "bad_message", objection)
                if isinstance(message, wire.SetKill) and message.known and not await self._inbound.knows(message):
                    return peer.refuse(message, "unknown", f"{message.scope} `{message.target}` was never seen here")
                if isinstance(message, wire.SetShopMode) and message.known:
                    unknown = self._inbound.shop_objection(message.shop, names=peer.access.shop is None)
                    if unknown is not None:
                        return peer.refuse(message, "unknown", unknown)
                await self._record(peer, message, requests.shop_record(message, by=by, now=now))
            case (
                wire.OpenRoom() | wire.CloseRoom() | wire.SetMode() | wire.TakeRoom() | wire.Approve()
                | wire.SetHandoff() | wire.ReportChat()
            ):  # fmt: skip
                if not any(matches(pattern, message.room) for pattern in peer.identify.rooms):
                    return peer.refuse(message, "forbidden", f"this session does not cover room {message.room}")
                refusal = peer.access.refusal(message) if isinstance(message, wire.OpenRoom) else None
                if refusal is not None:
                    return peer.refuse(message, "forbidden", refusal)
                if isinstance(message, wire.OpenRoom):
                    shop = message.shop or peer.access.shop
                    objection = self._inbound.shop_objection(shop, names=peer.access.shop is None)
                    if shop is not None and objection is not None:
                        retry_ms = COMING_MS if self._inbound.is_coming(shop) else None
                        return peer.refuse(message, "unknown", objection, retry_ms=retry_ms)
                if (
                    isinstance(message, wire.SetMode | wire.TakeRoom)
                    and message.known
                    and not await self._inbound.knows_room(message.room)
                ):
                    return peer.refuse(message, "unknown", f"room `{message.room}` was never seen here")
                try:
                    record = requests.room_record(message, by=by, now=now, shop=peer.access.shop or self._default_shop)
                except ValueError as error:
                    return peer.refuse(message, "bad_message", str(error))
                headers = self._inbound.posted(message, now) if isinstance(message, wire.ReportChat) else ()
                await self._record(peer, message, record, headers)
        return None

    async def _comments(self, peer: Peer, access: Access, batch: wire.Comments, now: int) -> None:
        assert peer.rate is not None
        assert peer.identify is not None
        wait = peer.rate.admit(len(batch.comments), self._steady())
        if wait:
            rate = f"{self._settings.comments_per_second:g}"
            return peer.refuse(batch, "slow_down", f"at most {rate} comments a second", retry_ms=wait)
        rooms = peer.identify.rooms
        comments, receipts = requests.read_comments(batch, access, rooms, self._inbound.viewers, now=now)
        if comments:
            # Before they are on the bus: their verdicts may come at once.
            self._inbound.owed.add(peer, [(comment.room, comment.source, comment.id) for comment in comments])
            records = [Outgoing("comments", comment.room, encode(comment)) for comment in comments]
            begun = () if self._spans is None else self._spans.received(comments, records, now)
            await self._publish(records)
            for span in begun:
                span.end(self._clock())
        self._metrics.acks.labels("received").inc(len(comments))
        warnings = self._inbound.shop_warnings(comments, names=access.shop is None)
        return peer.say(wire.Received(id=batch.id, results=tuple(receipts), warnings=warnings))

    async def _from_player(self, peer: Peer, message: wire.SetScript | wire.ReportPlayback, now: int) -> None:
        assert peer.identify is not None
        room = peer.identify.rooms[0]
        if not self._inbound.players.is_current(room, peer):
            return peer.refuse(message, "not_current", "a newer session plays this room")
        try:
            record = requests.player_record(message, room=room, session=peer.name, by=peer.by, now=now)
        except ValidationError as error:
            return peer.refuse(message, "bad_message", describe(error))
        headers = self._inbound.played(record) if isinstance(record, Playback) else ()
        await self._record(peer, message, record, headers)
        return None

    async def _record(
        self, peer: Peer, message: wire.Request, record: RoomRecord | ShopRecord, headers: Headers = ()
    ) -> None:
        value = encode(record)
        if len(value) > MAX_RECORD_BYTES:
            limit = f"{MAX_RECORD_BYTES // 1024} KiB"
            return peer.refuse(message, "too_large", f"as a record this is above {limit}; split it")
        places = await self._publish([Outgoing(record.topic, record.key(), value, headers=headers)])
        tell = log.debug if isinstance(record, Playback | Script | ChatReplyReport) else log.info
        tell(
            "a request is on the log",
            kind=type(record).__name__,
            topic=record.topic,
            key=record.key(),
            offset=places[0].offset,
        )
        peer.say(wire.Done(id=message.id, offset=places[0].offset, still=self._inbound.still_killed(record)))
        return None

    async def _write(self, records: Sequence[Record]) -> None:
        if records:
            await self._publish([Outgoing(record.topic, record.key(), encode(record)) for record in records])

    async def _publish(self, records: Sequence[Outgoing]) -> Sequence[Position]:
        """Write to the log. Raises `BusError`."""
        places = await self._bus.publish(records)
        self._trouble.over()
        return places

    def _failed(self, what: str, error: BusError) -> None:
        """A log that is away is told once, not for each of those who wait for it; anything else each time."""
        if isinstance(error, BusUnavailable):
            self._trouble.failed(str(error))
        else:
            log.warning(what, error=error)

    @property
    def _heartbeat_ms(self) -> int:
        return round(self._settings.heartbeat_s * 1_000)
