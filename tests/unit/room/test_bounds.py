"""State is bounded, in memory and in snapshots; timers make progress; snapshots leave no trace."""

from __future__ import annotations

from dataclasses import replace

from engine.events.handoffs import Handoff
from engine.events.inputs import ModeSet, PlayerSeen, Script, ScriptSegment, ScriptSentence
from engine.events.journal import TickEntry
from engine.events.outputs import ChatReply, CommentRef, FactUse, Insertion
from engine.pool.model import Limits
from engine.room.askers import ASKERS_CAP
from engine.room.chat import LEDGER_CAP, PLATFORMS_CAP, POSTS_CAP, UNKNOWN_CAP, VIEWERS_CAP, Post
from engine.room.demands import HISTORY_CAP, Demand, Proposed
from engine.room.duties import PRICES_CAP, WrongPrice
from engine.room.people import OPEN_BYTES_CAP, OPEN_CAP, REPEATS_CAP, Open
from engine.room.proposals import APPROVED_CAP, MUTED_CAP
from engine.room.room import AIRTIME_CAP, HEARD_CAP, LOST_CAP, NAMED_CAP
from engine.room.rooms import Rooms
from engine.room.seen import SEEN_CAP
from engine.room.shop import FOREVER, Filled
from tests.unit.room.scene import ROOM, SHOP, Scene, intent, pool, reply


def test_a_room_is_handled_once_a_tick_however_often_its_timer_moved() -> None:
    """A timer that went away and came back stands twice in the heap; a restored core has it once. Both do the same."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    room = scene.rooms._rooms[ROOM]
    at = room.timer
    for _ in range(3):
        room.timer = at + 1
        scene.rooms._plan(room)
    assert [timer for timer, _ in scene.rooms._timers].count(at) > 1
    handled = []
    scene.rooms._plan = lambda room: handled.append(room.name)  # type: ignore[method-assign] # counts the calls
    scene.now = at
    scene.put(TickEntry())
    assert handled == [ROOM]


def test_timers_that_moved_on_do_not_pile_up() -> None:
    """A room without a player is planned a day ahead with each event; the heap stays small."""
    scene = Scene()
    for _ in range(5_000):
        scene.now += 100
        scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto"))
    assert len(scene.rooms._timers) <= 2_000


def test_comments_that_ended_do_not_pile_up_until_their_deadline() -> None:
    """One that waits long at the top of the heap does not keep all those that came and went."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", age=40_000)
    room = scene.rooms._rooms[ROOM]
    waits = room.next_waiting()
    assert waits is not None
    for number in range(5_000):
        comment = replace(waits, deadline=waits.deadline + 1 + number, serial=room.serial)
        room.serial += 1
        room.wait(comment)
        room.forget(comment)
    assert len(room.deadlines) < 500
    assert len(room.ended) < 500
    assert room.next_waiting() is waits


def test_taking_a_snapshot_changes_nothing_that_comes_after() -> None:
    """Who is snapshotted when is no entry: a core that was not must go on the same way."""
    cores = []
    for snapped in (False, True):
        scene = Scene()
        for number in range(5):
            scene.ask("shipping.fee", viewer="flooder", id=f"f{number}")
        scene.now += 59_000
        for number in range(ASKERS_CAP - 1):
            scene.ask("shipping.fee", viewer=f"w{number:03}", id=f"w{number}")
        scene.ask("shipping.fee", viewer="flooder", id="f9")
        scene.now += 2_000
        scene.chat(id="time passes")
        if snapped:
            scene.rooms.snapshot(ROOM, scene.seq)
        for number in range(4):
            scene.ask("shipping.fee", viewer="w000", id=f"x{number}")
        scene.ask("shipping.fee", viewer="new", id="n")
        verdicts = [scene.ask("shipping.fee", viewer=f"w{n:03}", id=f"y{n}-{k}") for n in range(3) for k in range(5)]
        cores.append((verdicts, scene.rooms.snapshot(ROOM, scene.seq)))
    assert cores[0] == cores[1]


