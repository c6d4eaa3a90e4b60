"""Ids become hashes."""

from __future__ import annotations

from engine.viewers.hashing import CACHED_VIEWERS, Span, ViewerHasher, hash_of, is_hash


def spans(at: int) -> Span:
    return Span(b"one", 0, 100) if at < 100 else Span(b"two", 100, 200)


def test_a_viewer_is_the_same_while_one_key_counts() -> None:
    """And another one after it; out of order as well."""
    hasher = ViewerHasher(spans)
    first = hasher("v", 0)
    assert len(first) == 16
    assert hasher("v", 99) == first
    assert hasher("v", 100) == hash_of("v", b"two") != first
    assert hasher("v", 7) == first


def test_what_is_remembered_is_bounded_and_changes_nothing() -> None:
    """Forgetting viewers gives the same hashes again."""
    hasher = ViewerHasher(spans)
    first = hasher("v", 0)
    for number in range(CACHED_VIEWERS + 1):
        hasher(str(number), 0)
    assert len(hasher._known) <= CACHED_VIEWERS
    assert hasher("v", 0) == first


def test_what_is_forgotten_is_gone_from_memory() -> None:
    """Neither a key nor a viewer of it stays."""
    hasher = ViewerHasher(spans)
    hasher("v", 0)
    hasher.forget()
    assert (hasher._span.key, hasher._known) == (b"", {})


def test_half_a_character_is_hashed_too() -> None:
    """JSON may hold one."""
    assert is_hash(hash_of("\ud800", b"one"))


def test_a_hash_is_known_by_its_looks() -> None:
    """16 hexadecimal characters, small."""
    assert is_hash("0123456789abcdef")
    assert not any(map(is_hash, ("", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdefa", "viewer-number-16")))
