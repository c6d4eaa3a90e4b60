"""Chat replies at the sources that post them, and the fences around that.

On a kill or a fact change the gateway withdraws by itself what no source has reported yet, at once; the worker's own command follows and
finds nothing left to do. A chat reply that may not be sent becomes a `chat_withdraw`: the source answers that it was not posted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from engine.events.outputs import ChatReply, ChatWithdraw, RoomCommand
from engine.events.wire import Push
from engine.gateway.fences import Fences
from engine.gateway.peer import Peer
from engine.metrics import Metrics

FORGET_MS: Final = 60_000  # after the last moment at which it may be posted


@dataclass(slots=True)
class Sent:
    """A chat reply that nobody has reported yet, and the sources that have it."""

    record: ChatReply
    peers: dict[Peer, None] = field(default_factory=dict)


class Posts:
    """What the sources of this gateway were given to post."""

    def __init__(self, fences: Fences, metrics: Metrics, clock: Callable[[], int]) -> None:
        self._sent: dict[tuple[str, str], Sent] = {}
        self._fences = fences
        self._metrics = metrics
        self._clock = clock

    def gate(self, peer: Peer, record: RoomCommand) -> bool:
        """Whether a record goes to this source now. A chat reply that does is remembered."""
        if not isinstance(record, ChatReply):
            return isinstance(record, ChatWithdraw)
        verdict = self._fences.forbids(record)
        if verdict is not None:
            self._metrics.fenced_sends.inc()
            self._withdraw(record, verdict.cause, verdict.offset, (peer,))
            return False
        if record.not_after < self._clock():
            self._metrics.stale_sends.inc()
            self._withdraw(record, "late", record.shop_offset, (peer,))
            return False
        self._sent.setdefault((record.room, record.id), Sent(record)).peers[peer] = None
        return True

    def report(self, room: str, reply: str) -> None:
        """A source told what became of it."""
        self._sent.pop((room, reply), None)

    def leave(self, peer: Peer) -> None:
        """A source is gone; when it comes back it is sent again what it missed."""
        for sent in self._sent.values():
            sent.peers.pop(peer, None)

    def enforce(self) -> None:
        """The fences changed: withdraw what they forbid."""
        for place, sent in list(self._sent.items()):
            verdict = self._fences.forbids(sent.record)
            if verdict is not None:
                del self._sent[place]
                self._metrics.fenced_sends.inc()
                self._withdraw(sent.record, verdict.cause, verdict.offset, tuple(sent.peers))

    def trim(self) -> None:
        """Forget what must be over."""
        now = self._clock()
        over = [place for place, sent in self._sent.items() if sent.record.not_after + FORGET_MS < now]
        for place in over:
            del self._sent[place]

    def __len__(self) -> int:
        return len(self._sent)

    def _withdraw(self, of: ChatReply, reason: str, offset: int, peers: tuple[Peer, ...]) -> None:
        name = hashlib.sha256(f"gateway/{of.room}/chat_withdraw/{of.id}/{offset}".encode()).hexdigest()[:32]
        record = ChatWithdraw(
            id=name, room=of.room, shop=of.shop, at=self._clock(), lease=0, seq=0, shop_offset=offset,
            source=of.source, reply=of.id, reason=reason,
        )  # fmt: skip
        for peer in peers:
            peer.say(Push(stream="insertions", record=record))
