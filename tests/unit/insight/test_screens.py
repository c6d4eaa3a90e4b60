"""Which product is on screen."""

from __future__ import annotations

import pytest

from engine.events.inputs import Cursor, Playback, PlaybackKind, Script, ScriptSegment, ScriptSentence
from engine.insight import screens as module
from engine.insight.screens import Screens


def script(room: str = "r1") -> Script:
    segments = tuple(
        ScriptSegment(id=name, product=product, sentences=(ScriptSentence(id=name, text="x", seconds=5),))
        for name, product in (("first", "tgy"), ("second", "puer"), ("talk", None))
    )
    return Script(room=room, id="a", at=1, session="p", script="e", version="v", segments=segments)


def played(kind: PlaybackKind, segment: str | None = None, room: str = "r1") -> Playback:
    cursor = Cursor(version="v", lap=0, segment=segment, sentence=segment) if segment is not None else None
    insertion = "ab" * 16 if kind == "started" else None
    return Playback(room=room, id="b", at=1, session="p", kind=kind, cursor=cursor, insertion=insertion)


def test_the_segment_of_the_running_sentence_tells() -> None:
    """From its start to the next one's; a segment without a product, or a script that ran out, shows none."""
    made = Screens()
    assert not made.shows(["tgy"], ["r1"])
    made.apply(script())
    for event, shown in (
        (played("sentence_started", "first"), "tgy"), (played("started"), "tgy"), (played("sentence_started", "second"), "puer"),
        (played("sentence_started", "talk"), None), (played("sentence_started", "first"), "tgy"), (played("idle"), None),
    ):  # fmt: skip
        made.apply(event)
        assert [product for product in ("tgy", "puer") if made.shows([product], ["r1", "r2"])] == (
            [shown] if shown else []
        )
    assert not made.shows(["tgy"], ["r2"])


def test_rooms_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was silent longest makes room."""
    monkeypatch.setattr(module, "MAX_ROOMS", 2)
    made = Screens()
    for room in ("r1", "r2", "r3"):
        made.apply(script(room))
        made.apply(played("sentence_started", "first", room))
    assert [made.shows(["tgy"], [room]) for room in ("r1", "r2", "r3")] == [False, True, True]
