"""One partition's batches."""

from __future__ import annotations

from engine.bus.partitioner import partition_of
from engine.events.inputs import GapMark, Kill, ModeSet, PlayerSeen, PoolLive, RoomOpened
from engine.events.journal import Ahead, CommentEntry, LeaseEntry, PauseEntry, PoolEntry, RoomEntry, ShopEntry
from engine.worker.standing import Prepared
from tests.simulation.shop import FIRST, SECOND, SHOP, TEXTS
from tests.unit.worker.desk import Desk, decisions_of, journal_of, topics_of

CHAT, ASK = "§ 哈哈哈", "§ 包邮吗"


def kinds(desk_journal: object) -> list[str]:
    return [entry.type for entry in desk_journal.entries]  # type: ignore[attr-defined] # a journal record


def test_the_order_of_a_batch() -> None:
    """Lease first, then shop events, pools, room events, and comments last; all at one `now`."""
    desk = Desk()
    desk.offer(Kill(id="k", at=1, scope="*", on=True))
    mode = desk.event(ModeSet(room="r", id="m", at=1, mode="auto"))
    record = journal_of(desk.commit(desk.comment(CHAT), mode))
    assert kinds(record) == ["lease", "shop", "pool", "room", "comment"]
    assert record.now == desk.now
    assert (record.first_seq, record.last_seq) == (0, 4)
    assert record.positions.model_dump(exclude={"v"}, exclude_none=True) == {
        "comments": 1,
        "room_events": 1,
        "shop_events": 2,
    }


def test_every_comment_gets_a_decision_or_waits_and_a_verdict() -> None:
    """Outputs go to the inputs' partition number, the offsets with them."""
    desk = Desk()
    prepared = desk.commit(desk.comment(CHAT), desk.comment(ASK))
    assert [decision.reason for decision in decisions_of(prepared)] == ["chatter", "shadowed"]
    assert topics_of(prepared).count("verdicts") == 1
    assert prepared.batch.offsets == {"comments": 2}
    assert {record.partition for record in prepared.batch.records} == {0}


def test_the_journal_holds_only_hashes_of_viewers() -> None:
    """What a gateway hashed goes on as it is; an id, also one that is claimed to be a hash, is hashed here."""
    desk = Desk()
    desk.shared.hasher = lambda viewer, logged: f"h{viewer[:15]}"
    prepared = desk.turn(
        desk.comment(viewer="v1"),
        desk.comment(viewer="0123456789abcdef", hashed=True),
        desk.comment(viewer="viewer-of-length", hashed=True),
        desk.comment(viewer="v" * 128, hashed=True),
        desk.comment(viewer="fedcba9876543210"),
    )
    assert prepared is not None
    entries = [entry.viewer for entry in journal_of(prepared).entries if isinstance(entry, CommentEntry)]
    assert entries == ["hv1", "0123456789abcdef", "hviewer-of-lengt", "h" + "v" * 15, "hfedcba987654321"]


def test_repeats_of_a_batch_are_understood_once() -> None:
    """One understanding per distinct text and pool."""
    desk = Desk()
    desk.turn(*(desk.comment(CHAT) for _ in range(3)), desk.comment(ASK))
    assert {pool: list(texts) for pool, texts in desk.wants.items()} == {FIRST: [CHAT, ASK]}


def test_what_need_not_be_understood_is_not() -> None:
    """Expired and shed comments are entered without an understanding, and end with that reason."""
    desk = Desk()
    records = [desk.comment(CHAT, age=700_000), desk.comment(CHAT), desk.comment(CHAT)]
    prepared = desk.commit(*records, quota=1)
    comments = [entry for entry in journal_of(prepared).entries if isinstance(entry, CommentEntry)]
    assert [entry.unread for entry in comments] == ["expired", None, "shed"]
    assert [decision.reason for decision in decisions_of(prepared)] == ["expired", "chatter", "shed"]


