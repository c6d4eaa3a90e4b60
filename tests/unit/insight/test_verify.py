"""What stands on the log is compared with what the journal gives, byte for byte."""

from __future__ import annotations

from engine.bus.port import Outgoing
from engine.events.inputs import ModeSet, RoomClosed
from engine.insight.rerun import Rerun
from engine.insight.verify import Verification, verify
from engine.room.control import IDLE_MS
from tests.unit.insight.logged import ASK, CHAT, SURE, Logged, Shelf
from tests.unit.worker.desk import NOW


def busy(turns: int = 40, **settings: object) -> Logged:
    """Two rooms with questions, some of which wait for a while."""
    live = Logged(**settings)
    for number in range(turns):
        room = f"r{number % 2}"
        event = ModeSet(room=room, id=f"m{number}", at=1, mode="auto" if number % 8 < 6 else "paused")
        live.turn(
            live.desk.event(event), live.desk.comment(ASK, room=room), live.desk.comment(SURE, room=room, viewer=f"v{number}"),
            live.desk.comment(CHAT, room=room), ms=500,
        )  # fmt: skip
    return live


async def verified(live: Logged, room: str = "r0", since: int | None = None, until: int | None = None) -> Verification:
    return await verify(live.bus, Rerun(live.bus, Shelf(), room), since, until)


def decisions_of(live: Logged, room: str = "r0") -> int:
    """How many stand on the log."""
    return sum(stored.key == room for stored in live.bus.log["decisions", 0])


async def test_what_a_worker_wrote_is_the_same() -> None:
    """Of one room, from the begin on; the others are left out."""
    live = busy()
    told = await verified(live)
    assert (told.differences, told.first, told.found, told.cut) == (0, None, True, False)
    assert told.counts["decisions"].same == decisions_of(live) > 40
    assert told.counts["handoffs"].same > 0
    assert told.seq_begins > 0


async def test_a_changed_byte_is_a_difference_with_its_field() -> None:
    """And the first one is told, in time."""
    live = busy()
    asked = [n for n, each in enumerate(live.bus.log["decisions", 0]) if "有券".encode() in (each.value or b"")]
    live.change("decisions", asked[30], b'"confidence":', b'"confidence":1')
    live.change("decisions", asked[10], "有券".encode(), "有卷".encode())
    told = [await verified(live, room) for room in ("r0", "r1")]
    assert sum(each.differences for each in told) == 2
    first = min((each.first for each in told if each.first is not None), key=lambda each: each.at)
    assert first.topic == "decisions"
    assert first.fields() == {"text": ("§ 有券吗", "§ 有卷吗")}


async def test_a_record_that_is_missing_or_too_much_is_a_difference() -> None:
    """Whoever took it away or wrote it."""
    live = busy()
    gone = live.bus.log["decisions", 0].pop(20)
    live.bus._written["decisions", 0].pop(20)
    told = await verified(live, gone.key or "")
    assert told.differences == 1
    assert told.first is not None
    assert (told.first.computed, told.first.stored) == (gone.value, None)
    live = busy()
    live.change("decisions", 20, b'"id":"', b'"id":"ffff')
    told = await verified(live, live.bus.log["decisions", 0][20].key or "")
    assert told.differences == 2  # one is missing, another is too much


async def test_a_second_decision_is_too_much_though_it_is_the_same() -> None:
    """Unless it was computed: a comment that is repeated after ten minutes ends twice."""
    live = busy()
    stored = live.bus.log["decisions", 0][20]
    assert stored.key is not None
    live.bus.append(Outgoing("decisions", stored.key, stored.value, 0))
    assert (await verified(live, stored.key)).differences == 1
    live = busy()
    live.turn(live.desk.comment(CHAT, room="r0", id="c2"), ms=900_000)
    told = await verified(live)
    assert (told.differences, told.counts["decisions"].same) == (0, decisions_of(live))


async def test_records_in_another_order_are_a_difference() -> None:
    """Within a topic and a room."""
    live = busy()
    line = live.bus.log["decisions", 0]
    one, two = [number for number, stored in enumerate(line) if stored.key == "r0"][30:32]
    line[one].value, line[two].value = line[two].value, line[one].value
    assert (await verified(live)).differences == 1


async def test_a_part_is_compared_by_time() -> None:
    """Only what was put out then, from the snapshot before on."""
    live = busy(60, snapshot_every=100)
    middle = NOW + 15_000
    late, early = await verified(live, since=middle), await verified(live, until=middle)
    whole = await verified(live)
    assert late.differences == early.differences == whole.differences == 0
    assert 0 < late.records < whole.records
    assert late.begins >= middle >= early.ends
    assert late.records + early.records in (whole.records, whole.records + 3)  # the middle belongs to both
    live.change("decisions", 5, b'"confidence":', b'"confidence":1')
    assert (await verified(live, since=middle)).differences == 0


async def test_after_a_sweep_the_rest_is_compared() -> None:
    """From the oldest snapshot that the journal still reaches; what is before is told as lost."""
    live = busy(120, snapshot_every=100)
    live.compact()
    live.sweep("journal", 40)
    told = await verified(live)
    assert told.found
    assert told.cut
    assert told.differences == 0
    assert told.records > 0
    assert told.journal_begins is not None
    assert told.journal_begins > NOW


async def test_records_that_were_swept_away_are_no_difference() -> None:
    """A topic may keep less than the journal; how much is told."""
    live = busy()
    whole = decisions_of(live)
    live.sweep("decisions", 30)
    told = await verified(live)
    assert told.differences == 0
    assert told.counts["decisions"].same == decisions_of(live) < whole
    assert told.counts["decisions"].gone == whole - decisions_of(live)


async def test_a_room_that_nobody_saw_gives_nothing() -> None:
    """It is computed, and nothing happens in it."""
    told = await verified(busy(), "nobody")
    assert (told.entries, told.records, told.differences) == (0, 0, 0)


async def test_without_a_journal_nothing_is_found() -> None:
    """Never a success by default."""
    assert not (await verified(Logged())).found


def aged() -> Logged:
    """A log of two days; the journal begins later, with no snapshot that reaches into it but the newest."""
    live = busy(60, snapshot_every=100)
    live.turn(live.desk.event(RoomClosed(room="r0", id="c", at=1)))
    live.turn(live.desk.comment(CHAT, room="r1"), ms=IDLE_MS + 60_000)
    live.turn(live.desk.comment(CHAT, room="r1"), ms=1_000)
    return live


async def test_a_room_that_began_within_an_old_journal_is_compared_whole() -> None:
    """Though its first snapshots are gone: what the shops were follows from the newest record."""
    live = aged()
    live.sweep("journal", 58)
    for number in range(60):
        live.turn(live.desk.comment(SURE if number % 3 else ASK, room="new", viewer=f"v{number}"), ms=400)
    live.compact()
    told = await verified(live, "new")
    assert told.found
    assert not told.cut
    assert told.differences == 0
    assert told.counts["decisions"].same == decisions_of(live, "new") > 40


async def test_a_room_whose_begin_is_not_known_is_not_taken_for_new() -> None:
    """One that may have been there before the journal's begin is computed from its snapshot only."""
    live = aged()
    live.sweep("journal", 58)
    for number in range(60):
        live.turn(live.desk.comment(ASK, room="r1", viewer=f"v{number}"), ms=400)
    live.compact()
    told = await verified(live, "r1")
    assert told.cut
    assert told.differences == 0
