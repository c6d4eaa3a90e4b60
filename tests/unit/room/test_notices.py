"""What the room says by itself: the disclosure at the start and within its interval, corrections first of all."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.events.inputs import (
    AppliedShopEvent,
    Kill,
    ModeSet,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomOpened,
    TakeOver,
)
from engine.events.journal import ShopEntry
from engine.events.outputs import Aired, Alert, Insertion, Stop, Withdraw
from engine.pool import speech
from engine.pool.model import Guard, Limits, Pool, Product, Reply
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, SHOP, Scene, pool

EVERY = 120_000
WORDS = {"zh": "主播是人工智能数字人。", "en": "The host is an AI."}


def disclosing(name: str = "00000001", **more: object) -> Pool:
    """A pool that wants to be disclosed, with a correction for one product."""
    text = "更正一下，{product}现在是{price}。"
    right = Reply("correction-zh", "correction", text, "zh", True, speech.placeholders(text))
    plain = pool()
    tgy = plain.products["tgy"]
    corrected = Product(tgy.id, tgy.name, tgy.aliases, tgy.link, tgy.facts, corrections=(right,))
    fields: dict[str, object] = {
        "guard": Guard(("最佳",), WORDS, EVERY),
        "products": {**plain.products, "tgy": corrected},
        **more,
    }
    return pool(name, **fields)


def scene(**more: object) -> Scene:
    return Scene(disclosing("00000001", **more))


def disclosures(stage: Scene) -> list[Insertion]:
    return [one for one in stage.all(Insertion) if one.disclosure is not None]


def say(stage: Scene, insertion: Insertion | None = None) -> Insertion:
    """The newest insertion is said from its start to its end."""
    said = insertion or stage.insertion
    stage.wait(max(0, said.start - stage.now))
    stage.report("started", said.id)
    stage.wait(said.duration_ms)
    stage.report("ended", said.id)
    return said


def live(stage: Scene, ms: int, step: int = 4_000) -> None:
    """The script runs on: a sentence every `step`, and whatever the room says is said."""
    names = [f"{product}-{number}" for product in ("tgy", "puer") for number in range(3)]
    place = getattr(stage, "place", 0)
    end = stage.now + ms
    while stage.now < end:
        count = len(stage.all(Insertion))
        stage.wait(step)
        stage.next_sentence(names[place % 6], names[(place + 1) % 6], lap=place // 6)
        place += 1
        if place % 6 == 0:
            stage.sentence("sentence_started", names[0], lap=place // 6)
        if len(stage.all(Insertion)) > count:
            say(stage)
            stage.sentence("sentence_started", names[place % 6], lap=place // 6)
        stage.event(PlayerSeen(room=stage.room, id="p", at=stage.now, session="one"))
    stage.place = place  # type: ignore[attr-defined] # kept on the stage for the next run


def test_it_is_said_at_the_first_boundary_of_a_live() -> None:
    """Ahead of what viewers ask, in the room's language, word for word."""
    stage = scene()
    stage.play()
    stage.ask("shipping.fee", solo_ok=True)
    stage.wait(4_000)
    said = stage.insertion
    assert (said.reply, said.intent, said.text, said.language) == ("disclosure-zh", "disclosure", WORDS["zh"], "zh")
    assert said.disclosure is not None
    assert said.disclosure.first
    assert said.after is not None
    assert said.serves == ()
    say(stage)
    aired = stage.all(Aired)[-1]
    assert aired.disclosure == said.disclosure
    stage.wait(12_000)
    assert stage.insertion.intent == "shipping.fee"


def test_it_is_said_again_within_its_interval() -> None:
    """Never is more than the interval between the end of one and the start of the next, and they are not crowded either."""
    stage = scene()
    stage.play()
    live(stage, 10 * EVERY)
    said = [one for one in stage.all(Aired) if one.disclosure is not None]
    gaps = [after.started - (before.ended or 0) for before, after in pairwise(said)]
    assert len(said) >= 10
    assert max(gaps) <= EVERY
    assert min(gaps) >= EVERY / 2
    assert not [one for one in stage.all(Alert) if one.kind == "disclosure_overdue"]


