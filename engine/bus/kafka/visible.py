"""What this process committed and must therefore see: a transaction is done before all its readers are told."""

from __future__ import annotations

from collections.abc import Mapping

from engine.bus.kafka.layout import Slot
from engine.bus.port import Batch


class Visible:
    """Ends and positions that an answer of the brokers must have reached, or else they are asked again."""

    def __init__(self) -> None:
        self._ends: dict[Slot, int] = {}
        self._offsets: dict[tuple[str, Slot], int] = {}

    def committed(self, group: str, batch: Batch, written: Mapping[Slot, int]) -> None:
        """A commit is done: `written` are the offsets after its records."""
        for slot, end in written.items():
            self._ends[slot] = max(end, self._ends.get(slot, 0))
        for topic, at in batch.offsets.items():
            self._offsets[group, (topic, batch.partition)] = at

    def end(self, slot: Slot) -> int:
        """The least end that may be told."""
        return self._ends.get(slot, 0)

    def offset(self, group: str, slot: Slot) -> int:
        """The least committed offset that may be told."""
        return self._offsets.get((group, slot), 0)
