"""The topics of a log on Kafka: their names, and what the bus insists on before it touches any record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.errors import UsageError
from engine.events.topics import INPUTS, TOPICS, Topic

LEASES: Final = Topic("leases", "rooms", compacted=True, retention_ms=None, direction="own")
"""The bus's own topic: per input partition and group the newest lease, and in partition 0 the log's identity."""

KAFKA_TOPICS: Final[Mapping[str, Topic]] = {**TOPICS, LEASES.name: LEASES}
"""Every topic that a log on Kafka consists of."""

LISTED: Final = 3
"""Most topics that a sentence names."""

Slot = tuple[str, int]
"""A partition: the topic's own name, without prefix, and the partition's number."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Names and partition counts."""

    prefix: str
    partitions: int

    def name(self, topic: str) -> str:
        """What `topic` is called on the brokers."""
        return self.prefix + topic

    def count(self, topic: str) -> int:
        """How many partitions `topic` must have."""
        return self.partitions if KAFKA_TOPICS[topic].layout == "rooms" else 1

    def slot(self, topic: str, partition: int) -> Slot:
        """The slot, if there is one. Raises `UsageError`."""
        if topic not in KAFKA_TOPICS or not 0 <= partition < self.count(topic):
            raise UsageError(f"the log has no partition {partition} of a topic `{topic}`")
        return topic, partition

    def names(self) -> list[str]:
        """Every topic as it is called on the brokers."""
        return [self.name(topic) for topic in KAFKA_TOPICS]

    def check(self, found: Mapping[str, int]) -> None:
        """Raises `UsageError` unless every topic has as many partitions as it must.

        `found`: name on the brokers → partitions; 0, or no entry, for a topic that is not there.
        """
        counts = {topic: found.get(self.name(topic), 0) for topic in KAFKA_TOPICS}
        missing = [self.name(topic) for topic, count in counts.items() if not count]
        if missing:
            raise UsageError(
                f"the brokers have no topic {_list(missing)}: make what is missing with `livechat topics create`"
            )
        first, second = (counts[topic] for topic in INPUTS)
        if first != second:
            raise UsageError(
                f"`{self.name(INPUTS[0])}` has {first} partitions and `{self.name(INPUTS[1])}` {second}: a room's records would be"
                " handled by two workers; start on a new log, with another `bus.prefix`"
            )
        wrong = [topic for topic, count in counts.items() if count != self.count(topic)]
        if wrong:
            topic, has = wrong[0], counts[wrong[0]]
            remedy = (
                f"set `bus.partitions` to {first}"
                if all(counts[topic] == first for topic in wrong) and KAFKA_TOPICS[topic].layout == "rooms"
                else "start on a new log, with another `bus.prefix`"
            )
            raise UsageError(
                f"`{self.name(topic)}` has {has} partitions, the settings say {self.count(topic)}: a room would change its"
                f" partition; {remedy} (the number is fixed for the life of a log)"
            )


def _list(names: list[str]) -> str:
    """The names, or the first few of many."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(f"`{name}`" for name in names[:LISTED]) + more
