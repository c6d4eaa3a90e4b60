"""The room core from outside: entries in, records out."""

from __future__ import annotations

from engine.events.outputs import Aired, Insertion
from tests.unit.room.scene import START, Scene


def test_a_question_is_answered_at_the_next_sentence_end() -> None:
    """From the comment over the insertion, started and ended, to its one decision and the aired record."""
    scene = Scene()
    scene.play()
    assert scene.ask("shipping.dispatch") == "no_opportunity"
    assert not scene.all(Insertion)
    scene.wait(2_700)
    insertion = scene.insertion
    assert insertion.text == "24小时内发出"
    assert insertion.start == START + 4_000
    assert insertion.after is not None
    assert insertion.after.sentence == "tgy-0"
    assert insertion.resume is not None
    assert insertion.resume.sentence == "tgy-1"
    scene.wait(1_300)
    scene.sentence("sentence_ended", "tgy-0")
    scene.report("started", insertion.id)
    scene.wait(4_000)
    scene.report("ended", insertion.id)
    assert scene.decisions == {"c1": "answered"}
    aired = scene.all(Aired)
    assert [record.insertion for record in aired] == [insertion.id]
    assert not aired[0].cut


def test_chatter_ends_at_once() -> None:
    """A line that asks nothing has its decision in the entry that brought it."""
    scene = Scene()
    assert scene.chat() == "chatter"
    assert scene.decisions == {"c1": "chatter"}
