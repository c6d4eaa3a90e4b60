"""Journal records: entries → records of bounded size, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

from engine.errors import RestoreError
from engine.events.codec import adapter, decode
from engine.events.fields import MAX_RECORD_BYTES
from engine.events.journal import (
    AnyEntry,
    CommentEntry,
    JournalRecord,
    NumberedEntry,
    Positions,
    ShopEntry,
)

HEAD_BYTES = 512  # of the fields around the entries, at most
RUN = 32  # comments that are encoded in one call
_comments: Any = adapter(list[CommentEntry]).serializer
_others: dict[type, Any] = {kind: adapter(kind).serializer for kind in get_args(AnyEntry) if kind is not CommentEntry}
_positions: Any = adapter(Positions).serializer


def encode_entry(entry: AnyEntry) -> bytes:
    """One entry as JSON. None is left out, but in shop entries, where a fact's value None means that it is withdrawn."""
    kind = type(entry)
    if kind is CommentEntry:
        return _encode_comments([entry])
    encoded: bytes = _others[kind].to_json(entry, exclude_none=kind is not ShopEntry)
    return encoded


def _encode_comments(comments: Sequence[AnyEntry]) -> bytes:
    """Comments as JSON, with commas between them."""
    encoded: bytes = _comments.to_json(comments, exclude_none=True)
    return encoded[1:-1]


def _items(entries: Sequence[AnyEntry], room: int) -> Iterator[tuple[bytes, int]]:
    """Pieces of JSON with how many entries each holds: comments that follow each other go together, as far as `room` bytes allow."""
    at = 0
    while at < len(entries):
        end = at + 1
        while end < len(entries) and end - at < RUN and type(entries[end]) is type(entries[at]) is CommentEntry:
            end += 1
        if end == at + 1:
            yield encode_entry(entries[at]), 1
        elif len(together := _encode_comments(entries[at:end])) <= room:
            yield together, end - at
        else:
            yield from ((encode_entry(entry), 1) for entry in entries[at:end])
        at = end


def encode(
    *,
    partition: int,
    partitions: int,
    lease: int,
    first_seq: int,
    now: int,
    entries: Sequence[AnyEntry],
    positions: Positions,
    group: str = "",
    limit: int = MAX_RECORD_BYTES,
) -> list[bytes]:
    """A commit's journal records, each at most `limit` bytes (one entry that is larger stands alone). Written as bytes, for speed."""
    groups: list[list[bytes]] = [[]]
    counts = [0]
    where = _positions.to_json(positions, exclude_none=True).decode()
    who = json.dumps(group)
    room = limit - HEAD_BYTES - len(where) - len(who)
    size = 0
    for item, count in _items(entries, room):
        if size + len(item) > room and groups[-1]:
            groups.append([])
            counts.append(0)
            size = 0
        groups[-1].append(item)
        counts[-1] += count
        size += len(item) + 1
    records = []
    first = first_seq
    for part, items in enumerate(groups):
        last = "true" if part == len(groups) - 1 else "false"
        head = (
            f'{{"v":1,"type":"journal","partition":{partition},"partitions":{partitions},"lease":{lease},"first_seq":{first},'
            f'"now":{now},"group":{who},"positions":{where},"part":{part},"last":{last},"entries":['
        )
        records.append(b"".join((head.encode(), b",".join(items), b"]}")))
        first += counts[part]
    return records


def decode_record(value: bytes | None) -> JournalRecord:
    """One record as read; raises `RecordError`."""
    record: JournalRecord = decode("journal", value)
    return record


def numbered(records: Iterable[JournalRecord], after: int) -> Iterator[NumberedEntry]:
    """The entries with seq above `after`, in order. Raises `RestoreError` where a seq is missing or now goes back."""
    expected: int | None = None
    now = 0
    for record in records:
        if expected is not None and record.first_seq != expected:
            raise RestoreError(
                f"the journal of partition {record.partition} jumps from seq {expected - 1} to {record.first_seq}: records are missing; "
                "restore the log from a copy that has them"
            )
        if record.now < now:
            raise RestoreError(
                f"the journal of partition {record.partition} goes back in time at seq {record.first_seq}: the log is damaged; "
                "restore it from a copy"
            )
        now = record.now
        expected = record.last_seq + 1
        for index, entry in enumerate(record.entries):
            seq = record.first_seq + index
            if seq > after:
                yield NumberedEntry(seq, record.now, entry)
