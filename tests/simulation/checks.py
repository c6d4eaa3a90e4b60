"""What must always hold (design of the room core and the worker) between all that stands on the log at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter

from engine.bus.port import Stored
from engine.client.playhead import SLIP_MS
from engine.events.codec import decode
from engine.events.inputs import Kill, Playback, PlayerGone, PlayerSeen, RoomClosed
from engine.events.journal import (
    CommentEntry,
    JournalRecord,
    LeaseEntry,
    NumberedEntry,
    PartitionSnapshot,
    PoolEntry,
    RoomEntry,
    RoomSnapshot,
    ShopEntry,
)
from engine.events.letters import DeadLetter
from engine.events.outputs import Aired, Insertion, Verdicts
from engine.events.posts import Posted
from engine.journal.records import decode_record, numbered
from engine.room.arrival import identity
from engine.room.notices import RETRY_MS
from engine.room.rooms import Rooms
from engine.worker import output
from engine.worker.intake import read_comment
from tests.simulation.chat import Books
from tests.simulation.consent import Consent
from tests.simulation.player import Broken
from tests.simulation.shop import DISCLOSE_EVERY_MS, MEMORY_MS, POOLS

REPORT_TIMEOUT_MS = 5_000

Log = Mapping[tuple[str, int], list[Stored]]
"""By topic and partition."""


def check_partition(log: Log, partition: int, decided: Mapping[str, str]) -> tuple[int, int]:
    """Everything that holds between a partition's inputs, journal and outputs; how many entries and comments it had."""
    records = [decode_record(stored.value) for stored in log.get(("journal", partition), [])]
    items = list(numbered(records, -1))
    if not items:
        return 0, 0
    _check_entries(items)
    comments = _check_inputs(log, partition, items, records, decided)
    rooms = _check_replay(log, partition, items)
    _check_snapshots(log, partition, items, rooms)
    _check_aired(log, partition)
    return len(items), comments


def _check_entries(items: Sequence[NumberedEntry]) -> None:
    if not isinstance(items[0].entry, LeaseEntry):
        raise Broken("the first entry of the journal is not a lease")
    lease, offset = 0, -1
    pools: dict[str, tuple[int, int]] = {}
    now = 0
    for item in items:
        entry = item.entry
        if item.now < now:
            raise Broken(f"9: now goes back at seq {item.seq}")
        now = item.now
        if isinstance(entry, LeaseEntry):
            if entry.lease <= lease:
                raise Broken(f"lease {entry.lease} follows lease {lease}")
            lease = entry.lease
        elif isinstance(entry, ShopEntry):
            if entry.applied.offset <= offset:
                raise Broken(f"shop event {entry.applied.offset} was entered after {offset}")
            offset = entry.applied.offset
        elif isinstance(entry, PoolEntry):
            _, at = pools.get(entry.shop, (0, -1))
            if entry.offset <= at:
                raise Broken(f"pool of offset {entry.offset} was entered after that of {at}")
            pools[entry.shop] = (entry.generation, entry.offset)


def _check_inputs(
    log: Log,
    partition: int,
    items: Sequence[NumberedEntry],
    records: Sequence[JournalRecord],
    decided: Mapping[str, str],
) -> int:
    """Every input was handled once, a room's in order: as an entry, or as a dead letter."""
    letters: dict[tuple[str, int], int] = Counter()
    for stored in log.get(("dead-letters", 0), []):
        letter: DeadLetter = decode("dead-letters", stored.value)
        if letter.origin_topic != "shop-events":
            letters[letter.origin_topic, letter.origin_partition] += 1
            if letter.origin_partition == partition:
                letters[f"{letter.origin_topic}@{letter.origin_offset}", partition] += 1
    entered: dict[str, list[CommentEntry] | list[RoomEntry]] = {
        "comments": [item.entry for item in items if isinstance(item.entry, CommentEntry)],
        "room-events": [item.entry for item in items if isinstance(item.entry, RoomEntry)],
    }
    for topic, found in entered.items():
        written = log.get((topic, partition), [])
        if len(found) + letters[topic, partition] != len(written):
            raise Broken(
                f"{topic}/{partition}: {len(written)} records, {len(found)} entries and {letters[topic, partition]} dead letters"
            )
        good = [stored for stored in written if not letters.get((f"{topic}@{stored.offset}", partition))]
        if topic == "comments":
            named = sorted(((c.room, c.id) for c in map(read_comment, good)), key=itemgetter(0))
            handled = [(entry.room, entry.id) for entry in found if isinstance(entry, CommentEntry)]
            if named != sorted(handled, key=itemgetter(0)):
                raise Broken(f"comments/{partition} were entered in another order within a room")
    last = records[-1].positions
    for topic, position in (("comments", last.comments), ("room-events", last.room_events)):
        written = log.get((topic, partition), [])
        if written and position != written[-1].offset + 1:
            raise Broken(f"the position on {topic}/{partition} is {position}, its end {written[-1].offset + 1}")
    for item in items:
        entry = item.entry
        if isinstance(entry, CommentEntry) and identity(entry.room, entry.source, entry.id)[0] not in decided:
            raise Broken(f"1: {entry.room}/{entry.id} (`{entry.text}`, logged {entry.logged}) has no decision")
    return len(entered["comments"])


