"""Proposals: what needs a person's yes is shown, and said only as it was approved."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.events.inputs import (
    AppliedShopEvent,
    Approval,
    Kill,
    Mode,
    ModeSet,
    PlayerGone,
    PlayerSeen,
    RoomClosed,
    RoomOpened,
    ShopModeSet,
    TakeOver,
)
from engine.events.journal import PoolEntry, ShopEntry
from engine.events.outputs import Aired, Decision, Insertion, Proposal, ProposalVoid, Stop, Withdraw
from engine.pool.model import Limits, Pool
from engine.room.proposals import APPROVED_CAP, MUTED_CAP, RETELL_MS, UPDATE_MS
from engine.room.rooms import Rooms
from tests.unit.room.scene import ROOM, START, Scene, intent, pool, reply


def shop(**more: object) -> Pool:
    """The usual one, with a reply that stands, one that asks, and one of both kinds."""
    more_intents = [
        intent("a.stand", reply("a.stand", "stand", "正品", approval="standing")),
        intent("a.ask", reply("a.ask", "ask", "可以退", approval="ask")),
        intent(
            "a.mixed",
            reply("a.mixed", "mixed-free", "能用", approval="standing", memory_ms=600_000),
            reply("a.mixed", "mixed-ask", "老人孩子都能用", approval="ask"),
            cooldown_ms=5_000,
        ),
    ]
    intents = {**pool().intents, **{item.id: item for item in more_intents}}
    fields: dict[str, object] = {"intents": intents, "limits": Limits(minimum_pause_ms=0), **more}
    return pool("00000001", **fields)


def scene_of(mode: Mode = "approve", live: Pool | None = None) -> Scene:
    scene = Scene(live or shop())
    scene.play(mode=False)
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode=mode))
    return scene


def play_on(scene: Scene, sentences: int, first: int = 0) -> None:
    """The script goes on for so many sentences, from the `first` on."""
    names = [f"{product}-{n}" for product in ("tgy", "puer") for n in range(3)]
    for place in range(first, first + sentences):
        scene.wait(4_000)
        scene.sentence("sentence_ended", names[place % 6], place // 6)
        scene.sentence("sentence_started", names[(place + 1) % 6], (place + 1) // 6)


def say(scene: Scene, verdict: str, proposal: str | None = None) -> None:
    named = proposal or scene.all(Proposal)[-1].id
    scene.event(
        Approval.model_validate(
            {"room": ROOM, "id": "a", "at": scene.now, "by": "anna", "proposal": named, "verdict": verdict}
        )
    )


def told(scene: Scene) -> list[tuple[str, str, int]]:
    """(reply, state, viewers) of each telling."""
    return [(record.reply, record.state, record.viewers) for record in scene.all(Proposal)]


def voids(scene: Scene) -> list[str]:
    return [record.reason for record in scene.all(ProposalVoid)]


def set_mode(scene: Scene, mode: Mode) -> None:
    scene.event(ModeSet(room=ROOM, id="m", at=scene.now, mode=mode))


def set_shop_mode(scene: Scene, mode: Mode, name: str = "tea") -> None:
    scene.offset += 1
    event = ShopModeSet(id="m", at=scene.now, shop=name, mode=mode)
    scene.put(ShopEntry(AppliedShopEvent(offset=scene.offset, event=event)))


# ---- what is proposed ----------------------------------------------------------------------------------------------------


def test_a_servable_demand_is_proposed_with_its_filled_text() -> None:
    """It names the viewers who wait, what one asked, and until when a yes is in time: the latest deadline − lead − one sentence."""
    scene = scene_of()
    assert scene.ask("product.price", product="tgy", masked="多少钱呀") == "approval"
    (proposal,) = scene.all(Proposal)
    assert (proposal.text, proposal.viewers, proposal.value, proposal.state) == ("铁观音今天129元", 1, 80, "open")
    assert proposal.asked == "多少钱呀"
    assert proposal.decide_by == START + 45_000 - 800 - 4_000
    assert [use.name for use in proposal.facts] == ["price"]
    assert not scene.all(Insertion)


def test_a_proposal_reserves_nothing() -> None:
    """Airtime, cooldown and memory are as before, until it is said."""
    scene = scene_of()
    scene.ask("shipping.fee")
    room = scene.rooms._rooms[ROOM]
    assert room.proposals
    assert not room.airtime
    assert not room.cooldowns
    assert not room.heard


def test_an_approved_text_competes_at_the_next_boundary() -> None:
    """The insertion names its proposal, which ends with it; the comment is answered."""
    scene = scene_of()
    scene.ask("shipping.fee", id="a")
    say(scene, "approve")
    assert told(scene) == [("fee", "open", 1), ("fee", "approved", 1)]
    assert scene.all(Proposal)[-1].by == "anna"
    scene.wait(3_000)
    assert scene.insertion.proposal == scene.all(Proposal)[0].id
    assert not scene.rooms._rooms[ROOM].proposals
    scene.report("started", scene.insertion.id)
    scene.report("ended", scene.insertion.id)
    assert scene.decisions == {"a": "answered"}
    assert not voids(scene)
    (aired,) = scene.all(Aired)
    assert (aired.approved_by, aired.proposal) == ("anna", scene.insertion.proposal)


def test_of_two_approved_ones_the_more_valuable_goes_first() -> None:
    """Approval is no queue: value density decides, as always."""
    scene = scene_of()
    scene.ask("shipping.fee")
    fee = scene.all(Proposal)[-1].id
    scene.ask("product.price", product="tgy")
    price = scene.all(Proposal)[-1].id
    say(scene, "approve", fee)
    say(scene, "approve", price)
    scene.wait(3_000)
    assert scene.insertion.proposal == price


def test_without_an_approval_nothing_is_said() -> None:
    """At the deadline the reason is that nobody approved it; the proposal was closed when a yes was too late."""
    scene = scene_of()
    scene.ask("shipping.fee", id="a")
    play_on(scene, 10)
    assert not voids(scene)
    scene.wait(300)
    assert voids(scene) == ["not_approved"]
    scene.wait(3_700)
    play_on(scene, 1, 11)
    assert scene.decisions == {"a": "not_approved"}
    assert not scene.all(Insertion)


def test_more_viewers_are_told_at_a_bounded_rate() -> None:
    """However many come: once within two seconds, with the same id, and a later decide-by."""
    scene = scene_of()
    scene.ask("shipping.fee")
    for _ in range(50):
        scene.wait(100)
        scene.ask("shipping.fee")
    scene.wait(UPDATE_MS)
    tellings = scene.all(Proposal)
    assert len({proposal.id for proposal in tellings}) == 1
    assert [proposal.revision for proposal in tellings] == list(range(len(tellings)))
    assert 3 <= len(tellings) <= 5
    assert tellings[-1].viewers == 51
    assert tellings[-1].decide_by > tellings[0].decide_by


def test_one_that_stands_long_is_told_again_each_minute() -> None:
    """A gateway that starts meanwhile learns of it."""
    slow = {"a.slow": intent("a.slow", reply("a.slow", "slow", "可以", approval="ask"), answer_within_ms=600_000)}
    scene = scene_of(live=shop(intents=slow))
    scene.ask("a.slow")
    for _ in range(13):
        scene.wait(10_000)
        scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one"))
        scene.sentence("sentence_started", "tgy-0")
    assert [proposal.at for proposal in scene.all(Proposal)] == pytest.approx(
        [START, START + RETELL_MS, START + 2 * RETELL_MS], abs=10_100
    )


def test_at_most_so_many_are_open_and_the_most_valuable_ones() -> None:
    """A newcomer worth more than twice the least takes its place; one that is worth little more waits."""
    more = {f"x.{n}": intent(f"x.{n}", reply(f"x.{n}", f"x-{n}", f"第{n}种"), priority=10 + n) for n in range(4)}
    dear = {"x.dear": intent("x.dear", reply("x.dear", "dear", "贵的"), priority=90)}
    scene = scene_of(live=shop(intents={**more, **dear}, limits=Limits(minimum_pause_ms=0, proposals=2)))
    for n in range(4):
        assert scene.ask(f"x.{n}") == "approval"
    assert [reply for reply, _, _ in told(scene)] == ["x-0", "x-1"]
    scene.ask("x.dear")
    assert [reply for reply, _, _ in told(scene)] == ["x-0", "x-1", "dear"]
    assert voids(scene) == ["outranked"]
    assert {key[0] for key in scene.rooms._rooms[ROOM].proposals} == {"x.1", "x.dear"}
    say(scene, "refuse", scene.all(Proposal)[1].id)
    assert {key[0] for key in scene.rooms._rooms[ROOM].proposals} == {"x.3", "x.dear"}


def test_a_demand_that_something_else_holds_is_not_proposed() -> None:
    """The script answers it, its cooldown runs, one viewer is not enough, a fact is missing: nobody is asked in vain."""
    scene = scene_of(live=shop())
    assert scene.ask("shipping.fee", solo_ok=False) == "solo"
    other = Scene(shop())
    other.play(mode=False, answers=("shipping.fee",))
    set_mode(other, "approve")
    assert other.ask("shipping.fee") == "script_ahead"
    assert not scene.all(Proposal)
    assert not other.all(Proposal)
    scene.ask("shipping.fee")
    assert told(scene) == [("fee", "open", 2)]


def test_what_comes_too_late_for_a_yes_is_not_proposed() -> None:
    """Nobody could decide in time."""
    scene = scene_of()
    scene.ask("shipping.fee", age=41_000)
    assert not scene.all(Proposal)


# ---- what voids it -------------------------------------------------------------------------------------------------------


def test_a_changed_fact_voids_the_approval_and_the_new_text_is_proposed() -> None:
    """Approval binds exactly one text; a yes that comes for the old one changes nothing."""
    scene = scene_of()
    scene.ask("product.price", product="tgy")
    first = scene.all(Proposal)[0].id
    say(scene, "approve")
    scene.fact("price", 119, product="tgy")
    assert voids(scene) == ["changed"]
    say(scene, "approve", first)
    assert voids(scene) == ["changed", "not_open"]
    scene.wait(10_000)
    assert not scene.all(Insertion)
    assert scene.all(Proposal)[-1].text == "铁观音今天119元"
    assert scene.all(Proposal)[-1].state == "open"


def test_the_same_value_set_anew_is_a_change_too() -> None:
    """Its version is another one: who set it meant something."""
    scene = scene_of()
    scene.ask("product.price", product="tgy")
    say(scene, "approve")
    scene.fact("price", 129, product="tgy")
    assert voids(scene) == ["changed"]


def test_another_pool_voids_it() -> None:
    """Also where the text is the same: what was read for the approval may be another reply now."""
    scene = scene_of()
    scene.ask("shipping.fee")
    say(scene, "approve")
    scene.swap(replace(shop(), hash="0000000b"))
    assert voids(scene) == ["changed"]
    assert scene.all(Proposal)[-1].pool == "0000000b"
    assert scene.all(Proposal)[-1].state == "open"


def test_a_text_whose_fact_will_change_can_be_approved_while_it_can_be_said() -> None:
    """Decide-by is a sentence and the lead before its last start; then the text of the boundaries to come is proposed."""
    scene = scene_of()
    scene.fact("price", 119, product="tgy", start=scene.now + 10_000)
    scene.ask("product.price", product="tgy")
    assert scene.all(Proposal)[-1].text == "铁观音今天129元"
    play_on(scene, 2)
    scene.wait(3_900)
    assert scene.all(Proposal)[-1].text == "铁观音今天119元"
    assert scene.now > START + 10_000
    assert voids(scene) == ["not_approved"]
    assert scene.all(Proposal)[0].decide_by == START + 10_000 - 4_000 - 800 - 4_000
    assert not scene.all(Insertion)


def test_the_price_of_a_proposal_that_was_made_for_another_product_is_another_proposal() -> None:
    """Intent × product, as demands are."""
    scene = scene_of()
    scene.ask("product.price", product="tgy")
    scene.ask("product.price", product="puer")
    assert [proposal.product for proposal in scene.all(Proposal)] == ["tgy", "puer"]


@pytest.mark.parametrize("hold", ["paused", "taken_over", "killed"])
def test_a_room_that_may_not_speak_has_no_open_proposals(hold: str) -> None:
    """They end with the reason, approved ones too; afterwards people are asked anew."""
    scene = scene_of()
    scene.ask("shipping.fee")
    say(scene, "approve")
    if hold == "paused":
        set_mode(scene, "paused")
    elif hold == "killed":
        scene.kill()
    else:
        scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="person", at_boundary=False))
    assert voids(scene) == [hold]
    set_mode(scene, "approve")
    scene.kill(on=False)
    scene.event(TakeOver(room=ROOM, id="t", at=scene.now, who="engine"))
    assert told(scene)[-1] == ("fee", "open", 1)
    assert len({proposal.id for proposal in scene.all(Proposal)}) == 2


def test_an_approval_outlives_a_player_that_connects_again() -> None:
    """A broken line changes nothing that was decided."""
    scene = scene_of()
    scene.ask("shipping.fee")
    say(scene, "approve")
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="two", identified=True))
    scene.wait(1_000)
    assert scene.insertion.proposal == scene.all(Proposal)[0].id
    assert not voids(scene)


def test_a_closed_room_ends_its_proposals() -> None:
    """With the end of the live as the reason."""
    scene = scene_of()
    scene.ask("shipping.fee")
    scene.event(RoomClosed(room=ROOM, id="x", at=scene.now))
    assert voids(scene) == ["room_closed"]


def test_a_sentence_that_answered_ends_it() -> None:
    """A script is loaded anew whose next sentence answers: first nobody need decide, then nobody waits."""
    scene = scene_of()
    scene.ask("shipping.fee", id="a")
    say(scene, "approve")
    room = scene.rooms._rooms[ROOM]
    lineup = room.clock.lineup
    assert lineup is not None
    lineup.lines[0].answers = ("shipping.fee",)
    scene.sentence("sentence_ended", "tgy-0")
    assert scene.decisions == {"a": "answered"}
    assert voids(scene) == ["over"]


def test_mode_auto_ends_it_and_says_it() -> None:
    """Nobody is asked for a reply that inherits; what is on its way unasked when the mode is `approve` again is withdrawn."""
    scene = scene_of()
    scene.ask("shipping.fee")
    set_mode(scene, "auto")
    assert voids(scene) == ["mode"]
    scene.wait(3_000)
    assert scene.insertion.proposal is None
    set_mode(scene, "approve")
    assert [withdraw.insertion for withdraw in scene.all(Withdraw)] == [scene.insertion.id]
    scene.report("aborted", scene.insertion.id)
    assert told(scene)[-1] == ("fee", "open", 1)


def test_what_was_approved_and_is_on_its_way_stays_whatever_mode_asks() -> None:
    """It was asked for already; `paused` takes it back."""
    scene = scene_of()
    scene.ask("shipping.fee")
    say(scene, "approve")
    scene.wait(3_000)
    set_mode(scene, "auto")
    set_mode(scene, "approve")
    assert not scene.all(Withdraw)
    set_mode(scene, "paused")
    assert len(scene.all(Withdraw)) == 1


# ---- verdicts ------------------------------------------------------------------------------------------------------------


def test_a_refusal_ends_its_comments_and_silences_the_key_for_its_cooldown() -> None:
    """Who asks meanwhile is told so where nothing can change before the deadline; afterwards people are asked again."""
    scene = scene_of()
    scene.ask("shipping.fee", id="a")
    scene.ask("shipping.fee", id="b")
    say(scene, "refuse")
    assert scene.decisions == {"a": "refused", "b": "refused"}
    assert scene.all(Decision)[0].reply == "fee"
    assert voids(scene) == ["refused"]
    assert scene.ask("shipping.fee", id="c") == "refused"
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one"))
    scene.wait(50_000)
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one", identified=True))
    assert scene.ask("shipping.fee", id="d") == "approval"
    assert told(scene) == [("fee", "open", 1)]
    for _ in range(5):
        scene.wait(8_100)
        scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one"))
    assert scene.decisions["c"] == "refused"
    assert len({proposal.id for proposal in scene.all(Proposal)}) == 2


def test_a_refused_key_is_silent_in_mode_auto_too() -> None:
    """A person said no to it."""
    scene = scene_of()
    scene.ask("shipping.fee")
    say(scene, "refuse")
    set_mode(scene, "auto")
    scene.ask("shipping.fee", id="b")
    scene.wait(5_000)
    assert not scene.all(Insertion)
    assert scene.decisions["b"] == "refused"


def test_a_script_that_answers_is_not_silenced() -> None:
    """The refusal is of the reply."""
    scene = Scene(shop())
    scene.play(mode=False)
    set_mode(scene, "approve")
    scene.ask("shipping.fee")
    say(scene, "refuse")
    other = Scene(shop())
    other.play(mode=False, answers=("shipping.fee",))
    set_mode(other, "approve")
    other.rooms._rooms[ROOM].muted["shipping.fee", None] = other.now + 90_000
    assert other.ask("shipping.fee") == "script_ahead"


def test_a_mind_that_changes_before_it_is_said_counts() -> None:
    """Approved, then refused: it is not said."""
    scene = scene_of()
    scene.ask("shipping.fee", id="a")
    say(scene, "approve")
    say(scene, "refuse")
    scene.wait(5_000)
    assert scene.decisions == {"a": "refused"}
    assert not scene.all(Insertion)


def test_a_second_yes_is_told_and_changes_nothing() -> None:
    """Who approved it first stands."""
    scene = scene_of()
    scene.ask("shipping.fee")
    say(scene, "approve")
    say(scene, "approve")
    assert told(scene) == [("fee", "open", 1), ("fee", "approved", 1), ("fee", "approved", 1)]


@pytest.mark.parametrize("verdict", ["approve", "refuse"])
def test_a_verdict_on_what_never_was_is_told(verdict: str) -> None:
    """And nothing else comes of it."""
    scene = scene_of()
    say(scene, verdict, "ab" * 16)
    assert voids(scene) == ["not_open"]
    assert scene.all(ProposalVoid)[0].proposal == "ab" * 16


def test_an_approval_stands_again_where_the_player_refused_the_insertion() -> None:
    """It was surely not said: nobody is asked a second time for the same words."""
    scene = scene_of()
    scene.ask("shipping.fee", id="a")
    say(scene, "approve")
    scene.wait(3_000)
    first = scene.insertion
    scene.report("rejected", first.id)
    assert told(scene)[-1] == ("fee", "approved", 1)
    scene.wait(1_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(3_000)
    assert scene.insertion.id != first.id
    assert scene.insertion.proposal == first.proposal


def test_what_was_cut_has_to_be_approved_anew() -> None:
    """Viewers heard a part of it."""
    scene = scene_of(live=shop(intents={"a.b": intent("a.b", reply("a.b", "b", "好", memory_ms=0), cooldown_ms=0)}))
    scene.ask("a.b")
    say(scene, "approve")
    scene.wait(3_000)
    scene.report("started", scene.insertion.id)
    scene.report("aborted", scene.insertion.id)
    assert told(scene)[-1] == ("b", "open", 1)
    assert len({proposal.id for proposal in scene.all(Proposal)}) == 2


# ---- a reply's own rule --------------------------------------------------------------------------------------------------


def test_a_standing_reply_is_said_without_being_asked_for_in_mode_approve() -> None:
    """And never proposed."""
    scene = scene_of()
    assert scene.ask("a.stand") == "no_opportunity"
    scene.wait(3_000)
    assert (scene.insertion.reply, scene.insertion.proposal) == ("stand", None)
    assert not scene.all(Proposal)


def test_a_reply_that_asks_is_proposed_in_mode_auto() -> None:
    """The others are said at once."""
    scene = scene_of("auto")
    assert scene.ask("a.ask", id="a") == "approval"
    scene.ask("shipping.fee")
    scene.wait(3_000)
    assert scene.insertion.reply == "fee"
    assert told(scene) == [("ask", "open", 1)]
    say(scene, "approve")
    scene.report("rejected", scene.insertion.id)
    scene.wait(1_000)
    scene.next_sentence("tgy-0", "tgy-1")
    scene.wait(4_000)
    assert "ask" in {insertion.reply for insertion in scene.all(Insertion)}


def test_a_variant_that_asks_is_proposed_only_where_none_can_be_said_without() -> None:
    """The one that stands goes first; while viewers remember it, the other is proposed, in any mode that speaks."""
    scene = scene_of("auto")
    scene.ask("a.mixed")
    scene.wait(3_000)
    first = scene.insertion
    assert first.reply == "mixed-free"
    scene.report("started", first.id)
    scene.wait(4_000)
    scene.report("ended", first.id)
    assert not scene.all(Proposal)
    scene.sentence("sentence_started", "tgy-1")
    scene.wait(6_000)
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="one"))
    scene.next_sentence("tgy-1", "tgy-2")
    scene.ask("a.mixed")
    scene.wait(3_500)
    scene.next_sentence("tgy-2", "puer-0")
    assert told(scene) == [("mixed-ask", "open", 1)]
    say(scene, "approve")
    scene.wait(3_500)
    assert scene.insertion.reply == "mixed-ask"


# ---- the mode of a shop --------------------------------------------------------------------------------------------------


def test_the_mode_of_a_shop_reaches_its_rooms_and_those_to_come() -> None:
    """Another shop's rooms go on as they were."""
    scene = scene_of("auto")
    other = replace(shop(), hash="000000c0", shop="cafe")
    scene.pools[other.hash] = other
    scene.put(PoolEntry("cafe", other.hash, 1, 1))
    scene.offset = 2
    scene.event(RoomOpened(room="elsewhere", id="o", at=scene.now, shop="cafe"))
    scene.shop = "cafe"
    scene.ask("shipping.fee", room="elsewhere-too")
    scene.shop = "tea"
    set_shop_mode(scene, "paused")
    scene.ask("shipping.fee", room="later")
    modes = {name: scene.rooms._rooms[name].mode for name in scene.rooms.names()}
    assert modes["later"] == modes[ROOM] == "paused"
    assert modes["elsewhere-too"] == "shadow"