def full() -> Scene:
    """A room in which every collection is at its cap, with long names."""
    intents = {}
    for number in range(230):
        name = f"topic-of-viewers.number-{number:03}.{'x' * 36}"
        intents[name] = intent(name, reply(name, f"reply-{number:03}-{'y' * 50}", f"第{number}种", memory_ms=1))
    scene = Scene(pool(intents=intents, limits=Limits(minimum_pause_ms=0, airtime_share=1.0)))
    scene.play()
    names = list(intents)
    sentences = tuple(
        ScriptSentence(
            id=f"sentence-{n}", text="话", seconds=3.217, answers=(names[n],), facts={"tgy/price": "catalogue:abcdef012345"}
        )
        for n in range(150)
    )  # fmt: skip
    segment = ScriptSegment(id="long-segment-name", product="tgy", sentences=sentences)
    for version in ("v8", "v9"):
        scene.event(
            Script(room=ROOM, id="s", at=scene.now, session="one", script="e", version=version, segments=(segment,))
        )
    for number in range(50):
        scene.ask(names[200], viewer=f"{number:016x}", id=f"{number:040}", source="s" * 40)
    scene.wait(3_000)
    room = scene.rooms._rooms[ROOM]
    assert room.flight is not None
    for number in range(LOST_CAP):
        name = f"{number:032x}"
        again = room.flight.insertion.model_copy(update={"id": name})
        empty = Demand(*room.flight.demand.key, scene.now, history=list(room.flight.demand.history))
        room.lost_flights[name] = replace(room.flight, insertion=again, demand=empty)
    for number in range(HEARD_CAP + 10):
        said = reply(names[0], f"reply-{number:03}-{'y' * 50}", "{product}")
        room.hear(Filled(said, f"product-{number:055}", "", 1, (), FOREVER), scene.now + number)
        room.cool((f"topic-of-viewers.number-{number:03}.{'w' * 36}", f"product-{number:055}"), scene.now + number)
    for number in range(AIRTIME_CAP + 10):
        room.say(scene.now + number, scene.now + number + 1)
    fill_chat(scene, names)
    for number in range(REPEATS_CAP + 10):
        room.people.repeats.asked(f"{number:016x}", (names[0], None), scene.now)
    for number in range(APPROVED_CAP + 21):
        key = (f"topic-of-viewers.number-{number:03}.{'v' * 36}", f"product-{number:055}")
        room.proposals[key] = Proposed(
            f"{number:032x}", key, f"reply-{number:03}-{'y' * 50}", f"{number:024x}", scene.now, "voice", scene.now, 99, scene.now, 9,
            number < APPROVED_CAP, f"{number:03}{'z' * 297}",
        )  # fmt: skip
    room.muted = {
        (f"topic-of-viewers.number-{n:03}.{'u' * 36}", f"product-{n:055}"): scene.now + n for n in range(MUTED_CAP)
    }
    saved = dict(room.proposals), dict(room.muted)
    price = ("p" * 64, "n" * 64, "catalogue:abcdef012345")
    room.duties.wrong = WrongPrice("p" * 64, (price,) * PRICES_CAP, scene.now + 60_000)
    room.named = [(scene.now, names[n % 200], f"product-{n:055}") for n in range(NAMED_CAP)]
    for number in range(SEEN_CAP + 1_000):
        scene.chat(id=f"chat-{number:06}")
    for number in range(ASKERS_CAP + 200):
        scene.ask(names[number % 200], viewer=f"{number + 99:016x}", id=f"{number:06}")
    for number in range(HISTORY_CAP + 4):
        scene.now += 7
        scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode="auto" if number % 2 else "paused"))
    room.proposals, room.muted = saved
    return scene


