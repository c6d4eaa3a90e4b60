"""Repeats: of lines of one kind the first few in ten seconds are told, of the others their number. Memory is bounded."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, replace
from typing import Final

from engine.logs.lines import Line
from engine.logs.looks import first_line

REPEAT_S: Final = 10.0
MOST_KINDS: Final = 1_000  # of lines whose repeats are counted at a time; libraries may make up sentences without end
APART: Final = ("partition", "topic", "role", "folder")
"""Fields with few values, in which lines of one kind may differ: each has its own repeats."""


@dataclass(slots=True)
class Kind:
    """Lines of one kind within one window. `last`: what their number is told with."""

    begun: float
    last: logging.LogRecord
    told: int = 1
    left_out: int = 0


class Repeats:
    """Which lines are told: of one kind the first `most` in ten seconds. Times in seconds of any steady clock."""

    def __init__(self, most: int, *, kinds: int = MOST_KINDS) -> None:
        self._most = most
        self._kinds = kinds
        self._open: dict[object, Kind] = {}
        """In the order of their beginning."""

    def take(self, record: logging.LogRecord, now: float) -> list[logging.LogRecord]:
        """What is to be told now that `record` came: numbers of windows that are over, and the record, or not."""
        found = self.over(now)
        kind = _kind_of(record)
        known = self._open.get(kind)
        if known is None:
            if len(self._open) >= self._kinds:
                found += self._close(next(iter(self._open)))
            self._open[kind] = Kind(now, record)
        elif known.told >= self._most:
            known.left_out += 1
            return found
        else:
            known.told += 1
        return [*found, record]

    def over(self, now: float) -> list[logging.LogRecord]:
        """The numbers of the windows that are over."""
        found: list[logging.LogRecord] = []
        while self._open and next(iter(self._open.values())).begun + REPEAT_S <= now:
            found += self._close(next(iter(self._open)))
        return found

    def end(self) -> list[logging.LogRecord]:
        """The numbers of all windows."""
        return [record for kind in list(self._open) for record in self._close(kind)]

    def _close(self, key: object) -> list[logging.LogRecord]:
        kind = self._open.pop(key)
        if not kind.left_out:
            return []
        last = kind.last
        line = last.msg if isinstance(last.msg, Line) else Line(first_line(last.msg, last.args), {})
        shared = {name: value for name, value in line.fields.items() if name in APART}
        number = logging.makeLogRecord({"name": last.name, "levelno": last.levelno, "levelname": last.levelname})
        number.msg = replace(line, fields={**shared, "left_out": kind.left_out})
        return [number]


def _kind_of(record: logging.LogRecord) -> object:
    """What lines of one kind have in common."""
    line = record.msg
    apart: tuple[object, ...] = ()
    if isinstance(line, Line):
        apart = tuple(line.fields.get(name) for name in APART)
        line = line.event
    where: object = None
    if record.exc_info and record.exc_info[1] is not None:
        frames = traceback.extract_tb(record.exc_info[2])
        where = (record.exc_info[0], frames[-1].filename, frames[-1].lineno) if frames else record.exc_info[0]
    return record.name, record.levelno, str(line)[:200], apart, where