def test_what_was_said_last_counts() -> None:
    """A room that is told its own mode after its shop keeps it until the shop is told again."""
    scene = scene_of("auto")
    set_shop_mode(scene, "paused")
    set_mode(scene, "approve")
    assert scene.rooms._rooms[ROOM].mode == "approve"
    set_shop_mode(scene, "auto")
    assert scene.rooms._rooms[ROOM].mode == "auto"


def test_a_shop_told_before_it_is_live_is_not_forgotten_and_an_older_record_means_nothing() -> None:
    """The log is read in any order of topics; of one key the newest counts."""
    scene = scene_of("auto")
    set_shop_mode(scene, "approve", "cafe")
    older = ShopModeSet(id="m", at=scene.now, shop="cafe", mode="paused")
    scene.put(ShopEntry(AppliedShopEvent(offset=0, event=older)))
    other = replace(shop(), hash="000000c0", shop="cafe")
    scene.pools[other.hash] = other
    scene.put(PoolEntry("cafe", other.hash, 1, 5))
    scene.shop = "cafe"
    scene.ask("shipping.fee", room="new")
    assert scene.rooms._rooms["new"].mode == "approve"


@pytest.mark.parametrize(("own", "expected"), [(True, "auto"), (False, "approve")])
def test_a_room_that_moves_to_another_shop_takes_on_its_mode_unless_it_has_its_own(own: bool, expected: str) -> None:
    """Nobody waits then, so nothing is cut short."""
    scene = Scene(shop())
    other = replace(shop(), hash="000000c0", shop="cafe")
    scene.pools[other.hash] = other
    scene.put(PoolEntry("cafe", other.hash, 1, 1))
    scene.offset = 1
    set_shop_mode(scene, "approve", "cafe")
    scene.chat()
    if own:
        set_mode(scene, "auto")
    scene.event(RoomOpened(room=ROOM, id="o", at=scene.now, shop="cafe"))
    assert scene.rooms._rooms[ROOM].mode == expected