def _check_replay(log: Log, partition: int, items: Sequence[NumberedEntry]) -> Rooms:
    """A fresh core that gets the same entries says the same, byte for byte, whoever owned the partition meanwhile."""
    rooms = Rooms(POOLS.__getitem__)
    told: dict[str, list[tuple[str, bytes | None]]] = {
        topic: [] for topic in ("decisions", "insertions", "aired", "handoffs")
    }
    lines: list[tuple[str, str, str, bool]] = []
    consent = Consent()
    open_insertion: dict[str, Insertion] = {}
    kills: dict[str, bool] = {}
    books = Books(POOLS)
    told_at: dict[str, int] = {}
    disclosures: dict[str, str] = {}
    for item in items:
        books.entry(item.entry)
        rooms.handle(item.seq, item.now, item.entry)
        effects = rooms.take()
        refused = _refused_disclosure(item, disclosures)
        if refused is not None:
            told_at[refused] = max(told_at.get(refused, 0), item.now + RETRY_MS - DISCLOSE_EVERY_MS)
        _track(item, open_insertion, kills)
        consent.enter(item.entry)
        for record in effects.records:
            consent.put_out(record)
            books.record(record, consent.mode(record.room))
            if isinstance(record, Insertion) and not record.resend:
                _check_emission(record, item, open_insertion, kills)
                _check_disclosed(record, item.now, told_at)
                if record.disclosure is not None:
                    disclosures[record.id] = record.room
                open_insertion[record.room] = record
            elif isinstance(record, Aired) and record.disclosure is not None and not record.cut:
                told_at[record.room] = max(told_at.get(record.room, 0), record.started)
        for one in output.outgoing(effects.records, partition):
            told[one.topic].append((one.key, one.value))
        for room, found in effects.verdicts.items():
            lines += [(room, each.source, each.id, each.final) for each in found]
    books.ended(items[-1].now)
    for topic, expected in told.items():
        written = [(stored.key, stored.value) for stored in log.get((topic, partition), [])]
        if Counter(written) != Counter(expected):
            missing = [each for each in expected if each not in written]
            extra = [each for each in written if each not in expected]
            raise Broken(
                f"9: {topic}/{partition} differs from a replay; only replayed: {missing[:2]}; only written: {extra[:2]}"
            )
    seen = [
        (verdicts.room, each.source, each.id, each.final)
        for stored in log.get(("verdicts", partition), [])
        for verdicts in (_as_verdicts(stored),)
        for each in verdicts.lines
    ]
    if Counter(seen) != Counter(lines):
        raise Broken(f"verdicts/{partition} differ from a replay")
    return rooms


def _as_verdicts(stored: Stored) -> Verdicts:
    verdicts: Verdicts = decode("verdicts", stored.value)
    return verdicts


def _track(
    item: NumberedEntry,
    open_insertion: dict[str, Insertion],
    kills: dict[str, bool],
) -> None:
    """What the entries say of each room, kept apart from the core."""
    entry = item.entry
    if isinstance(entry, ShopEntry):
        if isinstance(entry.applied.event, Kill):
            kills[entry.applied.event.key()] = entry.applied.event.on
    elif isinstance(entry, RoomEntry):
        event = entry.event
        current = open_insertion.get(event.room)
        if isinstance(event, Playback) and current is not None and event.insertion == current.id:
            if event.kind in ("ended", "rejected", "aborted"):
                del open_insertion[event.room]
        elif isinstance(event, PlayerSeen | PlayerGone | RoomClosed):
            identified = isinstance(event, PlayerSeen) and event.identified
            if identified or not isinstance(event, PlayerSeen):
                open_insertion.pop(event.room, None)


def _check_emission(
    insertion: Insertion,
    item: NumberedEntry,
    open_insertion: dict[str, Insertion],
    kills: dict[str, bool],
) -> None:
    if any(kills.get(key) for key in ("kill/*", f"kill/shop/{insertion.shop}", f"kill/room/{insertion.room}")):
        raise Broken(f"3: {insertion.id} was emitted in a killed room")
    before = open_insertion.get(insertion.room)
    if before is not None and item.now < before.start + REPORT_TIMEOUT_MS:
        raise Broken(f"4: {insertion.id} was emitted while {before.id} was on its way")
    choice = insertion.choice
    if choice is not None:
        beaten = choice.runner_up_density is not None and choice.runner_up_density > choice.value_density
        if choice.value_density < choice.price or (beaten and not choice.expiring):
            raise Broken(f"6: {insertion.id} was worth less than the air, or than what it was chosen over: {choice}")


