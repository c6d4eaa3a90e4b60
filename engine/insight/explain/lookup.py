"""Finds comments by id: decided, waiting, not read yet, or set aside. Reads whole topics; ids are told by their bytes before anything is
decoded."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from engine.bus.partitioner import partition_of
from engine.bus.port import Bus, Stored
from engine.errors import RecordError
from engine.events.codec import decode
from engine.events.inputs import Comment
from engine.events.letters import DeadLetter
from engine.events.outputs import Decision
from engine.understanding.privacy import mask

PAGE: Final = 1_000
NEAR: Final = 5  # ids that are proposed where one is not known
RECENT: Final = 20_000  # of the newest comments of a partition, among which near ones are sought

Needles = tuple[bytes, ...]


@dataclass(slots=True)
class Sighting:
    """A comment that stands on the log. `records`: (offset, log time) of each time that it came, oldest first."""

    room: str
    source: str
    id: str
    partition: int
    text: str = ""
    decision: Decision | None = None
    records: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What goes by an id. `near`: (id, text) of others, where nothing does."""

    sightings: list[Sighting] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    near: list[tuple[str, str]] = field(default_factory=list)


async def look(bus: Bus, name: str, room: str | None = None, source: str | None = None) -> Found:
    """Every comment with this id (or whose decision has it), in one room and of one source where they are named."""
    seen: dict[tuple[str, str, str], Sighting] = {}
    partitions = range(bus.partitions) if room is None else (partition_of(room, bus.partitions),)
    needles = needles_of(name)

    def sighting(at: int, in_room: str, of: str, comment: str) -> Sighting | None:
        if room not in (None, in_room) or source not in (None, of):
            return None
        return seen.setdefault((in_room, of, comment), Sighting(in_room, of, comment, at))

    for partition in partitions:
        async for stored in holding(bus, "decisions", partition, needles):
            decision: Decision = decode("decisions", stored.value)
            if name in (decision.comment, decision.id):
                found = sighting(partition, decision.room, decision.source, decision.comment)
                if (
                    found is not None and found.decision is None
                ):  # one that comes again much later has a second, `expired`
                    found.decision, found.text = decision, decision.text
    wanted = needles + tuple(needle for each in seen.values() for needle in needles_of(each.id))
    for partition in partitions:
        async for stored in holding(bus, "comments", partition, wanted):
            comment = _comment(stored)
            if comment is None or (comment.id != name and (comment.room, comment.source, comment.id) not in seen):
                continue
            found = sighting(partition, comment.room, comment.source, comment.id)
            if found is not None:
                found.text = found.text or _shown(comment)
                found.records.append((stored.offset, stored.time))
    told = Found(list(seen.values()))
    await _letters(bus, told, needles, room)
    if not told.sightings and not told.letters:
        told.near = await _near(bus, name, partitions)
    return told


async def _letters(bus: Bus, told: Found, needles: Needles, room: str | None) -> None:
    """Dead letters of these comments, and those in whose record the id stands."""
    places = {
        (each.partition, offset) for each in told.sightings if each.decision is None for offset, _ in each.records
    }
    async for stored in holding(bus, "dead-letters", 0, (b"comments",)):
        letter: DeadLetter = decode("dead-letters", stored.value)
        if letter.origin_topic != "comments" or room not in (None, letter.origin_key):
            continue
        ours = (letter.origin_partition, letter.origin_offset) in places
        if ours or (not told.sightings and any(needle in b64decode(letter.value) for needle in needles)):
            told.letters.append(letter)


async def _near(bus: Bus, name: str, partitions: Sequence[int]) -> list[tuple[str, str]]:
    """Ids that look like it, and those of comments that say it."""
    texts: dict[str, str] = {}
    for partition in partitions:
        start = max(await bus.begin("comments", partition), await bus.end("comments", partition) - RECENT)
        async for stored in holding(bus, "comments", partition, (b"",), start):
            comment = _comment(stored)
            if comment is not None:
                texts[comment.id] = _shown(comment)
    said = [each for each, text in reversed(texts.items()) if name.strip() and name.strip() in text][:NEAR]
    close = said or get_close_matches(name, texts, n=NEAR, cutoff=0.6)
    return [(each, texts[each]) for each in close]


def needles_of(name: str) -> Needles:
    """An id as it may stand in JSON: producers may write what is not ASCII as it is, or escaped."""
    written = (json.dumps(name, ensure_ascii=plain)[1:-1].encode("utf-8", "replace") for plain in (False, True))
    return tuple(dict.fromkeys(written))


async def holding(
    bus: Bus, topic: str, partition: int, needles: Needles, start: int | None = None
) -> AsyncIterator[Stored]:
    """Records in whose value one of these stands, from offset `start` on (None: all), in order."""
    at = await bus.begin(topic, partition) if start is None else start
    end = await bus.end(topic, partition)
    while page := await bus.read(topic, partition, at, end, max_records=PAGE):
        at = page[-1].offset + 1
        for stored in page:
            if stored.value is not None and any(needle in stored.value for needle in needles):
                yield stored


def _shown(comment: Comment) -> str:
    """Its text, personal data masked."""
    return mask(comment.text) or comment.text


def _comment(stored: Stored) -> Comment | None:
    """The comment; None where it is none, which the worker set aside."""
    try:
        comment: Comment = decode("comments", stored.value)
    except RecordError:
        return None
    return comment
