"""Lines: their sentence, their fields, and who may be quoted."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from engine import logs
from engine.errors import BusUnavailable
from engine.logs.lines import Fields, Line, told
from engine.logs.looks import formatter

SECRET = "我的电话是13800138000"  # what a viewer wrote
log = logs.get("engine.worker.partition")


class Age(BaseModel):
    years: int


def quoting() -> ValidationError:
    """An error whose message holds what was read."""
    try:
        Age.model_validate({"years": SECRET})
    except ValidationError as error:
        return error
    raise AssertionError


def fail(cause: Exception) -> None:
    """An error that came of `cause`."""
    try:
        throw(cause)
    except Exception as error:
        raise RuntimeError(SECRET) from error


def throw(error: Exception) -> None:
    raise error


def test_a_line_reads_as_one_sentence_for_whoever_formats_it_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    """Why, what to do, then the fields; those that are empty are left out."""
    log.warning("it failed", error=BusUnavailable("full"), remedy="make room", partition=3, reply=None, room="")
    assert [record.getMessage() for record in caplog.records] == ["it failed: full → make room (partition=3)"]
    assert caplog.records[0].levelname == "WARNING"
    assert caplog.records[0].name == "engine.worker.partition"


def test_what_is_bound_stands_in_every_line_within(caplog: pytest.LogCaptureFixture) -> None:
    """And in none after it."""
    with logs.bound(room="r1", partition=1):
        log.warning("inside", partition=2)
    log.warning("outside")
    assert [record.getMessage() for record in caplog.records] == ["inside (partition=2, room=r1)", "outside"]


def test_a_level_that_is_off_makes_no_line(caplog: pytest.LogCaptureFixture) -> None:
    """Nor is anything computed for it."""
    with caplog.at_level(logging.INFO, "engine.worker.partition"):
        assert not log.isEnabledFor(logging.DEBUG)
        log.debug("not told")
    assert not caplog.records


@pytest.mark.parametrize("error", [BusUnavailable("full"), OSError(28, "full"), sqlite3.OperationalError("full")])
def test_errors_of_ours_and_of_the_system_tell_their_sentence(error: Exception) -> None:
    """They quote nobody."""
    assert "full" in told(error)


@pytest.mark.parametrize("error", [quoting(), KeyError(SECRET), ValueError(f"bad: {SECRET}")])
def test_other_errors_tell_their_type(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Their message may quote a viewer: neither a field nor a traceback, with its causes, repeats it."""
    assert told(error).startswith(type(error).__name__)
    log.warning("it failed", error=error)
    try:
        fail(error)
    except RuntimeError:
        log.exception("it failed")
    for form in ("console", "json"):
        for record in caplog.records:
            line = formatter(form).format(record)
            assert SECRET not in line
            assert "13800138000" not in line
    traceback = json.loads(formatter("json").format(caplog.records[-1]))["traceback"]
    assert "test_lines.py" in traceback
    assert type(error).__name__ in traceback
    assert "RuntimeError" in traceback


def test_a_line_holds_no_order_for_a_terminal() -> None:
    """A client's name may stand in one."""
    assert str(Line("it came", {"by": "a\x1b[2Jb"})) == "it came (by=a[2Jb)"


def test_every_field_is_documented() -> None:
    """The page for operators lists exactly those that there are, besides those of every line."""
    page = (Path(logs.__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    table = page.partition("| field | says |")[2].partition("\n\n")[0]
    listed = {
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert listed - {"time", "level", "logger", "message", "traceback"} == set(Fields.__annotations__)
