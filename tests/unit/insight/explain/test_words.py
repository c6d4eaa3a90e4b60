"""The wording is whole in both languages."""

from __future__ import annotations

from string import Formatter
from typing import get_args

import pytest

from engine.events.journal import Unread
from engine.events.outputs import Blocker, Reason
from engine.events.understanding import Outcome
from engine.insight.explain.advice import ADVICE
from engine.insight.explain.chinese import CHINESE
from engine.insight.explain.english import ENGLISH
from engine.insight.explain.words import clock, moment, say, seconds
from engine.room.room import Lost


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_both_languages_say_the_same() -> None:
    """The same keys, with the same values in each."""
    assert set(ENGLISH) == set(CHINESE)
    assert {key: fields(text) for key, text in ENGLISH.items()} == {key: fields(text) for key, text in CHINESE.items()}


@pytest.mark.parametrize("table", [ENGLISH, CHINESE])
def test_every_case_has_its_sentence(table: dict[str, str]) -> None:
    """Each reason how it ended, each blocker, each outcome of understanding."""
    wanted = {f"end.{reason}" for reason in get_args(Reason)} | {f"wait.{blocker}" for blocker in get_args(Blocker)}
    wanted |= {f"outcome.{outcome}" for outcome in get_args(Outcome)} | {f"unread.{why}" for why in get_args(Unread)}
    wanted |= {f"wait.player_lost.{lost}" for lost in (*get_args(Lost), "none")}
    wanted |= {f"advice.{reason}" for reason in get_args(Reason) if reason != "answered"} | {"advice.none"}
    assert wanted - set(table) == set()
    assert all(text.strip() == text and text for text in table.values())


def test_every_reason_has_advice() -> None:
    """None is left out when one is added."""
    assert set(ADVICE) == set(get_args(Reason))


def test_no_sentence_is_in_the_wrong_table() -> None:
    """Chinese has Chinese characters, English none."""
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for key, text in CHINESE.items())
    assert not any("\u4e00" <= c <= "\u9fff" for text in ENGLISH.values() for c in text)


def test_values_are_put_in_by_language() -> None:
    """A text by language falls back to the other one."""
    told = say("product.named", product={"zh": "铁观音"})
    assert told.text("zh") == "弹幕点名了商品 铁观音。"
    assert told.text("en") == "It names the product 铁观音."
    with pytest.raises(KeyError):
        say("product.named").text("en")


def test_times_and_lengths() -> None:
    """Times in UTC; seconds to a tenth where they are few."""
    assert (clock(1_767_225_661_999), moment(1_767_225_661_999)) == ("00:01:01", "2026-01-01 00:01:01")
    assert [seconds(ms) for ms in (400, 3_000, 4_500, 75_000)] == ["0.4", "3", "4.5", "75"]
