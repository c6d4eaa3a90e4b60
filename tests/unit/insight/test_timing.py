"""How a recorded player kept time."""

from __future__ import annotations

import pytest

from engine.insight.timing import HEARD_MS, Timing
from tests.unit.insight.played import NAMES, SENTENCE_MS, SLOWER, evening, timing_of
from tests.unit.room.scene import Scene


def test_sentences_and_replies_take_what_they_took() -> None:
    """Sentences by name, replies by their share."""
    timing = timing_of(evening())
    assert timing.sentences == {("v1", name): SENTENCE_MS for name in NAMES}
    assert timing.voice == pytest.approx(SLOWER)
    assert timing.reported_ms == 0


def test_reports_that_come_late_are_late_here_too() -> None:
    """By the middle of what was seen."""
    scene = Scene()
    scene.play()
    for name in ("tgy-0", "tgy-1", "tgy-2"):
        told = scene.now
        scene.now += 70
        event = scene.log[-1][2].event.model_copy(  # type: ignore[union-attr] # a sentence began last
            update={"at": told, "kind": "sentence_started"}
        )
        cursor = event.cursor.model_copy(update={"sentence": name})  # type: ignore[union-attr] # playback
        scene.event(event.model_copy(update={"cursor": cursor}))
    assert timing_of(scene).reported_ms == 70


def test_nothing_seen_is_the_usual() -> None:
    """A room without a player."""
    assert timing_of(Scene()) == Timing()
    assert Timing().heard_ms == HEARD_MS