def test_it_takes_no_airtime_from_replies() -> None:
    """The budget of replies is as it was, and the pause between two that are heard is kept."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    said = say(stage)
    room = stage.rooms._rooms[ROOM]
    assert room.airtime == []
    assert room.last_end == said.start + said.duration_ms


def test_the_pause_after_it_holds_though_a_reply_was_refused() -> None:
    """What the refused one had reserved is returned, no more."""
    stage = scene(limits=Limits(minimum_pause_ms=10_000))
    stage.play()
    stage.wait(4_000)
    said = say(stage)
    room = stage.rooms._rooms[ROOM]
    heard = said.start + said.duration_ms
    room.say(heard + 12_000, heard + 16_000)
    room.unsay(heard + 12_000, heard + 16_000)
    assert room.last_end == heard


def test_without_a_wording_nothing_is_said() -> None:
    """A wording in one language serves the other; a shop that wrote none is told that it has to, once."""
    silent = Scene()
    silent.play()
    live(silent, 3 * EVERY)
    assert silent.all(Insertion) == []
    assert silent.rooms.concerns().undisclosed == 1
    (told,) = [one for one in silent.all(Alert) if one.kind == "disclosure_overdue"]
    assert "add `disclosure` in guard.yaml" in told.detail
    other = scene(guard=Guard((), {"en": "The host is an AI."}, EVERY))
    other.play()
    other.wait(4_000)
    assert (other.insertion.text, other.insertion.language) == ("The host is an AI.", "en")


def test_a_wording_that_the_guard_bars_is_not_said() -> None:
    """Which the check of the files refuses; here nobody checked."""
    stage = scene(guard=Guard(("数字人",), {"zh": "主播是数字人"}, EVERY))
    stage.play()
    live(stage, EVERY)
    assert stage.all(Insertion) == []
    assert "the guard bars its wording" in next(
        one.detail for one in stage.all(Alert) if one.kind == "disclosure_overdue"
    )


@pytest.mark.parametrize("mode", ["shadow", "paused"])
def test_modes_that_say_nothing_do_not_say_it(mode: str) -> None:
    """And in `approve` it needs nobody's yes: its wording is approved."""
    stage = scene()
    stage.play(mode=False)
    stage.event(ModeSet.model_validate({"room": ROOM, "id": "m", "at": stage.now, "mode": mode}))
    stage.wait(8_000)
    assert stage.all(Insertion) == []
    stage.sentence("sentence_started", "tgy-2")
    stage.event(ModeSet(room=ROOM, id="m", at=stage.now, mode="approve"))
    stage.wait(8_000)
    assert stage.insertion.disclosure is not None


def test_a_kill_withdraws_it_and_it_is_said_when_lifted() -> None:
    """It stays due."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    first = stage.insertion
    stage.kill()
    assert stage.all(Withdraw)[-1].insertion == first.id
    stage.report("rejected", first.id)
    stage.wait(10_000)
    assert len(disclosures(stage)) == 1
    stage.kill(on=False)
    stage.sentence("sentence_started", "puer-0")
    stage.wait(8_000)
    assert len(disclosures(stage)) == 2


def test_a_kill_stops_it_while_it_is_said_and_a_cut_one_does_not_count() -> None:
    """Half a disclosure discloses nothing."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    first = stage.insertion
    stage.wait(first.start - stage.now)
    stage.report("started", first.id)
    stage.kill()
    assert [stop.insertion for stop in stage.all(Stop)] == [first.id]
    stage.report("aborted", first.id)
    assert stage.all(Aired)[-1].cut
    stage.kill(on=False)
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(8_000)
    assert len(disclosures(stage)) == 2


def test_while_a_person_has_the_room_nothing_is_said_and_handing_back_begins_anew() -> None:
    """Viewers hear a person; then they are told at once that they do not any more."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    say(stage)
    stage.event(TakeOver(room=ROOM, id="t", at=stage.now, who="person", at_boundary=False))
    for _ in range(20):
        stage.wait(20_000)
        stage.event(PlayerSeen(room=ROOM, id="p", at=stage.now, session="one"))
    assert len(disclosures(stage)) == 1
    assert not [one for one in stage.all(Alert) if one.kind == "disclosure_overdue"]
    stage.event(TakeOver(room=ROOM, id="t", at=stage.now, who="engine"))
    stage.wait(8_000)
    again = disclosures(stage)[-1]
    assert again.disclosure is not None
    assert again.disclosure.first


def test_a_lost_player_is_told_nothing_and_again_when_it_is_back() -> None:
    """Nobody knows whether it was said: it is said once more."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    first = stage.insertion
    stage.event(PlayerGone(room=ROOM, id="g", at=stage.now, session="one"))
    stage.wait(5_000)
    assert len(disclosures(stage)) == 1
    stage.event(PlayerSeen(room=ROOM, id="p", at=stage.now, session="two", identified=True))
    stage.wait(4_000)
    again = disclosures(stage)[-1]
    assert again.id != first.id
    assert again.session == "two"


