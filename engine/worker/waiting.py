"""For how long input records wait: a count of them says little where rooms differ a thousandfold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.bus.port import Stored


class Waiting:
    """Told what is taken and what lies before the readers; says since when something has been waiting, at most.

    What waits was written after the last record that was taken, and after nothing was waiting; nobody reads ahead to know more.
    """

    def __init__(self) -> None:
        self._since: dict[tuple[int, str], int] = {}

    def took(self, polled: Mapping[int, Sequence[Stored]]) -> None:
        """Records that were polled, by partition, in the log's order."""
        for partition, records in polled.items():
            for stored in records:
                self._since[partition, stored.topic] = stored.time

    def ages_ms(self, lag: Mapping[int, Mapping[str, int]], now: int) -> dict[str, int]:
        """Topic → the longest wait. `lag`: partition → topic → records that wait; a partition that is not named is forgotten."""
        since: dict[tuple[int, str], int] = {}
        ages: dict[str, int] = {}
        for partition, behind in lag.items():
            for topic, count in behind.items():
                place = (partition, topic)
                since[place] = self._since.get(place, now) if count else now
                ages[topic] = max(ages.get(topic, 0), now - since[place])
        self._since = since
        return ages
