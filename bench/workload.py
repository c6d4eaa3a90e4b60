"""Comments for load tests: arrivals, viewers and repeats as recorded, texts made from the example live's lines.

A recorded text is a number: equal numbers become equal lines, so that repeats stay repeats. Lines that ask (where the recording
says so) are the example live's questions, each with a tail of its own; the others are pieces of its chatter.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.arrivals import Arrivals, compress, load
from engine.pool.paths import example_shop

QUESTION_MARKS = ("吗", "么", "多少", "几", "怎么", "什么", "哪", "?", "？", "how", "when", "what", "is there", "can i")


@dataclass(frozen=True, slots=True)
class Line:
    """One comment to come. `at`: seconds since the start."""

    at: float
    room: str
    id: str
    viewer: str
    text: str


class Texts:
    """Lines by the numbers of a recording."""

    def __init__(self) -> None:
        lines = [json.loads(line)["text"] for line in (example_shop() / "live.jsonl").read_text("utf-8").splitlines()]
        distinct = list(dict.fromkeys(lines))
        asks = [line for line in distinct if any(mark in line.lower() for mark in QUESTION_MARKS)]
        self._asks = asks
        self._chat = [line for line in distinct if line not in set(asks)]

    def of(self, number: int, characters: int, asks: bool) -> str:
        """The line of a text number, about as long as the recorded one."""
        if asks:
            line = self._asks[number % len(self._asks)]
            turn = number // len(self._asks)
            return line if not turn else f"{line} {self._chat[turn % len(self._chat)][:4]}"
        parts = [self._chat[number % len(self._chat)]]
        step = number // len(self._chat)
        while step and sum(map(len, parts)) < max(characters, 8):
            parts.append(self._chat[(step * 31 + len(parts)) % len(self._chat)])
            step //= len(self._chat)
        return " ".join(parts)[: max(4, characters)] if len(parts) > 1 else parts[0]


def recorded(path: Path | None) -> Arrivals:
    """A recording to drive a load with; None: the example live."""
    return load(path if path is not None else example_shop() / "live.jsonl")


def rooms(arrivals: Arrivals, count: int, mean: float, seconds: float) -> Iterator[Line]:
    """`count` rooms at about `mean` comments/s each for `seconds`, in time order; each room begins elsewhere in the recording."""
    texts = Texts()
    length = len(arrivals) / mean

    cuts = [compress(arrivals, mean, seconds, start=number * length / count) for number in range(count)]
    for at, number, place in heapq.merge(*(_walk(cut, number) for number, cut in enumerate(cuts))):
        cut = cuts[number]
        yield Line(
            at,
            f"room-{number}",
            f"{number}-{place}",
            f"v{number}-{int(cut.viewer[place])}",
            texts.of(int(cut.text[place]), int(cut.characters[place]), bool(cut.question[place])),
        )


def _walk(cut: Arrivals, number: int) -> Iterator[tuple[float, int, int]]:
    for place in range(len(cut)):
        yield float(cut.second[place]), number, place
