"""Which viewer key counts when, and which is due to be made or destroyed. Pure: times and records come from outside.

Every process reads the same log, so all agree: of several keys with one number (processes that made one at the same moment) the first on
the log counts, and a key's start stands in its record. A key is in use until the next one starts, and is destroyed `kept_ms` later.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.events.topics import DAY_MS, HOUR_MS
from engine.events.viewers import ViewerKey
from engine.settings import PrivacySettings
from engine.viewers.hashing import Span
from engine.viewers.secret import check_of, whole_key

LEAD_MS: Final = HOUR_MS
"""How long before its start a key is made at the earliest: every process has read it by then, also after a short outage."""
AHEAD_MS: Final = 2 * HOUR_MS
"""A key that starts so much later than it was logged comes from a clock that is wrong, and never counts."""
EVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Rules:
    """When keys change and go. `hour`: of the day, UTC, at which the next one starts."""

    days: int
    hour: int
    kept_ms: int

    @classmethod
    def of(cls, settings: PrivacySettings) -> Rules:
        return cls(settings.viewer_key_days, settings.viewer_key_hour, settings.viewer_key_kept_days * DAY_MS)

    def end(self, start: int) -> int:
        """When the next key is to start: at the hour, at most `days` after this one."""
        latest = start + self.days * DAY_MS
        shift = self.hour * HOUR_MS
        end = (latest - shift) // DAY_MS * DAY_MS + shift
        return end if end > start else latest


@dataclass(frozen=True, slots=True)
class Held:
    """A key as it stands on the log. `logged`: the log's time of its record."""

    record: ViewerKey
    offset: int
    logged: int

    @property
    def is_absurd(self) -> bool:
        return self.record.half is not None and self.record.start > self.logged + AHEAD_MS


class Ring:
    """All keys of one log."""

    def __init__(self, rules: Rules, secret: bytes | None = None) -> None:
        """`secret` None: for looking only."""
        self._rules = rules
        self._secret = secret
        self._held: dict[str, Held] = {}
        self._keys: list[ViewerKey] = []

    @property
    def keys(self) -> list[ViewerKey]:
        """Those that count, destroyed ones included, in the order of their starts."""
        return self._keys

    def take(self, offset: int, logged: int, key: str, record: ViewerKey | None) -> None:
        """A record of the log, in order; None: a tombstone."""
        known = self._held.get(key)
        if record is None:
            self._held.pop(key, None)
        elif known is None:
            self._held[key] = Held(record, offset, logged)
        elif known.record.half is not None:  # what is destroyed stays so
            self._held[key] = Held(record, known.offset, logged)
        self._arrange()

    def _arrange(self) -> None:
        first: dict[int, Held] = {}
        for held in sorted(self._held.values(), key=lambda one: (one.record.half is None, one.offset)):
            if not held.is_absurd:
                first.setdefault(held.record.number, held)
        self._keys = [first[number].record for number in sorted(first)]

    # ---- hashing -----------------------------------------------------------------------------------------------------

    def usable(self, key: ViewerKey) -> bool:
        """Whether this process can hash with it: it is there, and was made for this secret."""
        return key.half is not None and self._secret is not None and key.check == check_of(self._secret, key.id)

    @property
    def is_foreign(self) -> bool:
        """The newest key was made for another secret: this process would hash otherwise than the others."""
        return bool(self._keys) and self._keys[-1].half is not None and not self.usable(self._keys[-1])

    @property
    def ready(self) -> bool:
        """Whether there is a key to hash with."""
        return any(map(self.usable, self._keys))

    def span_at(self, at: int) -> Span:
        """The key for what is logged at `at`: the newest that has started by then, or, where that is gone, the next that is not.

        Raises `LookupError` where there is none.
        """
        keys = self._keys
        starts = [key.start for key in keys]
        place = max(0, bisect_right(starts, at) - 1)
        end = starts[place + 1] if place + 1 < len(keys) else EVER
        for key in (*keys[place:], *reversed(keys[:place])):
            if self.usable(key):
                assert key.half is not None
                assert self._secret is not None
                return Span(whole_key(self._secret, key.half), starts[place] if place else -EVER, end)
        raise LookupError("no viewer key")

    # ---- upkeep ------------------------------------------------------------------------------------------------------

    def wanted(self, now: int, lead_ms: int = LEAD_MS) -> tuple[int, int] | None:
        """Number and start of the key that has to be made now; None where none has."""
        if not self._keys:
            return 1, now
        newest = self._keys[-1]
        if newest.half is None:
            return newest.number + 1, now
        end = self._rules.end(newest.start)
        return None if now < end - lead_ms else (newest.number + 1, max(end, now))

    def ends(self, key: ViewerKey) -> int:
        """When it is, or will be, in use no more."""
        at = next((place for place, one in enumerate(self._keys) if one.id == key.id), -1)
        if 0 <= at < len(self._keys) - 1:
            return self._keys[at + 1].start
        return self._rules.end(key.start)

    def goes(self, key: ViewerKey) -> int:
        """When it is to be destroyed: so long after its time was over, also where nobody was there then to make the next one."""
        over = self.ends(key)
        return max(over, min(over, self._rules.end(key.start)) + self._rules.kept_ms)

    def expired(self, now: int) -> list[ViewerKey]:
        """Keys whose time is over, and that have a successor. `now`: of whoever would destroy them, a while after they went."""
        return [key for key in self._keys[:-1] if key.half is not None and now >= self.goes(key)]

    def past(self, now: int) -> list[ViewerKey]:
        """Keys that are in use no more, and not destroyed."""
        return [key for key in self._keys[:-1] if key.half is not None and now >= self.ends(key)]

    def ahead(self, now: int) -> list[ViewerKey]:
        """Keys that have not started."""
        return [key for key in self._keys if key.half is not None and key.start > now]

    def spare(self, now: int, mine: Iterable[str] = ()) -> list[str]:
        """Ids of keys that never counted: those that this process made, and those that lay there for longer than their maker needs."""
        counted = {key.id for key in self._keys}
        own = frozenset(mine)
        return [
            key
            for key, held in self._held.items()
            if key not in counted and (key in own or now - held.logged >= AHEAD_MS)
        ]
