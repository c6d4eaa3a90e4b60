"""The line-up: a script as the player runs it, sentence by sentence. It knows no time but the script's own seconds."""

from __future__ import annotations

import base64
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from engine.events.fields import Part
from engine.events.inputs import Script
from engine.events.reload import goes_on
from engine.pool.model import Pool

MAX_LAP: Final = 1_000_000  # as `Cursor` bounds it


def next_lap(lap: int) -> int:
    """Laps stop counting where cursors do."""
    return min(lap + 1, MAX_LAP)


LineState = tuple[str, int, tuple[str, ...], bool, dict[str, str]]
"""Id, milliseconds, answers, hold, fact versions."""


class LineupState(Part):
    version: str
    loop: bool
    segments: list[tuple[str, str | None, list[LineState]]]


_LINEUP: Final = TypeAdapter(LineupState)


@dataclass(slots=True)
class Line:
    """One sentence of the running line-up. `facts`: versions by `<product>/<name>`."""

    id: str
    segment: str
    product: str | None
    ms: int
    answers: tuple[str, ...]
    hold: bool
    segment_end: bool
    facts: dict[str, str] = field(default_factory=dict)


class Lineup:
    """A script as the player runs it."""

    __slots__ = ("answering", "ends", "heads", "index", "lines", "loop", "version")

    def __init__(self, version: str, loop: bool, lines: list[Line]) -> None:
        self.version = version
        self.loop = loop
        self.lines = lines
        self.index = {line.id: number for number, line in enumerate(lines)}
        self.heads = [number for number in range(len(lines)) if not number or lines[number - 1].segment_end]
        self.ends: list[int] = []
        total = 0
        self.answering: dict[str, list[int]] = {}
        for number, line in enumerate(lines):
            total += line.ms
            self.ends.append(total)
            for intent in line.answers:
                self.answering.setdefault(intent, []).append(number)

    @classmethod
    def of(cls, script: Script, pool: Pool | None) -> Lineup:
        """From the player's message; what it leaves open about a sentence comes from the pool's script of the same name."""
        plan = pool.scripts.get(script.script) if pool else None
        known = {s.id: s for segment in plan.segments for s in segment.sentences} if plan else {}
        lines: list[Line] = []
        for segment in script.segments:
            for number, sentence in enumerate(segment.sentences):
                own = known.get(sentence.id)
                answers = sentence.answers if sentence.answers is not None else (own.answers if own else ())
                hold = sentence.hold if sentence.hold is not None else (own.hold if own else False)
                lines.append(
                    Line(
                        id=sentence.id,
                        segment=segment.id,
                        product=segment.product,
                        ms=max(1, round(sentence.seconds * 1000)),
                        answers=answers,
                        hold=hold,
                        segment_end=number == len(segment.sentences) - 1,
                        facts=dict(sentence.facts),
                    )
                )
        return cls(script.version, script.loop, lines)

    def begins(self, number: int) -> int:
        """When the sentence begins in its lap, ms of script."""
        return self.ends[number - 1] if number else 0

    def held_before(self, lap: int, number: int) -> bool:
        """Whether the sentence said before this one holds: the two belong together."""
        return (number > 0 or (lap > 0 and self.loop)) and self.lines[number - 1].hold

    @property
    def segments(self) -> list[str]:
        """Ids, in order."""
        return [self.lines[head].segment for head in self.heads]

    def goes_on(self, other: Lineup, lap: int, number: int) -> tuple[int, int] | None:
        """Lap and sentence of `other` at which it goes on once the segment of (lap, number) has ended; None: it is over."""
        segment = bisect_right(self.heads, number) - 1
        found = goes_on(self.segments, segment, lap, other.segments, loop=other.loop)
        return found and (min(found[0], MAX_LAP), other.heads[found[1]])

    def upcoming(
        self, intent: str, product: str | None, numbers: tuple[int, int | None], times: tuple[int, int], drift: float
    ) -> Iterator[tuple[int, Line]]:
        """Sentences that answer this from `numbers[0]` (which begins at `times[0]`) to `numbers[1]` (None: over the lap's end),
        with their predicted ends, until `times[1]`."""
        first, last = numbers
        start, until = times
        found = self.answering.get(intent)
        if not found:
            return
        before, place = self.begins(first), bisect_left(found, first)
        for step in range(place, place + 2 * len(found)):
            lap, turn = divmod(step, len(found))
            number = found[turn]
            if (lap and (last is not None or not self.loop)) or (last is not None and number > last):
                return
            at = start + round((self.ends[number] + lap * self.ends[-1] - before) * drift)
            if at > until:
                return
            if product is None or self.lines[number].product == product:
                yield at, self.lines[number]

    def encode(self) -> str:
        segments: list[tuple[str, str | None, list[LineState]]] = []
        begins = True
        for line in self.lines:
            if begins:
                segments.append((line.segment, line.product, []))
            begins = line.segment_end
            segments[-1][2].append((line.id, line.ms, line.answers, line.hold, line.facts))
        state = LineupState(version=self.version, loop=self.loop, segments=segments)
        return base64.b64encode(zlib.compress(_LINEUP.dump_json(state))).decode()

    @classmethod
    def decode(cls, packed: str) -> Lineup:
        state = _LINEUP.validate_json(zlib.decompress(base64.b64decode(packed)))
        lines = [
            Line(name, segment, product, ms, answers, hold, number == len(rows) - 1, dict(facts))
            for segment, product, rows in state.segments
            for number, (name, ms, answers, hold, facts) in enumerate(rows)
        ]
        return cls(state.version, state.loop, lines)
