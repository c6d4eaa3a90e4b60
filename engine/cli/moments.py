"""Moments as they are typed and shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from engine import clock
from engine.errors import UsageError


def moment(option: str, text: str, now: int, *, direction: Literal[1, -1]) -> int:
    """`30m` from now (before it, where `direction` is −1), or a time with its zone, as UTC ms. Raises `UsageError`."""
    span = clock.span_ms(text)
    if span is not None:
        return now + direction * span
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`{option} {text}` is no time: write 30m, 2h, 1d, or 2026-01-31T20:00:00+08:00") from None
    if at.tzinfo is None:
        raise UsageError(f"`{option} {text}` has no time zone: end it with +08:00 or Z")
    return int(at.timestamp() * 1_000)


def span_ms(option: str, text: str) -> int:
    """`30m`, in ms. Raises `UsageError`."""
    span = clock.span_ms(text)
    if span is None:
        raise UsageError(f"`{option} {text}` is no span of time: write 90m, 24h, 30d")
    return span


def shown(at: int) -> str:
    """A moment (ms) in UTC, as all commands show it."""
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
