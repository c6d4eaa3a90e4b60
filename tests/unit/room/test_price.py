"""The price of air, freshness, and the lazy ranking against one that looks at every demand."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.events.outputs import Choice, Insertion
from engine.pool.model import Limits
from engine.room import snapshot
from engine.room.demands import Demand
from engine.room.room import Room
from engine.room.selection import (
    CONSIDERED,
    FRESH_MS,
    Candidate,
    Opportunity,
    candidate,
    choose,
    next_opportunity,
    until_next,
)
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply

MINUTE = 60_000
LONG = Limits(minimum_pause_ms=0, airtime_share=0.25, airtime_window_ms=300_000)


def room_of(scene: Scene) -> Room:
    return scene.rooms._rooms[ROOM]


def choice_of(insertion: Insertion) -> Choice:
    assert insertion.choice is not None
    return insertion.choice


# ---- the price of air ----------------------------------------------------------------------------------------------------


def test_air_that_is_free_costs_nothing() -> None:
    """In a quiet room the cheapest demand is answered at the next boundary."""
    scene = Scene()
    scene.play()
    room_of(scene).worth = 1_000.0
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert choice_of(scene.insertion).price == 0.0


def test_air_that_is_nearly_spent_is_kept_for_what_is_worth_it() -> None:
    """A cheap demand is outvalued by what usually comes; one that is worth as much goes on air."""
    scene = Scene(pool(limits=LONG))
    scene.play()
    room = room_of(scene)
    room.worth = 20.0
    room.airtime = [(START - 250_000, START - 182_000)]
    scene.ask("shipping.fee", id="cheap")
    scene.wait(3_000)
    assert not scene.all(Insertion)
    assert room.demands["shipping.fee", None].missed == "outvalued"
    scene.sentence("sentence_ended", "tgy-0")
    scene.sentence("sentence_started", "tgy-1")
    assert room.demands["shipping.fee", None].blocker == "outvalued"
    for number in range(6):
        scene.ask("product.price", product="tgy", id=f"dear-{number}")
    scene.wait(3_000)
    assert scene.insertion.intent == "product.price"
    price = choice_of(scene.insertion).price
    assert 40 / 4 < price <= 6 * 80 / 4
    assert choice_of(scene.insertion).runner_up is None


def test_air_costs_most_where_it_was_spent_just_now() -> None:
    """The last two fifths of the window count by themselves, so that replies do not come all at once."""
    room = room_of_window()
    room.worth = 10.0
    room.airtime = [(START - 280_000, START - 250_000)]
    early = room.price(START)
    room.airtime = [(START - 30_000, START)]
    assert early == round(10 * 0.4**3, 4)
    assert room.price(START) == 10.0


def test_what_replies_are_worth_is_a_mean_that_one_burst_hardly_moves() -> None:
    """The first choice sets it; later ones count a tenth, at most as twice the mean."""
    room = room_of_window()
    room.chose(10.0)
    assert room.worth == 10.0
    room.chose(5.0)
    assert room.worth == 9.5
    room.chose(1_000_000.0)
    assert room.worth == 10.45


def test_the_mean_survives_a_restart() -> None:
    """An older snapshot has none: the air costs nothing at first."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert room_of(scene).worth == 10.0
    saved = scene.rooms.snapshot(ROOM, scene.seq)
    assert saved is not None
    again = Scene()
    again.rooms.restore_room(saved)
    assert room_of(again).worth == 10.0
    state = json.loads(saved.state)
    del state["worth"]
    older = Scene()
    older.rooms.restore_room(saved.model_copy(update={"schema_version": 2, "state": json.dumps(state)}))
    assert room_of(older).worth == 0.0
    assert 2 in snapshot.READABLE


def room_of_window() -> Room:
    """A room with 75 s of air in 300 s."""
    scene = Scene(pool(limits=LONG))
    scene.chat()
    return room_of(scene)


spans = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40)), max_size=12)


@given(spans=spans, share=st.sampled_from((0.05, 0.25, 0.9)), window=st.sampled_from((10_000, 60_000, 300_000)))
@settings(max_examples=300, deadline=None)
def test_free_air_is_the_longest_reply_that_fits(spans: list[tuple[int, int]], share: float, window: int) -> None:
    """One that long stays within the budget of its window, one a moment longer does not."""
    scene = Scene(pool(limits=Limits(airtime_share=share, airtime_window_ms=window)))
    scene.chat()
    room, at = room_of(scene), START - 500_000
    for before, length in spans:
        at += before * 100
        room.airtime.append((at, at + length * 1_000))
        at += length * 1_000
    start = max(at, START)
    room.airtime = [span for span in room.airtime if span[1] <= start]
    free, budget = room.free_air(start), int(share * window)
    if free:
        assert room.spent(start + free) + free <= budget
    assert room.spent(start + free + 1) + free + 1 > budget


