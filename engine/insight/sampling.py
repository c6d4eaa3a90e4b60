"""What share of the comments that passed for idle talk asked something: a sample that a person labels, and what follows. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt
from typing import Final

from engine.events.outputs import Decision
from engine.insight.cluster import tidy_line
from engine.insight.coverage import Counts, Label, label_of

SURE: Final = 1.96  # standard deviations on both sides that hold 95 %


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the sample: its comments in it, and whether it asks something (None: not labelled)."""

    text: str
    comments: int
    asked: bool | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Of so many comments that were taken for chatter, beside so many that asked something, of which so many were answered."""

    chatter: int
    asked: int
    answered: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """`share`: of chatter that asked something, between `low` and `high` with 95 %. `labelled`: comments that it rests on."""

    labelled: int
    share: float
    low: float
    high: float
    seen: float
    """Share of all that asked something which was seen as asking; at the estimated share."""
    answered: float
    """Share of all that asked something which was answered, what passed for chatter included."""


def draw(decisions: Iterable[Decision], count: int, seed: int) -> Sample:
    """`count` of the comments that were taken for chatter, each as likely as any other; the same for the same decisions in any order."""
    labels: Counter[Label] = Counter()
    least: list[tuple[int, str, str]] = []
    for decision in decisions:
        labels[label_of(decision)] += 1
        if decision.reason != "chatter" or not tidy_line(decision.text):
            continue
        key = blake2b(f"{seed}/{decision.id}".encode(), digest_size=8).digest()
        item = (-int.from_bytes(key, "big"), decision.id, tidy_line(decision.text))
        if len(least) < count:
            heapq.heappush(least, item)
        else:
            heapq.heappushpop(least, item)
    found = Counts(dict(labels))
    texts = Counter(text for _, _, text in least)
    lines = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    return Sample(labels["chatter"], found.asked, found.of("answered"), tuple(Line(text, n) for text, n in lines))


def estimate(sample: Sample) -> Estimate | None:
    """What the labels say, by Wilson's interval; None where nothing is labelled."""
    labelled = [line for line in sample.lines if line.asked is not None]
    total = sum(line.comments for line in labelled)
    if not total:
        return None
    share = _asked(labelled) / total
    spread = SURE * SURE / total
    middle = (share + spread / 2) / (1 + spread)
    half = SURE / (1 + spread) * sqrt(share * (1 - share) / total + spread / (4 * total))
    every = sample.asked + share * sample.chatter
    return Estimate(
        total, share, max(0.0, middle - half), min(1.0, middle + half),
        sample.asked / every if every else 0.0, sample.answered / every if every else 0.0,
    )  # fmt: skip


def _asked(lines: Sequence[Line]) -> int:
    return sum(line.comments for line in lines if line.asked)