def test_a_shops_mode_outlives_a_restore() -> None:
    """It stands in the partition's record, as facts and kills do: rooms to come have it, too."""
    scene = scene_of("auto")
    set_shop_mode(scene, "approve")
    other = Rooms(scene.pools.__getitem__)
    other.restore_shops(*scene.rooms.shop_state(), scene.rooms.lease, scene.now)
    for name in scene.rooms.names():
        saved = scene.rooms.snapshot(name, scene.seq)
        assert saved is not None
        other.restore_room(saved)
    scene.rooms = other
    scene.ask("shipping.fee", room="new")
    assert {name: other._rooms[name].mode for name in other.names()} == {ROOM: "approve", "new": "approve"}


# ---- a person at the microphone ------------------------------------------------------------------------------------------


def holds(scene: Scene) -> list[tuple[str, bool]]:
    return [(stop.session, stop.hold_script) for stop in scene.all(Stop) if stop.insertion is None]


def take(scene: Scene, who: str, *, at_boundary: bool = True) -> None:
    scene.event(
        TakeOver.model_validate({"room": ROOM, "id": "t", "at": scene.now, "who": who, "at_boundary": at_boundary})
    )


def test_the_player_holds_its_script_while_a_person_has_the_room() -> None:
    """Told once, when the person has it; at a boundary only then. Handed back, it is let go."""
    scene = scene_of("auto")
    take(scene, "person")
    assert not holds(scene)
    scene.sentence("sentence_ended", "tgy-0")
    assert holds(scene) == [("one", True)]
    take(scene, "person", at_boundary=False)
    assert holds(scene) == [("one", True)]
    take(scene, "engine")
    assert holds(scene) == [("one", True), ("one", False)]


