"""Log lines."""

from __future__ import annotations

import json
import logging
from datetime import datetime

from engine.cli.logs import ConsoleFormatter, JsonFormatter


def record(error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error is not None else None
    found = logging.LogRecord("engine.worker.service", logging.WARNING, "", 0, "lag of %d", (3,), info)
    found.created = 1_767_225_600.5
    return found


def test_console_names_the_package() -> None:
    """Short enough to be read as it scrolls."""
    moment = datetime.fromtimestamp(1_767_225_600.5).astimezone().strftime("%H:%M:%S")
    assert ConsoleFormatter().format(record()) == f"{moment} WARNING worker: lag of 3"


def test_json_is_one_object_a_line() -> None:
    """With the traceback inside."""
    line = JsonFormatter().format(record(ValueError("broken")))
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("error").endswith("ValueError: broken")
    assert told == {
        "time": "2026-01-01T00:00:00.500+00:00", "level": "warning", "logger": "engine.worker.service", "message": "lag of 3",
    }  # fmt: skip