def fill_chat(scene: Scene, names: list[str]) -> None:
    """Posts on their way and of unknown outcome, the ledger, viewers, silent platforms, and open handoffs."""
    room = scene.rooms._rooms[ROOM]
    flight = room.flight
    assert flight is not None
    uses = tuple(
        FactUse(product="p" * 60, name=f"fact_{n}", version="catalogue:abcdef012345", text="一百二十九元")
        for n in range(4)
    )
    limits = Limits(room_posts_per_minute=30, post_cooldown_ms=120_000)
    for number in range(max(LEDGER_CAP, POSTS_CAP) + 5):
        record = ChatReply(
            id=f"{number:032x}", room=ROOM, shop=SHOP, at=scene.now, lease=1, seq=1, shop_offset=1, source="s" * 40,
            reply=f"reply-{number:03}-{'y' * 50}", intent=names[number], language="zh", text="茶" * 300,
            not_after=scene.now + 15_000, pool="00000001", facts=uses,
        )  # fmt: skip
        demand = Demand(names[number], f"product-{number:055}", scene.now, history=list(flight.demand.history))
        post = Post(record, demand, scene.now, scene.now + 25_000)
        room.chat.reserve(post, [f"{number * 7 + n:016x}" for n in range(VIEWERS_CAP + 9)], limits)
        if number >= POSTS_CAP:
            del room.chat.posts[record.id]
        if number < UNKNOWN_CAP:
            room.chat.unknown[record.id] = post
        room.chat.mute(f"{number:040}", scene.now + 60_000)
    number = 0
    while room.people.size < OPEN_BYTES_CAP - 1_000 and len(room.people.open) < OPEN_CAP:
        record_of = Handoff(
            id=f"{number:032x}", room=ROOM, shop=SHOP, intent=names[number], text="茶" * 100, created=scene.now,
            answer_by=scene.now + 600_000, comments=(CommentRef(source="s" * 40, id=f"{number:040}"),),
        )  # fmt: skip
        room.people.open[record_of.id] = Open(record_of, (names[number], None), [f"{number:016x}"])
        number += 1


def test_a_room_with_every_collection_full_fits_its_snapshot_and_comes_back() -> None:
    """At most 256 KiB, and the same room afterwards."""
    scene = full()
    room = scene.rooms._rooms[ROOM]
    assert len(room.demands) > 30
    assert room.flight is not None
    assert len(room.lost_flights) == LOST_CAP
    assert len(room.proposals) == APPROVED_CAP + 21
    assert len(room.muted) == MUTED_CAP
    assert len(room.chat.posts) == POSTS_CAP
    assert len(room.chat.unknown) == UNKNOWN_CAP
    assert {len(post.viewers) for post in (*room.chat.posts.values(), *room.chat.unknown.values())} == {VIEWERS_CAP}
    assert len(room.chat.ledger) == LEDGER_CAP
    assert len(room.chat.silent) == PLATFORMS_CAP
    assert len(room.chat.viewers.encode()) == ASKERS_CAP
    assert room.people.size > OPEN_BYTES_CAP - 2_000 or len(room.people.open) == OPEN_CAP
    assert len(room.people.repeats.encode()) == REPEATS_CAP
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    assert len(saved.state.encode()) <= 256 * 1024
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    other.restore_room(saved)
    assert other.snapshot(ROOM, scene.seq) == saved


def test_more_lost_insertions_than_are_remembered() -> None:
    """The oldest is forgotten: its late report means nothing, and nobody waits for it."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    for number in range(LOST_CAP + 2):
        scene.ask("shipping.fee" if number % 2 else "shipping.dispatch", id=f"c{number}")
        scene.wait(10_000)
        scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session=f"s{number}", identified=True))
        room = scene.rooms._rooms[ROOM]
        room.cooldowns.clear()
        room.heard.clear()
    assert len(scene.rooms._rooms[ROOM].lost_flights) <= LOST_CAP
    first = scene.all(Insertion)[0]
    scene.report("ended", first.id, session=f"s{LOST_CAP + 1}")
    scene.wait(60_000)
    assert len(scene.decisions) == LOST_CAP + 2


def test_the_shop_of_the_scene_is_the_only_one() -> None:
    """`pool_of` and `answer_within_ms` answer for rooms that nobody opened."""
    scene = Scene()
    assert scene.rooms.pool_of("never", SHOP) == "00000001"
    assert scene.rooms.pool_of("never", "nobody") is None
    assert scene.rooms.answer_within_ms("never", "nobody") == 0


def test_a_comment_past_its_deadline_in_flight_needs_no_timer_after_a_restore() -> None:
    """It ends with the flight, in the restored room too."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee", age=40_900)
    scene.wait(5_000)
    assert scene.rooms._rooms[ROOM].flight is not None
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    other.restore_room(saved)
    assert other._rooms[ROOM].next_waiting() is None
    assert scene.rooms._rooms[ROOM].next_waiting() is None
