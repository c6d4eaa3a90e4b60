"""Batches and pacing of a source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.client.source import BATCH, Pace, _batches, _line
from engine.events.codec import encode
from engine.events.inputs import Comment
from engine.events.wire import Comments


@given(st.lists(st.integers(0, 2_000), max_size=500), st.sampled_from([16_384, 65_536, 1_000_000]))
def test_batches_keep_order_and_fit_a_frame(lengths: list[int], frame_bytes: int) -> None:
    """Nothing is lost; each batch fits the frame that the server allows, whatever the script of its texts and ids."""
    comments = [
        Comment(room="r", source="s", id=f"{n}" + "茶" * 100, viewer="v", text="茶" * length)
        for n, length in enumerate(lengths)
    ]
    batches = list(_batches(comments, frame_bytes))
    assert [comment for batch in batches for comment in batch] == comments
    for batch in batches:
        assert 0 < len(batch) <= BATCH
        lines = tuple(_line(comment) for comment in batch)
        assert len(encode(Comments(id="x" * 70, comments=lines))) <= min(frame_bytes, 65_536)


def test_recorded_distances_are_divided_by_the_speed() -> None:
    """From the first comment on; what is overdue is due at once, and does not shift what follows."""
    pace = Pace(10.0, first_at=100.0, now=5.0)
    assert pace.wait(100.0, 5.0) == 0.0
    assert pace.wait(120.0, 5.0) == 2.0
    assert pace.wait(120.0, 6.5) == 0.5
    assert pace.wait(120.0, 9.0) == 0.0
    assert pace.wait(150.0, 9.0) == 1.0