def test_a_player_that_comes_while_a_person_has_the_room_is_told_to_hold() -> None:
    """It knows nothing of it; one that comes after the hand-back, which its last session missed, is let go."""
    scene = scene_of("auto")
    take(scene, "person", at_boundary=False)
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="one"))
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="two", identified=True))
    assert holds(scene)[-1] == ("two", True)
    scene.event(PlayerGone(room=ROOM, id="g", at=scene.now, session="two"))
    take(scene, "engine")
    assert len(holds(scene)) == 2
    scene.event(PlayerSeen(room=ROOM, id="p", at=scene.now, session="three", identified=True))
    assert holds(scene)[-1] == ("three", False)


def test_a_kill_that_held_the_script_too_does_not_give_it_away() -> None:
    """The gateway lets the script go when the kill is lifted: the person's hold is told again. And the other way round."""
    scene = scene_of("auto")
    take(scene, "person", at_boundary=False)
    kill(scene, on=True)
    kill(scene, on=False)
    assert holds(scene) == [("one", True)] * 3
    kill(scene, on=True)
    take(scene, "engine")
    assert holds(scene)[-1] == ("one", True), "the kill still holds it"


def kill(scene: Scene, *, on: bool) -> None:
    scene.offset += 1
    event = Kill(id="k", at=scene.now, scope="room", target=ROOM, on=on, hold_script=True)
    scene.put(ShopEntry(AppliedShopEvent(offset=scene.offset, event=event)))


