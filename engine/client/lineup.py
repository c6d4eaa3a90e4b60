"""The line-up that a player runs: a script's sentences by place, and where another one goes on."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events.inputs import Cursor, ScriptSentence
from engine.events.reload import goes_on
from engine.events.wire import SetScript


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A sentence of the running line-up: lap and index."""

    lap: int
    index: int


class Lineup:
    """One script, its sentences in order."""

    def __init__(self, script: SetScript) -> None:
        self.version = script.version
        self.loop = script.loop
        self.segments = [segment.id for segment in script.segments]
        self._sentences = [(segment.id, sentence) for segment in script.segments for sentence in segment.sentences]
        self._segments = [number for number, segment in enumerate(script.segments) for _ in segment.sentences]
        """Of each sentence, which segment it belongs to."""
        self._places = {(segment, sentence.id): at for at, (segment, sentence) in enumerate(self._sentences)}

    def sentence(self, place: Place) -> ScriptSentence:
        return self._sentences[place.index][1]

    def cursor(self, place: Place) -> Cursor:
        segment, sentence = self._sentences[place.index]
        return Cursor(version=self.version, lap=place.lap, segment=segment, sentence=sentence.id)

    def find(self, cursor: Cursor) -> Place | None:
        """The sentence that the cursor names; None where there is none, or the lap never comes."""
        index = self._places.get((cursor.segment, cursor.sentence))
        if index is None or (cursor.lap > 0 and not self.loop):
            return None
        return Place(cursor.lap, index)

    def resume(self, cursor: Cursor) -> Place:
        """The sentence that the cursor names, else the start of its segment, else the first of all."""
        index = self._places.get((cursor.segment, cursor.sentence))
        if index is None:
            index = next((at for at, (segment, _) in enumerate(self._sentences) if segment == cursor.segment), 0)
        return Place(cursor.lap, index)

    def after(self, place: Place) -> Place:
        """The sentence that follows, in the next lap where this is the last."""
        return Place(place.lap, place.index + 1) if place.index + 1 < len(self._sentences) else Place(place.lap + 1, 0)

    def over(self, place: Place) -> bool:
        """Whether this place never comes: the line-up does not loop."""
        return place.lap > 0 and not self.loop

    def ends_segment(self, place: Place) -> bool:
        last = place.index + 1 == len(self._sentences)
        return last or self._segments[place.index + 1] != self._segments[place.index]

    def may_cut(self, place: Place) -> bool:
        """Whether this sentence may be cut short: neither it nor the one before it, which it completes, holds."""
        return not self.sentence(place).hold and not self.held_before(place)

    def held_before(self, place: Place) -> bool:
        """Whether the sentence said before this one holds: nothing comes between the two."""
        return place > Place(0, 0) and bool(self._sentences[place.index - 1][1].hold)

    def goes_on(self, other: Lineup, following: Place, ended: Place | None) -> Place:
        """Where `other` takes over behind the segment of `ended`; None: all up to `following` has been said."""
        ended = ended or Place(following.lap - 1, len(self._sentences) - 1)
        found = goes_on(self.segments, self._segments[ended.index], ended.lap, other.segments, loop=other.loop)
        if found is None:
            return Place(1, 0)
        lap, segment = found
        return Place(lap, other._segments.index(segment))
