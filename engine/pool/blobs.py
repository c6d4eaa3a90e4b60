"""Blobs (compiled pools, trained models) as records of the `pools` topic, and the shelf that collects them again."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal

from engine.errors import RecordError
from engine.events.pools import CHUNK_BYTES, PoolChunk, PoolManifest

SHELF_BYTES: Final = 64 * 1024 * 1024  # four models of the largest size, or hundreds of pools


def to_records(
    hash: str,  # noqa: A002 - the field's name on the wire
    kind: Literal["pool", "model"],
    content: bytes,
    model: str | None,
    at: int,
) -> list[PoolChunk | PoolManifest]:
    """The chunks of a blob, then its manifest. `model`: the model that a pool names; `at`: now, in ms."""
    parts = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)] or [b""]
    chunks: list[PoolChunk | PoolManifest] = [
        PoolChunk(hash=hash, index=index, data=base64.b64encode(part).decode()) for index, part in enumerate(parts)
    ]
    return [*chunks, PoolManifest(hash=hash, kind=kind, size=len(content), chunks=len(parts), model=model, at=at)]


class Shelf:
    """Blobs by hash, put together from the records of the `pools` topic in the order of the log.

    Holds at most `limit` bytes, chunks of unfinished blobs included; what was unused longest goes first. `get` gives None for what
    is not there any more: read the topic again and `add` its records; `wanted` keeps such a pass to the blobs that are needed.
    """

    def __init__(self, wanted: Callable[[str], bool] | None = None, limit: int = SHELF_BYTES) -> None:
        self._wanted = wanted
        self._limit = limit
        self._blobs: OrderedDict[str, bytes] = OrderedDict()
        self._parts: OrderedDict[str, dict[int, bytes]] = OrderedDict()
        self._bytes = 0

    def add(self, record: PoolChunk | PoolManifest) -> bytes | None:
        """Take a record; returns the blob that it completes. Raises `RecordError` where a blob does not fit its manifest."""
        if record.hash in self._blobs or (self._wanted is not None and not self._wanted(record.hash)):
            return None
        if isinstance(record, PoolManifest):
            return self._complete(record)
        try:
            part = base64.b64decode(record.data, validate=True)
        except ValueError as error:
            raise RecordError("pool chunk", f"{record.key()}: {error}") from None
        parts = self._parts.setdefault(record.hash, {})
        self._bytes += len(part) - len(parts.get(record.index, b""))
        parts[record.index] = part
        self._parts.move_to_end(record.hash)
        self._shrink()
        return None

    def get(self, hash: str) -> bytes | None:  # noqa: A002 - as on the wire
        """The blob of this hash; None where it was never complete, or made room for others."""
        blob = self._blobs.get(hash)
        if blob is not None:
            self._blobs.move_to_end(hash)
        return blob

    def _complete(self, manifest: PoolManifest) -> bytes | None:
        parts = self._parts.pop(manifest.hash, {})
        self._bytes -= sum(map(len, parts.values()))
        if not all(index in parts for index in range(manifest.chunks)):
            return None  # its chunks made room for others, or were read past
        blob = b"".join(parts[index] for index in range(manifest.chunks))
        if len(blob) != manifest.size:
            raise RecordError(
                "pool manifest", f"{manifest.hash} says {manifest.size} bytes, its chunks have {len(blob)}"
            )
        self._blobs[manifest.hash] = blob
        self._bytes += len(blob)
        self._shrink()
        return blob

    def _shrink(self) -> None:
        """Let go of what was unused longest, whole blobs first; the newest stays, whatever its size."""
        while self._bytes > self._limit and len(self._parts) + len(self._blobs) > 1:
            if self._blobs and (self._parts or len(self._blobs) > 1):
                self._bytes -= len(self._blobs.popitem(last=False)[1])
            else:
                self._bytes -= sum(map(len, self._parts.popitem(last=False)[1].values()))
