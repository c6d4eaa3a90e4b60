"""Log lines on stderr: for people, or as JSON for machines. No viewer's text ever stands in one; that is up to who logs."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from engine.cli import terminal

if TYPE_CHECKING:
    from engine.settings import Settings

QUIET: Final = ("websockets", "aiohttp", "asyncio", "watchfiles")
"""Libraries that tell of each connection or file at `info`; their warnings are logged."""


class ConsoleFormatter(logging.Formatter):
    """`12:00:00 INFO    worker: text`, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        part = record.name.removeprefix("engine.").partition(".")[0]
        line = f"{moment} {record.levelname:<8}{part}: {terminal.harmless(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return terminal.json_text(line)


def set_up(settings: Settings) -> None:
    """Log to stderr as the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else ConsoleFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
