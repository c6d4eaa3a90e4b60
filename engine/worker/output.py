"""Effects → records to be written, in bytes. Most of a batch's time that is the worker's own goes here: no validation, no copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from engine.bus.port import Outgoing
from engine.events.codec import adapter, encode
from engine.events.fields import MAX_RECORD_BYTES
from engine.events.inputs import AppliedShopEvent
from engine.events.journal import PartitionSnapshot, RoomSnapshot
from engine.events.letters import DeadLetter
from engine.events.outputs import Decision, VerdictLine
from engine.events.topics import TOPICS
from engine.journal.core import Keyed

_decision: Any = adapter(Decision).serializer
_lines: Any = adapter(list[VerdictLine]).serializer
_text: Any = adapter(str).serializer


def outgoing(records: Iterable[Keyed], partition: int) -> list[Outgoing]:
    """The core's records, each to the inputs' partition number."""
    out = []
    for record in records:
        if type(record) is Decision:
            value: bytes = _decision.to_json(record, exclude_none=True)
            out.append(Outgoing("decisions", record.room, value, partition))
        else:
            target = partition if TOPICS[record.topic].layout == "rooms" else 0
            out.append(Outgoing(record.topic, record.key(), encode(record), target))
    return out


def verdicts(
    lines: Mapping[str, Sequence[VerdictLine]], *, partition: int, lease: int, seq: int, limit: int = MAX_RECORD_BYTES
) -> list[Outgoing]:
    """One record per room; more only where it would be above `limit` bytes."""
    out: list[Outgoing] = []
    for room, told in lines.items():
        waiting = [list(told)]
        while waiting:
            some = waiting.pop()
            body: bytes = _lines.to_json(some)
            if len(body) > limit - 1_024 and len(some) > 1:
                half = len(some) // 2
                waiting += (some[half:], some[:half])
                continue
            identity = f"{partition}/{lease}/{seq}/{room}/{len(out)}"
            head = (
                f'{{"v":1,"type":"verdicts","id":"{blake2b(identity.encode(), digest_size=8).hexdigest()}",'
                f'"lease":{lease},"seq":{seq},"room":'
            )
            value = b"".join((head.encode(), _text.to_json(room), b',"lines":', body, b"}"))
            out.append(Outgoing("verdicts", room, value, partition))
    return out


def letters(found: Iterable[DeadLetter]) -> list[Outgoing]:
    """Dead letters."""
    return [Outgoing("dead-letters", letter.key(), encode(letter), 0) for letter in found]


def room_snapshot(room: str, snapshot: RoomSnapshot | None, partition: int) -> Outgoing:
    """A room's snapshot, or its tombstone where the room has ended."""
    return Outgoing("snapshots", room, None if snapshot is None else encode(snapshot), partition)


def partition_snapshot(snapshot: PartitionSnapshot, limit: int = MAX_RECORD_BYTES) -> list[Outgoing]:
    """The partition record, in parts where its shop events are many. Values None stay: they are facts withdrawn."""
    serializer: Any = adapter(PartitionSnapshot).serializer
    todo = [snapshot.shop_events]
    parts: list[tuple[AppliedShopEvent, ...]] = []
    while todo:
        events = todo.pop()
        size = len(serializer.to_json(snapshot.model_copy(update={"shop_events": events})))
        if size > limit and len(events) > 1:
            half = len(events) // 2
            todo += (events[half:], events[:half])
        else:
            parts.append(events)
    out = []
    for index, events in enumerate(parts):
        change = {"shop_events": events, "part": index, "last": index == len(parts) - 1}
        part = snapshot.model_copy(update=change)
        out.append(Outgoing("snapshots", part.key(), serializer.to_json(part), snapshot.partition))
    return out
