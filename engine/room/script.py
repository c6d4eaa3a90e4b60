"""The script clock: what is being said, when its sentences end, which of them answers what.

Predictions are the script's own seconds times the room's drift, which is learned from playback. While a reply is spoken, or a
person has the room, script time stands still.
"""

from __future__ import annotations

import base64
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from engine.events.fields import Part
from engine.events.inputs import Cursor, Script
from engine.events.reload import goes_on
from engine.pool.model import Pool

DRIFT_WEIGHT: Final = 0.2  # of the newest sentence in the running mean
DRIFT_MIN: Final = 0.5  # a report beyond these tells of a stall or a skip, not of a voice that is slow or quick
DRIFT_MAX: Final = 2.0
MAX_LAP: Final = 1_000_000  # as `Cursor` bounds it
SCREENS_CAP: Final = 64  # changes of product that are remembered
SCREEN_MS: Final = 660_000  # the longest look back: clamped times (10 min) plus the stream delay


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


class ClockState(Part):
    """`lineup` and `pending` are packed (JSON, deflated, base64): ids and intents of a script repeat themselves."""

    lineup: str | None = None
    pending: str | None = None
    lap: int
    number: int
    started: int
    running: bool
    still: bool
    drift: float
    screens: list[tuple[int, str | None]]


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


@dataclass(slots=True)
class Boundary:
    """The end of a sentence at which a reply may start."""

    at: int
    lap: int
    number: int
    line: Line


