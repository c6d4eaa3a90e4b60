"""Blobs travel in chunks, manifest last, and come together again within bounded memory."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.events.codec import encode
from engine.events.fields import MAX_RECORD_BYTES
from engine.events.pools import CHUNK_BYTES, PoolChunk, PoolManifest
from engine.pool.blobs import Shelf, to_records

A, B, C = "aaaaaaaa", "bbbbbbbb", "cccccccc"


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 3 * CHUNK_BYTES), st.integers(0, 255))
def test_a_blob_comes_together_again(size: int, fill: int) -> None:
    """Whatever its size, the manifest completes it, and each record fits the bus."""
    content = bytes([fill]) * size
    records = to_records(A, "model", content, None, 5)
    assert all(len(encode(record)) < MAX_RECORD_BYTES for record in records[-2:])
    shelf = Shelf()
    assert [shelf.add(record) for record in records] == [None] * (len(records) - 1) + [content]
    assert shelf.get(A) == content


def test_a_blob_does_not_exist_before_its_manifest() -> None:
    """Chunks alone give nothing, and a manifest without its chunks neither."""
    *chunks, manifest = to_records(A, "pool", b"x" * (CHUNK_BYTES + 1), B, 5)
    shelf = Shelf()
    for chunk in chunks:
        shelf.add(chunk)
    assert shelf.get(A) is None
    assert isinstance(manifest, PoolManifest)
    assert (manifest.chunks, manifest.size, manifest.model) == (2, CHUNK_BYTES + 1, B)
    alone = Shelf()
    alone.add(chunks[1])
    assert alone.add(manifest) is None
    assert alone.get(A) is None


def test_unwanted_blobs_are_passed_over() -> None:
    """`wanted` keeps a pass over the topic to some blobs."""
    shelf = Shelf(wanted=lambda blob: blob == B)
    for blob in (A, B):
        for record in to_records(blob, "pool", b"content", None, 5):
            shelf.add(record)
    assert (shelf.get(A), shelf.get(B)) == (None, b"content")


def test_what_was_unused_longest_makes_room() -> None:
    """Beyond the limit the least recently used blob goes; a re-read brings it back."""
    shelf = Shelf(limit=25)
    for blob in (A, B):
        for record in to_records(blob, "pool", b"0123456789", None, 5):
            shelf.add(record)
    assert shelf.get(A) is not None
    for record in to_records(C, "pool", b"0123456789", None, 5):
        shelf.add(record)
    assert (shelf.get(A), shelf.get(B), shelf.get(C)) == (b"0123456789", None, b"0123456789")
    for record in to_records(B, "pool", b"0123456789", None, 5):
        shelf.add(record)
    assert shelf.get(B) == b"0123456789"


def test_a_blob_above_the_limit_is_still_held() -> None:
    """The newest blob stays whatever its size: somebody is about to read it."""
    shelf = Shelf(limit=10)
    for record in to_records(A, "model", b"x" * 50, None, 5):
        shelf.add(record)
    assert shelf.get(A) == b"x" * 50


def test_unfinished_blobs_are_bounded_too() -> None:
    """Chunks whose manifests never come make room for newer ones."""
    shelf = Shelf(limit=1_000)
    for n in range(100):
        shelf.add(PoolChunk(hash=f"{n:08x}", index=0, data=base64.b64encode(b"x" * 100).decode()))
    assert shelf.add(PoolManifest(hash="00000000", kind="pool", size=100, chunks=1, at=5)) is None
    assert shelf.add(PoolManifest(hash=f"{99:08x}", kind="pool", size=100, chunks=1, at=5)) == b"x" * 100


def test_damaged_records_are_refused() -> None:
    """Data that is no base64, and a size that does not fit, are RecordErrors."""
    shelf = Shelf()
    with pytest.raises(RecordError, match="pool chunk"):
        shelf.add(PoolChunk(hash=A, index=0, data="§"))
    shelf.add(PoolChunk(hash=A, index=0, data="eHh4"))
    with pytest.raises(RecordError, match="says 5 bytes"):
        shelf.add(PoolManifest(hash=A, kind="pool", size=5, chunks=1, at=5))