def test_malformed_records_become_dead_letters_and_the_stream_goes_on() -> None:
    """Offsets move on past them, in the same commit."""
    desk = Desk()
    bad = [
        desk.stored("comments", "r", b"{"),
        desk.stored("comments", None, b""),
        desk.stored("room-events", "r", b"[]"),
    ]
    prepared = desk.commit(*bad, desk.comment(CHAT))
    assert topics_of(prepared).count("dead-letters") == 3
    assert prepared.batch.offsets == {"comments": 3, "room-events": 1}
    assert len(decisions_of(prepared)) == 1


def test_a_malformed_shop_event_is_set_aside_by_partition_0() -> None:
    """Every partition reads it, one writes the letter."""
    desk = Desk()
    desk.offer(None, "not a shop event")
    assert "dead-letters" in topics_of(desk.commit())


def test_records_that_come_again_are_passed_over() -> None:
    """A bus may deliver twice; the position knows."""
    desk = Desk()
    comment = desk.comment(CHAT)
    desk.commit(comment)
    assert desk.turn(comment) is None


def test_nothing_to_do_makes_no_batch() -> None:
    """An idle partition commits nothing."""
    desk = Desk()
    desk.commit()
    assert desk.turn() is None


def test_a_mark_only_moves_the_position() -> None:
    """Marks on gaps are the editors'; the journal still tells that they are past."""
    desk = Desk()
    desk.commit()
    desk.offer(GapMark(id="g", at=1, shop=SHOP, gap="0000000c", mark="later"))
    record = journal_of(desk.commit())
    assert record.entries == ()
    assert record.positions.shop_events == 2


def test_a_pool_is_entered_once_and_a_lower_generation_never() -> None:
    """Unless it says rollback."""
    desk = Desk()
    assert [entry.pool for entry in journal_of(desk.commit()).entries if isinstance(entry, PoolEntry)] == [FIRST]
    desk.live(SECOND, 3)
    assert kinds(journal_of(desk.commit())) == ["pool"]
    assert not desk.live(FIRST, 2)
    assert kinds(journal_of(desk.commit())) == []
    assert desk.live(FIRST, 2, rollback=True)
    assert kinds(journal_of(desk.commit())) == ["pool"]


def test_an_unknown_shop_becomes_the_default_one() -> None:
    """A comment is not lost for a name, and a room of no shop could answer nothing."""
    desk = Desk()
    opened = desk.event(RoomOpened(room="r", id="o", at=1, shop="nowhere"))
    record = journal_of(desk.commit(opened, desk.comment(CHAT, room="q", shop="elsewhere")))
    shops = [entry.shop for entry in record.entries if isinstance(entry, CommentEntry | RoomEntry)]
    assert shops == [SHOP, SHOP]
    assert desk.shared.unknown_shops == {"nowhere", "elsewhere"}


def test_a_player_opens_its_room_for_its_shop() -> None:
    """A room that nobody opened must not be answered from another shop's pool; one that is there keeps its shop."""
    desk = Desk()
    toys = PoolLive(id="t", at=desk.now, shop="toys", pool=SECOND, generation=1)
    assert desk.board.put(desk.offsets["shop-events"], toys)
    desk.offer(toys)
    players = [
        desk.event(PlayerSeen(room=room, id=f"p{room}", at=1, session="s", identified=True, shop="toys"))
        for room in ("new", "r")
    ]
    desk.commit(desk.comment(CHAT, room="r"))
    desk.commit(*players)
    assert [desk.worker.rooms.pool_of(room, "") for room in ("new", "r")] == [SECOND, FIRST]


def test_more_rooms_than_the_process_holds_are_refused() -> None:
    """Their records become dead letters; rooms that are there go on."""
    desk = Desk(max_rooms=1)
    prepared = desk.commit(desk.comment(CHAT, room="a"), desk.comment(CHAT, room="b"), desk.comment(ASK, room="a"))
    assert topics_of(prepared).count("dead-letters") == 1
    assert {decision.room for decision in decisions_of(prepared)} == {"a"}


def test_claimed_times_are_counted_when_they_are_clamped() -> None:
    """From the future or from too far back; the core clamps them."""
    desk = Desk()
    prepared = desk.commit(
        desk.comment(CHAT, sent=desk.now + 5_000),
        desk.comment(ASK, sent=desk.now - 700_000),
        desk.comment(CHAT, sent=desk.now),
    )
    assert (prepared.tally.early, prepared.tally.late) == (1, 1)


