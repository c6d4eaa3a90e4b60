"""Sentences in both languages: a key with its values, and the tables that word it. Times and numbers read the same in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from engine.events.fields import Language
from engine.insight.explain.chinese import CHINESE
from engine.insight.explain.english import ENGLISH

TABLES: Final[Mapping[Language, Mapping[str, str]]] = {"en": ENGLISH, "zh": CHINESE}
"""Both hold the same keys, with the same values in each."""


@dataclass(frozen=True, slots=True)
class Say:
    """A sentence. A value may be a text by language."""

    key: str
    values: Mapping[str, str | int | Mapping[str, str]] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """As it is read. Raises `KeyError` for a key or value that no table has."""
        told = {name: _in(value, language) for name, value in self.values.items()}
        return TABLES[language][self.key].format_map(told)


def say(key: str, **values: str | int | Mapping[str, str]) -> Say:
    """A sentence."""
    return Say(key, values)


def _in(value: str | int | Mapping[str, str], language: Language) -> str:
    if isinstance(value, Mapping):
        return value.get(language) or next(iter(value.values()), "")
    return str(value)


def clock(at: int) -> str:
    """A moment (ms) as the time of day in UTC."""
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%H:%M:%S")


def moment(at: int) -> str:
    """A moment (ms) with its date in UTC."""
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def seconds(ms: int | float) -> str:
    """A length of time in seconds, to a tenth where it is short."""
    return f"{ms / 1_000:.0f}" if ms >= 10_000 or ms % 1_000 == 0 else f"{ms / 1_000:.1f}"


def percent(share: float) -> str:
    return f"{share:.0%}"