# ---- freshness -----------------------------------------------------------------------------------------------------------


def test_what_was_answered_lately_counts_half_and_all_of_it_an_hour_later() -> None:
    """So a rare question has its turn against one that comes again and again."""
    scene = Scene()
    scene.play()
    room = room_of(scene)
    demand = Demand("shipping.fee", None, scene.now)
    scene.ask("shipping.fee")
    room.demands[demand.key].comments[0].cut = True  # so that no cooldown holds it back
    opportunity = next_opportunity(room, scene.now)
    assert opportunity is not None
    found = {}
    for age in (-1, 0, FRESH_MS // 2, FRESH_MS, 2 * FRESH_MS):
        room.cool(demand.key, opportunity.start - age)
        one = candidate(room, room.demands[demand.key], opportunity)
        assert isinstance(one, Candidate)
        found[age] = (one.freshness, one.density)
    assert found == {
        -1: (0.5, 5.0), 0: (0.5, 5.0), FRESH_MS // 2: (0.75, 7.5), FRESH_MS: (1.0, 10.0), 2 * FRESH_MS: (1.0, 10.0),
    }  # fmt: skip


def test_the_record_tells_how_fresh_the_winner_was() -> None:
    """A reader can work the density out again."""
    scene = Scene(pool(limits=Limits(minimum_pause_ms=0)))
    scene.play()
    room_of(scene).cool(("shipping.fee", None), START - FRESH_MS // 2)
    scene.ask("shipping.fee")
    scene.wait(3_000)
    choice = choice_of(scene.insertion)
    assert 0.75 < choice.freshness < 0.76
    assert abs(choice.value_density - 40 * choice.freshness / 4) < 0.001


def test_a_reply_that_was_not_said_leaves_what_was_known_of_the_last_answer() -> None:
    """Also where that answer's cooldown is long over."""
    scene = Scene()
    scene.play()
    room = room_of(scene)
    room.cool(("shipping.fee", None), START - 5_000)
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert room.cooldowns["shipping.fee", None] > START
    scene.report("rejected", scene.insertion.id)
    assert room.cooldowns["shipping.fee", None] == START - 5_000


# ---- cooldown, memory, airtime, viewers ----------------------------------------------------------------------------------


def test_the_cooldown_counts_from_the_end_that_was_reported() -> None:
    """A reply that took longer than predicted cools as long after its end."""
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    scene.wait(3_000)
    said = scene.insertion
    scene.now = said.start
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", said.id)
    scene.now += said.duration_ms + 2_500
    scene.report("ended", said.id)
    assert room_of(scene).cooldowns["shipping.fee", None] == scene.now + 90_000
    assert room_of(scene).last_end == scene.now
    assert room_of(scene).airtime == [(said.start, scene.now)]


def test_a_variant_is_remembered_from_when_it_was_heard() -> None:
    """Not from when it was planned: a player that starts late moves its memory."""
    many = intent("a.b", reply("a.b", "v", "好", memory_ms=30_000), cooldown_ms=0)
    scene = Scene(pool(intents={"a.b": many}, limits=Limits(minimum_pause_ms=0)))
    scene.play()
    scene.ask("a.b")
    scene.wait(3_000)
    said = scene.insertion
    scene.now = said.start + 3_000
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", said.id)
    assert room_of(scene).heard == {"v": said.start + 3_000}


def test_a_viewer_who_asks_again_pushes_nobody_out() -> None:
    """Where the books are full, a demand is worth its distinct viewers, also with the comment that comes."""
    intents = {name: intent(name, reply(name, name, "好"), priority=p) for name, p in (("a.b", 30), ("c.d", 40))}
    scene = Scene(pool(intents=intents, limits=Limits(viewer_questions_per_minute=600, handoff_repeats=0)))
    scene.play()
    scene.ask("c.d", id="other")
    verdicts = [scene.ask("a.b", viewer="same", id=f"{number:040}") for number in range(200)]
    assert verdicts[-1] == "shed"
    assert "other" not in scene.decisions


def test_who_is_outvalued_still_asks_a_person_in_time() -> None:
    """A demand of which people must be asked is looked at, whatever else is worth more: they need time to answer."""
    intents = {
        "a.b": intent("a.b", reply("a.b", "v", "好"), reply("a.b", "w", "好的", approval="ask")),
        "c.d": intent("c.d", reply("c.d", "x", "是")),
    }
    scene = Scene(pool(intents=intents))
    scene.play()
    room_of(scene).heard["v"] = START
    scene.ask("a.b")
    for _ in range(3):
        scene.ask("c.d")
    scene.wait(3_000)
    assert scene.insertion.intent == "c.d"
    assert room_of(scene).demands["a.b", None].missed == "approval"


# ---- the ranking ---------------------------------------------------------------------------------------------------------


def everything(room: Room, opportunity: Opportunity) -> tuple[Candidate, Candidate | None, bool] | None:
    """(winner, runner-up, whether it went ahead) by looking at every demand."""
    start, limits = opportunity.start, room.limits
    budget = limits.airtime_share * limits.airtime_window_ms
    price = room.price(start)
    found = [candidate(room, d, opportunity) for d in room.demands.values() if d.blocker in CONSIDERED]
    fits = [
        one
        for one in found
        if isinstance(one, Candidate)
        and one.density >= price
        and room.spent(start + one.filled.ms) + one.filled.ms <= budget
    ]  # fmt: skip
    fits.sort(key=lambda one: (-one.density, one.demand.born, one.demand.intent, one.demand.product or ""))
    if not fits:
        return None
    best, gap = fits[0], until_next(room, opportunity)
    for one in fits[1:]:
        after = start + one.filled.ms + gap
        if (
            one.demand.latest < start + best.filled.ms + gap
            and best.demand.servable(after) == best.viewers
            and room.spent(after) + one.filled.ms + best.filled.ms <= budget
        ):
            return one, best, True
    return best, (fits[1] if len(fits) > 1 else None), False


asked = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 8), st.integers(0, 41)), min_size=1, max_size=40)


