"""What a room has for people: questions that are open with them, and how often each viewer asked the same without an answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from engine.events.fields import Part
from engine.events.handoffs import Handoff

OPEN_CAP: Final = 20  # handoffs of a room that are open at a time; people answer a few a minute
OPEN_BYTES_CAP: Final = 16 * 1024  # of all of them in a snapshot
REPEATED_CAP: Final = (
    10  # of them, those that a viewer's insisting opened: the other places are kept for what belongs to people
)
REPEATED_BYTES_CAP: Final = 8 * 1024  # of those in a snapshot
COMMENTS_CAP: Final = 20  # comments that a handoff names; later ones are counted
VIEWERS_CAP: Final = 20  # viewers of a handoff who are known to have asked it
REPEATS_CAP: Final = (
    256  # (viewer, thing) pairs that are counted; the one that was asked longest ago is forgotten first
)
REPEAT_MS: Final = 600_000  # how long a question without an answer counts
HANDOFF_OVERHEAD_BYTES: Final = 400  # ids, times and punctuation of one in a snapshot
FOREVER: Final = 1 << 62

Thing = tuple[str, str | None]
"""What is asked: intent × product; of what nobody understood: nothing × normal form."""


@dataclass(slots=True)
class Open:
    """A handoff that nobody has closed yet, as it was told last."""

    record: Handoff
    thing: Thing
    viewers: list[str]

    @property
    def size(self) -> int:
        """What it may take in a snapshot, bytes."""
        refs = sum(len(ref.source.encode()) + len(ref.id.encode()) + 24 for ref in self.record.comments)
        thing = sum(len(part.encode()) for part in self.thing if part is not None)
        return HANDOFF_OVERHEAD_BYTES + len(self.record.text.encode()) + refs + thing + 20 * len(self.viewers)


class Repeats:
    """How often each viewer asked the same thing within ten minutes, since it was answered last."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, tuple[int, int]] = {}

    def asked(self, viewer: str, thing: Thing, now: int) -> int:
        """Counts it; how often by now."""
        name = _name(viewer, thing)
        count, last = self._counts.pop(name, (0, now))
        count = 1 if last <= now - REPEAT_MS else count + 1
        self._counts[name] = count, now
        if len(self._counts) > REPEATS_CAP:
            del self._counts[next(iter(self._counts))]
        return count

    def forget(self, viewer: str, thing: Thing) -> None:
        """It was answered, or passed to people: counting begins anew."""
        if self._counts:
            self._counts.pop(_name(viewer, thing), None)

    def encode(self) -> list[tuple[int, int, int]]:
        return [(name, count, last) for name, (count, last) in self._counts.items()]

    @classmethod
    def decode(cls, state: list[tuple[int, int, int]]) -> Repeats:
        repeats = cls()
        repeats._counts = {name: (count, last) for name, count, last in state}
        return repeats


def _name(viewer: str, thing: Thing) -> int:
    text = f"{viewer}\0{thing[0]}\0{thing[1]}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


@dataclass(slots=True)
class People:
    """The state of one room. `open`: by id."""

    open: dict[str, Open] = field(default_factory=dict)
    repeats: Repeats = field(default_factory=Repeats)

    def about(self, thing: Thing) -> Open | None:
        """The open handoff of this thing."""
        return next((held for held in self.open.values() if held.thing == thing), None)

    def next_due(self) -> int:
        """When the next one expires."""
        return min(held.record.answer_by + 1 for held in self.open.values()) if self.open else FOREVER

    @property
    def size(self) -> int:
        return sum(held.size for held in self.open.values())

    def fits(self, new: Open, old: Open | None = None) -> bool:
        """Whether it may be held, in the place of `old`."""
        others = [held for held in self.open.values() if held is not old]
        if len(others) >= OPEN_CAP or sum(held.size for held in others) + new.size > OPEN_BYTES_CAP:
            return False
        if new.record.cause != "repeated":
            return True
        alike = [held for held in others if held.record.cause == "repeated"]
        return len(alike) < REPEATED_CAP and sum(held.size for held in alike) + new.size <= REPEATED_BYTES_CAP


# ---- snapshot ----------------------------------------------------------------------------------------------------------


class OpenState(Part):
    record: Handoff
    thing: Thing
    viewers: list[str]


class PeopleState(Part):
    """The same in a snapshot."""

    open: list[OpenState]
    repeats: list[tuple[int, int, int]]

    @classmethod
    def of(cls, people: People) -> PeopleState:
        held = [OpenState(record=one.record, thing=one.thing, viewers=one.viewers) for one in people.open.values()]
        return cls(open=held, repeats=people.repeats.encode())

    def people(self) -> People:
        held = {one.record.id: Open(one.record, one.thing, list(one.viewers)) for one in self.open}
        return People(held, Repeats.decode(self.repeats))
