"""The chat of the simulated platforms: a connector that posts, fails, keeps silent, repeats and contradicts itself; and what must hold of
posts and handoffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from engine.bus.port import Outgoing
from engine.events.codec import encode
from engine.events.handoffs import Handoff
from engine.events.inputs import ChatReplyReport, HandoffState, Kill, Playback
from engine.events.journal import AnyEntry, RoomEntry, ShopEntry
from engine.events.outputs import Aired, ChatReply, ChatWithdraw, Decision
from engine.events.posts import Posted
from engine.gateway.fences import Fences
from engine.pool.model import Pool
from engine.room.handoffs import ENGINE
from tests.simulation.bus import SimBus
from tests.simulation.clock import VirtualLoop

Mood = Literal["posts", "fails", "silent", "twice", "contradicts", "wrong"]
MOODS: tuple[Mood, ...] = ("posts",) * 14 + ("fails", "fails", "silent", "twice", "contradicts", "wrong")


class Wrong(Exception):
    """A rule of the chat does not hold."""


@dataclass(eq=False)
class Connector:
    """One room's connector, on all its platforms. `on_post` hears what viewers read."""

    room: str
    loop: VirtualLoop
    rng: Random
    bus: SimBus
    on_post: Callable[[ChatReply], None]
    withdrawn: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)
    sent: int = 0

    def take(self, record: ChatReply | ChatWithdraw) -> None:
        """A command arrived."""
        if isinstance(record, ChatWithdraw):
            before = self.known.get(record.reply)
            if before is None:
                self.withdrawn.add(record.reply)
                self.known[record.reply] = "failed"
            if before != "posting":
                self._report(record.reply, self.known[record.reply])
        elif record.id not in self.known:
            self.known[record.id] = "posting"
            self.loop.call_later(self.rng.choice((0.01, 0.1, 0.1, 0.5)), self._post, record)

    def _post(self, record: ChatReply) -> None:
        if self.loop.now() > record.not_after:
            self.known[record.id] = "failed"
            self._report(record.id, "failed")
            return
        mood = self.rng.choice(MOODS)
        self.bus.count(f"chat {mood}")
        failed = mood == "fails"
        if not failed:
            self.on_post(record)
        self.known[record.id] = "failed" if failed else "posted"
        if mood == "silent":
            return
        if mood == "wrong":
            self._report(f"{self.rng.getrandbits(64):016x}", "posted")
        self._report(record.id, self.known[record.id])
        if mood in ("twice", "contradicts"):
            self._report(record.id, "posted" if mood == "twice" else "failed")

    def _report(self, reply: str, status: str) -> None:
        self.sent += 1
        report = ChatReplyReport.model_validate(
            {
                "room": self.room,
                "id": f"{self.room}-t{self.sent}",
                "at": self.loop.now(),
                "reply": reply,
                "status": status,
            }
        )
        delay = self.rng.choice((0.005, 0.02)) if self.rng.random() < 0.95 else self.rng.uniform(0.1, 3.0)
        self.loop.call_later(delay, self.bus.append, Outgoing("room-events", self.room, encode(report)))


@dataclass(eq=False)
class Channel:
    """Carries committed chat replies to connectors; withdraws what kills and fact changes forbid, as the real gateway does."""

    loop: VirtualLoop
    rng: Random
    fences: Fences
    connectors: dict[str, Connector] = field(default_factory=dict)
    sent: dict[str, ChatReply] = field(default_factory=dict)

    def carry(self, record: ChatReply | ChatWithdraw) -> None:
        connector = self.connectors.get(record.room)
        if connector is None:
            return
        if isinstance(record, ChatReply):
            verdict = self.fences.forbids(record)
            if verdict is not None:
                connector.take(_withdraw(record, verdict.cause))
                return
            self.sent[record.id] = record
        for _ in range(2 if self.rng.random() < 0.05 else 1):
            connector.take(record)

    def enforce(self) -> None:
        for record in list(self.sent.values())[-20:]:
            verdict = self.fences.forbids(record)
            if verdict is not None:
                self.connectors[record.room].take(_withdraw(record, verdict.cause))


def _withdraw(record: ChatReply, cause: str) -> ChatWithdraw:
    fields = record.model_dump(include={"room", "shop", "at", "lease", "seq", "shop_offset", "source"})
    return ChatWithdraw(**fields, id=record.id, reply=record.id, reason=cause)


