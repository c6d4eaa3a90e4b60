"""Playback without I/O: a script, insertions at sentence boundaries, and what to report. The clock is handed in.

All times are ms of the server's clock. The caller wakes it at `next_deadline()`; what it does and tells comes back as events.

- An insertion is accepted when it can still be voiced: it came at least `lead_ms` before its boundary, and may start then.
- It starts at the end of the sentence that it names, never after its `not_after`; then the script goes on at the cursor it names.
- One for `now` cuts the sentence that is heard, unless that or the one before it holds; then that sentence is said again from its start.
- A reloaded script takes over at the end of a segment, with the segment that follows it: nothing starts over.
- `speed`: insertions last `duration_ms / speed`. The script's seconds are the true ones: whoever wants it faster divides them.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Literal

from engine.client.lineup import Lineup, Place
from engine.events.inputs import Cursor, InsertionState, PlaybackKind
from engine.events.outputs import Insertion, Stop, Withdraw
from engine.events.wire import PlayerState, SetScript

LEAD_MS: Final = 800  # a usual voice synthesis with its buffer
SLIP_MS: Final = 100  # a wake-up that is later than this shifts the script instead of cutting the next item short
MAX_QUEUE: Final = 8  # insertions accepted and not started; the engine sends one at a time
MAX_OUTCOMES: Final = 16  # told when the player identifies again

Outcome = Literal["accepted", "started", "ended", "rejected", "aborted"]


@dataclass(frozen=True, slots=True)
class Say:
    """Something is heard from now on: a sentence or a reply. `kind` "cut": what was heard stops."""

    kind: Literal["sentence", "reply", "cut"]
    at: int
    text: str = ""
    duration_ms: int = 0
    cursor: Cursor | None = None
    insertion: Insertion | None = None


@dataclass(frozen=True, slots=True)
class Tell:
    """A report for the engine."""

    kind: PlaybackKind
    at: int
    cursor: Cursor | None = None
    insertion: str | None = None
    reason: str = ""


Event = Say | Tell


@dataclass(slots=True)
class _Playing:
    ends: int
    place: Place | None = None
    insertion: Insertion | None = None


@dataclass(frozen=True, slots=True)
class _Queued:
    insertion: Insertion
    place: Place | None
    """After this sentence; None: at `at`."""
    at: int


class Playhead:
    """One room's playback."""

    def __init__(self, *, lead_ms: int = LEAD_MS, stream_delay_ms: int | None = None, speed: float = 1.0) -> None:
        self.lead_ms = lead_ms
        self.held = False
        self._stream_delay_ms = stream_delay_ms
        self._speed = speed
        self._lines: Lineup | None = None
        self._coming: Lineup | None = None
        self._playing: _Playing | None = None
        self._next = Place(0, 0)
        self._boundary: Place | None = None
        """The sentence that ended last, until another starts."""
        self._cursor: Cursor | None = None
        self._queue: list[_Queued] = []
        self._outcomes: OrderedDict[str, InsertionState] = OrderedDict()
        self._now = 0
        self._events: list[Event] = []

    # ---- what happens to it ------------------------------------------------------------------------------------------------

    def load(self, script: SetScript, now: int) -> list[Event]:
        """A script: at once where none runs, else from the next segment boundary on. The running one told again changes nothing."""
        self._clock(now)
        if self._lines is not None and script.version == self._lines.version:
            self._coming = None
        elif self._lines is None or (self._playing is None and not self.held):
            self._swap(Lineup(script))
            self._begin_sentence(self._now)
        else:
            self._coming = Lineup(script)
        return self._take()

    def advance(self, now: int) -> list[Event]:
        """Time has come to `now`: end what is over, begin what is due."""
        self._clock(now)
        while (due := self.next_deadline()) is not None and due <= self._now:
            at = due if self._now - due <= SLIP_MS else self._now
            playing = self._playing
            if playing is not None and playing.ends <= due:
                self._end(playing, at)
            else:
                self._cut_in(at)
        return self._take()

    def next_deadline(self) -> int | None:
        """When `advance` has something to do; None: not before something else happens."""
        times = [item.at for item in self._queue if item.place is None]
        if self._playing is not None:
            if self._playing.insertion is not None:
                return self._playing.ends  # nothing cuts into a reply
            times.append(self._playing.ends)
        return min(times, default=None)

    def insert(self, insertion: Insertion, now: int) -> list[Event]:
        """An insertion arrived: accepted, rejected with a reason, or known already."""
        self._clock(now)
        known = self._outcomes.get(insertion.id)
        if known is not None:
            self._repeat(known)
            return self._take()
        place, reason = self._boundary_of(insertion)
        at = self._now + self.lead_ms
        if self.held:
            reason = "held"
        elif len(self._queue) >= MAX_QUEUE:
            reason = "busy"
        elif insertion.not_after < self._now or (place is None and insertion.not_after < at):
            reason = reason or "late"
        if reason:
            self._tell("rejected", insertion.id, self._now, reason)
        else:
            self._queue.append(_Queued(insertion, place, at))
            self._tell("accepted", insertion.id, self._now)
        return self._take()

    def withdraw(self, command: Withdraw, now: int) -> list[Event]:
        """Do not start it. Where it started or ended, nothing but its last report again.

        One that is unknown is rejected from now on: whoever overtakes it shall win, and the engine learns that it did not start.
        """
        self._clock(now)
        known = self._outcomes.get(command.insertion)
        if known is None:
            self._tell("rejected", command.insertion, self._now, command.reason)
        elif not self._drop(command.insertion, command.reason):
            self._repeat(known)
        return self._take()

    def stop(self, command: Stop, now: int) -> list[Event]:
        """Cut a reply and go on at the start of the interrupted sentence; hold the script, or release it.

        With an insertion only that one is meant. Without one: the reply that is heard, with `hold_script` also what is queued; and
        `hold_script` false releases a held script.
        """
        self._clock(now)
        playing = self._playing
        cut: Insertion | None = None
        if playing is not None and playing.insertion is not None:
            release = command.insertion is None and self.held and not command.hold_script
            if command.insertion == playing.insertion.id or (command.insertion is None and not release):
                cut = playing.insertion
        if command.insertion is not None:
            self._drop(command.insertion, command.reason)
        elif command.hold_script:
            for item in list(self._queue):
                self._drop(item.insertion.id, command.reason)
        if cut is not None:
            self._playing = None
            self._events.append(Say("cut", self._now, insertion=cut))
            self._tell("aborted", cut.id, self._now, command.reason)
            self._next = self._resume(cut)
        if command.hold_script:
            self._hold()
        elif command.insertion is None and self.held:
            self.held = False
        if self._playing is None and not self.held and (cut is not None or command.insertion is None):
            self._begin_sentence(self._now)
        return self._take()

    def state(self) -> PlayerState:
        """What is told on identify."""
        return PlayerState(
            lead_ms=self.lead_ms, stream_delay_ms=self._stream_delay_ms, cursor=self._cursor,
            outcomes=tuple(self._outcomes.values()),
        )  # fmt: skip

    # ---- inside ------------------------------------------------------------------------------------------------------------

    def _clock(self, now: int) -> None:
        self._now = max(self._now, now)

    def _take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _tell(self, kind: Outcome, insertion: str, at: int, reason: str = "", cursor: Cursor | None = None) -> None:
        self._events.append(Tell(kind, at, insertion=insertion, reason=reason, cursor=cursor))
        self._outcomes.pop(insertion, None)
        self._outcomes[insertion] = InsertionState(insertion=insertion, kind=kind, at=at)
        while len(self._outcomes) > MAX_OUTCOMES:
            self._outcomes.popitem(last=False)

    def _swap(self, lines: Lineup) -> None:
        """`lines` runs from now on: it goes on behind the segment that ended last."""
        before, self._lines, self._coming = self._lines, lines, None
        self._next = before.goes_on(lines, self._next, self._boundary) if before is not None else Place(0, 0)
        self._boundary = None
        for item in list(self._queue):
            if item.place is not None:
                self._queue.remove(item)
                self._tell("rejected", item.insertion.id, self._now, "script_changed")

    def _boundary_of(self, insertion: Insertion) -> tuple[Place | None, str]:
        """The sentence after which it starts (None: at once), and why that is impossible."""
        if insertion.when == "now":
            return None, ""
        if insertion.when == "idle" or insertion.after is None:
            idle = self._playing is None or self._playing.place is None
            return None, "" if idle and self._over() else "not_idle"
        after = insertion.after
        if self._lines is None or after.version != self._lines.version:
            return None, "script_changed"
        place = self._lines.find(after)
        if place is None:
            return None, "unknown_cursor"
        if self._playing is not None and self._playing.place is not None:
            if place < self._playing.place:
                return None, "late"
            if place == self._playing.place and self._playing.ends - self._now < self.lead_ms:
                return None, "late"
        elif place < self._next:
            return None, "late"
        return place, ""

    def _over(self) -> bool:
        """Whether no sentence follows."""
        return self._lines is None or self._lines.over(self._next)

    def _end(self, playing: _Playing, at: int) -> None:
        self._playing = None
        if playing.insertion is not None:
            self._tell("ended", playing.insertion.id, playing.ends)
            self._next = self._resume(playing.insertion)
        elif playing.place is not None:
            lines = self._running()
            self._events.append(Tell("sentence_ended", playing.ends, cursor=lines.cursor(playing.place)))
            self._boundary = playing.place
            self._next = lines.after(playing.place)
        if not self._begin_insertion(at):
            self._begin_sentence(at)

    def _begin_insertion(self, at: int) -> bool:
        """Start the first queued insertion of this boundary that may still start."""
        for item in list(self._queue):
            if item.place is None and (item.at > at or self._held()):
                continue
            if item.place is not None and item.place != self._boundary:
                continue
            self._queue.remove(item)
            if self._start(item, at):
                return True
        return False

    def _cut_in(self, at: int) -> None:
        """An insertion that waits for no boundary is due: it cuts the sentence that is heard, where that is allowed."""
        item = min((item for item in self._queue if item.place is None), key=lambda item: item.at)
        self._queue.remove(item)
        interrupted = self._playing.place if self._playing is not None else None
        if interrupted is not None:
            refused = (
                "not_idle" if item.insertion.when != "now" else "" if self._running().may_cut(interrupted) else "hold"
            )
            if refused or self._now > item.insertion.not_after:
                self._tell("rejected", item.insertion.id, self._now, refused or "late")
                return
            self._events.append(Say("cut", at, cursor=self._running().cursor(interrupted)))
            self._next, self._boundary = interrupted, None
        self._start(item, at)

    def _held(self) -> bool:
        """Whether the sentence that ended last holds."""
        return self._lines is not None and not self._over() and self._lines.held_before(self._next)

    def _start(self, item: _Queued, at: int) -> bool:
        insertion = item.insertion
        if self._now > insertion.not_after:
            self._tell("rejected", insertion.id, self._now, "late")
            return False
        length = max(1, round(insertion.duration_ms / self._speed))
        self._playing = _Playing(at + length, insertion=insertion)
        goes_on = self._lines.cursor(self._next) if self._lines is not None and not self._over() else None
        self._tell("started", insertion.id, at, cursor=goes_on if insertion.when == "now" else None)
        self._events.append(Say("reply", at, insertion.text, length, insertion=insertion))
        return True

    def _begin_sentence(self, at: int) -> None:
        if self._lines is None or self.held:
            return
        ended = self._boundary is not None
        if self._coming is not None and (self._at_segment_end() or self._over()):
            self._swap(self._coming)
        if self._over():
            self._boundary = None
            if ended:
                self._events.append(Tell("idle", at))
            return
        lines, place, self._boundary = self._running(), self._next, None
        self._reject_passed(place)
        sentence = lines.sentence(place)
        length = max(1, round(sentence.seconds * 1_000))
        self._playing = _Playing(at + length, place=place)
        self._cursor = lines.cursor(place)
        self._next = lines.after(place)
        self._events.append(Tell("sentence_started", at, cursor=self._cursor))
        self._events.append(Say("sentence", at, sentence.text, length, cursor=self._cursor))

    def _reject_passed(self, place: Place) -> None:
        """Insertions whose boundary lies behind what is said now will not be said."""
        for item in list(self._queue):
            if item.place is not None and item.place < place:
                self._queue.remove(item)
                self._tell("rejected", item.insertion.id, self._now, "late")

    def _drop(self, insertion: str, reason: str) -> bool:
        for item in list(self._queue):
            if item.insertion.id == insertion:
                self._queue.remove(item)
                self._tell("aborted", insertion, self._now, reason)
                return True
        return False

    def _repeat(self, known: InsertionState) -> None:
        self._events.append(Tell(known.kind, known.at, insertion=known.insertion, reason="repeated"))

    def _hold(self) -> None:
        if self._playing is not None and self._playing.place is not None:
            self._events.append(Say("cut", self._now, cursor=self._running().cursor(self._playing.place)))
            self._next, self._playing = self._playing.place, None
        self.held = True

    def _resume(self, insertion: Insertion) -> Place:
        """Where the script goes on: at the cursor that the insertion names; one that cut a sentence short knows better by now."""
        resume = insertion.resume
        if insertion.when == "now" or resume is None or self._lines is None or resume.version != self._lines.version:
            return self._next
        return self._lines.resume(resume)

    def _at_segment_end(self) -> bool:
        return self._boundary is not None and self._running().ends_segment(self._boundary)

    def _running(self) -> Lineup:
        assert self._lines is not None
        return self._lines
