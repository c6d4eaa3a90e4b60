"""How lines look."""

from __future__ import annotations

import json
import logging
from datetime import datetime

import pytest

from engine.logs.lines import Line
from engine.logs.looks import Format, formatter
from engine.printable import HARMFUL

EVIL = "\x1b[31mred\x1b]0;title\x07\u202e\x00\r\u0085"


def record(message: object, *args: object, error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error is not None else None
    found = logging.LogRecord("engine.worker.service", logging.WARNING, "", 0, message, args, info)
    found.created = 1_767_225_600.5
    return found


def test_console_names_the_part() -> None:
    """Short enough to be read as it scrolls."""
    moment = datetime.fromtimestamp(1_767_225_600.5).astimezone().strftime("%H:%M:%S")
    line = formatter("console").format(record(Line("it lags", {"count": 3, "error": "slow"})))
    assert line == f"{moment} WARNING worker: it lags: slow (count=3)"


def test_json_is_one_object_a_line() -> None:
    """With the fields beside the message, and the traceback inside."""
    line = formatter("json").format(record(Line("it lags", {"count": 3, "room": "直播间"}), error=OSError("broken")))
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("traceback").endswith("OSError: broken")
    assert told == {
        "time": "2026-01-01T00:00:00.500+00:00", "level": "warning", "logger": "engine.worker.service", "message": "it lags",
        "count": 3, "room": "直播间",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["console", "json"])
def test_lines_of_libraries_look_alike(form: Format) -> None:
    """Only the first line: what follows describes objects with their contents."""
    line = formatter(form).format(record("lag of %d\nfuture: <Task '什么时候发货'>", 3))
    assert "lag of 3" in line
    assert "什么时候发货" not in line


def test_a_library_whose_arguments_do_not_fit_is_told_all_the_same() -> None:
    """`logging` would print the arguments instead."""
    assert json.loads(formatter("json").format(record("lag of %d", "three")))["message"] == "lag of %d"


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("message", [Line("it came", {"by": EVIL, "error": EVIL}), f"client {EVIL}"])
def test_lines_hold_no_order(form: Format, message: object) -> None:
    """Whatever stands in them, they are texts."""
    assert not HARMFUL.search(formatter(form).format(record(message)))


def test_a_chain_of_causes_ends() -> None:
    """An error may come of itself."""
    error = OSError("round")
    error.__context__ = error
    assert formatter("json").format(record(Line("it failed", {}), error=error)).count("OSError: round") <= 10
