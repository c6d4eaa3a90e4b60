"""The size limit of a record."""

from __future__ import annotations

import pytest

from engine.bus.limits import RECORD_LIMIT_BYTES, check_sizes, size_of
from engine.bus.port import Outgoing
from engine.errors import RecordTooLarge


def test_key_value_and_headers_count() -> None:
    """Bytes, not characters; a tombstone has no value."""
    assert size_of(Outgoing("comments", "直播", b"12345", headers=(("a", b"bc"),))) == 6 + 5 + 3
    assert size_of(Outgoing("comments", "k", None)) == 1


def test_the_first_too_large_record_is_named() -> None:
    """The limit itself passes; one byte more is refused, with topic and sizes."""
    check_sizes([Outgoing("pools", "k", bytes(RECORD_LIMIT_BYTES - 1))])
    with pytest.raises(RecordTooLarge, match=r"1000001 bytes for `pools` is above the limit of 1000000 bytes"):
        check_sizes([Outgoing("pools", "k", b""), Outgoing("pools", "k", bytes(RECORD_LIMIT_BYTES))])


def test_a_key_must_be_unicode() -> None:
    """Half a surrogate pair is refused before it can spoil the transaction of others."""
    with pytest.raises(ValueError, match="surrogates"):
        check_sizes([Outgoing("comments", "\ud800", b"", partition=0)])
