"""A model player does what it is told, at the room's own boundaries."""

from __future__ import annotations

from engine.events.inputs import Approval, ChatReplyReport, Cursor, Playback, PlayerGone, PlayerSeen, RoomEvent
from engine.events.outputs import ChatReply, ChatWithdraw, Proposal, Stop, Withdraw
from engine.insight.model_player import FOREVER, ModelPlayer
from engine.insight.timing import Timing
from engine.room.room import Room
from tests.unit.room.scene import START, Scene


def room_of(scene: Scene) -> Room:
    found = scene.rooms.room(scene.room)
    assert found is not None
    return found


def kinds(events: list[RoomEvent]) -> list[str]:
    return [event.kind if isinstance(event, Playback) else event.type for event in events]


def playing(timing: Timing | None = None) -> tuple[Scene, ModelPlayer]:
    scene = Scene()
    scene.play()
    scene.ask("shipping.fee")
    return scene, ModelPlayer(timing or Timing(heard_ms=50))


def step(scene: Scene, player: ModelPlayer) -> list[RoomEvent]:
    """To the player's next word; the core hears it."""
    due = player.due(room_of(scene))
    while (deadline := scene.rooms.next_deadline()) is not None and deadline <= due:
        before = len(scene.out)
        scene.wait(max(100, deadline - scene.now))
        player.hear(room_of(scene), scene.out[before:], scene.now)
        due = player.due(room_of(scene))
    scene.now = max(scene.now, due)
    events = player.act(room_of(scene))
    for event in events:
        before = len(scene.out)
        scene.event(event)
        player.hear(room_of(scene), scene.out[before:], scene.now)
    return events


def test_a_reply_is_said_after_its_sentence() -> None:
    """Accepted, started at the boundary, ended after its length; then the script goes on where it should."""
    scene, player = playing(Timing(sentences={("v1", "tgy-0"): 5_000}, voice=1.5, heard_ms=50))
    told = [step(scene, player) for _ in range(3)]
    assert [kinds(events) for events in told] == [
        ["accepted"],
        ["sentence_ended", "started"],
        ["ended", "sentence_started"],
    ]
    assert [event.at - START for events in told[1:] for event in events] == [5_000, 5_000, 11_000, 11_000]
    assert room_of(scene).clock.number == 1
    assert scene.decisions == {"c1": "answered"}


def test_reports_come_as_late_as_they_did() -> None:
    """And tell when it was."""
    scene, player = playing(Timing(reported_ms=70))
    assert player.due(room_of(scene)) == START + 4_070
    events = player.act(room_of(scene))
    assert [event.at - START for event in events] == [4_000, 4_000]


def test_a_command_that_comes_too_late_is_rejected() -> None:
    """By its lead; where it was seen to need less, by that. What it once had more of it does not need."""
    cases: list[tuple[int, int | None, list[str]]] = [
        (50, None, ["accepted"]),
        (50, 3_000, ["accepted"]),
        (2_900, None, ["sentence_ended", "sentence_started"]),
        (2_900, 1_000, ["sentence_ended", "started"]),
    ]
    for heard, needed, told in cases:
        scene, player = playing(Timing(heard_ms=heard, needed_ms=needed))
        assert kinds(step(scene, player)) == told


def test_withdrawn_and_stopped() -> None:
    """Not started: rejected. Being said: cut, and the script resumes."""
    scene, player = playing()
    step(scene, player)
    sent = scene.insertion
    more = {"id": "ab" * 8, "room": scene.room, "shop": "tea", "at": scene.now, "lease": 1, "seq": 9, "shop_offset": 0}
    withdraw = Withdraw(**more, session="one", insertion=sent.id, reason="paused")
    player.hear(room_of(scene), [withdraw], scene.now)
    assert kinds(player.act(room_of(scene))) == ["rejected"]
    scene, player = playing()
    step(scene, player)
    step(scene, player)
    stop = Stop(**more, session="one", insertion=scene.insertion.id, reason="killed")
    player.hear(room_of(scene), [stop], scene.now)
    assert [kinds(player.act(room_of(scene))) for _ in range(2)] == [["aborted"], ["sentence_started"]]


def test_what_was_on_its_way_is_taken_over() -> None:
    """A recording may begin in the middle of a reply."""
    scene, player = playing()
    step(scene, player)
    step(scene, player)
    other = ModelPlayer(Timing())
    other.take_over(room_of(scene))
    assert other.due(room_of(scene)) == player.due(room_of(scene))


def test_recorded_reports_give_way() -> None:
    """Only what begins a script that stands still is taken; a connection tells what is true here."""
    scene, player = playing()
    step(scene, player)
    cursor = Cursor(version="v1", lap=0, segment="seg-puer", sentence="puer-1")
    began = Playback(room="r1", id="b", at=scene.now, session="one", kind="sentence_started", cursor=cursor)
    assert player.instead(room_of(scene), began) is None
    seen = PlayerSeen(room="r1", id="s", at=scene.now, session="two", identified=True, cursor=cursor)
    told = player.instead(room_of(scene), seen)
    assert isinstance(told, PlayerSeen)
    assert told.cursor is not None
    assert told.cursor.sentence == "tgy-0"
    assert [state.insertion for state in told.outcomes] == [scene.insertion.id]
    gone = PlayerGone(room="r1", id="g", at=scene.now, session="one")
    assert player.instead(room_of(scene), gone) == gone
    scene.event(gone)
    assert player.due(room_of(scene)) > scene.now
    fresh = ModelPlayer(Timing())
    assert fresh.instead(room_of(scene), began) == began
    assert fresh.due(None) == FOREVER


def test_people_and_connectors_do_as_they_did() -> None:
    """The same reply gets the same verdict; what was posted is posted."""
    scene, player = playing(Timing(verdicts={("fee", None): "approve"}, judged_ms=900, posted_ms=300))
    more = {"id": "ab" * 8, "room": scene.room, "shop": "tea", "at": scene.now, "lease": 1, "seq": 9, "shop_offset": 0}
    about = {"reply": "fee", "intent": "shipping.fee", "language": "zh", "text": "全场包邮", "pool": "ab" * 8}
    proposal = Proposal(**more, **about, viewers=1, decide_by=scene.now)
    post = ChatReply(**more, **about, source="s", not_after=scene.now)
    other = proposal.model_copy(update={"reply": "dispatch"})
    player.hear(room_of(scene), [proposal, post, other], scene.now)
    first, second = player.act(room_of(scene)) + player.act(room_of(scene))
    assert isinstance(first, ChatReplyReport)
    assert (first.reply, first.status) == (post.id, "posted")
    assert isinstance(second, Approval)
    assert (second.proposal, second.verdict) == (proposal.id, "approve")
    assert not player._told
    withdraw = ChatWithdraw(**more, source="s", reply=post.id, reason="killed")
    player.hear(room_of(scene), [post, withdraw], scene.now)
    (told,) = player.act(room_of(scene))
    assert isinstance(told, ChatReplyReport)
    assert told.status == "failed"
    player.hear(room_of(scene), [withdraw], scene.now)
    assert not player._told  # it is posted, or failed, already
    silent = ModelPlayer(Timing(posted_ms=None))
    silent.hear(room_of(scene), [post], scene.now)
    assert not silent._told
