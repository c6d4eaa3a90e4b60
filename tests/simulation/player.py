"""A model player on the reference player's own playhead, and the gateway between it and the bus, with delays and disturbances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from engine.bus.port import Outgoing, Stored
from engine.client.playhead import Event, Playhead, Say, Tell
from engine.errors import RecordError
from engine.events.codec import decode, encode
from engine.events.inputs import Playback, PlayerGone, PlayerSeen, RoomEvent, Script
from engine.events.outputs import ChatReply, ChatWithdraw, Insertion, Stop, Withdraw
from engine.events.wire import SetScript
from engine.gateway.fences import Fences
from engine.worker.shops import read_item
from tests.simulation.bus import SimBus
from tests.simulation.chat import Channel
from tests.simulation.clock import VirtualLoop
from tests.simulation.shop import script

PRESENCE_S = 10.0
Command = Insertion | Withdraw | Stop
LIES = ("mute", "double", "wrong", "eager")
"""Never tells an end; tells ends twice; names other insertions; tells the end before the beginning."""


class Broken(Exception):
    """A line of "what must always hold" does not hold."""


@dataclass(eq=False)
class Player:
    """One room's player. `on_say` hears what viewers hear."""

    room: str
    loop: VirtualLoop
    rng: Random
    bus: SimBus
    on_say: Callable[[Player, Say], None]
    serial: int = 0
    session: str = ""
    playhead: Playhead = field(default_factory=Playhead)
    deaf: bool = False
    """Connected by its own account, but nothing gets through."""
    gone: bool = False
    since: int = 0
    """When it last became reachable."""
    sent: int = 0
    lies: str = ""
    """How it lies in its reports, whatever it plays: see `LIES`."""
    known: list[str] = field(default_factory=list)
    """Insertions that it heard of, its own and, of a liar, others'."""
    version: int = 1
    """Of the script; only its facts change, so that it goes on in the same order."""

    def start(self, *, fresh: bool) -> None:
        """Identify with a new session; `fresh`: the player restarted and knows nothing of before."""
        self.serial += 1
        self.session = f"{self.room}-s{self.serial}"
        self.gone = self.deaf = False
        self.since = self.loop.now()
        if fresh:
            self.on_say(self, Say("cut", self.since))
            self.playhead = Playhead(lead_ms=self.rng.choice((300, 800)))
        state = self.playhead.state()
        now = self.loop.now()
        self.post(
            PlayerSeen(
                room=self.room, id=self._id(), at=now, session=self.session, identified=True, lead_ms=state.lead_ms,
                stream_delay_ms=1_000, cursor=state.cursor, outcomes=state.outcomes,
            )
        )  # fmt: skip
        said = self._tell_script()
        self.do(self.playhead.load(said, now) if fresh else self.playhead.advance(now))
        self._present(self.session)

    def reload(self) -> None:
        """A fact changed: the same sentences with other words."""
        self.version += 1
        now = self.loop.now()
        self.do(self.playhead.advance(now))
        self.do(self.playhead.load(self._tell_script(), now))

    def _tell_script(self) -> SetScript:
        said = SetScript(id="s", script="evening", version=f"v{self.version}", segments=script())
        self.post(
            Script(
                room=self.room, id=self._id(), at=self.loop.now(), session=self.session, script=said.script,
                version=said.version, segments=said.segments,
            )
        )  # fmt: skip
        return said

    def leave(self) -> None:
        """The connection ends; playback goes on by itself."""
        self.post(PlayerGone(room=self.room, id=self._id(), at=self.loop.now(), session=self.session))
        self.gone = True

    def take(self, command: Command) -> None:
        """A command arrived."""
        if self.deaf or self.gone or command.session != self.session:
            return
        now = self.loop.now()
        self.do(self.playhead.advance(now))
        if isinstance(command, Insertion):
            self.known.append(command.id)
            if self.rng.random() < 0.05:
                self.do([Tell("rejected", now, insertion=command.id, reason="moody")])
            else:
                self.do(self.playhead.insert(command, now))
        elif isinstance(command, Withdraw):
            self.do(self.playhead.withdraw(command, now))
        else:
            self.do(self.playhead.stop(command, now))
        self._arm()

    def do(self, events: list[Event]) -> None:
        """Let be heard, and report."""
        for event in events:
            if isinstance(event, Say):
                self.on_say(self, event)
                continue
            for told in self._told(event):
                self.post(
                    Playback(
                        room=self.room, id=self._id(), at=told.at, session=self.session, kind=told.kind, cursor=told.cursor,
                        insertion=told.insertion, reason=told.reason,
                    )
                )  # fmt: skip
        self._arm()

    def _told(self, event: Tell) -> list[Tell]:
        """What is reported: the truth, unless this player lies."""
        if not self.lies or event.insertion is None:
            return [event]
        self.bus.count(f"lie {self.lies}")
        if self.lies == "mute":
            return [] if event.kind == "ended" else [event]
        if self.lies == "double":
            again = replace(event, at=max(0, event.at + self.rng.choice((-10_000, 0, 10_000))))
            return [event, again] if event.kind == "ended" else [event]
        if self.lies == "eager":
            return [event, replace(event, kind="ended")] if event.kind == "accepted" else [event]
        return [replace(event, insertion=self.rng.choice([event.insertion, *self.known[-4:]]))]

    def post(self, event: RoomEvent) -> None:
        """To the bus, over a network that delays, reorders a little, and repeats."""
        if self.deaf or self.gone:
            return
        record = Outgoing("room-events", self.room, encode(event))
        for _ in range(2 if self.rng.random() < 0.03 else 1):
            delay = (
                self.rng.choice((0.005, 0.005, 0.01, 0.02)) if self.rng.random() < 0.97 else self.rng.uniform(0.1, 2.0)
            )
            self.loop.call_later(delay, self.bus.append, record)

    def _id(self) -> str:
        self.sent += 1
        return f"{self.room}-e{self.sent}"

    def _present(self, session: str) -> None:
        if self.session != session:
            return
        if not self.gone:
            self.post(
                PlayerSeen(room=self.room, id=self._id(), at=self.loop.now(), session=session, stream_delay_ms=1_000)
            )
        self.loop.call_later(PRESENCE_S, self._present, session)

    def _arm(self) -> None:
        due = self.playhead.next_deadline()
        if due is not None:
            self.loop.call_later(max(0.0, (due - self.loop.now()) / 1_000), self._wake)

    def _wake(self) -> None:
        due = self.playhead.next_deadline()
        if due is not None and due <= self.loop.now():
            self.do(self.playhead.advance(self.loop.now()))


