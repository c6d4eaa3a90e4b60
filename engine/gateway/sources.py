"""What sources are owed: a verdict for each comment they sent; and how fast they may send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

MAX_OWED: Final = (
    20_000  # comments of one source without a verdict; at 5,000 comments/s four seconds of a worker that is away
)

Key = tuple[str, str, str]
"""Room, source, id."""

Client = TypeVar("Client", bound=Hashable)


class Owed(Generic[Client]):
    """Which connections wait for the verdict of which comment. Bounded per connection; the oldest are forgotten.

    Who sends a comment again waits for one verdict more, since each sending gets its own: the first the real one, the others
    `duplicate`. They come in the order of sending.
    """

    def __init__(self, limit: int = MAX_OWED) -> None:
        self.forgotten = 0
        self._limit = limit
        self._clients: dict[Key, list[Client]] = {}
        """Who waits for it, in the order of sending."""
        self._keys: dict[Client, Counter[Key]] = {}
        """What it waits for, and how often, in the order of first sending."""
        self._sizes: Counter[Client] = Counter()
        """How many verdicts it waits for."""

    def add(self, client: Client, keys: Iterable[Key]) -> None:
        """`client` waits for a verdict of each."""
        mine = self._keys.setdefault(client, Counter())
        for key in keys:
            self._clients.setdefault(key, []).append(client)
            mine[key] += 1
            self._sizes[client] += 1
        while self._sizes[client] > self._limit:
            self._strike(next(iter(mine)), client)
            self.forgotten += 1

    def take(self, key: Key) -> Client | None:
        """Who waited longest for this comment; it waits for one verdict less afterwards."""
        clients = self._clients.get(key)
        if clients is None:
            return None
        client = clients[0]
        self._strike(key, client)
        return client

    def leave(self, client: Client) -> None:
        """The connection ended."""
        for key, count in list(self._keys.get(client, Counter[Key]()).items()):
            for _ in range(count):
                self._strike(key, client)
        self._keys.pop(client, None)
        del self._sizes[client]

    def _strike(self, key: Key, client: Client) -> None:
        clients, mine = self._clients[key], self._keys[client]
        clients.remove(client)
        if not clients:
            del self._clients[key]
        self._sizes[client] -= 1
        mine[key] -= 1
        if not mine[key]:
            del mine[key]

    def __len__(self) -> int:
        """Comments that somebody waits for."""
        return len(self._clients)


class Rate:
    """A token bucket that may go into debt by one batch, so that no batch is too large to ever pass. `now` in ms."""

    def __init__(self, per_second: float, now: int) -> None:
        self._per_ms = per_second / 1_000
        self._burst = per_second
        self._tokens = per_second
        self._now = now

    def admit(self, count: int, now: int) -> int:
        """0 where `count` may pass now; else after how many ms to ask again."""
        self._tokens = min(self._burst, self._tokens + max(0, now - self._now) * self._per_ms)
        self._now = max(self._now, now)
        if self._tokens <= 0:
            return max(1, round(-self._tokens / self._per_ms) + 1)
        self._tokens -= count
        return 0
