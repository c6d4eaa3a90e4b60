"""The script clock: what is being said, when its sentences end, which of them answers what.

Predictions are the script's own seconds times the room's drift, which is learned from playback. While a reply is spoken, or a
person has the room, script time stands still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from engine.events.fields import Part
from engine.events.inputs import Cursor
from engine.room.lineup import Line, Lineup, next_lap

DRIFT_WEIGHT: Final = 0.2  # of the newest sentence in the running mean
DRIFT_MIN: Final = 0.5  # a report beyond these tells of a stall or a skip, not of a voice that is slow or quick
DRIFT_MAX: Final = 2.0
SCREENS_CAP: Final = 64  # changes of product that are remembered
SCREEN_MS: Final = 660_000  # the longest look back: clamped times (10 min) plus the stream delay
BLINK_MS: Final = 10_000  # a script that is back so soon, with the same product, has shown it all along


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
    dark: int | None = None


@dataclass(slots=True)
class Boundary:
    """The end of a sentence: a reply may start there, or cut that sentence short."""

    at: int
    lap: int
    number: int
    line: Line


class ScriptClock:
    """Where the script stands, and where it will be."""

    __slots__ = ("dark", "drift", "lap", "lineup", "number", "pending", "running", "screens", "started", "still")

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
        self.dark: int | None = None
        """Since when nobody knows what is on screen: the script has run out, or its player is gone."""

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

    def idle(self, at: int) -> None:
        """The script has run out, or nobody tells of it any more."""
        self.running = False
        if self.dark is None and self.screens:
            self.dark = max(at, self.screens[-1][0])

    def resume_at(self, cursor: Cursor) -> None:
        """The player tells where the script goes on once a reply is over; what names nothing that we know is passed over."""
        lineup = self.lineup
        if lineup is not None and self.running and cursor.version == lineup.version and cursor.sentence in lineup.index:
            self.lap, self.number = cursor.lap, lineup.index[cursor.sentence]

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

    def boundaries(self, count: int, now: int) -> Iterator[Boundary]:
        """The next sentence ends, at most `count`; a line-up that waits takes over behind the segment's."""
        return self._walk(self._begun(now), self.lap, self.number, count) if self.moving else iter(())

    def _begun(self, now: int) -> int:
        """When the running sentence began, by its length: one that is not over yet shifts all that follow."""
        return max(self.started, now - self._ms(self.number))

    def said_at(self, moment: int, now: int, count: int) -> Boundary | None:
        """The sentence that will be said at `moment`, among the next `count`."""
        return next((found for found in self.boundaries(count, now) if moment < found.at), None)

    def may_cut(self, boundary: Boundary) -> bool:
        """Whether this sentence may be cut short: neither it nor the one before it, which it completes, holds."""
        assert self.lineup is not None
        return not boundary.line.hold and not self.lineup.held_before(boundary.lap, boundary.number)

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
        running, waits = self.lineup, self.pending
        return (running is not None and intent in running.answering) or (
            waits is not None and intent in waits.answering
        )

    def answers(
        self, intent: str, product: str | None, until: int, now: int, resumes: int
    ) -> Iterator[tuple[int, Line]]:
        """Sentences to come that answer this, with their predicted ends, as far as those are not after `until`.

        `resumes`: when a script that stands still is expected to go on.
        """
        lineup = self.lineup
        if lineup is None or not self.running:
            return
        start = max(self.started, now, resumes) if self.still else self._begun(now)
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
        dark, self.dark = self.dark, None
        at = max(at, dark or at)
        same = bool(self.screens) and self.screens[-1][1] == product
        if dark is not None and not (same and at - dark <= BLINK_MS):
            self.screens.append((dark, None))
            same = product is None
        if same:
            return
        self.screens.append((at, product))
        while len(self.screens) > SCREENS_CAP or (len(self.screens) > 1 and self.screens[1][0] < at - SCREEN_MS):
            del self.screens[0]

    def on_screen(self, at: int) -> str | None:
        """The product that was on screen at that time, as far as anybody knows."""
        if self.dark is not None and self.dark <= at:
            return None
        for since, product in reversed(self.screens):
            if since <= at:
                return product
        return None

    def screen_changed(self, start: int, end: int) -> bool:
        """Whether the product on screen changed within (start, end]."""
        if self.dark is not None and start < self.dark <= end:
            return True
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
            dark=self.dark,
        )

    @classmethod
    def decode(cls, state: ClockState) -> ScriptClock:
        clock = cls()
        clock.lineup = Lineup.decode(state.lineup) if state.lineup else None
        clock.pending = Lineup.decode(state.pending) if state.pending else None
        clock.lap, clock.number, clock.started = state.lap, state.number, state.started
        clock.running, clock.still, clock.drift = state.running, state.still, state.drift
        clock.screens, clock.dark = list(state.screens), state.dark
        return clock
