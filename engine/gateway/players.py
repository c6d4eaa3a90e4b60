"""The players: one current session per room, what was sent to it, and the fences around that.

What is outstanding is known from what was sent and what was reported. On a kill or a fact change the gateway withdraws or stops it by
itself, at once; the worker's own command follows later and finds nothing left to do. An insertion that may not be sent becomes a
`withdraw` too: the player answers that it did not start, so that its room need not wait for a report that cannot come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from engine.events.inputs import PlaybackKind
from engine.events.outputs import Alert, Insertion, RoomCommand, Stop, Withdraw
from engine.events.wire import PlayerState, Push
from engine.gateway.fences import Fences, Verdict
from engine.gateway.peer import Peer
from engine.metrics import Metrics

FORGET_MS: Final = 60_000  # after an insertion must have ended; a report that comes later still counts for the worker
OVER: Final[frozenset[PlaybackKind]] = frozenset({"ended", "rejected", "aborted"})
NO_SHOP: Final = "unknown"  # a room whose shop nobody told


@dataclass(slots=True)
class Sent:
    """An insertion at the player."""

    insertion: Insertion
    started: int | None = None
    """When it was reported to have started, ms: it did not start later."""


@dataclass(slots=True)
class PlayerRoom:
    """The current player of a room. `held`: its script was told to stand still."""

    peer: Peer
    state: PlayerState
    entered: int
    """When it identified, UTC ms."""
    sent: dict[str, Sent] = field(default_factory=dict)
    held: bool = False


class Players:
    """Every room's current player at this gateway."""

    def __init__(
        self, fences: Fences, metrics: Metrics, clock: Callable[[], int], shop_of: Callable[[str], str | None]
    ) -> None:
        self.rooms: dict[str, PlayerRoom] = {}
        self._fences = fences
        self._metrics = metrics
        self._clock = clock
        self._shop_of = shop_of

    def enter(self, room: str, peer: Peer, state: PlayerState) -> Peer | None:
        """`peer` is the room's player from now on; returns the one that it replaces."""
        before = self.rooms.get(room)
        self.rooms[room] = PlayerRoom(peer, state, self._clock())
        return before.peer if before is not None else None

    def leave(self, room: str, peer: Peer) -> bool:
        """The connection ended; whether it was the current one."""
        if not self.is_current(room, peer):
            return False
        del self.rooms[room]
        return True

    def is_current(self, room: str, peer: Peer) -> bool:
        return room in self.rooms and self.rooms[room].peer is peer

    def catch_up(self, room: str, insertions: Iterable[Insertion]) -> None:
        """After a player identified: recall what its session was sent before (maybe by another gateway), and apply the fences to it."""
        player = self.rooms[room]
        outcomes = {outcome.insertion: outcome for outcome in player.state.outcomes}
        for insertion in insertions:
            known = outcomes.get(insertion.id)
            if insertion.session == player.peer.name and known is not None and known.kind not in OVER:
                begun = min(known.at, self._clock()) if known.kind == "started" else None
                player.sent[insertion.id] = Sent(insertion, begun)
        self._enforce(room, player)

    def gate(self, peer: Peer, record: RoomCommand) -> bool:
        """Whether a record goes to this player now. An insertion that does is remembered."""
        if isinstance(record, Alert):
            return True
        if not isinstance(record, Insertion | Withdraw | Stop):
            return False
        player = self.rooms.get(record.room)
        if player is None or player.peer is not peer or record.session != peer.name:
            return False
        if not isinstance(record, Insertion):
            return True
        verdict = self._fences.forbids(record)
        if verdict is not None:
            self._metrics.fenced_sends.inc()
            _tell(player, self._withdraw(record, verdict.cause, verdict.offset))
            return False
        if record.not_after < self._clock():
            self._metrics.stale_sends.inc()
            _tell(player, self._withdraw(record, "late", record.shop_offset))
            return False
        player.sent.setdefault(record.id, Sent(record))
        return True

    def report(self, room: str, kind: PlaybackKind, insertion: str | None) -> None:
        """What the current player told about an insertion."""
        player = self.rooms.get(room)
        if player is None or insertion is None:
            return
        if kind in OVER:
            player.sent.pop(insertion, None)
        elif kind == "started" and insertion in player.sent:
            sent = player.sent[insertion]
            sent.started = self._clock() if sent.started is None else sent.started

    def enforce(self) -> None:
        """The fences changed: withdraw and stop what they forbid, hold or release scripts."""
        for room, player in self.rooms.items():
            self._enforce(room, player)

    def trim(self) -> None:
        """Forget insertions that must be over."""
        now = self._clock()
        for player in self.rooms.values():
            over = [
                key
                for key, sent in player.sent.items()
                if sent.insertion.not_after + sent.insertion.duration_ms + FORGET_MS < now
            ]
            for key in over:
                del player.sent[key]

    def _enforce(self, room: str, player: PlayerRoom) -> None:
        shop = self._shop_of(room)
        kill = self._fences.holds_script(room, shop)
        hold = kill is not None
        stopped = False
        for key, sent in list(player.sent.items()):
            verdict, begun = self._fences.forbids(sent.insertion, sent.started), sent.started is not None
            if verdict is None or (begun and verdict.cause == "fact_changed" and not verdict.price):
                continue
            del player.sent[key]
            self._metrics.fenced_sends.inc()
            stopped = stopped or begun
            if begun:
                _tell(player, self._cut(sent.insertion, verdict, hold_script=hold))
            else:
                _tell(player, self._withdraw(sent.insertion, verdict.cause, verdict.offset))
        if hold != player.held:
            player.held = hold
            if not (hold and stopped):  # that stop held the script too
                reason = "released" if kill is None else kill.reason or "killed"
                _tell(player, self._hold(room, shop, player, hold=hold, reason=reason))

    def _withdraw(self, of: Insertion, reason: str, offset: int) -> Withdraw:
        return Withdraw(
            id=_id(of.room, "withdraw", of.id, offset), room=of.room, shop=of.shop, at=self._clock(), lease=0, seq=0,
            shop_offset=offset, session=of.session, insertion=of.id, reason=reason,
        )  # fmt: skip

    def _cut(self, of: Insertion, verdict: Verdict, *, hold_script: bool) -> Stop:
        return Stop(
            id=_id(of.room, "stop", of.id, verdict.offset), room=of.room, shop=of.shop, at=self._clock(), lease=0,
            seq=0, shop_offset=verdict.offset, session=of.session, insertion=of.id, hold_script=hold_script,
            reason=verdict.cause,
        )  # fmt: skip

    def _hold(self, room: str, shop: str | None, player: PlayerRoom, *, hold: bool, reason: str) -> Stop:
        now = self._clock()
        return Stop(
            id=_id(room, "hold" if hold else "release", player.peer.name, now), room=room, shop=shop or NO_SHOP, at=now,
            lease=0, seq=0, shop_offset=-1, session=player.peer.name, hold_script=hold, reason=reason,
        )  # fmt: skip


def _tell(player: PlayerRoom, record: Withdraw | Stop) -> None:
    player.peer.say(Push(stream="insertions", record=record))


def _id(room: str, kind: str, about: str, at: int) -> str:
    return hashlib.sha256(f"gateway/{room}/{kind}/{about}/{at}".encode()).hexdigest()[:32]