def _refused_disclosure(item: NumberedEntry, disclosures: Mapping[str, str]) -> str | None:
    """The room whose player just told that it did not say the disclosure: others are heard before it is asked again."""
    event = item.entry.event if isinstance(item.entry, RoomEntry) else None
    told: list[tuple[str, str | None]] = []
    if isinstance(event, Playback):
        told = [(event.kind, event.insertion)]
    elif isinstance(event, PlayerSeen):
        told = [(outcome.kind, outcome.insertion) for outcome in event.outcomes]
    over = (disclosures.get(one or "") for kind, one in told if kind in ("rejected", "aborted"))
    return next((room for room in over if room is not None), None)


def _check_disclosed(insertion: Insertion, now: int, told_at: Mapping[str, int]) -> None:
    """No reply goes before a disclosure that is due. `told_at`: when each room's last one began, moved on where it was refused."""
    if insertion.correction or insertion.disclosure is not None:
        return
    if now > told_at.get(insertion.room, 0) + DISCLOSE_EVERY_MS:
        raise Broken(f"disclosure: {insertion.id} was emitted though viewers of {insertion.room} had not been told")


def _check_snapshots(log: Log, partition: int, items: Sequence[NumberedEntry], whole: Rooms) -> None:
    """A core that is restored from the newest snapshots ends in the state of one that saw every entry."""
    newest: dict[str, Stored] = {
        stored.key: stored for stored in log.get(("snapshots", partition), []) if stored.key is not None
    }
    saved = [decode("snapshots", stored.value) for stored in newest.values() if stored.value is not None]
    last = items[-1].seq
    record = next((each for each in saved if isinstance(each, PartitionSnapshot)), None)
    rooms = [each for each in saved if isinstance(each, RoomSnapshot)]
    restored = Rooms(POOLS.__getitem__)
    start = -1
    if record is not None:
        restored.restore_shops(record.shop_events, record.pools, record.lease, record.now)
        start = record.seq
    waiting = sorted(rooms, key=lambda each: each.seq, reverse=True)
    at = {each.room: each.seq for each in rooms}
    for item in items:
        if item.seq <= start:
            continue
        while waiting and waiting[-1].seq < item.seq:
            restored.restore_room(waiting.pop())
        name = (
            item.entry.room
            if isinstance(item.entry, CommentEntry)
            else item.entry.event.room
            if isinstance(item.entry, RoomEntry)
            else None
        )
        if name is None or item.seq > at.get(name, last):
            restored.handle(item.seq, item.now, item.entry)
            restored.take()
    while waiting:
        restored.restore_room(waiting.pop())
    for name in whole.names():
        one, two = whole.snapshot(name, last), restored.snapshot(name, last)
        if one != two:
            raise Broken(f"9: room {name} restored at seq {at.get(name)} differs: {_difference(one, two)}")


def _difference(one: RoomSnapshot | None, two: RoomSnapshot | None) -> str:
    if one is None or two is None:
        return f"{one} / {two}"
    left, right = json.loads(one.state), json.loads(two.state)
    return "; ".join(f"{key}: {left[key]} / {right.get(key)}"[:400] for key in left if left[key] != right.get(key))


def _check_aired(log: Log, partition: int) -> None:
    """Nothing is repeated while viewers remember it. Replies for a product name it here: about another one they are other words.

    It is chosen for when its boundary was expected; where the script ran quicker than it ever did, it starts so much earlier.
    """
    commands = [decode("insertions", stored.value) for stored in log.get(("insertions", partition), [])]
    expected = {command.id: command.start for command in commands if isinstance(command, Insertion)}
    last: dict[tuple[str, str, str | None], Aired] = {}
    for stored in log.get(("aired", partition), []):
        aired = decode("aired", stored.value)
        if isinstance(aired, Posted):
            continue
        if aired.cut or aired.late_report or aired.correction or aired.disclosure is not None:
            continue
        before = last.get((aired.room, aired.reply, aired.product))
        early = max(SLIP_MS, expected[aired.insertion] - aired.started)
        if (
            before is not None
            and aired.started < before.started + MEMORY_MS - early
            and aired.insertion != before.insertion
        ):
            raise Broken(
                f"6: reply {aired.reply} was said again after {aired.started - before.started} ms in {aired.room}"
            )
        last[aired.room, aired.reply, aired.product] = aired
