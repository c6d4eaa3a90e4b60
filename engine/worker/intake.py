"""What stands on the inputs → records, or a dead letter that says what is wrong with it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b
from typing import Any

from pydantic import ValidationError

from engine.bus.port import Stored
from engine.errors import RecordError
from engine.events.codec import adapter, decode, describe
from engine.events.fields import MAX_RECORD_BYTES, room_objection
from engine.events.inputs import Comment, Kill, RoomEvent, ShopEvent
from engine.events.letters import DeadLetter, cover_viewer
from engine.worker.metering import Tally

MAX_INPUT_BYTES = (
    MAX_RECORD_BYTES - 64 * 1024
)  # the journal repeats an event with its defaults written out, in one record
MAX_AGE_MS = 600_000  # a claimed time is taken for at most so long before the log's (the core clamps it alike)
LETTER_BYTES = 6_000  # of the malformed record, as base64 within the 8,192 characters of a dead letter

_comment: Any = adapter(Comment).validator


def read_comment(stored: Stored) -> Comment:
    """The comment; raises `RecordError`."""
    try:
        comment: Comment = _comment.validate_json(_value(stored))
    except ValidationError as error:
        raise RecordError("comments", describe(error)) from None
    _check_key(stored, comment.room)
    return comment


def clamped(sent: int | None, logged: int, tally: Tally) -> int:
    """When a comment was sent, as far as that may be believed; `tally` counts where it is not."""
    if sent is None:
        return logged
    if sent > logged:
        tally.early += 1
        return logged
    if sent < logged - MAX_AGE_MS:
        tally.late += 1
        return logged - MAX_AGE_MS
    return sent


def read_room_event(stored: Stored) -> RoomEvent:
    """The room event; raises `RecordError`."""
    event: RoomEvent = decode("room-events", _value(stored))
    _check_key(stored, event.room)
    return event


def read_shop_event(stored: Stored) -> ShopEvent:
    """The shop event; raises `RecordError`."""
    event: ShopEvent = decode("shop-events", _value(stored))
    if stored.key != event.key():
        raise RecordError("shop-events", f"its key must be `{event.key()}`, so that a newer event replaces it")
    if isinstance(event, Kill) and event.scope == "room":
        _check_room(stored, "target", event.target)
    return event


def dead_letter(stored: Stored, error: str, now: int) -> DeadLetter:
    """A malformed record, set aside with its error and origin."""
    value = cover_viewer((stored.value or b"")[:LETTER_BYTES])
    origin = f"{stored.topic}/{stored.partition}/{stored.offset}"
    return DeadLetter(
        id=blake2b(origin.encode(), digest_size=16).hexdigest(),
        origin_topic=stored.topic,
        origin_partition=stored.partition,
        origin_offset=stored.offset,
        origin_key=None if stored.key is None else stored.key[:300],
        error=error[:2_000],
        value=b64encode(value[:LETTER_BYTES]).decode(),
        size=len(stored.value or b""),
        at=now,
    )


def _value(stored: Stored) -> bytes:
    """What is to be decoded; raises `RecordError` where nothing can be."""
    value = stored.value
    if stored.fault:
        raise RecordError(stored.topic, stored.fault)
    if not value:
        raise RecordError(stored.topic, "the value is empty")
    if len(value) > MAX_INPUT_BYTES:
        raise RecordError(stored.topic, f"{len(value)} bytes, above the limit of {MAX_INPUT_BYTES}")
    return value


def _check_key(stored: Stored, room: str) -> None:
    if stored.key != room:
        raise RecordError(stored.topic, "its key must be its room, or the order within the room is lost")
    _check_room(stored, "room", room)


def _check_room(stored: Stored, field: str, room: str) -> None:
    objection = room_objection(room)
    if objection is not None:
        raise RecordError(stored.topic, f"{field}: {objection}")