@dataclass(eq=False)
class Books:
    """What entries and records say of posts and handoffs, kept apart from the core. Raises `Wrong`."""

    pools: Mapping[str, Pool]
    sent: dict[str, ChatReply] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)
    counted: dict[str, ChatReply] = field(default_factory=dict)
    """Posts that were not reported as failed."""
    audited: set[str] = field(default_factory=set)
    kills: dict[str, bool] = field(default_factory=dict)
    handoffs: dict[str, Handoff] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    """The first state that an operator set."""
    answered: set[tuple[str, str | None]] = field(default_factory=set)
    """Room and intent of what was said, posted or told by the script."""

    def entry(self, entry: AnyEntry) -> None:
        if isinstance(entry, ShopEntry) and isinstance(entry.applied.event, Kill):
            self.kills[entry.applied.event.key()] = entry.applied.event.on
        elif isinstance(entry, RoomEntry) and isinstance(entry.event, ChatReplyReport):
            sent = self.sent.get(entry.event.reply)
            known = sent is not None and sent.room == entry.event.room
            if known and self.reports.setdefault(entry.event.reply, entry.event.status) == "failed":
                self.counted.pop(entry.event.reply, None)
        elif (
            isinstance(entry, RoomEntry) and isinstance(entry.event, Playback) and entry.event.kind == "sentence_ended"
        ):
            self.answered.add((entry.event.room, "fee"))  # the one that sentences answer
        elif isinstance(entry, RoomEntry) and isinstance(entry.event, HandoffState):
            self.closed.setdefault(entry.event.handoff, entry.event.state)

    def record(self, record: object, mode: str) -> None:
        """`mode`: of the record's room."""
        if isinstance(record, ChatReply):
            self._post(record, mode)
        elif isinstance(record, Posted):
            if self.reports.get(record.chat_reply) != "posted" or record.chat_reply in self.audited:
                raise Wrong(f"{record.chat_reply} is audited without a report, or twice")
            self.audited.add(record.chat_reply)
            self.answered.add((record.room, record.intent))
        elif isinstance(record, Aired):
            self.answered.add((record.room, record.intent))
        elif isinstance(record, Decision):
            if record.via == "chat" and self.reports.get(record.insertion or "") != "posted":
                raise Wrong(f"{record.comment} was answered by a post that nobody reported")
            if (record.reason == "handed_off") != (record.handoff is not None):
                raise Wrong(f"{record.comment}: {record.reason} with handoff {record.handoff}")
        elif isinstance(record, Handoff):
            before = self.handoffs.get(record.id)
            if before is not None and before.state != "open":
                raise Wrong(f"handoff {record.id} changes after it was {before.state}")
            if record.by == ENGINE and record.state == "answered":
                if record.cause != "repeated" or (record.room, record.intent) not in self.answered:
                    raise Wrong(f"handoff {record.id} was answered by no reply")
            elif record.state in ("answered", "dismissed") and self.closed.get(record.id) != record.state:
                raise Wrong(f"handoff {record.id} is {record.state}, which nobody said")
            self.handoffs[record.id] = record

    def _post(self, record: ChatReply, mode: str) -> None:
        if mode not in ("auto", "approve"):
            raise Wrong(f"{record.id} was posted in mode {mode}")
        keys = ("kill/*", f"kill/shop/{record.shop}", f"kill/room/{record.room}")
        if any(self.kills.get(key) for key in keys):
            raise Wrong(f"{record.id} was posted in a killed room")
        if record.id in self.sent:
            raise Wrong(f"{record.id} was written twice")
        self.sent[record.id] = self.counted[record.id] = record
        limits = self.pools[record.pool].limits
        recent = [one for one in self.counted.values() if one.room == record.room and one.at > record.at - 60_000]
        if len(recent) > limits.room_posts_per_minute:
            raise Wrong(f"{len(recent)} posts of {record.room} within a minute")
        platform = [one for one in recent if one.source == record.source]
        if len(platform) > limits.platform_posts_per_minute:
            raise Wrong(f"{len(platform)} posts of {record.room} on {record.source} within a minute")
        same = [
            one
            for one in platform
            if (one.intent, one.product, one.language) == (record.intent, record.product, record.language)
            and one.id != record.id
            and one.at > record.at - limits.post_cooldown_ms
        ]
        if same:
            raise Wrong(f"{record.id} repeats {same[0].id} within its cooldown")

    def ended(self, now: int) -> None:
        """Nothing stays open beyond its time, but for the distance of two ticks."""
        still = [one.id for one in self.handoffs.values() if one.state == "open" and one.answer_by < now - 2_000]
        if still:
            raise Wrong(f"handoffs {still[:3]} never ended")
