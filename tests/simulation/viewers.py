"""Viewer ids in the simulation: the keys change in the middle of the live, and nothing but hashes goes on from the inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Final

from pydantic import SecretStr

from engine.bus.port import Bus, Stored
from engine.errors import RecordError
from engine.events.codec import decode
from engine.events.inputs import Comment
from engine.events.journal import CommentEntry
from engine.events.viewers import ViewerKey
from engine.journal.records import decode_record
from engine.metrics import Metrics
from engine.settings import PrivacySettings, Settings
from engine.viewers.hashing import hash_of
from engine.viewers.keeper import TOPIC, ViewerKeys, new_key, outgoing
from engine.viewers.ring import Ring, Rules
from engine.viewers.secret import secret_of, whole_key
from tests.simulation.clock import VirtualLoop
from tests.simulation.player import Broken

PRIVACY: Final = PrivacySettings(viewer_key=SecretStr("of the simulation"))
NOTICED_MS: Final = 10_000  # until every worker has read a new key, also one that the bus does not serve for a while
_RAW: Final = re.compile(rb'"viewer":"v\d+"')


class Keepers:
    """Makes each worker's keys, and a new key when it is told to."""

    def __init__(self, loop: VirtualLoop, seed: int, settings: Settings) -> None:
        self._loop = loop
        self._rng = Random(f"viewers/{seed}")
        self._settings = settings

    def keys(self, bus: Bus, metrics: Metrics) -> ViewerKeys:
        return ViewerKeys(bus, self._settings, metrics, "worker", self._loop.now, self._rng.random, self._bits)

    async def rotate(self, bus: Bus, log: Mapping[tuple[str, int], list[Stored]]) -> None:
        """As an operator does it."""
        keys = ring_of(log, self._settings).keys
        now = self._loop.now()
        number = keys[-1].number + 1 if keys else 1
        made = new_key(secret_of(self._settings), number, now, now, "operator", self._bits)
        await bus.publish([outgoing(made)])

    def _bits(self, count: int) -> str:
        return self._rng.randbytes(count).hex()


def ring_of(log: Mapping[tuple[str, int], list[Stored]], settings: Settings) -> Ring:
    """The keys on the log."""
    ring = Ring(Rules.of(settings.privacy), secret_of(settings))
    for stored in log.get((TOPIC, 0), []):
        record: ViewerKey | None = None if stored.value is None else decode(TOPIC, stored.value)
        ring.take(stored.offset, stored.time, stored.key or "", record)
    return ring


def check_viewers(log: Mapping[tuple[str, int], list[Stored]], settings: Settings) -> None:
    """Beyond the inputs of foreign producers no raw id stands anywhere, and each hash is of the key that counted."""
    for (topic, partition), line in log.items():
        for stored in line:
            if topic != "comments" and _RAW.search(stored.value or b""):
                raise Broken(f"a viewer's id stands in {topic}/{partition}/{stored.offset}")
    ring = ring_of(log, settings)
    secret = secret_of(settings)
    whole = [(key.start, whole_key(secret, key.half)) for key in ring.keys if key.half is not None]
    raw = {
        (comment.room, comment.source, comment.id): comment.viewer
        for (topic, _), line in log.items()
        if topic == "comments"
        for comment in _comments(line)
    }
    for (topic, _), line in log.items():
        for stored in line if topic == "journal" else ():
            for entry in decode_record(stored.value).entries:
                if isinstance(entry, CommentEntry):
                    viewer = raw[entry.room, entry.source, entry.id]
                    allowed = {hash_of(viewer, whole[0][1])} if entry.logged < whole[0][0] else set()
                    for place, (start, key) in enumerate(whole):
                        end = whole[place + 1][0] + NOTICED_MS if place + 1 < len(whole) else entry.logged + 1
                        if start <= entry.logged < end:
                            allowed.add(hash_of(viewer, key))
                    if entry.viewer not in allowed:
                        raise Broken(f"{entry.room}/{entry.id} has a hash of no key that counted at {entry.logged}")


def _comments(line: list[Stored]) -> list[Comment]:
    found = []
    for stored in line:
        try:
            found.append(decode("comments", stored.value))
        except RecordError:  # a dead letter
            continue
    return found