def test_a_player_that_refuses_it_hears_others_meanwhile_and_is_asked_again() -> None:
    """And operators are told that it is overdue, once."""
    stage = scene()
    stage.play()
    names = [f"{product}-{number}" for product in ("tgy", "puer") for number in range(3)]
    heard: list[str] = []
    for number in range(40):
        if number % 8 == 0:
            stage.ask("shipping.fee")
        stage.wait(3_900)
        stage.event(PlayerSeen(room=ROOM, id="p", at=stage.now, session="one"))
        flight = stage.rooms._rooms[ROOM].flight
        if flight is not None:
            heard.append(flight.insertion.intent)
            stage.report("rejected", flight.insertion.id)
        stage.wait(100)
        stage.next_sentence(names[number % 6], names[(number + 1) % 6], lap=number // 6)
        if number % 6 == 5:
            stage.sentence("sentence_started", names[0], lap=number // 6 + 1)
    assert "shipping.fee" in heard
    assert heard.count("disclosure") >= 3
    alerts = [one for one in stage.all(Alert) if one.kind == "disclosure_overdue"]
    assert len(alerts) == 1
    assert stage.rooms.concerns().undisclosed == 1


def test_another_wording_withdraws_the_one_on_its_way() -> None:
    """What is not in the live pool is not said."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    first = stage.insertion
    stage.swap(disclosing("00000009", guard=Guard((), {"zh": "主播由人工智能生成。"}, EVERY)))
    assert stage.all(Withdraw)[-1].insertion == first.id
    stage.report("rejected", first.id)
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(8_000)
    assert stage.insertion.text == "主播由人工智能生成。"


def test_a_pool_with_the_same_wording_leaves_it_alone() -> None:
    """Other changes do not matter to it."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    stage.swap(disclosing("00000009"))
    assert stage.all(Withdraw) == []


def test_another_live_begins_anew() -> None:
    """A room that closed and opened again tells its viewers at its start."""
    stage = scene()
    stage.play()
    stage.wait(4_000)
    say(stage)
    stage.event(RoomClosed(room=ROOM, id="c", at=stage.now))
    stage.wait(10_000)
    stage.event(RoomOpened(room=ROOM, id="o", at=stage.now, shop=SHOP))
    stage.event(PlayerSeen(room=ROOM, id="p", at=stage.now, session="two", identified=True))
    stage.wait(4_000)
    again = disclosures(stage)[-1]
    assert again.session == "two"
    assert again.disclosure is not None
    assert again.disclosure.first


# ---- corrections -------------------------------------------------------------------------------------------------------


def speak_price(stage: Scene) -> Insertion:
    """A reply with tgy's price is being said."""
    stage.play()
    stage.wait(4_000)
    say(stage)
    stage.sentence("sentence_started", "tgy-1")
    stage.ask("product.price", product="tgy")
    while stage.insertion.intent != "product.price":
        stage.wait(1_000)
    price = stage.insertion
    stage.wait(max(0, price.start - stage.now))
    stage.report("started", price.id)
    stage.wait(500)
    return price


def test_a_price_that_was_stopped_is_set_right_first() -> None:
    """With the new price, before the viewers who still wait, and before the disclosure."""
    stage = scene()
    price = speak_price(stage)
    stage.ask("shipping.fee")
    stage.rooms._rooms[ROOM].duties.due = 0
    stage.fact("price", 119, "tgy")
    assert stage.all(Stop)[-1].insertion == price.id
    stage.report("aborted", price.id)
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(5_000)
    said = stage.insertion
    assert said.correction
    assert said.text == "更正一下，铁观音现在是119元。"
    assert (said.product, said.reply) == ("tgy", "correction-zh")
    say(stage)
    assert stage.all(Aired)[-1].correction
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(5_000)
    assert stage.insertion.disclosure is not None


def test_the_gateway_may_have_stopped_it_before_the_room_knew() -> None:
    """The player's report comes first, the change after it."""
    stage = scene()
    price = speak_price(stage)
    stage.report("aborted", price.id)
    stage.fact("price", 119, "tgy")
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(5_000)
    assert stage.insertion.correction


def test_a_price_that_was_said_to_its_end_all_the_same_is_set_right_too() -> None:
    """The stop came too late."""
    stage = scene()
    price = speak_price(stage)
    stage.fact("price", 119, "tgy")
    stage.wait(price.duration_ms)
    stage.report("ended", price.id)
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(5_000)
    assert stage.insertion.correction


@pytest.mark.parametrize("change", ["none", "withdrawn", "late", "other product"])
def test_nothing_is_corrected_where_there_is_nothing_to_say(change: str) -> None:
    """The price did not change, or has no new value; a minute later nobody remembers; another product has no words for it."""
    stage = scene(products=pool().products) if change == "other product" else scene()
    price = speak_price(stage)
    if change == "withdrawn":
        stage.fact("price", None, "tgy")
    elif change == "other product":
        stage.fact("price", 119, "tgy")
    stage.report("aborted", price.id)
    if change == "late":
        live(stage, 64_000)
        stage.fact("price", 119, "tgy")
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(8_000)
    assert not [one for one in stage.all(Insertion) if one.correction]


def test_a_correction_waits_until_its_price_holds_however_soon_it_is_said() -> None:
    """A script that runs quicker than foreseen must not say a price before it begins."""
    stage = scene()
    price = speak_price(stage)
    stage.fact("price", None, "tgy")
    stage.report("aborted", price.id)
    stage.sentence("sentence_started", "tgy-1")
    stage.fact("price", 119, "tgy", start=stage.now + 3_990)  # the sentence lasts four seconds
    stage.wait(3_999)
    assert not stage.insertion.correction
    stage.next_sentence("tgy-1", "tgy-2")
    stage.wait(3_999)
    assert stage.insertion.text == "更正一下，铁观音现在是119元。"


def test_a_correction_whose_price_changes_again_is_stopped_and_said_anew() -> None:
    """It is a price like any other."""
    stage = scene()
    price = speak_price(stage)
    stage.fact("price", 119, "tgy")
    stage.report("aborted", price.id)
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(5_000)
    first = stage.insertion
    stage.wait(max(0, first.start - stage.now))
    stage.report("started", first.id)
    stage.fact("price", 109, "tgy")
    assert stage.all(Stop)[-1].insertion == first.id
    stage.report("aborted", first.id)
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(5_000)
    assert stage.insertion.text == "更正一下，铁观音现在是109元。"


# ---- snapshots -----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_restored_room_owes_the_same(seconds: int, heard: bool, wrong: bool) -> None:
    """At any moment: what it says after a restore is what it would have said."""
    stage = scene()
    if wrong:
        price = speak_price(stage)
        stage.report("aborted", price.id)
    else:
        stage.play()
        stage.wait(4_000)
        if heard:
            say(stage)
    stage.wait(seconds * 1_000)
    saved = stage.rooms.snapshot(ROOM, stage.seq)
    assert saved is not None
    events, pools = stage.rooms.shop_state()
    again = Rooms(stage.pools.__getitem__)
    again.restore_shops(events, pools, 1, stage.now)
    again.restore_room(saved)
    assert again.snapshot(ROOM, stage.seq) == saved
    assert again.next_deadline() == stage.rooms.next_deadline()
    mark, logged = len(stage.out), len(stage.log)
    stage.fact("price", 119, "tgy")
    stage.event(PlayerSeen(room=ROOM, id="p", at=stage.now, session="one"))
    stage.sentence("sentence_started", "tgy-1")
    stage.wait(10_000)
    for seq, now, entry in stage.log[logged:]:
        again.handle(seq, now, entry)
    assert again.take().records == stage.out[mark:]


def test_kinds_of_records_that_fence_fence_notices_too() -> None:
    """A kill of everything and of the shop silences them as one of the room does."""
    for scope, target in (("shop", SHOP), ("*", "*")):
        stage = scene()
        stage.play()
        stage.wait(4_000)
        first = stage.insertion
        event = Kill.model_validate({"id": "k", "at": stage.now, "scope": scope, "target": target, "on": True})
        stage.offset += 1
        stage.put(ShopEntry(AppliedShopEvent(offset=stage.offset, event=event)))
        assert stage.all(Withdraw)[-1].insertion == first.id
