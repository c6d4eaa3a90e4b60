"""Whole hours of recorded lives, as questions: who asks and when is recorded, what is asked is drawn by Zipf's law."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.arrivals import Arrivals, ArrivalsFileError, load

HOUR_S = 3_600
INTENTS = 45
"""As many as the base pack has."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The questions of one whole hour of one recording: ms since its start, who asks, the number of the text."""

    name: str
    at: NDArray[np.int64]
    viewer: NDArray[np.int64]
    text: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.at.size)


@dataclass(frozen=True, slots=True)
class Law:
    """How intents are drawn: the k-th most frequent of `INTENTS` has a weight of k to the power of −`exponent`.

    `by_text`: equal texts ask the same thing, so that recorded repeats stay repeats; else each question is drawn by itself.
    """

    exponent: float = 1.0
    by_text: bool = False

    def shares(self) -> NDArray[np.float64]:
        weights = np.arange(1, INTENTS + 1, dtype=np.float64) ** -self.exponent
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares

    def draw(self, hour: Hour, rng: np.random.Generator) -> NDArray[np.int64]:
        """The intent of each question, most frequent first."""
        if not self.by_text:
            return rng.choice(INTENTS, len(hour), p=self.shares())
        texts, place = np.unique(hour.text, return_inverse=True)
        return rng.choice(INTENTS, texts.size, p=self.shares())[place]


def generator(hour: Hour, seed: int) -> np.random.Generator:
    """Every policy meets the same shop and the same questions in the same hour and seed."""
    return np.random.default_rng((seed, zlib.crc32(hour.name.encode())))


def hours(paths: Sequence[Path]) -> list[Hour]:
    """Every whole hour of the recordings in which somebody asks, in order. Raises `ArrivalsFileError`."""
    found: list[Hour] = []
    for path in paths:
        arrivals = load(path)
        if not arrivals.question_known:
            raise ArrivalsFileError(
                f"{path}: does not say which messages ask; give a recording whose lines all have `question`"
            )
        cut = _cut(path.name.removesuffix(".csv.gz").removesuffix(".jsonl"), arrivals)
        if not cut:
            raise ArrivalsFileError(
                f"{path}: holds no whole hour in which somebody asks; give a recording of an hour at least"
            )
        found += cut
    return found


def busiest(found: Sequence[Hour], count: int) -> list[Hour]:
    """The hours with most questions, the busiest first."""
    return sorted(found, key=lambda hour: (-len(hour), hour.name))[:count]


def _cut(name: str, arrivals: Arrivals) -> list[Hour]:
    made = []
    for number in range((int(arrivals.second[-1]) + 1) // HOUR_S):
        since = arrivals.second - number * HOUR_S
        inside = (since >= 0) & (since < HOUR_S) & arrivals.question
        if inside.any():
            at = np.floor(since[inside] * 1_000).astype(np.int64)
            made.append(Hour(f"{name}/{number}", at, arrivals.viewer[inside], arrivals.text[inside]))
    return made