def test_comments_pause_while_room_events_lag() -> None:
    """Late control first; comments go on when it is fresh again."""
    desk = Desk()
    desk.commit(desk.event(ModeSet(room="r", id="m", at=1, mode="auto"), age=500))
    assert desk.worker.comments_paused
    desk.turn()
    assert not desk.worker.comments_paused


def test_time_in_which_nobody_listened_is_entered_before_what_came_then() -> None:
    """So it moves what was known before, and nothing that came afterwards: a room opened later knows of no pause."""
    desk = Desk()
    desk.commit(desk.comment(CHAT))
    desk.worker = desk.worker.again(2)
    desk.worker.ready = True
    desk.now += 60_000
    event = desk.event(ModeSet(room="later", id="m", at=1, mode="auto"))
    record = journal_of(desk.commit(event))
    assert [entry for entry in record.entries if isinstance(entry, PauseEntry)] == [PauseEntry(60_100)]
    assert kinds(record) == ["lease", "pause", "room"]
    assert "pause" not in kinds(journal_of(desk.commit(desk.comment(CHAT, room="later"))))


def test_a_partition_without_rooms_enters_no_pause() -> None:
    """There is nobody whom it could matter to, also later."""
    desk = Desk()
    desk.commit()
    desk.worker = desk.worker.again(2)
    desk.now += 60_000
    desk.commit(desk.comment(CHAT))
    desk.worker.ready = True
    desk.turn()
    assert "pause" not in kinds(journal_of(desk.commit(desk.comment(CHAT))))


def test_a_new_lease_is_entered_with_the_next_batch() -> None:
    """After an unknown outcome the owner is the same, its lease is not."""
    desk = Desk()
    desk.commit()
    desk.worker.renew(2)
    prepared = desk.commit(desk.comment(CHAT))
    assert journal_of(prepared).entries[0] == LeaseEntry(2, 1)
    assert prepared.batch.lease == 2


def test_it_is_clean_only_when_all_is_committed() -> None:
    """What was computed beyond the last commit makes the rooms unfit to be kept."""
    desk = Desk()
    desk.commit()
    found = [desk.worker.is_clean]
    prepared = desk.turn(desk.comment(CHAT))
    assert prepared is not None
    found.append(desk.worker.is_clean)
    desk.worker.settle(prepared)
    assert [*found, desk.worker.is_clean] == [True, False, True]


def test_the_group_is_told_how_far_it_is_every_five_seconds() -> None:
    """Not in each commit, since that is slow on Kafka; an idle partition tells what it has not told yet, once and with nothing else."""
    desk = Desk()
    told = [dict(desk.commit(desk.comment(CHAT), ms=ms).batch.offsets) for ms in (0, 1_000, 3_999, 1, 1_000)]
    assert told == [{"comments": 1}, {}, {}, {"comments": 4}, {}]
    waited = [desk.turn(ms=ms) for ms in (3_000, 1_000, 6_000)]
    assert [
        None if prepared is None else (prepared.batch.records, dict(prepared.batch.offsets)) for prepared in waited
    ] == [
        None,
        ((), {"comments": 5}),
        None,
    ]


def test_an_idle_partition_writes_its_snapshots_once_a_minute() -> None:
    """Without entries there is no journal record, only snapshots."""
    desk = Desk()
    desk.commit(desk.comment(CHAT))
    desk.commit(desk.comment(CHAT))
    found = []
    for _ in range(4):
        prepared = desk.turn(ms=61_000)
        found.append(None if prepared is None else set(topics_of(prepared)))
        if prepared is not None:
            assert not prepared.journalled
            desk.worker.settle(prepared)
    assert {"snapshots"} in found
    assert found[-1] is None


def test_every_text_of_the_table_can_be_handled() -> None:
    """Each outcome of understanding has its decision."""
    desk = Desk()
    prepared = desk.commit(*(desk.comment(text, viewer=f"v{number}") for number, text in enumerate(TEXTS)))
    assert len(decisions_of(prepared)) == len(TEXTS)


