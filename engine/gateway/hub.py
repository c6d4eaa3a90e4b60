"""Streams to subscribers: fan-out of what comes from the log, and what a client missed.

A stream's place is an epoch, which names the log and the partition, and an offset. All sends are synchronous, so that between a
client's backlog and its first live record nothing can slip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.bus.port import Stored
from engine.events.codec import decode
from engine.events.topics import TOPICS
from engine.events.wire import Point, Stream
from engine.gateway.auth import matches
from engine.gateway.peer import Peer
from engine.gateway.ring import Entry, Ring

STREAMS: Final[tuple[Stream, ...]] = (
    "insertions", "verdicts", "decisions", "aired", "handoffs", "gaps", "room-events",
)  # fmt: skip

LONGER_MS: Final[Mapping[Stream, int]] = {"handoffs": 1_800_000}
"""Streams that are held longer than `gateway.ring_minutes`: a handoff is open for at most 20 minutes, and people come back to it."""

Gate = Callable[[Peer, Any], bool]
"""Whether a parsed record of `insertions` goes to this source or player."""


class Hub:
    """All streams of one gateway. `log`: the identity of the bus."""

    def __init__(
        self, *, log: str, partitions: int, partition_of: Callable[[str], int], keep_ms: int, gate: Gate
    ) -> None:
        self._keep_ms = keep_ms
        self.rings: Mapping[Stream, Ring] = {stream: Ring(self.keep_ms(stream)) for stream in STREAMS}
        self._log = log
        self._partitions = partitions
        self._partition_of = partition_of
        self._gate = gate
        self._seen: dict[Stream, dict[int, int]] = {stream: {} for stream in STREAMS}
        self._named: dict[tuple[Stream, str], dict[Peer, None]] = {}
        self._patterned: dict[Stream, dict[Peer, None]] = {stream: {} for stream in STREAMS}

    def keep_ms(self, stream: Stream) -> int:
        """For how long a record of the stream is held."""
        return max(self._keep_ms, LONGER_MS.get(stream, 0))

    def epoch(self, partition: int) -> str:
        return f"{self._log}.{partition}"

    def begin(self, stream: Stream, partition: int, offset: int) -> None:
        """Reading starts here."""
        self.rings[stream].begin(partition, offset)
        self._seen[stream][partition] = offset - 1

    def add(self, stream: Stream, stored: Stored) -> Entry | None:
        """Hold a record of the log; None for tombstones, which say nothing to clients."""
        self._seen[stream][stored.partition] = stored.offset
        if stored.value is None or stored.key is None:
            return None
        room = stored.key.partition("/")[0] if stream == "gaps" else stored.key
        entry = Entry(room, stored.partition, stored.offset, stored.time, stored.value)
        self.rings[stream].add(entry)
        return entry

    def deliver(self, stream: Stream, entry: Entry) -> None:
        """Send a record to everyone who follows its room."""
        peers = [*self._named.get((stream, entry.room), ())]
        peers += [
            peer
            for peer in self._patterned[stream]
            if any(matches(pattern, entry.room) for pattern in peer.scope(stream))
        ]
        if peers:
            self._send(stream, entry, dict.fromkeys(peers))

    def subscribe(self, peer: Peer) -> None:
        """From now on the client gets its streams."""
        for stream in peer.streams:
            scope = peer.scope(stream)
            if any(name.endswith("*") for name in scope):
                self._patterned[stream][peer] = None
            else:
                for name in scope:
                    self._named.setdefault((stream, name), {})[peer] = None

    def leave(self, peer: Peer) -> None:
        """The client is gone."""
        for stream in peer.streams:
            self._patterned[stream].pop(peer, None)
            for name in peer.scope(stream):
                peers = self._named.get((stream, name))
                if peers is not None:
                    peers.pop(peer, None)
                    if not peers:
                        del self._named[stream, name]

    def points(self, peer: Peer) -> tuple[Point, ...]:
        """Where the client's streams stand."""
        return tuple(
            Point(stream=stream, epoch=self.epoch(partition), offset=self._seen[stream][partition])
            for stream in peer.streams
            for partition in self._rooms_by_partition(peer, stream)
            if partition in self._seen[stream]
        )

    def resume(self, peer: Peer, limit: int) -> tuple[tuple[Point, ...], bool, list[tuple[Stream, Entry]]]:
        """For a client that comes back: the points it stands at, whether its gap is whole, and what it missed.

        `limit`: bytes of backlog; a larger one is cut at its old end, and then is not whole. Without points nothing is owed, and nothing
        is called recovered; one that asked for what is `held` begins with that.
        """
        assert peer.identify is not None
        told = {(point.stream, point.epoch): point.offset for point in peer.identify.resume}
        whole = bool(told)
        points: list[Point] = []
        backlog: list[tuple[Stream, Entry]] = []
        for stream in peer.streams:
            for partition, rooms in self._rooms_by_partition(peer, stream).items():
                epoch, now = self.epoch(partition), self._seen[stream].get(partition)
                if now is None:
                    whole = False
                    continue
                offset = told.get((stream, epoch), -1 if peer.identify.held else None)
                points.append(Point(stream=stream, epoch=epoch, offset=now if offset is None else min(offset, now)))
                whole = whole and (stream, epoch) in told
                if offset is None:
                    continue
                whole = whole and self.rings[stream].whole(partition, offset, rooms)
                backlog += ((stream, entry) for entry in self.rings[stream].since(partition, offset, rooms))
        size = 0
        for kept, (_, entry) in enumerate(reversed(backlog)):
            size += entry.size
            if size > limit:
                return tuple(points), False, backlog[len(backlog) - kept :]
        return tuple(points), whole, backlog

    def replay(self, peer: Peer, backlog: list[tuple[Stream, Entry]]) -> None:
        """Send what was missed."""
        for stream, entry in backlog:
            self._send(stream, entry, {peer: None})

    def _send(self, stream: Stream, entry: Entry, peers: Mapping[Peer, None]) -> None:
        head = f'{{"type":"push","stream":"{stream}","epoch":"{self.epoch(entry.partition)}","offset":{entry.offset},"record":'
        frame = head.encode() + entry.value + b"}"  # records are JSON already: nothing is parsed for those who get all
        record: Any = None
        for peer in peers:
            if peer.role in ("source", "player"):
                record = decode(stream, entry.value) if record is None else record
                if not self._gate(peer, record):
                    continue
            peer.link.send(frame)

    def _rooms_by_partition(self, peer: Peer, stream: Stream) -> dict[int, list[str]]:
        """The client's names and patterns of a stream by the partitions where they may stand."""
        scope = peer.scope(stream)
        single = TOPICS[stream].layout == "single"
        patterns = [name for name in scope if name.endswith("*")]
        found: dict[int, list[str]] = {}
        if single:
            return {0: list(scope)} if scope else {}
        if patterns:
            found = {partition: list(patterns) for partition in range(self._partitions)}
        for name in scope:
            if not name.endswith("*"):
                found.setdefault(self._partition_of(name), []).append(name)
        return found