class ScriptClock:
    """Where the script stands, and where it will be."""

    __slots__ = ("drift", "lap", "lineup", "number", "pending", "running", "screens", "started", "still")

    def __init__(self) -> None:
        self.lineup: Lineup | None = None
        self.pending: Lineup | None = None
        self.lap = 0
        self.number = 0
        self.started = 0
        self.running = False
        self.still = False
        self.drift = 1.0
        self.screens: list[tuple[int, str | None]] = []

    # ---- what the player reports -----------------------------------------------------------------------------------

    def load(self, lineup: Lineup) -> None:
        """A new line-up; a running one is replaced when the player reports a sentence of the new, told again it goes on."""
        if self.lineup is None or not self.running:
            self.lineup, self.pending = lineup, None
            self.lap = self.number = 0
        elif lineup.version == self.lineup.version:
            self.number = lineup.index.get(self.lineup.lines[self.number].id, 0)
            self.lineup, self.pending = lineup, None
        else:
            self.pending = lineup

    def begin(self, cursor: Cursor, at: int) -> bool:
        """A sentence started. False where the cursor names nothing that we know."""
        if self.pending is not None and cursor.version == self.pending.version:
            if cursor.sentence not in self.pending.index:
                return False
            self.lineup, self.pending = self.pending, None
            self.lap, self.number = cursor.lap, self.lineup.index[cursor.sentence]
        lineup = self.lineup
        if lineup is None or cursor.version != lineup.version or cursor.sentence not in lineup.index:
            return False
        number = lineup.index[cursor.sentence]
        if self.running and at < self.started and (cursor.lap, number) < (self.lap, self.number):
            return True  # overtaken by a later report
        self.lap, self.number = cursor.lap, number
        self.started = at = max(at, self.started)
        self.running = True
        self._show(lineup.lines[self.number].product, at)
        return True

    def end(self, cursor: Cursor, at: int) -> Line | None:
        """A sentence ended; returns it where it was the one that was running."""
        lineup = self.lineup
        if lineup is None or cursor.version != lineup.version or lineup.index.get(cursor.sentence) != self.number:
            return None
        if not self.running or cursor.lap != self.lap:
            return None
        line = lineup.lines[self.number]
        at = max(at, self.started)
        ratio = (at - self.started) / line.ms
        if DRIFT_MIN <= ratio <= DRIFT_MAX:
            self.drift = round(self.drift + DRIFT_WEIGHT * (ratio - self.drift), 6)
        self._advance(at)
        return line

    def _advance(self, at: int) -> None:
        lineup = self.lineup
        assert lineup is not None
        self.number += 1
        self.started = at
        if self.number >= len(lineup.lines):
            self.number = 0
            self.lap = next_lap(self.lap)
            if not lineup.loop:
                self.running = False

    def idle(self) -> None:
        """The script has run out."""
        self.running = False

    def hold_still(self) -> None:
        """Script time stands still from now on."""
        self.still = True

    def go_on(self, at: int) -> None:
        """Where it stood still, the script resumes at the current sentence."""
        if self.still:
            self.still = False
            self.started = max(self.started, at)

    # ---- predictions -----------------------------------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        """Whether sentences end by themselves."""
        return self.running and not self.still and self.lineup is not None

    def _ms(self, number: int) -> int:
        assert self.lineup is not None
        return round(self.lineup.lines[number].ms * self.drift)

    def sentence_end(self) -> int:
        """Predicted end of the running sentence."""
        return self.started + self._ms(self.number)

    def boundaries(self, count: int) -> Iterator[Boundary]:
        """The next sentence ends, at most `count`; a line-up that waits takes over behind the segment's."""
        return self._walk(self.started, self.lap, self.number, count) if self.moving else iter(())

    def following(self, boundary: Boundary, at: int, count: int) -> Iterator[Boundary]:
        """The sentence ends after `boundary`, where the script goes on at `at`."""
        walk = self._walk(at - self._ms(boundary.number), boundary.lap, boundary.number, count + 1)
        next(walk, None)
        return walk

    def _walk(self, at: int, lap: int, number: int, count: int) -> Iterator[Boundary]:
        lineup = self.lineup
        assert lineup is not None
        for _ in range(count):
            line = lineup.lines[number]
            at += self._ms(number)
            yield Boundary(at, lap, number, line)
            if self.pending is not None and line.segment_end:
                return
            number += 1
            if number >= len(lineup.lines):
                if not lineup.loop:
                    return
                number, lap = 0, next_lap(lap)

    def may_answer(self, intent: str) -> bool:
        """Whether any sentence, of the running line-up or of the one that waits, answers this intent."""
        return any(lineup is not None and intent in lineup.answering for lineup in (self.lineup, self.pending))

    def answers(self, intent: str, product: str | None, until: int, now: int) -> Iterator[tuple[int, Line]]:
        """Sentences to come that answer this, with their predicted ends, as far as those are not after `until`."""
        lineup = self.lineup
        if lineup is None or not self.running:
            return
        start = max(self.started, now) if self.still else self.started
        last = None
        if self.pending is not None:
            last = next(n for n in range(self.number, len(lineup.lines)) if lineup.lines[n].segment_end)
        yield from lineup.upcoming(intent, product, (self.number, last), (start, until), self.drift)
        if self.pending is not None and last is not None:
            start += round((lineup.ends[last] - lineup.begins(self.number)) * self.drift)
            place = lineup.goes_on(self.pending, self.lap, self.number)
            if place is not None:
                yield from self.pending.upcoming(intent, product, (place[1], None), (start, until), self.drift)

    def cursor(self, lap: int, number: int) -> Cursor:
        assert self.lineup is not None
        line = self.lineup.lines[number]
        return Cursor(version=self.lineup.version, lap=lap, segment=line.segment, sentence=line.id)

    def after(self, lap: int, number: int) -> Cursor | None:
        """The cursor that follows (lap, number); None at the end of a script that does not loop."""
        assert self.lineup is not None
        if self.pending is not None and self.lineup.lines[number].segment_end:
            place = self.lineup.goes_on(self.pending, lap, number)
            if place is None:
                return None
            line = self.pending.lines[place[1]]
            return Cursor(version=self.pending.version, lap=place[0], segment=line.segment, sentence=line.id)
        if number + 1 < len(self.lineup.lines):
            return self.cursor(lap, number + 1)
        return self.cursor(next_lap(lap), 0) if self.lineup.loop else None

    # ---- what was on screen ----------------------------------------------------------------------------------------

    def _show(self, product: str | None, at: int) -> None:
        if self.screens and self.screens[-1][1] == product:
            return
        self.screens.append((at, product))
        while len(self.screens) > SCREENS_CAP or (len(self.screens) > 1 and self.screens[1][0] < at - SCREEN_MS):
            del self.screens[0]

    def on_screen(self, at: int) -> str | None:
        """The product that was on screen at that time."""
        for since, product in reversed(self.screens):
            if since <= at:
                return product
        return None

    def screen_changed(self, start: int, end: int) -> bool:
        """Whether the product on screen changed within (start, end]."""
        return any(start < since <= end for since, _ in self.screens[1:])

    # ---- snapshot --------------------------------------------------------------------------------------------------

    def encode(self) -> ClockState:
        return ClockState(
            lineup=self.lineup.encode() if self.lineup else None,
            pending=self.pending.encode() if self.pending else None,
            lap=self.lap,
            number=self.number,
            started=self.started,
            running=self.running,
            still=self.still,
            drift=self.drift,
            screens=self.screens,
        )

    @classmethod
    def decode(cls, state: ClockState) -> ScriptClock:
        clock = cls()
        clock.lineup = Lineup.decode(state.lineup) if state.lineup else None
        clock.pending = Lineup.decode(state.pending) if state.pending else None
        clock.lap, clock.number, clock.started = state.lap, state.number, state.started
        clock.running, clock.still, clock.drift = state.running, state.still, state.drift
        clock.screens = list(state.screens)
        return clock
