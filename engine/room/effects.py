"""What the core produces: records for the bus, and one verdict line per comment."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from engine.events.outputs import Aired, Decision, Handoff, RoomOutput, VerdictLine

Output = Decision | RoomOutput | Aired | Handoff


@dataclass(slots=True)
class Effects:
    """Collected over the entries of a batch. `lease`, `seq` and `position` name the next effect: its id is their hash."""

    records: list[Output] = field(default_factory=list)
    verdicts: dict[str, list[VerdictLine]] = field(default_factory=dict)
    lease: int = 0
    seq: int = 0
    now: int = 0
    position: int = 0
    shop_offset: int = -1

    def begin(self, seq: int, now: int) -> None:
        """A new entry: effects of it are numbered from 0."""
        self.seq = seq
        self.now = now
        self.position = 0

    def new_id(self, room: str) -> str:
        """Id of the next effect: hash of room, lease, seq and the effect's position in its entry."""
        name = f"{room}\0{self.lease}\0{self.seq}\0{self.position}".encode()
        self.position += 1
        return hashlib.blake2b(name, digest_size=16).hexdigest()

    def verdict(self, room: str, line: VerdictLine) -> None:
        lines = self.verdicts.get(room)
        if lines is None:
            self.verdicts[room] = [line]
        else:
            lines.append(line)