def entered(prepared: Prepared) -> list[str]:
    return [entry.id for entry in journal_of(prepared).entries if isinstance(entry, CommentEntry)]


def test_quiet_rooms_are_handled_ahead_of_a_backlog() -> None:
    """Their comments behind the poll are entered with it, once, and a hot room's stay in order."""
    desk = Desk()
    records = [desk.comment(CHAT, room="hot") for _ in range(6)]
    records += [desk.comment(CHAT, room=room) for room in ("quiet", "hot", "other", "hot")]
    prepared = desk.commit(*records[:4], full=True, quota=2, ahead=records)
    assert entered(prepared) == ["c0", "c1", "c2", "c3", "c6", "c8"]
    assert prepared.batch.offsets["comments"] == 4
    assert journal_of(prepared).positions.ahead == Ahead(until=10, passed={"hot": (4, 9)})
    more = [desk.comment(CHAT, room=room) for room in ("hot", "quiet")]
    assert entered(desk.commit(*records[4:8], full=True, quota=2, ahead=more)) == ["c4", "c5", "c7", "c11"]
    last = desk.commit(*records[8:], *more)
    assert entered(last) == ["c9", "c10"]
    assert journal_of(last).positions.ahead is None


def test_who_takes_over_knows_what_was_handled_ahead() -> None:
    """It stands in the journal beside the position: no comment is entered again."""
    desk = Desk()
    records = [desk.comment(CHAT, room=room) for room in ("hot", "hot", "hot", "quiet")]
    prepared = desk.commit(*records[:2], full=True, quota=1, ahead=records)
    assert entered(prepared) == ["c0", "c1", "c3"]
    desk.worker = desk.worker.again(2)
    assert entered(desk.commit(*records[2:])) == ["c2"]


def test_nothing_is_handled_ahead_without_a_backlog_or_before_room_events() -> None:
    """A poll that is not full reached the end; one that is full of room events left some behind."""
    desk = Desk()
    records = [desk.comment(CHAT, room=room) for room in ("a", "b")]
    modes = [desk.event(ModeSet(room="a", id=f"m{number}", at=1, mode="auto")) for number in range(2)]
    assert entered(desk.commit(*modes, full=True, ahead=records)) == []
    assert entered(desk.commit(records[0], ahead=records)) == ["c0"]


def test_a_partition_is_crowded_where_a_backlog_is_some_rooms_doing() -> None:
    """Then others wait behind them; where all rooms write alike, or the poll reached the end, reading ahead would gain nothing."""
    desk = Desk()

    def is_crowded(*rooms: str, full: bool, quota: int) -> bool:
        desk.commit(*[desk.comment(CHAT, room=room) for room in rooms], full=full, quota=quota)
        return desk.worker.is_crowded

    assert not is_crowded("a", "b", "a", "b", full=True, quota=2)
    assert is_crowded("hot", "hot", "hot", "hot", full=True, quota=1)
    assert not is_crowded("hot", "hot", "hot", "hot", full=False, quota=1)


def test_shop_entries_keep_their_offsets() -> None:
    """A fact's version is its offset on the topic."""
    desk = Desk()
    desk.offer(Kill(id="k", at=1, scope="*", on=False))
    entries = journal_of(desk.commit()).entries
    assert [entry.applied.offset for entry in entries if isinstance(entry, ShopEntry)] == [1]


def test_a_room_that_belongs_elsewhere_is_set_aside() -> None:
    """Its producer places records by another rule: the room would live twice, and each of its comments be decided twice."""
    desk = Desk()
    desk.shared.partitions = 2
    homes = {partition_of(room, 2): room for room in ("a", "b", "c", "d")}
    prepared = desk.commit(desk.comment(CHAT, room=homes[0]), desk.comment(CHAT, room=homes[1]))
    assert [decision.room for decision in decisions_of(prepared)] == [homes[0]]
    (letter,) = [record for record in prepared.batch.records if record.topic == "dead-letters"]
    assert f"room `{homes[1]}` belongs to partition 1".encode() in (letter.value or b"")