@dataclass(eq=False)
class Gateway:
    """Carries committed commands to players; enforces kills and fact changes by itself, as the real one does."""

    loop: VirtualLoop
    rng: Random
    players: dict[str, Player] = field(default_factory=dict)
    fences: Fences = field(default_factory=Fences)
    sent: dict[str, dict[str, Insertion]] = field(default_factory=dict)
    channel: Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = Channel(self.loop, self.rng, self.fences)

    def watch(self, stored: Stored) -> None:
        """Something was written."""
        if stored.topic == "shop-events":
            self.loop.call_later(self.rng.uniform(0.005, 0.05), self._fence, stored)
        elif stored.topic == "insertions":
            delay = self.rng.uniform(0.002, 0.03) if self.rng.random() < 0.97 else self.rng.uniform(0.1, 1.5)
            self.loop.call_later(delay, self._carry, stored)

    def _carry(self, stored: Stored) -> None:
        command = decode("insertions", stored.value)
        if isinstance(command, ChatReply | ChatWithdraw):
            self.channel.carry(command)
            return
        if not isinstance(command, Command):
            return
        player = self.players.get(command.room)
        if player is None:
            return
        if isinstance(command, Insertion):
            if self.fences.forbids(command) is not None:
                return
            self.sent.setdefault(command.room, {})[command.id] = command
            for other in self.players.values():
                if other.lies == "wrong":
                    other.known.append(command.id)
        for _ in range(2 if self.rng.random() < 0.03 else 1):
            player.take(command)

    def _fence(self, stored: Stored) -> None:
        item = read_item(stored)
        if item.event is None:
            return
        self.fences.apply(item.offset, item.event)
        self.channel.enforce()
        for room, sent in self.sent.items():
            for insertion in list(sent.values())[-4:]:
                verdict = self.fences.forbids(insertion)
                if verdict is None:
                    continue
                fields = insertion.model_dump(include={"id", "room", "shop", "at", "lease", "seq", "shop_offset"})
                player = self.players[room]
                fields["session"] = player.session  # whoever plays the room now may hold what its last session was sent
                player.take(Withdraw(**fields, insertion=insertion.id, reason=verdict.cause))
                if verdict.cause == "killed" or verdict.price:
                    player.take(Stop(**fields, insertion=insertion.id, reason=verdict.cause))


def as_insertion(stored: Stored) -> Insertion | None:
    """The insertion on `insertions`, if it is one."""
    try:
        command = decode("insertions", stored.value)
    except RecordError as error:
        raise Broken(f"the worker wrote a record that cannot be read: {error}") from error
    return command if isinstance(command, Insertion) else None
