"""Opportunities in mid-sentence: only for intents of `insert: now`, with replies that may interrupt."""

from __future__ import annotations

from engine.events.inputs import Cursor, Playback
from engine.events.outputs import Decision, Insertion
from engine.pool.model import Limits, Pool
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply


def urgent(limits: Limits = Limits()) -> Pool:  # noqa: B008 - frozen
    """One intent that may cut in, with a reply that may not and one that may; one that waits for a boundary."""
    cuts = intent(
        "live.sound",
        reply("live.sound", "calm", "声音马上就好"),
        reply("live.sound", "quick", "声音有了，您再听听", may_interrupt=True),
        insert="now",
    )
    waits = intent("shipping.fee", reply("shipping.fee", "fee", "全场包邮", may_interrupt=True), priority=100)
    return pool(intents={item.id: item for item in (cuts, waits)}, limits=limits)


def test_it_is_emitted_at_once_with_the_lead_of_the_player() -> None:
    """The running sentence is the one to go on with; a reply that may not interrupt waits for a boundary."""
    scene = Scene(urgent())
    scene.play(seconds=10.0)
    scene.wait(2_000)
    scene.ask("shipping.fee")
    assert not scene.all(Insertion)
    scene.ask("live.sound")
    said = scene.insertion
    assert (said.reply, said.when, said.after) == ("quick", "now", None)
    assert said.resume == Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-0")
    assert (said.at, said.start) == (START + 2_000, START + 2_800)


def test_the_script_resumes_at_the_start_of_the_interrupted_sentence() -> None:
    """The next boundary lies a whole sentence behind the end of the reply, and its viewers are answered."""
    scene = Scene(urgent(limits=Limits(minimum_pause_ms=0)))
    scene.play(seconds=10.0)
    scene.wait(2_000)
    scene.ask("live.sound", id="a")
    scene.wait(800)
    scene.report("started", scene.insertion.id)
    assert not scene.rooms._rooms[ROOM].clock.moving
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"a": "answered"}
    scene.sentence("sentence_started", "tgy-0")
    scene.ask("shipping.fee")
    scene.wait(9_500)
    assert scene.insertion.reply == "fee"
    assert scene.insertion.start == START + 2_800 + 4_000 + 10_000


def test_the_player_tells_where_it_can_resume() -> None:
    """A sentence further on than foreseen: what comes next is counted from there."""
    scene = Scene(urgent(limits=Limits(minimum_pause_ms=0)))
    scene.play(seconds=10.0)
    scene.wait(2_000)
    scene.ask("live.sound")
    scene.wait(800)
    there = Cursor(version="v1", lap=0, segment="seg-tgy", sentence="tgy-2")
    scene.event(
        Playback(room=ROOM, id="b", at=scene.now, session="one", kind="started", insertion=scene.insertion.id, cursor=there)
    )  # fmt: skip
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    scene.ask("shipping.fee")
    scene.wait(9_500)
    assert scene.insertion.after == there


def test_a_resume_that_names_nothing_is_passed_over() -> None:
    """Another version, or a sentence that nobody knows."""
    scene = Scene(urgent())
    scene.play(seconds=10.0)
    scene.ask("live.sound")
    clock = scene.rooms._rooms[ROOM].clock
    for version, sentence in (("v9", "tgy-2"), ("v1", "nobody")):
        scene.event(
            Playback(
                room=ROOM, id="b", at=scene.now, session="one", kind="started", insertion=scene.insertion.id,
                cursor=Cursor(version=version, lap=3, segment="seg-tgy", sentence=sentence),
            )
        )  # fmt: skip
        assert (clock.lap, clock.number) == (0, 0)


