"""Repeats: told a few times, then counted."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.logs.lines import Line
from engine.logs.repeats import REPEAT_S, Repeats


def line(
    event: str = "it fails", error: Exception | None = None, level: int = logging.WARNING, **fields: object
) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error is not None else None
    return logging.LogRecord("engine.worker", level, "", 0, Line(event, fields), (), info)


def throw(error: Exception) -> None:
    raise error


def told(records: list[logging.LogRecord]) -> list[str]:
    return [record.getMessage() for record in records]


def test_the_first_few_are_told_then_their_number() -> None:
    """By the next line of any kind after the window; then it begins anew."""
    repeats = Repeats(2)
    assert [len(repeats.take(line(seconds=float(n)), 0.1 * n)) for n in range(5)] == [1, 1, 0, 0, 0]
    other = line("something else")
    assert told(repeats.take(other, REPEAT_S)) == ["it fails (left_out=3)", "something else"]
    assert told(repeats.take(line(), REPEAT_S)) == ["it fails"]


def test_what_was_told_whole_has_no_number() -> None:
    """Nothing was left out."""
    repeats = Repeats(2)
    repeats.take(line(), 0)
    assert repeats.over(REPEAT_S) == []
    assert repeats.end() == []


def test_kinds_are_apart() -> None:
    """By sentence, level and place on the log, not by room; of a traceback by its type and place."""
    repeats = Repeats(1)

    def raised(kind: type[Exception]) -> Exception:
        with pytest.raises(kind) as info:
            throw(kind("x"))
        return info.value

    kinds = [
        line(), line("another"), line(level=logging.ERROR), line(partition=1), line(partition=2), line(topic="comments"),
        line(error=raised(KeyError)), line(error=raised(ValueError)),
    ]  # fmt: skip
    assert all(repeats.take(kind, 0) == [kind] for kind in kinds)
    assert repeats.take(line(room="another"), 1) == []
    assert repeats.take(line(error=raised(KeyError)), 1) == []


def test_the_number_names_what_the_kind_has_in_common() -> None:
    """Its partition, with the level and the logger; not the room of one of them."""
    repeats = Repeats(1)
    for _ in range(3):
        repeats.take(line(partition=3, room="r1"), 0)
    (number,) = repeats.end()
    assert number.getMessage() == "it fails (partition=3, left_out=2)"
    assert (number.name, number.levelno, number.levelname) == ("engine.worker", logging.WARNING, "WARNING")


def test_memory_is_bounded() -> None:
    """A library may make up sentences without end; the oldest is told its number early."""
    repeats = Repeats(1, kinds=10)
    repeats.take(line(), 0)
    repeats.take(line(), 0)
    found = [
        text
        for n in range(100)
        for text in told(repeats.take(logging.LogRecord("lib", 30, "", 0, f"no {n}", (), None), 1))
    ]
    assert len(repeats._open) == 10
    assert found[:11] == [f"no {n}" for n in range(9)] + ["it fails (left_out=1)", "no 9"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3))), st.integers(1, 4))
def test_every_line_is_told_or_counted(steps: list[tuple[str, float]], most: int) -> None:
    """Whatever comes when."""
    repeats, now, passed, counted = Repeats(most, kinds=2), 0.0, 0, 0
    found: list[logging.LogRecord] = []
    for event, pause in steps:
        now += pause
        found += repeats.take(line(event), now)
    for record in [*found, *repeats.end()]:
        assert isinstance(record.msg, Line)
        number = record.msg.fields.get("left_out")
        passed, counted = passed + (number is None), counted + (number or 0)
    assert passed + counted == len(steps)
