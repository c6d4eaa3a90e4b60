"""Where lines go: to stderr, as the settings say, and with them what Python itself would print there."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, Literal

from engine.logs.lines import HOUSE, get
from engine.logs.looks import Format, formatter
from engine.logs.repeats import REPEAT_S, Repeats

if TYPE_CHECKING:
    from engine.settings import Settings

Level = Literal["debug", "info", "warning", "error"]


class Handler(logging.Handler):
    """Writes to stderr, without repeats. `most` 0: all lines."""

    def __init__(self, form: Format, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.setFormatter(formatter(form))
        self._clock = clock
        self._repeats = Repeats(most) if most else None
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Called under the handler's lock."""
        found = [record] if self._repeats is None else self._repeats.take(record, self._clock())
        self._write(found)
        if record not in found and self._timer is None:
            # Where nothing else comes, nobody would tell how many were left out.
            self._timer = threading.Timer(REPEAT_S, self._told_later)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        with self._held():
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if self._repeats is not None:
                self._write(self._repeats.end())
        super().close()

    def _told_later(self) -> None:
        with self._held():
            if self._timer is not None and self._repeats is not None:
                self._timer = None
                self._write(self._repeats.over(self._clock()))

    def _held(self) -> AbstractContextManager[Any]:
        assert self.lock is not None  # made by `logging.Handler`
        return self.lock

    def _write(self, records: list[logging.LogRecord]) -> None:
        for record in records:
            try:
                sys.stderr.write(self.format(record) + "\n")
                sys.stderr.flush()
            except Exception as error:  # noqa: BLE001 - as every handler of `logging`: a line that fails must not end what it tells of
                self._failed(record, error)

    def _failed(self, record: logging.LogRecord, error: Exception) -> None:
        """`logging` itself would print the arguments."""
        with suppress(OSError, ValueError):  # stderr is gone: there is nowhere left to say so
            sys.stderr.write(f"a log line of {record.name} cannot be written ({type(error).__name__})\n")


def set_up(settings: Settings | None = None) -> None:
    """Log to stderr as the settings say; without any, as commands do that people watch: warnings, for people."""
    level: Level = "warning" if settings is None else settings.log_level
    form: Format = "console" if settings is None else settings.log_format
    most = 5 if settings is None else settings.log_repeats
    root = logging.getLogger()
    for handler in [found for found in root.handlers if isinstance(found, Handler)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(Handler(form, most))
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    logging.getLogger(HOUSE).setLevel(level.upper())
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def on_loop_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For an event loop: what nobody waited for failed. asyncio's own words would quote the arguments of callbacks."""
    del loop
    task = context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else "a callback"
    get(__name__).error("something failed that nobody waited for", task=name, exc_info=context.get("exception"))


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    name = failed.thread.name if failed.thread is not None else "?"
    get(__name__).error("a thread failed", task=name, exc_info=failed.exc_value)
