"""Bytes ↔ records. UTF-8 JSON; what is read is validated, what is written leaves out fields that are None."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from engine.errors import RecordError
from engine.events.gaps import Gap
from engine.events.handoffs import Handoff
from engine.events.inputs import Comment, RoomEvent, ShopEvent
from engine.events.journal import JournalRecord, Snapshot
from engine.events.letters import DeadLetter
from engine.events.outputs import Aired, Decision, RoomCommand, Verdicts
from engine.events.pools import PoolRecord
from engine.events.posts import Posted
from engine.events.viewers import ViewerKey

T = TypeVar("T")

AiredRecord = Annotated[Aired | Posted, Field(discriminator="type")]
"""What `aired` holds: what was said, and what was posted."""

TOPIC_TYPES: Final[dict[str, Any]] = {
    "comments": Comment,
    "room-events": RoomEvent,
    "shop-events": ShopEvent,
    "pools": PoolRecord,
    "verdicts": Verdicts,
    "decisions": Decision,
    "insertions": RoomCommand,
    "aired": AiredRecord,
    "handoffs": Handoff,
    "gaps": Gap,
    "journal": JournalRecord,
    "snapshots": Snapshot,
    "viewer-keys": ViewerKey,
    "dead-letters": DeadLetter,
}
"""What each topic carries: a model, or a union of models tagged by `type`."""


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """The cached validator and serialiser of a record type or union."""
    return TypeAdapter(kind)


def encode(record: object) -> bytes:
    """A record as JSON bytes."""
    kind: Any = type(record)
    return adapter(kind).dump_json(record, exclude_none=True)


def decode(topic: str, value: bytes | None) -> Any:
    """The record that stands on `topic`; raises `RecordError` that names the field."""
    return decode_as(TOPIC_TYPES[topic], value, topic)


def decode_as(kind: Any, value: bytes | str | None, name: str) -> Any:
    """`value` as `kind`; `name` is what the error calls it."""
    if value is None:
        raise RecordError(name, "the value is empty")
    try:
        return adapter(kind).validate_json(value)
    except ValidationError as error:
        raise RecordError(name, describe(error)) from None


def describe(error: ValidationError) -> str:
    """Up to three mistakes of a validation, each with its place, without the (untrusted, maybe huge) input."""
    parts = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:3]:
        place = ".".join(str(step) for step in item["loc"]) or "record"
        parts.append(f"{place}: {item['msg']}"[:300])
    more = error.error_count() - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")
