"""What is known of a comment, and what is told where something is gone."""

from __future__ import annotations

import json

from engine.events.inputs import ModeSet, PlayerSeen
from engine.insight.explain.lookup import look
from engine.insight.explain.places import Places
from engine.insight.explain.story import Story, story_of
from engine.insight.explain.telling import tell
from engine.worker.intake import dead_letter
from engine.worker.output import letters
from tests.simulation.shop import FIRST
from tests.unit.insight.logged import ASK, CHAT, SURE, Logged, Shelf


async def story(live: Logged, name: str, shelf: Shelf | None = None) -> Story:
    found = await look(live.bus, name)
    assert len(found.sightings) == 1
    return await story_of(live.bus, shelf or Shelf(), found.sightings[0], found.letters)


def told(found: Story) -> str:
    """In both languages, so that each sentence has its values in both."""
    telling = tell(found, Places())
    assert all(each.text("zh") for each in (*telling.happened, *telling.advice))
    return "\n".join(each.text("en") for each in (*telling.happened, *telling.advice))


def paused(**settings: object) -> Logged:
    """A room that has a player and is paused; `q` waits there."""
    live = Logged(**settings)
    events = (
        PlayerSeen(room="r", id="p", at=live.desk.now, session="one", identified=True),
        ModeSet(room="r", id="m", at=1, mode="paused"),
    )
    live.turn(*(live.desk.event(event) for event in events))
    live.turn(live.desk.comment(SURE, id="q", viewer="v1"), live.desk.comment(SURE, id="other", viewer="v2"))
    return live


async def test_a_decided_comment() -> None:
    """What held it, from the journal; the reason at its deadline."""
    live = paused()
    for _ in range(16):
        live.turn(live.desk.comment(CHAT), ms=1_000)
    found = await story(live, "q")
    assert (found.state, found.gap) == ("decided", "")
    assert found.watch is not None
    assert [spell.blocker for spell in found.watch.spells] == ["paused"]
    text = told(found)
    assert "the room was paused" in text
    assert "only this viewer asked for it, in 2 comments" in text
    assert "`livechat room mode r auto`" in text


async def test_one_that_still_waits() -> None:
    """With what holds it now."""
    found = await story(paused(), "q")
    assert found.state == "waiting"
    text = told(found)
    assert "Since" in text
    assert "It still waits" in text
    assert "it is decided at" in text


async def test_one_that_no_worker_has_come_to() -> None:
    """With how many are before it."""
    live = paused()
    live.write(*(live.desk.comment(CHAT) for _ in range(5)), live.desk.comment(ASK, id="new"))
    found = await story(live, "new")
    assert (found.state, found.behind) == ("unread", 5)
    assert "no worker has come to it yet; about 5 records" in told(found)


async def test_one_that_was_set_aside_though_it_can_be_read() -> None:
    """As one that stands in a wrong partition."""
    live = paused()
    record = live.desk.comment(ASK, id="lost")
    live.write(record)
    for out in letters([dead_letter(record, "no space for another room", live.desk.now)]):
        live.bus.append(out)
    found = await story(live, "lost")
    assert found.state == "set_aside"
    assert "set aside as a dead letter: no space for another room" in told(found)


async def test_repeats_are_told() -> None:
    """The first one counts."""
    live = paused()
    live.turn(live.desk.comment(SURE, id="q", viewer="v1"), ms=2_000)
    assert "It came 2 times with the same id" in told(await story(live, "q"))


async def test_after_the_journal_is_swept_the_decision_is_told() -> None:
    """With since when the journal is kept."""
    live = Logged()
    live.turn(live.desk.comment(ASK, id="old"))
    for number in range(10):
        live.turn(live.desk.comment(CHAT, room=f"x{number}"))
    live.sweep("journal", 8)
    found = await story(live, "old")
    assert (found.state, found.gap, found.watch) == ("decided", "journal", None)
    text = told(found)
    assert "no reply is written for it" in text
    assert "the journal is kept from 2027-01-15" in text
    del live.bus.log["journal", 0], live.bus._written["journal", 0]
    assert "there is no journal any more" in told(await story(live, "old"))


async def test_what_a_snapshot_holds_is_told_from_there_on() -> None:
    """Where the arrival is gone and the wait is not over."""
    live = paused(snapshot_every=100)
    for _ in range(100):
        live.turn(live.desk.comment(CHAT))
    live.compact()
    for _ in range(60):
        live.turn(live.desk.comment(CHAT), ms=100)
    first = next(
        n for n, each in enumerate(live.bus.log["journal", 0]) if json.loads(each.value or b"")["first_seq"] > 60
    )
    live.sweep("journal", first)
    found = await story(live, "q")
    assert found.state == "decided"
    assert found.gap == "late"
    assert "can no longer be computed; the rest is told" in told(found)


async def test_a_pool_that_is_gone_is_told() -> None:
    """The decision is told all the same."""
    live = paused()
    for _ in range(16):
        live.turn(live.desk.comment(CHAT), ms=1_000)
    shelf = Shelf()
    shelf.gone.add(FIRST)
    found = await story(live, "q", shelf)
    assert (found.gap, found.pool) == ("damaged", None)
    text = told(found)
    assert "which is gone" in text
    assert "since the room was paused" in text


async def test_one_that_was_not_read_says_why() -> None:
    """It came too late for any intent."""
    live = paused()
    live.turn(live.desk.comment(SURE, id="late", sent=live.desk.now - 60_000))
    text = told(await story(live, "late"))
    assert "It was not read: it came 60 s after it was sent" in text
    assert "It came too late" in text
