"""A small share of the hostile texts and races; `python -m tests.hostile` runs 100,000 of each."""

from __future__ import annotations

import pytest

from engine.gateway.fences import Fences
from engine.room import playback
from engine.room.effects import Effects
from engine.room.room import Room
from tests.hostile import races, texts

TEXTS, RACES = 3_000, 400


def test_no_byte_of_a_viewer_reaches_the_air() -> None:
    """In comments, names and facts; and things are said meanwhile."""
    outcome = texts.run(TEXTS, 0)
    assert outcome.said > TEXTS / 60
    assert outcome.facts_said > 20


def test_no_wrong_price_is_heard() -> None:
    """Whoever changes it, whenever; and prices are heard, cut and corrected meanwhile."""
    outcome = races.run(RACES, 0)
    assert outcome.prices > RACES
    assert outcome.cuts > 20
    assert outcome.fenced > 20
    assert outcome.corrections > 20


def test_the_races_see_a_gateway_that_does_not_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would prove nothing."""
    monkeypatch.setattr(Fences, "forbids", lambda self, insertion: None)
    with pytest.raises(AssertionError, match="was heard at"):
        races.run(RACES, 0)


def test_the_races_see_a_room_that_does_not_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A price that the whole pool changed, which no gateway fences."""

    def blind(room: Room, fx: Effects) -> None:
        del room, fx

    monkeypatch.setattr(playback, "check_flight", blind)
    with pytest.raises(AssertionError, match="was heard at"):
        races.run(RACES, 0)
