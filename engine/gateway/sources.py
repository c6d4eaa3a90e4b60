"""What sources are owed: a verdict for each comment they sent; and how fast they may send."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

MAX_OWED: Final = (
    20_000  # comments of one source without a verdict; at 5,000 comments/s four seconds of a worker that is away
)

Key = tuple[str, str, str]
"""Room, source, id."""

Client = TypeVar("Client", bound=Hashable)


class Owed(Generic[Client]):
    """Which connection waits for the verdict of which comment. Bounded per connection; the oldest are forgotten."""

    def __init__(self, limit: int = MAX_OWED) -> None:
        self.forgotten = 0
        self._limit = limit
        self._client: dict[Key, Client] = {}
        self._keys: dict[Client, dict[Key, None]] = {}

    def add(self, client: Client, keys: Iterable[Key]) -> None:
        """`client` waits for these; where another waited for the same one (it reconnected), the newest does."""
        mine = self._keys.setdefault(client, {})
        for key in keys:
            other = self._client.get(key)
            if other is not None and other != client:
                self._keys[other].pop(key, None)
            self._client[key] = client
            mine[key] = None
        while len(mine) > self._limit:
            oldest = next(iter(mine))
            del mine[oldest], self._client[oldest]
            self.forgotten += 1

    def take(self, key: Key) -> Client | None:
        """Who waits for this comment; nobody does afterwards."""
        client = self._client.pop(key, None)
        if client is not None:
            del self._keys[client][key]
        return client

    def leave(self, client: Client) -> None:
        """The connection ended."""
        for key in self._keys.pop(client, {}):
            del self._client[key]

    def __len__(self) -> int:
        return len(self._client)


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
