"""Bounds of the worker's own records."""

from __future__ import annotations

from engine.events.codec import encode
from engine.events.fields import MAX_RECORD_BYTES
from engine.events.journal import RoomSnapshot


def test_the_largest_state_fits_a_record() -> None:
    """And the description tells both bounds: what a room takes, and what its record takes."""
    bound = 450_000
    saved = RoomSnapshot(room="r" * 128, seq=10**12, state="x" * bound)
    assert len(encode(saved)) <= MAX_RECORD_BYTES
    field = RoomSnapshot.model_fields["state"]
    assert any(getattr(rule, "max_length", None) == bound for rule in field.metadata)
    assert "256 KiB" in (field.description or "")
    assert "never above this" in (field.description or "")
