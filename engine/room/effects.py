"""What the core produces: records for the bus, and one verdict line per comment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from engine.events.handoffs import Handoff
from engine.events.outputs import Aired, Decision, RoomOutput, VerdictLine
from engine.events.posts import Posted

Output = Decision | RoomOutput | Aired | Posted | Handoff


@dataclass(slots=True)
class Effects:
    """Collected over the entries of a batch. Room, `lease`, `seq` and the room's position in the entry name an effect."""

    records: list[Output] = field(default_factory=list)
    verdicts: dict[str, list[VerdictLine]] = field(default_factory=dict)
    lease: int = 0
    seq: int = 0
    now: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    shop_offset: int = -1

    def begin(self, seq: int, now: int) -> None:
        """A new entry: effects of it are numbered from 0."""
        self.seq = seq
        self.now = now
        if self.positions:
            self.positions.clear()

    def new_id(self, room: str) -> str:
        """Id of the room's next effect: hash of room, lease, seq and its position among the room's effects of this entry.

        Counted per room: a restored room joins a replay at its own seq, and must find the ids that it had.
        """
        position = self.positions.get(room, 0)
        self.positions[room] = position + 1
        name = f"{room}\0{self.lease}\0{self.seq}\0{position}".encode()
        return hashlib.blake2b(name, digest_size=16).hexdigest()

    def verdict(self, room: str, line: VerdictLine) -> None:
        lines = self.verdicts.get(room)
        if lines is None:
            self.verdicts[room] = [line]
        else:
            lines.append(line)
