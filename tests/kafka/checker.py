"""Reads everything that is on a log after a run full of faults, and tells what must not be there: in the manner of Jepsen.

It knows nothing of what happened, only the log: what was published, what the workers wrote, and the journal, from which a fresh core must
say the same again. Rules:

    lost        what a producer was told is on the log is there
    decided     every comment has one decision, and no decision is of nothing
    entered     every input is in the journal or among the dead letters, once, a room's in order
    twice       no insertion stands there twice, unless it says that it was sent again
    fenced      leases never go down, seq has no gap or repeat, and nothing is there that the journal does not cover
    replay      the journal's entries give the same records again, byte for byte, in the same order per room
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from engine.bus.port import Stored
from engine.errors import RecordError
from engine.events.codec import decode
from engine.events.inputs import Comment
from engine.events.journal import CommentEntry, JournalRecord, LeaseEntry, NumberedEntry, RoomEntry
from engine.events.letters import DeadLetter
from engine.events.outputs import Decision, Insertion, RoomOutput, Verdicts
from engine.journal.records import decode_record
from engine.pool.model import Pool
from engine.room.arrival import identity
from engine.room.rooms import Rooms
from engine.worker import output
from engine.worker.intake import read_comment, read_room_event

Log = Mapping[tuple[str, int], Sequence[Stored]]
"""By topic and partition, as a reader of committed records sees it."""

REPLAYED: Final = ("decisions", "insertions", "aired", "handoffs")
TOLD: Final = 20
"""Violations of one rule that are told; the others are counted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What must not be."""

    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


@dataclass(slots=True)
class Findings:
    """What the log came to."""

    violations: list[Violation] = field(default_factory=list)
    comments: int = 0
    duplicates: int = 0
    decisions: int = 0
    insertions: int = 0
    dead_letters: int = 0
    entries: int = 0
    leases: int = 0

    def __str__(self) -> str:
        counts = Counter(violation.rule for violation in self.violations)
        told = [f"{rule}: {count} violations" for rule, count in counts.items() if count > 1]
        shown: Counter[str] = Counter()
        for violation in self.violations:
            shown[violation.rule] += 1
            if shown[violation.rule] <= TOLD:
                told.append(str(violation))
        numbers = (
            f"{self.comments} comments ({self.duplicates} of them again), {self.decisions} decisions, {self.insertions} insertions,"
            f" {self.dead_letters} dead letters, {self.entries} journal entries, {self.leases} leases"
        )
        return "\n".join([numbers, *(told or ["no violation"])])


def check(log: Log, pools: Callable[[str], Pool], acknowledged: Iterable[tuple[str, int, int]] = ()) -> Findings:
    """Everything that is wrong on the log. `acknowledged`: topic, partition and offset of what producers were told is there."""
    found = Findings()
    found.violations += _lost(log, acknowledged)
    letters = _letters(log, found)
    found.violations += _decided(log, letters, found)
    found.violations += _twice(log, found)
    for partition in sorted({partition for topic, partition in log if topic in ("journal", "comments", "room-events")}):
        records = [decode_record(stored.value) for stored in log.get(("journal", partition), ())]
        items = [
            NumberedEntry(record.first_seq + index, record.now, entry)
            for record in records
            for index, entry in enumerate(record.entries)
        ]
        found.entries += len(items)
        found.leases += sum(isinstance(item.entry, LeaseEntry) for item in items)
        found.violations += _entered(log, partition, items, letters)
        fenced = [*_fenced(partition, records), *_uncovered(log, partition, records)]
        found.violations += fenced
        if not fenced:  # a journal with a hole replays to nothing that could be compared
            found.violations += _replayed(log, partition, items, pools)
    return found


def _lost(log: Log, acknowledged: Iterable[tuple[str, int, int]]) -> Iterator[Violation]:
    there = {(topic, partition, stored.offset) for (topic, partition), found in log.items() for stored in found}
    for topic, partition, offset in acknowledged:
        if (topic, partition, offset) not in there:
            yield Violation("lost", f"{topic}/{partition}/{offset} was acknowledged and is not there")


def _letters(log: Log, found: Findings) -> Counter[tuple[str, int, int]]:
    """How many dead letters each place of an input has."""
    letters: Counter[tuple[str, int, int]] = Counter()
    for stored in log.get(("dead-letters", 0), ()):
        letter: DeadLetter = decode("dead-letters", stored.value)
        letters[letter.origin_topic, letter.origin_partition, letter.origin_offset] += 1
    found.dead_letters = letters.total()
    return letters


def _comments(log: Log, letters: Mapping[tuple[str, int, int], int]) -> Iterator[tuple[int, Comment]]:
    """Readable comments with their partitions; those that have a dead letter are judged by `entered`."""
    for (topic, partition), records in log.items():
        if topic == "comments":
            for stored in records:
                if not letters.get((topic, partition, stored.offset)):
                    try:
                        yield partition, read_comment(stored)
                    except RecordError:
                        continue  # unreadable and without a dead letter: `entered` tells it


def _decided(log: Log, letters: Mapping[tuple[str, int, int], int], found: Findings) -> Iterator[Violation]:
    wanted: dict[str, str] = {}
    for _, comment in _comments(log, letters):
        found.comments += 1
        wanted[identity(comment.room, comment.source, comment.id)[0]] = f"{comment.room}/{comment.source}/{comment.id}"
    found.duplicates = found.comments - len(wanted)
    decided: dict[str, str] = {}
    for (topic, partition), records in log.items():
        if topic != "decisions":
            continue
        for stored in records:
            decision: Decision = decode("decisions", stored.value)
            found.decisions += 1
            place = f"{partition}/{stored.offset} ({decision.reason})"
            if decision.id in decided:
                yield Violation("decided", f"{decision.room}/{decision.comment} twice: {decided[decision.id]}, {place}")
            elif decision.id not in wanted:
                yield Violation("decided", f"{place} decides {decision.room}/{decision.comment}, which nobody wrote")
            decided[decision.id] = place
    for name in wanted.keys() - decided.keys():
        yield Violation("decided", f"{wanted[name]} has no decision")


def _twice(log: Log, found: Findings) -> Iterator[Violation]:
    seen: dict[str, Insertion] = {}
    for (topic, partition), records in log.items():
        if topic != "insertions":
            continue
        for stored in records:
            command = decode("insertions", stored.value)
            if not isinstance(command, Insertion):
                continue
            found.insertions += 1
            before = seen.get(command.id)
            if before is not None and (not command.resend or command.text != before.text):
                yield Violation(
                    "twice", f"insertion {command.id} of {command.room} again at {partition}/{stored.offset}"
                )
            seen[command.id] = command


def _entered(
    log: Log, partition: int, items: Sequence[NumberedEntry], letters: Mapping[tuple[str, int, int], int]
) -> Iterator[Violation]:
    """Per room and input: the same, in the same order. Between rooms the order is free."""
    comments: dict[str, list[str]] = {}
    events: dict[str, list[str]] = {}
    for item in items:
        if isinstance(item.entry, CommentEntry):
            comments.setdefault(item.entry.room, []).append(f"{item.entry.source}/{item.entry.id}")
        elif isinstance(item.entry, RoomEntry):
            events.setdefault(item.entry.event.room, []).append(f"{item.entry.event.type}/{item.entry.event.id}")
    for topic, entered in (("comments", comments), ("room-events", events)):
        written: dict[str, list[str]] = {}
        for stored in log.get((topic, partition), ()):
            count = letters.get((topic, partition, stored.offset), 0)
            if count > 1:
                yield Violation("entered", f"{topic}/{partition}/{stored.offset} has {count} dead letters")
            if count:
                continue
            try:
                room, name = _named(stored)
            except RecordError as error:
                yield Violation("entered", f"{topic}/{partition}/{stored.offset} has no dead letter: {error}")
                continue
            written.setdefault(room, []).append(name)
        for room in sorted(written.keys() | entered.keys()):
            one, two = written.get(room, []), entered.get(room, [])
            if one != two:
                yield Violation("entered", f"{topic} of {room}: {_difference(one, two)}")


def _named(stored: Stored) -> tuple[str, str]:
    if stored.topic == "comments":
        comment = read_comment(stored)
        return comment.room, f"{comment.source}/{comment.id}"
    event = read_room_event(stored)
    return event.room, f"{event.type}/{event.id}"


def _difference(written: Sequence[str], entered: Sequence[str]) -> str:
    at = next((n for n, pair in enumerate(zip(written, entered, strict=False)) if pair[0] != pair[1]), -1)
    if at < 0:
        at = min(len(written), len(entered))
    return (
        f"{len(written)} written, {len(entered)} in the journal, from {at} on {list(written[at : at + 3])} /"
        f" {list(entered[at : at + 3])}"
    )


def _fenced(partition: int, records: Sequence[JournalRecord]) -> Iterator[Violation]:
    for before, record in pairwise(records):
        place = f"journal/{partition} at seq {record.first_seq}"
        if record.lease < before.lease:
            yield Violation("fenced", f"{place}: lease {record.lease} after lease {before.lease}")
        if record.first_seq != before.last_seq + 1:
            yield Violation("fenced", f"{place}: it follows seq {before.last_seq}")
        if any(now < then for now, then in zip(_places(record), _places(before), strict=True)):
            yield Violation("fenced", f"{place}: positions go back")
    entered = [entry.lease for record in records for entry in record.entries if isinstance(entry, LeaseEntry)]
    if entered != sorted(set(entered)):
        yield Violation("fenced", f"journal/{partition}: leases were entered as {entered}")


def _places(record: JournalRecord) -> tuple[int, int, int]:
    return record.positions.comments, record.positions.room_events, record.positions.shop_events


def _uncovered(log: Log, partition: int, records: Sequence[JournalRecord]) -> Iterator[Violation]:
    """What a fenced worker wrote has no journal record: it names a lease and seq that no commit of the partition had.

    A batch that was sent again after an unknown outcome keeps the lease it was computed under, though its journal record has the next one.
    """
    covered: set[tuple[int, int]] = set()
    entered = 0
    for record in records:
        for seq, entry in enumerate(record.entries, record.first_seq):
            if isinstance(entry, LeaseEntry):
                entered = entry.lease
            covered |= {(record.lease, seq), (entered, seq)}
    for topic in ("verdicts", "insertions"):
        for stored in log.get((topic, partition), ()):
            written = decode(topic, stored.value)
            assert isinstance(written, Verdicts | RoomOutput)
            if (written.lease, written.seq) not in covered:
                place = f"{topic}/{partition}/{stored.offset}"
                yield Violation("fenced", f"{place} is of lease {written.lease}, seq {written.seq}: no commit had them")


def _replayed(
    log: Log, partition: int, items: Sequence[NumberedEntry], pools: Callable[[str], Pool]
) -> Iterator[Violation]:
    rooms = Rooms(pools)
    said: dict[tuple[str, str], list[bytes | None]] = {}
    lines: dict[str, list[tuple[str, str, str]]] = {}
    for item in items:
        rooms.handle(item.seq, item.now, item.entry)
        effects = rooms.take()
        for one in output.outgoing(effects.records, partition):
            said.setdefault((one.topic, one.key), []).append(one.value)
        for room, found in effects.verdicts.items():
            lines.setdefault(room, []).extend((line.source, line.id, line.verdict) for line in found)
    written: dict[tuple[str, str], list[bytes | None]] = {}
    for topic in REPLAYED:
        for stored in log.get((topic, partition), ()):
            written.setdefault((topic, stored.key or ""), []).append(stored.value)
    for place in sorted(said.keys() | written.keys()):
        there, again = written.get(place, []), said.get(place, [])
        if there != again and place[0] in REPLAYED:
            yield Violation("replay", f"{place[0]} of {place[1]}: {_first_difference(there, again)}")
    told: dict[str, list[tuple[str, str, str]]] = {}
    for stored in log.get(("verdicts", partition), ()):
        verdicts: Verdicts = decode("verdicts", stored.value)
        told.setdefault(verdicts.room, []).extend((line.source, line.id, line.verdict) for line in verdicts.lines)
    for room in sorted(lines.keys() | told.keys()):
        if lines.get(room, []) != told.get(room, []):
            yield Violation(
                "replay", f"verdicts of {room} differ: {len(told.get(room, []))} / {len(lines.get(room, []))}"
            )


def _first_difference(written: Sequence[bytes | None], said: Sequence[bytes | None]) -> str:
    for number, (one, two) in enumerate(zip(written, said, strict=False)):
        if one != two:
            return f"record {number} is {one!r:.300}, replayed {two!r:.300}"
    return f"{len(written)} records, {len(said)} when replayed"
