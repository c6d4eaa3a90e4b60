"""Whole hours of recorded lives as questions: who asks, and when, is recorded; what is asked is drawn by Zipf's law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.arrivals import Arrivals, ArrivalsFileError, load

HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Hour:
    """The questions of one whole hour of one recording: ms since its start, and who asks."""

    name: str
    at: NDArray[np.int64]
    viewer: NDArray[np.int64]
    text: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.at.size)


def hours(paths: Sequence[Path]) -> list[Hour]:
    """Every whole hour of the recordings, in order. Raises `ArrivalsFileError`."""
    found: list[Hour] = []
    for path in paths:
        arrivals = load(path)
        if not arrivals.question_known:
            raise ArrivalsFileError(f"{path}: does not say which messages ask; give a recording whose `question` is set")
        found += _cut(path, arrivals)
    return found


def _cut(path: Path, arrivals: Arrivals) -> list[Hour]:
    made = []
    for number in range(int(arrivals.second[-1] // HOUR_S)):
        inside = (arrivals.second >= number * HOUR_S) & (arrivals.second < (number + 1) * HOUR_S) & arrivals.question
        at = np.round((arrivals.second[inside] - number * HOUR_S) * 1000).astype(np.int64)
        name = f"{path.name.removesuffix('.csv.gz').removesuffix('.jsonl')}/{number}"
        made.append(Hour(name, at, arrivals.viewer[inside], arrivals.text[inside]))
    return made