# ---- bounds --------------------------------------------------------------------------------------------------------------


def test_what_is_approved_and_not_said_is_bounded() -> None:
    """Beyond the cap nothing is proposed: nothing could be said either."""
    many = {f"x.{n:02}": intent(f"x.{n:02}", reply(f"x.{n:02}", f"x-{n:02}", f"第{n}种")) for n in range(40)}
    scene = scene_of(live=shop(intents=many, limits=Limits(minimum_pause_ms=0, proposals=20, airtime_share=0.01)))
    for name in many:
        scene.ask(name)
    for _ in range(40):
        opened = [proposed.id for proposed in scene.rooms._rooms[ROOM].proposals.values() if not proposed.approved]
        if opened:
            say(scene, "approve", opened[0])
    room = scene.rooms._rooms[ROOM]
    assert sum(proposed.approved for proposed in room.proposals.values()) >= APPROVED_CAP
    assert len(room.proposals) <= APPROVED_CAP + 20


def test_refusals_that_are_over_are_forgotten_and_the_others_bounded() -> None:
    """The oldest goes first."""
    many = {f"x.{n:02}": intent(f"x.{n:02}", reply(f"x.{n:02}", f"x-{n:02}", f"第{n}种")) for n in range(MUTED_CAP + 6)}
    scene = scene_of(live=shop(intents=many))
    for name in many:
        scene.ask(name)
        say(scene, "refuse")
    muted = scene.rooms._rooms[ROOM].muted
    assert len(muted) == MUTED_CAP
    assert ("x.00", None) not in muted