def test_never_within_a_sentence_that_holds_nor_in_the_one_that_it_belongs_to() -> None:
    """It waits for the boundary behind both."""
    scene = Scene(urgent())
    scene.play(hold=True, seconds=10.0)
    scene.wait(2_000)
    scene.ask("live.sound")
    scene.wait(8_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(8_000)
    assert not scene.all(Insertion)
    scene.wait(1_000)
    assert scene.insertion.when == "sentence"
    assert scene.insertion.after is not None
    assert scene.insertion.after.sentence == "tgy-1"


def test_what_would_begin_within_a_sentence_that_holds_is_not_emitted() -> None:
    """The lead takes it over the end of the running sentence."""
    scene = Scene(urgent())
    scene.play(hold=True, seconds=10.0)
    scene.sentence("sentence_started", "tgy-2")
    scene.wait(9_300)
    scene.ask("live.sound")
    scene.wait(300)
    assert not scene.all(Insertion)


def test_a_boundary_that_is_near_is_taken_instead() -> None:
    """Where its choice is due already, nobody is cut short, and all compete for it."""
    scene = Scene(urgent())
    scene.play(seconds=10.0)
    scene.wait(8_500)
    scene.ask("live.sound", id="a")
    assert scene.insertion.when == "sentence"
    assert scene.insertion.start == START + 10_000


def test_pause_cooldown_and_airtime_count_for_it_too() -> None:
    """It is looked at again every second."""
    scene = Scene(urgent(limits=Limits(minimum_pause_ms=5_000)))
    scene.play(seconds=60.0)
    room = scene.rooms._rooms[ROOM]
    room.last_end = START
    scene.ask("live.sound")
    scene.wait(4_000)
    assert not scene.all(Insertion)
    scene.wait(1_100)
    assert scene.insertion.when == "now"
    assert scene.insertion.start >= START + 5_000
    scene = Scene(urgent())
    scene.play(seconds=60.0)
    scene.rooms._rooms[ROOM].cool(("live.sound", None), START + 6_000)
    assert scene.ask("live.sound") == "cooling"
    scene.wait(6_300)
    assert START + 6_000 <= scene.insertion.start <= START + 7_100


def test_without_permission_of_its_reply_it_waits_for_a_boundary() -> None:
    """A pool that no lint has seen: the intent alone allows nothing."""
    asks = intent("live.sound", reply("live.sound", "calm", "声音马上就好"), insert="now")
    scene = Scene(pool(intents={asks.id: asks}))
    scene.play(seconds=10.0)
    scene.ask("live.sound")
    scene.wait(9_000)
    assert scene.insertion.when == "sentence"


def test_a_rejection_because_the_sentence_held_is_no_failure_of_the_reply() -> None:
    """However often the script is elsewhere than foreseen; other refusals end it after three."""
    for reason, ends in (("hold", {}), ("late", {}), ("moody", {"a": "player_failed"})):
        scene = Scene(urgent())
        scene.play(seconds=60.0)
        scene.ask("live.sound", id="a")
        for _ in range(5):
            said = scene.insertion
            scene.event(
                Playback(
                    room=ROOM, id="b", at=scene.now, session="one", kind="rejected", insertion=said.id, reason=reason
                )
            )
            scene.wait(1_100)
        assert scene.decisions == ends


def test_a_script_sentence_that_the_interruption_puts_off_is_waited_for_no_longer() -> None:
    """Its answer would have come in time; cut short and said again, it does not."""
    scene = Scene(urgent(limits=Limits(minimum_pause_ms=0)))
    scene.play(seconds=20.0, answers=("shipping.fee",))
    scene.sentence("sentence_started", "tgy-2")
    assert scene.ask("shipping.fee", id="fee", age=23_000) == "script_ahead"
    scene.wait(9_000)
    scene.ask("live.sound", id="sound")
    scene.wait(800)
    scene.report("started", scene.insertion.id)
    room = scene.rooms._rooms[ROOM]
    assert room.demands["shipping.fee", None].blocker != "script_ahead"
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    scene.wait(60_000)
    assert {decision.comment: decision.reason for decision in scene.all(Decision)}["fee"] != "answered"


def test_the_same_entries_give_the_same_again_from_a_snapshot_in_the_middle() -> None:
    """With an interruption on its way and begun."""
    scene = Scene(urgent())
    scene.play(seconds=10.0)
    scene.wait(2_000)
    scene.ask("live.sound")
    scene.wait(800)
    scene.report("started", scene.insertion.id)
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    other.restore_room(saved)
    scene.wait(4_000)
    scene.report("ended", scene.insertion.id)
    for seq, now, entry in scene.log:
        if seq > saved.seq:
            other.handle(seq, now, entry)
    assert other.snapshot(ROOM, scene.seq) == scene.rooms.snapshot(ROOM, scene.seq)
