"""The time of day, for whoever is not handed a clock; spans of time as they are written."""

from __future__ import annotations

import re
import time
from typing import Final

_SPAN: Final = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}


def wall_clock() -> int:
    """Milliseconds since the Unix epoch, UTC."""
    return time.time_ns() // 1_000_000


def span_ms(text: str) -> int | None:
    """`90m`, `24h` or `30d`, in ms; None for what is no span."""
    span = _SPAN.fullmatch(text)
    return None if span is None else int(span[1]) * _UNITS[span[2]]


def span_of(ms: int) -> str:
    """A span as it is written, in the largest unit that it is a whole number of."""
    unit = next((unit for unit, size in _UNITS.items() if ms % size == 0), "s")
    return f"{ms // _UNITS[unit]}{unit}"