@given(
    asked=asked,
    worth=st.sampled_from((0.0, 5.0, 40.0)),
    spent=st.integers(0, 74),
    cooled=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 4_000)), max_size=6),
    heard=st.lists(st.integers(0, 11), max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_looking_at_few_demands_chooses_as_looking_at_all(
    asked: list[tuple[int, int, int]],
    worth: float,
    spent: int,
    cooled: list[tuple[int, int]],
    heard: list[int],
) -> None:
    """The same winner, runner-up and numbers; who did not win knows why."""
    intents = {}
    for number in range(12):
        name = f"a.i{number:02}"
        seconds = None if number % 4 == 3 else 1.5 + number % 5 * 2
        text = "全场包邮，请放心拍，{hours}小时发"
        intents[name] = intent(
            name,
            reply(name, f"r{number}", text, seconds=seconds),
            priority=10 + number * 37 % 80,
            insert="segment" if number % 6 == 5 else "sentence",
        )
    limits = Limits(minimum_pause_ms=0, viewer_questions_per_minute=100)
    scene = Scene(pool(intents=intents, limits=limits))
    scene.play()
    for number, viewer, age in asked:
        scene.ask(f"a.i{number:02}", viewer=f"v{viewer}", age=age * 1_000)
    room = room_of(scene)
    room.worth = worth
    room.airtime = [(START - 200_000 - 1_000 * spent, START - 200_000)] if spent else []
    for number, age in cooled:
        room.cool((f"a.i{number:02}", None), START - age * 1_000)
    for number in heard:
        room.heard[f"r{number}"] = START
    opportunity = next_opportunity(room, scene.now)
    assert opportunity is not None
    wanted = everything(room, opportunity)
    chosen = choose(room, opportunity, room.demands.values())
    assert (chosen is None) == (wanted is None)
    if chosen is None or wanted is None:
        assert all(d.missed in CONSIDERED for d in room.demands.values())
        return
    winner, second, expiring = wanted
    found, choice = chosen
    assert found.demand is winner.demand
    assert (choice.value_density, choice.viewers, choice.expiring) == (winner.density, winner.viewers, expiring)
    assert choice.runner_up == (second and second.demand.intent)
    assert choice.runner_up_density == (second and second.density)
    for demand in room.demands.values():
        assert demand.missed in CONSIDERED
        if demand.missed == "airtime":
            one = candidate(room, demand, opportunity)
            assert isinstance(one, Candidate)
            assert one.filled.ms > room.free_air(opportunity.start)
