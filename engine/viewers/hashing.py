"""Viewer id → keyed hash."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final, NamedTuple

HASH_BYTES: Final = 8  # that any two of a million viewers share a hash has a chance of 1 in 37 million
CACHED_VIEWERS: Final = 65_536  # a busy process sees some ten thousand viewers an hour; about 10 MB


_DIGITS: Final = frozenset("0123456789abcdef")


class Span(NamedTuple):
    """A key, and the log times from `start` to before `end` whose comments it hashes."""

    key: bytes
    start: int
    end: int


class ViewerHasher:
    """Viewer id and log time (ms) → 16 hexadecimal characters, equal for a viewer while one key counts."""

    def __init__(self, span_at: Callable[[int], Span]) -> None:
        self._span_at = span_at
        self._span = Span(b"", 0, 0)
        self._known: dict[str, str] = {}

    def forget(self) -> None:
        """The keys changed: nothing of an older one stays in memory."""
        self._span = Span(b"", 0, 0)
        self._known = {}

    def __call__(self, viewer: str, logged: int) -> str:
        if not self._span.start <= logged < self._span.end:
            self._span = self._span_at(logged)
            self._known = {}
        found = self._known.get(viewer)
        if found is None:
            if len(self._known) >= CACHED_VIEWERS:
                self._known = {}
            found = self._known[viewer] = hash_of(viewer, self._span.key)
        return found


def hash_of(viewer: str, key: bytes) -> str:
    """The hash of one id."""
    return blake2b(viewer.encode("utf-8", "surrogatepass"), key=key, digest_size=HASH_BYTES).hexdigest()


def is_hash(viewer: str) -> bool:
    """Whether it looks like one: whoever hashes ids by himself writes 16 hexadecimal characters."""
    return len(viewer) == 2 * HASH_BYTES and _DIGITS.issuperset(viewer)
